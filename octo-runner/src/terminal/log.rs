//! The newest output of a terminal, by offset, with what happened in between: what its watchers pull from.

use std::collections::VecDeque;

use octo_proto::terminal::TerminalState;

use crate::process::Size;

/// Bytes of output that are held.
pub(super) const WINDOW: usize = 512 * 1024;

/// A watcher that is further behind than this, in bytes, goes on with a fresh screen.
const LAG: u64 = 256 * 1024;

/// Marks that are held: with more of them at one place a fresh screen says the same.
const MARKS: usize = 256;

/// The newest output of one terminal.
#[derive(Debug, Default)]
pub(super) struct Log {
    bytes: VecDeque<u8>,
    end: u64,
    marks: VecDeque<(u64, Mark)>,
    /// The number of the first mark that is held.
    first_mark: u64,
}

/// Something that happened at a place in the output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// Who writes, or the size, changed to this.
    Owner(Option<String>, Size),
    /// So many bytes before this place were not recorded.
    Gap(u64),
    /// The program ended.
    Exited(TerminalState),
}

/// How far a watcher has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The offset of the next byte that it wants.
    pub(super) offset: u64,
    /// The number of the next mark that it wants.
    pub(super) mark: u64,
}

/// What comes next for a watcher.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Bytes, which begin where it was.
    Bytes(Vec<u8>),
    /// Something happened here.
    Mark(Mark),
    /// It has everything.
    Nothing,
    /// What it wants is not held any more, or too much of it.
    TooFar,
}

impl Log {
    /// An empty log that stands at this offset.
    pub(super) fn at(end: u64) -> Self {
        Self { end, ..Self::default() }
    }

    /// The offset of the first byte that is held.
    pub(super) fn start(&self) -> u64 {
        self.end - self.bytes.len() as u64
    }

    /// The offset behind the last byte.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// The held bytes from an offset on.
    pub(super) fn bytes_from(&self, offset: u64) -> impl Iterator<Item = u8> + '_ {
        self.bytes.iter().skip(usize::try_from(offset.saturating_sub(self.start())).unwrap_or(usize::MAX)).copied()
    }

    /// The place of who has seen all but the end of the program, if it has ended.
    pub(super) fn here(&self) -> Place {
        let ended = matches!(self.marks.back(), Some((_, Mark::Exited(_))));
        let seen = self.marks.len() - usize::from(ended);
        Place { offset: self.end, mark: self.first_mark + seen as u64 }
    }

    /// The place of who has seen what is before this offset.
    pub(super) fn place_at(&self, offset: u64) -> Place {
        let before = self.marks.iter().take_while(|(at, _)| *at < offset).count();
        Place { offset, mark: self.first_mark + before as u64 }
    }

    /// Adds output.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.end += bytes.len() as u64;
        let newest = &bytes[bytes.len().saturating_sub(WINDOW)..];
        let excess = (self.bytes.len() + newest.len()).saturating_sub(WINDOW);
        self.bytes.drain(..excess);
        self.bytes.extend(newest);
    }

    /// So many bytes are missing here.
    pub(super) fn gap(&mut self, bytes: u64) {
        self.end += bytes;
        self.bytes.clear();
        self.mark(Mark::Gap(bytes));
    }

    /// Something happens here.
    pub(super) fn mark(&mut self, mark: Mark) {
        self.marks.push_back((self.end, mark));
        if self.marks.len() > MARKS {
            self.marks.pop_front();
            self.first_mark += 1;
        }
    }

    /// Bytes that were not recorded since a place.
    pub(super) fn missing_since(&self, place: Place) -> u64 {
        let seen = usize::try_from(place.mark.saturating_sub(self.first_mark)).unwrap_or(usize::MAX);
        let gap = |mark: &Mark| match mark {
            Mark::Gap(bytes) => *bytes,
            Mark::Owner(..) | Mark::Exited(_) => 0,
        };
        self.marks.iter().skip(seen).map(|(_, mark)| gap(mark)).sum()
    }

    /// What comes at a place, at most so many bytes; moves the place behind it.
    pub(super) fn next(&self, place: &mut Place, limit: usize) -> Next {
        let behind = place.mark < self.first_mark || place.offset < self.start() || place.offset > self.end;
        if behind || self.end - place.offset > LAG {
            return Next::TooFar;
        }
        let number = usize::try_from(place.mark - self.first_mark).unwrap_or(usize::MAX);
        let mark = self.marks.get(number);
        if let Some((_, mark)) = mark.filter(|(at, _)| *at <= place.offset) {
            place.mark += 1;
            return Next::Mark(mark.clone());
        }
        let until = mark.map_or(self.end, |(at, _)| *at).min(place.offset + limit as u64);
        if until == place.offset {
            return Next::Nothing;
        }
        let count = usize::try_from(until - place.offset).unwrap_or(limit);
        let bytes = self.bytes_from(place.offset).take(count).collect();
        place.offset = until;
        Next::Bytes(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size { cols: 80, rows: 24 };

    fn all(log: &Log, mut place: Place, limit: usize) -> Vec<Next> {
        let mut seen = Vec::new();
        loop {
            let next = log.next(&mut place, limit);
            let over = matches!(next, Next::Nothing | Next::TooFar);
            seen.push(next);
            if over {
                return seen;
            }
        }
    }

    #[test]
    fn bytes_and_marks_come_in_the_order_in_which_they_were() {
        let mut log = Log::at(100);
        let begin = log.here();
        log.push(b"abc");
        log.mark(Mark::Owner(None, SIZE));
        log.push(b"defg");
        log.mark(Mark::Exited(TerminalState::Exited { code: 0 }));
        let expected = [
            Next::Bytes(b"abc".to_vec()),
            Next::Mark(Mark::Owner(None, SIZE)),
            Next::Bytes(b"def".to_vec()),
            Next::Bytes(b"g".to_vec()),
            Next::Mark(Mark::Exited(TerminalState::Exited { code: 0 })),
            Next::Nothing,
        ];
        assert_eq!(all(&log, begin, 3), expected);
        assert_eq!(all(&log, log.here(), 3), expected[4..], "the end is told to who comes later too");
        assert_eq!(all(&log, log.place_at(104), 9)[0], Next::Bytes(b"efg".to_vec()));
    }

    #[test]
    fn who_is_too_far_behind_or_ahead_is_told() {
        let mut log = Log::at(0);
        let begin = log.here();
        log.push(&vec![b'x'; 10 * WINDOW]);
        assert_eq!((log.start(), log.end()), (9 * WINDOW as u64, 10 * WINDOW as u64));
        assert_eq!(all(&log, begin, 1), [Next::TooFar]);
        assert_eq!(all(&log, Place { offset: u64::MAX, mark: 0 }, 1), [Next::TooFar]);
        let near = log.place_at(log.end() - 10);
        assert_eq!(all(&log, near, 100), [Next::Bytes(vec![b'x'; 10]), Next::Nothing]);
        log.gap(7);
        assert_eq!(all(&log, near, 100), [Next::TooFar]);
        assert_eq!((log.missing_since(near), log.missing_since(log.here())), (7, 0));
        assert_eq!(all(&log, log.place_at(log.start()), 100), [Next::Mark(Mark::Gap(7)), Next::Nothing]);
        let seen = log.here();
        for _ in 0..=MARKS {
            log.mark(Mark::Owner(None, SIZE));
        }
        assert_eq!(all(&log, seen, 1), [Next::TooFar], "so many marks are not kept for anyone");
    }
}
