//! What the terminal can do, asked without waiting long for one that does not answer.

use std::{
    io::{self, Write},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::read,
    stdio::stdin,
};

/// The longest wait for an answer. One that comes later is understood as an answer all the same, and dropped.
const PATIENCE: Duration = Duration::from_millis(300);

/// `which keyboard flags?` and `what are you?`: every terminal answers the second, so nobody waits for the first.
const QUESTION: &[u8] = b"\x1b[?u\x1b[c";

/// What the terminal said.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Heard {
    /// Whether it knows the keyboard protocol.
    pub(super) keyboard: bool,
    /// What was typed before it answered.
    pub(super) typed: String,
}

/// Asks the terminal.
pub(super) fn ask() -> io::Result<Heard> {
    let mut out = io::stdout().lock();
    out.write_all(QUESTION)?;
    out.flush()?;
    let until = Instant::now() + PATIENCE;
    let mut bytes = Vec::new();
    while !is_answered(&bytes) {
        let left = until.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(left).unwrap_or_default();
        let input = stdin();
        if left.is_zero() || poll(&mut [PollFd::new(&input, PollFlags::IN)], Some(&timeout))? == 0 {
            break;
        }
        let mut buffer = [0_u8; 256];
        match read(input, &mut buffer)? {
            0 => break,
            count => bytes.extend_from_slice(&buffer[..count]),
        }
    }
    Ok(parse(&bytes))
}

fn is_answered(bytes: &[u8]) -> bool {
    sequences(bytes).any(|sequence| matches!(sequence, Sequence::Answer(b'c')))
}

enum Sequence {
    /// `ESC [ ? … final`.
    Answer(u8),
    /// Another control sequence: a key.
    Key,
    /// A byte of text.
    Byte(u8),
}

fn sequences(bytes: &[u8]) -> impl Iterator<Item = Sequence> + '_ {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (first, behind) = rest.split_first()?;
        rest = behind;
        let Some(body) = behind.strip_prefix(b"[").filter(|_| *first == 0x1b) else {
            return Some(Sequence::Byte(*first));
        };
        let end = body.iter().position(|byte| (0x40..=0x7e).contains(byte))?;
        rest = &body[end + 1..];
        Some(if body[0] == b'?' { Sequence::Answer(body[end]) } else { Sequence::Key })
    })
}

fn parse(bytes: &[u8]) -> Heard {
    let mut heard = Heard::default();
    let mut typed = Vec::new();
    for sequence in sequences(bytes) {
        match sequence {
            Sequence::Answer(b'u') => heard.keyboard = true,
            Sequence::Answer(_) | Sequence::Key => {}
            Sequence::Byte(byte) => typed.push(byte),
        }
    }
    let typed = String::from_utf8_lossy(&typed);
    heard.typed = typed.chars().filter(|c| !c.is_control()).collect();
    heard
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_and_what_was_typed_are_told_apart() {
        for (bytes, keyboard, typed, answered) in [
            (&b"\x1b[?1u\x1b[?62;4c"[..], true, "", true),
            (b"\x1b[?62c", false, "", true),
            (b"hi\x1b[?0u\x1b[A there\r\x1b[?6c", true, "hi there", true),
            ("gr\u{fc}\u{df}".as_bytes(), false, "gr\u{fc}\u{df}", false),
            (b"\x1b[?6", false, "", false),
            (b"", false, "", false),
        ] {
            assert_eq!(parse(bytes), Heard { keyboard, typed: typed.to_owned() }, "{bytes:?}");
            assert_eq!(is_answered(bytes), answered, "{bytes:?}");
        }
    }
}
