//! The shim's socket: one controller at a time, and at most one connection that wants to become it.

use std::io::{self, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::{Duration, Instant};

use super::child::read_some;
use super::protocol::{Answer, Broken, ChildState, Command, NEWEST, OLDEST, frame};

/// How long a connection may take to say `Attach`.
const PATIENCE: Duration = Duration::from_secs(1);
/// With more than this to say, nothing more is read from the controller.
const OUTBOX: usize = 64 * 1024;
/// A larger inbox is given back when it is empty.
const INBOX: usize = 64 * 1024;

/// Everything about the socket.
#[derive(Debug)]
pub(super) struct Control {
    pub(super) listener: UnixListener,
    pub(super) candidate: Option<(Link, Instant)>,
    pub(super) controller: Option<Link>,
    generation: u64,
    /// Counts controllers, so that an answer reaches only the one that asked.
    serial: u64,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) stream: UnixStream,
    inbox: Vec<u8>,
    outbox: Vec<u8>,
}

/// Who gave a command, and its id there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asked {
    serial: u64,
    pub(super) id: u64,
}

impl Control {
    pub(super) fn new(listener: UnixListener) -> Self {
        Self { listener, candidate: None, controller: None, generation: 0, serial: 0 }
    }

    pub(super) fn accept(&mut self, now: Instant) {
        if let Ok((stream, _)) = self.listener.accept()
            && stream.set_nonblocking(true).is_ok()
        {
            self.candidate = Some((Link::new(stream), now + PATIENCE));
        }
    }

    /// Gives up on a connection that does not attach.
    pub(super) fn expire(&mut self, now: Instant) {
        self.candidate.take_if(|(_, until)| *until <= now);
    }

    /// Listens to the candidate. When it becomes the controller, the former one is closed and what it sent is gone.
    pub(super) fn hear_candidate(&mut self, buffer: &mut [u8], child: ChildState, end: u64) -> bool {
        let Some((mut link, until)) = self.candidate.take() else {
            return false;
        };
        let open = link.receive(buffer);
        let attach = match frame(&link.inbox) {
            Ok(Some((bytes, used))) => Command::decode(bytes).map(|command| Some((command, used))),
            Ok(None) => Ok(None),
            Err(broken) => Err(broken),
        };
        let (versions, generation, used) = match attach {
            Ok(Some((Command::Attach { versions, generation }, used))) => (versions, generation, used),
            Ok(None) => {
                if open {
                    self.candidate = Some((link, until));
                }
                return false;
            }
            // Not our protocol: closing says so.
            Ok(Some(_)) | Err(Broken) => return false,
        };
        let version = versions.1.min(NEWEST);
        let refusal = if version < versions.0.max(OLDEST) {
            Answer::RefusedVersion(OLDEST, NEWEST)
        } else if generation < self.generation {
            Answer::RefusedGeneration(self.generation)
        } else {
            link.inbox.drain(..used);
            link.say(Answer::Attached { version, child, end });
            if let Some(mut former) = self.controller.replace(link) {
                former.say(Answer::Replaced);
                former.flush();
            }
            self.generation = generation;
            self.serial += 1;
            return true;
        };
        link.say(refusal);
        link.flush();
        false
    }

    /// Takes what the controller sent. The bytes of whole frames are cut off with [`Control::next_frame`].
    pub(super) fn hear_controller(&mut self, buffer: &mut [u8]) {
        self.controller.take_if(|link| !link.receive(buffer));
    }

    /// The next whole frame of the controller, and who sent it.
    pub(super) fn next_frame(&mut self) -> Option<(Vec<u8>, u64)> {
        let link = self.controller.as_mut()?;
        match frame(&link.inbox) {
            Ok(Some((bytes, used))) => {
                let whole = if used == link.inbox.len() {
                    let mut whole = std::mem::take(&mut link.inbox);
                    whole.drain(..4);
                    whole
                } else {
                    let whole = bytes.to_vec();
                    link.inbox.drain(..used);
                    whole
                };
                Some((whole, self.serial))
            }
            Ok(None) => {
                if link.inbox.is_empty() && link.inbox.capacity() > INBOX {
                    link.inbox = Vec::new();
                }
                None
            }
            Err(Broken) => {
                self.controller = None;
                None
            }
        }
    }

    pub(super) fn asked(serial: u64, id: u64) -> Asked {
        Asked { serial, id }
    }

    /// Answers a command, if the one that gave it is still there; false when it is not.
    pub(super) fn answer(&mut self, asked: Asked, answer: Answer) -> bool {
        let present = asked.serial == self.serial;
        if present {
            self.say(answer);
        }
        present
    }

    pub(super) fn say(&mut self, answer: Answer) {
        if let Some(link) = &mut self.controller {
            link.say(answer);
        }
    }

    /// Whether something waits to be sent.
    pub(super) fn has_backlog(&self) -> bool {
        self.controller.as_ref().is_some_and(|link| !link.outbox.is_empty())
    }

    pub(super) fn may_read(&self) -> bool {
        self.controller.as_ref().is_some_and(|link| link.outbox.len() < OUTBOX)
    }

    pub(super) fn flush(&mut self) {
        self.controller.take_if(|link| !link.flush());
    }
}

impl Link {
    fn new(stream: UnixStream) -> Self {
        Self { stream, inbox: Vec::new(), outbox: Vec::new() }
    }

    fn say(&mut self, answer: Answer) {
        answer.encode(&mut self.outbox);
    }

    /// Reads what there is; false at the end of the connection.
    fn receive(&mut self, buffer: &mut [u8]) -> bool {
        match read_some(&mut self.stream, buffer) {
            None => true,
            Some(0) => false,
            Some(count) => {
                if let Some((length, _)) = self.inbox.split_first_chunk()
                    && let Ok(length) = usize::try_from(u32::from_le_bytes(*length))
                    && length <= super::protocol::MAX_FRAME
                {
                    self.inbox.reserve_exact((4 + length).saturating_sub(self.inbox.len()).max(count));
                }
                self.inbox.extend_from_slice(&buffer[..count]);
                true
            }
        }
    }

    /// Sends what the socket takes; false when the connection is gone.
    fn flush(&mut self) -> bool {
        while !self.outbox.is_empty() {
            match self.stream.write(&self.outbox) {
                Ok(count) => drop(self.outbox.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
        }
        true
    }
}
