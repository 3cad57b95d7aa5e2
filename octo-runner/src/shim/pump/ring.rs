//! What passes through a terminal, kept as far as it can be: a person at a terminal never waits for the disk.

use std::time::Instant;

use super::{CHUNK, Pump, RETRY, now_us};
use crate::shim::child::read_some;
use crate::shim::note;
use crate::shim::protocol::Failure;
use crate::shim::spec::Size;
use crate::transcript::Direction;

impl Pump {
    /// Records what the terminal holds, a few of its small pieces at once.
    pub(super) fn read_terminal(&mut self) {
        let Some(mut output) = self.child.stdout.take() else {
            return;
        };
        let mut buffer = std::mem::take(&mut self.state.buffer);
        let mut count = 0;
        let ended = loop {
            match read_some(&mut output, &mut buffer[count..]) {
                Some(0) => break count < CHUNK,
                Some(more) => count += more,
                None => break false,
            }
        };
        if count > 0 {
            self.keep(Direction::Out, "", &buffer[..count]);
        }
        self.state.buffer = buffer;
        self.child.stdout = Some(output).filter(|_| !ended);
    }

    /// Records what passed, or remembers that it could not be.
    pub(super) fn keep(&mut self, direction: Direction, key: &str, bytes: &[u8]) {
        let kept = self.note_gap()
            && self.writer.make_room(bytes.len()).is_ok()
            && self.base(0)
            && self.writer.append(now_us(), direction, key, bytes).is_ok();
        if let Some(terminal) = &mut self.child.terminal {
            let printed = if direction == Direction::Out { bytes.len() as u64 } else { 0 };
            terminal.printed += printed;
            if !kept {
                *terminal.lost.get_or_insert(0) += printed;
            }
        }
    }

    /// Where the next record is the first of a segment, says what those before it said; `lost` of what was printed stands
    /// behind it. Whether there was room.
    fn base(&mut self, lost: u64) -> bool {
        match &self.child.terminal {
            Some(terminal) if self.writer.begins_segment() => {
                let base = note::base(terminal.printed - lost, terminal.size);
                self.note(note::BASE, &base).is_ok()
            }
            Some(_) | None => true,
        }
    }

    /// Says what is missing, as soon as there is room for more than that; whether nothing is left to be said.
    pub(super) fn note_gap(&mut self) -> bool {
        let Some(terminal) = &self.child.terminal else {
            return true;
        };
        let Some(lost) = terminal.lost else {
            return true;
        };
        let gap = note::gap(lost, terminal.size);
        let noted = self.writer.make_room(CHUNK).is_ok() && self.base(lost) && self.note(note::GAP, &gap).is_ok();
        if let Some(terminal) = self.child.terminal.as_mut().filter(|_| noted) {
            terminal.lost = None;
        }
        noted
    }

    pub(super) fn gap_deadline(&self, now: Instant) -> Option<Instant> {
        let lost = self.child.terminal.as_ref().and_then(|terminal| terminal.lost);
        lost.map(|_| now + RETRY)
    }

    pub(super) fn resize(&mut self, size: Size) -> Result<(), Failure> {
        if self.child.terminal.is_none() {
            return Err(Failure::NoTerminal);
        }
        // Noted first: what is drawn for the new size lies behind it.
        self.keep(Direction::Note, note::RESIZE, &note::resize(size));
        let resized = self.child.terminal.as_mut().map(|terminal| terminal.resize(size));
        resized.and_then(Result::ok).ok_or(Failure::ChildGone)
    }
}
