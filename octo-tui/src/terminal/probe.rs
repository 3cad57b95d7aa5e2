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

/// `can you show this pixel where placeholders are?`, as kitty's protocol asks it: one that knows the protocol and no
/// placeholders does not understand the question, and is silent. tmux would take it for a title.
const PIXEL: &[u8] = b"\x1b_Gi=31,U=1,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\";

/// `which keyboard flags?`, `who are you?`, `how large is a cell?`, `how large may sixels be?` (ever, not in this window) and
/// `what are you?`: every terminal answers the last, so nobody waits for the others.
const QUESTION: &[u8] = b"\x1b[?u\x1b[>q\x1b[16t\x1b[?2;4;0S\x1b[c";

/// The answer to `what are you?` that tells of sixels.
const SIXEL: &str = "4";

/// What the terminal said.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Heard {
    /// Whether it knows the keyboard protocol.
    pub(super) keyboard: bool,
    /// Whether it knows kitty's protocol for pictures.
    pub(super) kitty: bool,
    /// Whether it knows sixels.
    pub(super) sixel: bool,
    /// The pixels that sixels may be wide; wider ones are not drawn.
    pub(super) widest: Option<u16>,
    /// What it is called.
    pub(super) name: String,
    /// The pixels of a cell.
    pub(super) cell: Option<(u16, u16)>,
    /// What was typed before it answered.
    pub(super) typed: String,
}

/// Asks the terminal.
pub(super) fn ask(in_tmux: bool) -> io::Result<Heard> {
    let mut out = io::stdout().lock();
    if !in_tmux {
        out.write_all(PIXEL)?;
    }
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
    sequences(bytes)
        .any(|sequence| matches!(sequence, Sequence::Control(body) if body.starts_with(b"?") && body.ends_with(b"c")))
}

#[derive(Debug)]
enum Sequence<'a> {
    /// `ESC [ …`, without these two.
    Control(&'a [u8]),
    /// `ESC P … ESC \` or `ESC _ … ESC \`: its second byte and its text.
    String(u8, &'a [u8]),
    /// A byte of text.
    Byte(u8),
}

fn sequences(bytes: &[u8]) -> impl Iterator<Item = Sequence<'_>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (first, behind) = rest.split_first()?;
        rest = behind;
        match behind {
            [b'[', body @ ..] if *first == 0x1b => {
                let end = body.iter().position(|byte| (0x40..=0x7e).contains(byte))?;
                rest = &body[end + 1..];
                Some(Sequence::Control(&body[..=end]))
            }
            [kind @ (b'P' | b'_'), body @ ..] if *first == 0x1b => {
                let end = body.windows(2).position(|two| two == b"\x1b\\")?;
                rest = &body[end + 2..];
                Some(Sequence::String(*kind, &body[..end]))
            }
            _ => Some(Sequence::Byte(*first)),
        }
    })
}

fn parse(bytes: &[u8]) -> Heard {
    let mut heard = Heard::default();
    let mut typed = Vec::new();
    for sequence in sequences(bytes) {
        match sequence {
            Sequence::Control([b'?', .., b'u']) => heard.keyboard = true,
            Sequence::Control([b'?', attributes @ .., b'c']) => {
                heard.sixel = String::from_utf8_lossy(attributes).split(';').skip(1).any(|it| it == SIXEL);
            }
            Sequence::Control([b'6', b';', size @ .., b't']) => heard.cell = cell(&String::from_utf8_lossy(size)),
            Sequence::Control([b'?', b'2', b';', b'0', b';', size @ .., b'S']) => {
                heard.widest = widest(&String::from_utf8_lossy(size));
            }
            Sequence::String(b'_', answer) => heard.kitty |= answer == b"Gi=31;OK",
            Sequence::String(_, [b'>', b'|', name @ ..]) => heard.name = String::from_utf8_lossy(name).into_owned(),
            Sequence::Control(_) | Sequence::String(..) => {}
            Sequence::Byte(byte) => typed.push(byte),
        }
    }
    let typed = String::from_utf8_lossy(&typed);
    heard.typed = typed.chars().filter(|c| !c.is_control()).collect();
    heard
}

/// The columns and rows of pixels in `height;width`, where they can be meant.
fn cell(size: &str) -> Option<(u16, u16)> {
    let (height, width) = size.split_once(';')?;
    let sides = (width.parse().ok()?, height.parse().ok()?);
    (2..=200).contains(&sides.0).then_some(sides).filter(|sides| (2..=400).contains(&sides.1))
}

/// The pixels of `width;height` side by side. Some say 0 where there is no limit.
fn widest(size: &str) -> Option<u16> {
    let (width, _) = size.split_once(';')?;
    let width: u32 = width.parse().ok()?;
    (width > 0).then(|| u16::try_from(width).unwrap_or(u16::MAX))
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
            (b"\x1bP>|half a name", false, "", false),
            (b"", false, "", false),
        ] {
            let heard = parse(bytes);
            assert_eq!((heard.keyboard, heard.typed.as_str()), (keyboard, typed), "{bytes:?}");
            assert_eq!(is_answered(bytes), answered, "{bytes:?}");
        }
    }

    #[test]
    fn what_it_can_show_is_told() {
        let kitty = b"\x1b_Gi=31;OK\x1b\\a\x1b[?0u\x1bP>|kitty(0.40.0)\x1b\\\x1b[6;21;9t\x1b[?62;52;c";
        assert_eq!(
            parse(kitty),
            Heard {
                keyboard: true,
                kitty: true,
                sixel: false,
                widest: None,
                name: "kitty(0.40.0)".to_owned(),
                cell: Some((9, 21)),
                typed: "a".to_owned(),
            }
        );
        let foot = parse(b"\x1bP>|foot(1.16.2)\x1b\\\x1b[6;0;9999t\x1b[?62;4;22c");
        assert_eq!((foot.kitty, foot.sixel, foot.cell), (false, true, None));
        for (bytes, widest) in [
            (&b"\x1b[?2;0;1000;776S\x1b[?63;4c"[..], Some(1000)),
            (b"\x1b[?2;0;100000;100000S", Some(u16::MAX)),
            (b"\x1b[?2;0;0;0S", None),
            (b"\x1b[?2;3;0S", None),
            (b"\x1b[?1;0;1024S", None),
        ] {
            assert_eq!(parse(bytes).widest, widest, "{bytes:?}");
        }
        assert!(!parse(b"\x1b[?4;2c").sixel, "its class is no attribute");
        assert!(!parse(b"\x1b_Gi=31;ENOTSUPPORTED:x\x1b\\\x1b[?62c").kitty);
    }
}
