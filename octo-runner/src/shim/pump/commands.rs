//! What the controller asks for, carried out.

use std::time::Instant;

use super::closing::Killing;
use super::{Pump, errno_of, now_us};
use crate::failpoint;
use crate::shim::child::Written;
use crate::shim::control::{Asked, Control};
use crate::shim::protocol::{Answer, Command, Failure};
use crate::transcript::{AppendError, Direction};

/// A recorded frame that is on its way to the process.
#[derive(Debug)]
pub(super) struct Pending {
    asked: Asked,
    bytes: Vec<u8>,
    done: usize,
}

impl Pump {
    pub(super) fn on_frames(&mut self) {
        while let Some((frame, serial)) = self.control.next_frame() {
            let asked = |id| Control::asked(serial, id);
            match Command::decode(&frame) {
                Ok(Command::Write { id, key, bytes }) => self.on_write(asked(id), key, bytes),
                Ok(Command::Note { id, key, bytes }) => {
                    let noted = self.note(key, bytes);
                    self.settle(asked(id), noted.map(drop).map_err(|error| failure_of(&error)));
                }
                Ok(Command::Eof { id }) => {
                    if self.state.pending.is_some() {
                        self.state.eof = true;
                    } else {
                        self.close_stdin();
                    }
                    self.settle(asked(id), Ok(()));
                }
                Ok(Command::Signal { id, signal }) => {
                    let sent = self.child.signal(signal);
                    self.settle(asked(id), sent);
                }
                Ok(Command::KillTree { id }) => self.on_kill_tree(asked(id)),
                Ok(Command::Resize { id, size }) => {
                    let resized = self.resize(size);
                    self.settle(asked(id), resized);
                }
                Ok(Command::Took { end }) => self.state.pace.took(end, Instant::now()),
                // It is attached already, or speaks something else.
                Ok(Command::Attach { .. }) | Err(_) => self.control.controller = None,
            }
        }
    }

    fn on_write(&mut self, asked: Asked, key: &str, bytes: &[u8]) {
        let refused = if self.child.stdin.is_none() || !self.child.is_running() || self.state.eof {
            Some(Failure::ChildGone)
        } else if self.state.pending.is_some() {
            Some(Failure::Busy)
        } else if let Some(terminal) = &self.child.terminal {
            let kept = if terminal.hides_input() { &[][..] } else { bytes };
            self.keep(Direction::In, key, kept);
            None
        } else {
            let recorded = self.writer.append(now_us(), Direction::In, key, bytes);
            recorded.err().map(|error| failure_of(&error))
        };
        if let Some(failure) = refused {
            return self.settle(asked, Err(failure));
        }
        failpoint::hit("shim-recorded");
        match self.child.write(bytes) {
            Written::Some(done) => {
                self.state.pending = Some(Pending { asked, bytes: bytes[done..].to_vec(), done: 0 });
            }
            Written::All => self.on_written(asked, Ok(())),
            Written::Gone => self.on_written(asked, Err(Failure::ChildGone)),
        }
    }

    /// Goes on with the pending write.
    pub(super) fn write_on(&mut self) {
        let Some(mut pending) = self.state.pending.take() else {
            return;
        };
        match self.child.write(&pending.bytes[pending.done..]) {
            Written::Some(count) => {
                pending.done += count;
                self.state.pending = Some(pending);
            }
            Written::All => self.on_written(pending.asked, Ok(())),
            Written::Gone => self.on_written(pending.asked, Err(Failure::ChildGone)),
        }
    }

    /// Gives up on the pending write: its reader is gone.
    pub(super) fn fail_pending(&mut self) {
        if let Some(pending) = self.state.pending.take() {
            self.on_written(pending.asked, Err(Failure::ChildGone));
        }
    }

    fn on_written(&mut self, asked: Asked, written: Result<(), Failure>) {
        if written.is_ok() {
            failpoint::hit("agent-written");
        }
        let asked_to_close = std::mem::take(&mut self.state.eof);
        if written.is_err() || asked_to_close {
            self.close_stdin();
        }
        self.settle(asked, written);
    }

    fn on_kill_tree(&mut self, asked: Asked) {
        self.state.killing.get_or_insert_with(|| Killing::new(Instant::now())).ask(asked);
    }

    pub(super) fn settle(&mut self, asked: Asked, result: Result<(), Failure>) {
        let end = self.writer.end();
        let answer = match result {
            Ok(()) => Answer::Done { id: asked.id, end },
            Err(failure) => Answer::Failed { id: asked.id, failure },
        };
        if self.control.answer(asked, answer) && result.is_ok() {
            // Told with the answer: an announcement of its own would only delay the next.
            self.state.announced = end;
        }
    }
}

fn failure_of(error: &AppendError) -> Failure {
    match error {
        AppendError::Full(_) => Failure::Disk(errno_of(error)),
        AppendError::TooLarge(_) => Failure::TooLarge,
    }
}
