//! The modes that a program sets, by the numbers it sets them by.

use serde::Serialize;

/// The private modes that are on or off and have an effect here or in whoever shows the screen.
const SWITCHES: [(u16, bool); 12] = [
    (1, false),    // cursor keys send application sequences
    (5, false),    // reverse video
    (6, false),    // origin
    (7, true),     // wrap at the right edge
    (12, false),   // the cursor blinks
    (25, true),    // the cursor is seen
    (40, false),   // 3 is obeyed
    (66, false),   // keypad sends application sequences
    (1004, false), // focus is reported
    (1007, true),  // the wheel sends arrows on the alternate screen
    (2004, false), // pasted text is bracketed
    (2026, false), // synchronized output
];

/// Which mouse events are reported: exclusive, none is 0.
const MOUSE: [u16; 4] = [9, 1000, 1002, 1003];

/// How mouse events are written: exclusive, none is 0.
const MOUSE_FORMS: [u16; 4] = [1005, 1006, 1015, 1016];

/// The modes of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Modes {
    #[serde(skip)]
    switches: [bool; SWITCHES.len()],
    /// The private mode by which mouse events are reported, 0 for none.
    pub mouse: u16,
    /// The private mode that says how they are written, 0 for the oldest.
    pub mouse_form: u16,
    /// Characters are inserted.
    pub insert: bool,
    /// A line feed returns the carriage too.
    pub newline: bool,
    /// xterm's modifyOtherKeys.
    pub other_keys: u16,
}

impl Default for Modes {
    fn default() -> Self {
        Self {
            switches: SWITCHES.map(|(_, on)| on),
            mouse: 0,
            mouse_form: 0,
            insert: false,
            newline: false,
            other_keys: 0,
        }
    }
}

impl Modes {
    /// Whether a private mode is on; nothing for a number that is not known.
    pub fn get(&self, number: u16) -> Option<bool> {
        if MOUSE.contains(&number) {
            return Some(self.mouse == number);
        }
        if MOUSE_FORMS.contains(&number) {
            return Some(self.mouse_form == number);
        }
        SWITCHES.iter().position(|(known, _)| *known == number).map(|at| self.switches[at])
    }

    /// Whether a private mode is on.
    pub fn is(&self, number: u16) -> bool {
        self.get(number) == Some(true)
    }

    /// Sets a private mode, if it is known.
    pub(super) fn set(&mut self, number: u16, on: Switch) {
        let chosen = if on == Switch::On { number } else { 0 };
        if MOUSE.contains(&number) {
            self.mouse = chosen;
        } else if MOUSE_FORMS.contains(&number) {
            self.mouse_form = chosen;
        } else if let Some(at) = SWITCHES.iter().position(|(known, _)| *known == number) {
            self.switches[at] = on == Switch::On;
        }
    }

    /// Every switch with its state, for writing them out.
    pub(super) fn switches(&self) -> impl Iterator<Item = (u16, bool)> {
        SWITCHES.iter().zip(self.switches).map(|((number, _), on)| (*number, on))
    }

    /// The numbers of the private modes that are on.
    pub(super) fn numbers(&self) -> Vec<u16> {
        let mut on: Vec<u16> = self.switches().filter(|(_, on)| *on).map(|(number, _)| number).collect();
        on.extend([self.mouse, self.mouse_form].into_iter().filter(|number| *number != 0));
        on
    }
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Switch {
    On,
    Off,
}
