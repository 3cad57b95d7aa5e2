//! The stack of keyboard flags of one screen, as the kitty protocol has it.

/// How deep it goes; a push beyond forgets the oldest.
const DEPTH: usize = 16;

/// All flags that exist.
const FLAGS: u16 = 0b1_1111;

/// The flags in force and those beneath.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Keyboard {
    flags: u16,
    beneath: Vec<u16>,
}

impl Keyboard {
    /// The flags in force.
    pub(super) fn flags(&self) -> u16 {
        self.flags
    }

    /// From the lowest to the flags in force.
    pub(super) fn stack(&self) -> Vec<u16> {
        let mut stack = self.beneath.clone();
        stack.push(self.flags);
        stack
    }

    /// Puts flags in force, above those that are.
    pub(super) fn push(&mut self, flags: u16) {
        if self.beneath.len() == DEPTH {
            self.beneath.remove(0);
        }
        self.beneath.push(self.flags);
        self.flags = flags & FLAGS;
    }

    /// Goes back `count` pushes.
    pub(super) fn pop(&mut self, count: u16) {
        for _ in 0..usize::from(count).min(DEPTH + 1) {
            self.flags = self.beneath.pop().unwrap_or(0);
        }
    }

    /// Changes the flags in force: 1 replaces, 2 adds, 3 takes away.
    pub(super) fn set(&mut self, flags: u16, how: u16) {
        match how {
            0 | 1 => self.flags = flags & FLAGS,
            2 => self.flags |= flags & FLAGS,
            3 => self.flags &= !flags,
            _ => {}
        }
    }
}
