//! Where in a sequence the stream stands: when the parser rests, how long a string may grow, whole characters only.
//!
//! The parser tells neither its state nor bounds its strings, and drops a byte when a character is cut between two
//! pieces. So this follows the same states, one byte class at a time, and hands the parser pieces that are safe.

/// What is kept of one operating system command; more than a clipboard is likely to hold.
const LONGEST_COMMAND: usize = 128 << 10;

/// What stands for a character that breaks off.
const BROKEN: &[u8] = "\u{fffd}".as_bytes();

const CANCEL: u8 = 0x18;
const SUBSTITUTE: u8 = 0x1a;
const ESCAPE: u8 = 0x1b;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Ground,
    Escape,
    EscapeIntermediate,
    Control,
    DeviceEntry,
    Device,
    DeviceIntermediate,
    DeviceIgnored,
    DeviceString,
    Command,
    CommandTooLong,
    Ignored,
}

/// A piece of the stream, cut so that the parser may take it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Bytes for the parser.
    Bytes(&'a [u8]),
    /// A character that came in two halves.
    Character([u8; 4], usize),
    /// A command that grew too long: the parser must forget it.
    Overlong,
}

/// Follows the stream.
#[derive(Debug, Default)]
pub(super) struct Framing {
    state: State,
    command: usize,
    partial: [u8; 4],
    held: usize,
}

impl Framing {
    /// Whether every byte so far belongs to a sequence or character that is over.
    pub(super) fn at_rest(&self) -> bool {
        self.state == State::Ground && self.held == 0
    }

    /// How many bytes are held of a character; none where a sequence is being read.
    pub(super) fn unfinished(&self) -> Option<usize> {
        (self.state == State::Ground).then_some(self.held)
    }

    /// What begins a sequence that ends where the one that is being read does, if one is.
    pub(super) fn opener(&self) -> &'static [u8] {
        match self.state {
            State::Ground => b"",
            State::Escape | State::EscapeIntermediate => b"\x1b ",
            State::Control => b"\x1b[",
            State::Command | State::CommandTooLong => b"\x1b]",
            State::Ignored => b"\x1bX",
            State::DeviceEntry
            | State::Device
            | State::DeviceIntermediate
            | State::DeviceIgnored
            | State::DeviceString => b"\x1bP:q",
        }
    }

    /// The next piece at the beginning of `bytes`, and how many bytes it takes.
    pub(super) fn next<'a>(&mut self, bytes: &'a [u8]) -> (Option<Piece<'a>>, usize) {
        match self.state {
            State::Ground if self.held > 0 => self.complete(bytes),
            State::Ground => self.text(bytes),
            State::CommandTooLong => {
                let taken = bytes.iter().position(|byte| matches!(*byte, 0x07 | CANCEL | SUBSTITUTE | ESCAPE));
                let Some(end) = taken else { return (None, bytes.len()) };
                if bytes[end] == ESCAPE {
                    self.state = State::Ground;
                    return (None, end);
                }
                self.state = State::Ground;
                (None, end + 1)
            }
            _ => self.sequence(bytes),
        }
    }

    /// Text up to the next escape; an unfinished character at the end is held back.
    fn text<'a>(&mut self, bytes: &'a [u8]) -> (Option<Piece<'a>>, usize) {
        if bytes[0] == ESCAPE {
            self.state = State::Escape;
            return (Some(Piece::Bytes(&bytes[..1])), 1);
        }
        let end = bytes.iter().position(|byte| *byte == ESCAPE).unwrap_or(bytes.len());
        let tail = if end == bytes.len() { unfinished(bytes) } else { 0 };
        // A character that breaks off before another begins: the parser would wait for the rest of it.
        let broken = if tail > 0 { unfinished(&bytes[..end - tail]) } else { 0 };
        if broken > 0 {
            let whole = end - tail - broken;
            let piece = if whole > 0 { (&bytes[..whole], whole) } else { (BROKEN, broken) };
            return (Some(Piece::Bytes(piece.0)), piece.1);
        }
        self.partial[..tail].copy_from_slice(&bytes[end - tail..end]);
        self.held = tail;
        let whole = end - tail;
        ((whole > 0).then_some(Piece::Bytes(&bytes[..whole])), end)
    }

    /// The rest of the character that was held back, or what was held of it if it does not go on.
    fn complete<'a>(&mut self, bytes: &'a [u8]) -> (Option<Piece<'a>>, usize) {
        let mut taken = 0;
        while taken < bytes.len() && self.held < 4 && unfinished(&self.partial[..self.held]) > 0 {
            if bytes[taken] & 0xc0 != 0x80 {
                break;
            }
            self.partial[self.held] = bytes[taken];
            self.held += 1;
            taken += 1;
        }
        if taken == bytes.len() && unfinished(&self.partial[..self.held]) == self.held {
            return (None, taken);
        }
        let length = std::mem::take(&mut self.held);
        if unfinished(&self.partial[..length]) == length {
            return (Some(Piece::Bytes(BROKEN)), taken);
        }
        (Some(Piece::Character(self.partial, length)), taken)
    }

    /// The bytes of a sequence, up to its end or the end of what is there.
    fn sequence<'a>(&mut self, bytes: &'a [u8]) -> (Option<Piece<'a>>, usize) {
        for (at, byte) in bytes.iter().enumerate() {
            self.state = self.after(*byte);
            if self.state == State::Command {
                self.command += 1;
                if self.command > LONGEST_COMMAND {
                    self.state = State::CommandTooLong;
                    return (Some(Piece::Overlong), at + 1);
                }
            } else {
                self.command = 0;
            }
            if self.state == State::Ground {
                return (Some(Piece::Bytes(&bytes[..=at])), at + 1);
            }
        }
        (Some(Piece::Bytes(bytes)), bytes.len())
    }

    fn after(&self, byte: u8) -> State {
        match (self.state, byte) {
            (State::DeviceString, 0x9c) | (State::Command, 0x07) | (_, CANCEL | SUBSTITUTE) => State::Ground,
            (_, ESCAPE) => State::Escape,
            (State::Escape, 0x20..=0x2f) => State::EscapeIntermediate,
            (State::Escape, b'[') => State::Control,
            (State::Escape, b']') => State::Command,
            (State::Escape, b'P') => State::DeviceEntry,
            (State::Escape, b'X' | b'^' | b'_') => State::Ignored,
            (State::Escape | State::EscapeIntermediate, 0x30..=0x7e) | (State::Control, 0x40..=0x7e) => State::Ground,
            (State::DeviceEntry, 0x30..=0x3f) => State::Device,
            (State::DeviceEntry | State::Device, 0x20..=0x2f) => State::DeviceIntermediate,
            (State::DeviceIntermediate, 0x30..=0x3f) | (State::Device, 0x3c..=0x3f) => State::DeviceIgnored,
            (State::DeviceEntry | State::Device | State::DeviceIntermediate, 0x40..=0x7e) => State::DeviceString,
            (state, _) => state,
        }
    }
}

/// How many bytes at the end of `bytes` begin a character that is not over.
fn unfinished(bytes: &[u8]) -> usize {
    let tail = &bytes[bytes.len().saturating_sub(3)..];
    (1..=tail.len())
        .find(|length| {
            let candidate = &tail[tail.len() - length..];
            candidate[0] >= 0xc2
                && std::str::from_utf8(candidate)
                    .is_err_and(|error| error.error_len().is_none() && error.valid_up_to() == 0)
        })
        .unwrap_or(0)
}
