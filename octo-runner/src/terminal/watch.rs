//! One client's view of a terminal: how far it has come, and what it gets next.

use std::{
    collections::VecDeque,
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use octo_proto::{
    Cursor, Error, channel,
    frame::{Data, EventFrame, Frame},
    terminal::TerminalEvent,
};

use super::{
    Asking, Shared, Terminal,
    log::{Mark, Next, Place},
    owner::ClientNumber,
};
use crate::process::Size;

/// The most bytes of output in one frame.
const PIECE: usize = 16 * 1024;

/// The most bytes of a sequence that is not whole which a client gets again; less than it may be behind.
const UNFINISHED: usize = 160 * 1024;

/// A terminal that a connection shows. Dropped, it is detached.
#[derive(Debug)]
pub struct TerminalWatch {
    terminal: Terminal,
    number: ClientNumber,
    /// Lines that it wants which scrolled off the screen.
    history: Option<u32>,
    epoch: u64,
    place: Where,
    /// Encoded frames of a redraw that are still to be given.
    drawn: VecDeque<Bytes>,
}

/// Where a client stands.
#[derive(Clone, Copy, Debug)]
enum Where {
    /// It has nothing.
    Nowhere,
    /// It has everything before this offset, by its own account.
    After(u64),
    /// It follows the log.
    Following(Place),
}

/// What a connection may do with a terminal that it shows.
#[derive(Clone, Copy, Debug)]
pub enum Shown {
    /// Become the one who writes.
    Take,
    /// Have another size.
    Resize(Size),
}

impl TerminalWatch {
    pub(super) fn new(terminal: Terminal, number: ClientNumber, asking: Asking, epoch: u64) -> Self {
        let place = asking.after.map_or(Where::Nowhere, Where::After);
        Self { terminal, number, history: asking.history, epoch, place, drawn: VecDeque::new() }
    }

    /// The client's number.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Does something that only one who shows it can.
    ///
    /// # Errors
    /// `forbidden` where the client may only look, `conflict` where the program has ended.
    pub fn does(&self, what: Shown) -> Result<(), Error> {
        match what {
            Shown::Take => self.terminal.take(self.number),
            Shown::Resize(size) => {
                self.terminal.resize(self.number, size);
                Ok(())
            }
        }
    }

    /// The next encoded frames, about `limit` bytes of them; none when the client has everything.
    pub fn pull(&mut self, limit: usize) -> Vec<Bytes> {
        let terminal = self.terminal.clone();
        let mut shared = terminal.lock();
        if !shared.ready {
            return Vec::new();
        }
        let (mut frames, mut bytes) = (Vec::new(), 0);
        while bytes < limit {
            let Some(frame) = self.drawn.pop_front().or_else(|| self.next(&mut shared)) else { break };
            bytes += frame.len();
            frames.push(frame);
        }
        frames
    }

    fn next(&mut self, shared: &mut Shared) -> Option<Bytes> {
        let mut place = match self.place {
            Where::Following(place) => place,
            Where::After(offset) if (shared.log.start()..=shared.log.end()).contains(&offset) => {
                self.place = Where::Following(shared.log.place_at(offset));
                return Some(self.owner(shared));
            }
            Where::After(_) | Where::Nowhere => return Some(self.fresh(shared)),
        };
        let offset = place.offset;
        let next = shared.log.next(&mut place, PIECE);
        self.place = Where::Following(place);
        match next {
            Next::Nothing => None,
            Next::TooFar => Some(self.fresh(shared)),
            Next::Bytes(bytes) => Some(self.data(offset, bytes)),
            Next::Mark(mark) => Some(self.event(offset, &self.told(mark))),
        }
    }

    /// Begins anew: the screen, who writes, and then what comes.
    fn fresh(&mut self, shared: &mut Shared) -> Bytes {
        let (behind, missing) = match self.place {
            Where::Following(place) => (true, shared.log.missing_since(place)),
            Where::Nowhere | Where::After(_) => (false, 0),
        };
        let mut bytes = match &mut shared.display {
            Some(display) if behind => display.redraw(),
            Some(display) => display.redraw_with_history(self.history),
            None => Vec::new(),
        };
        // A sequence or a character that is half printed is given from its beginning.
        let held = usize::try_from(shared.log.end() - shared.log.start()).unwrap_or(UNFINISHED).min(UNFINISHED);
        let (unfinished, opener) = shared.display.as_ref().map_or((0, &b""[..]), |display| display.unfinished(held));
        bytes.extend_from_slice(opener);
        let place = match unfinished {
            0 => shared.log.here(),
            _ => shared.log.place_at(shared.log.end() - unfinished as u64),
        };
        let Size { cols, rows } = shared.size;
        let (offset, redraw) = (place.offset, bytes.len() as u64);
        let terminal_id = self.terminal.id().clone();
        let drawn = bytes.chunks(PIECE).map(|piece| self.data(offset, piece.to_vec()));
        // A screen shows no gap, so it is told.
        let gap = (missing > 0).then(|| self.event(offset, &self.told(Mark::Gap(missing))));
        self.drawn = drawn.chain([self.owner(shared)]).chain(gap).collect();
        self.place = Where::Following(place);
        self.event(offset, &TerminalEvent::Screen { terminal_id, cols, rows, offset, redraw })
    }

    fn owner(&self, shared: &Shared) -> Bytes {
        self.event(shared.log.end(), &self.told(Mark::Owner(shared.owner.writer(), shared.size)))
    }

    fn told(&self, mark: Mark) -> TerminalEvent {
        let terminal_id = self.terminal.id().clone();
        match mark {
            Mark::Owner(client, Size { cols, rows }) => TerminalEvent::Owner { terminal_id, client, cols, rows },
            Mark::Gap(bytes) => TerminalEvent::Gap { terminal_id, bytes },
            Mark::Exited(state) => TerminalEvent::Exited { terminal_id, state },
        }
    }

    fn data(&self, offset: u64, bytes: Vec<u8>) -> Bytes {
        let terminal_id = self.terminal.id().0.clone();
        Frame::Data(Data { terminal_id, offset, bytes: bytes.into() }).encode().into()
    }

    fn event(&self, offset: u64, event: &TerminalEvent) -> Bytes {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let Ok(body) = serde_json::value::to_raw_value(event) else { return Bytes::new() };
        Frame::Event(EventFrame {
            channel: channel::TERMINAL.to_owned(),
            session_id: self.terminal.session().cloned(),
            runner_id: None,
            cursor: Cursor { fact: 0, epoch: self.epoch, n: offset },
            ts: i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            body,
        })
        .encode()
        .into()
    }
}

impl Drop for TerminalWatch {
    fn drop(&mut self) {
        self.terminal.detach(self.number);
    }
}
