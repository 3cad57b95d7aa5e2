//! What is typed at an attached terminal: nearly everything goes through, and a prefix is for us.

/// What a person wants.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// These bytes are for the program.
    Type(Vec<u8>),
    /// Leave.
    Detach,
    /// Be the one who writes.
    Take,
}

/// Ctrl+], where a terminal sends it plain.
const PREFIX: u8 = 0x1d;

/// What the keyboard protocol of kitty calls the control key, and the locks, which change nothing.
const CONTROL: u16 = 4;
const LOCKS: u16 = 64 | 128;

/// The keys that only modify others, and the locks, in that protocol.
const MODIFIERS: [std::ops::RangeInclusive<u32>; 2] = [57_358..=57_360, 57_441..=57_454];

/// A key that a terminal sends as a sequence: by the keyboard protocol of kitty, or `modifyOtherKeys` of xterm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key {
    code: u32,
    /// Shift 1, Alt 2, Ctrl 4 and so on.
    held: u16,
    released: bool,
}

/// Reads what is typed.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// The prefix was typed.
    prefixed: bool,
}

impl Keys {
    /// What a piece of input means. A key that is cut in two between pieces goes through as it is.
    pub(super) fn on(&mut self, input: &[u8]) -> Vec<Wish> {
        let (mut wishes, mut typed, mut rest) = (Vec::new(), Vec::new(), input);
        while let Some((first, behind)) = rest.split_first() {
            let (key, behind) = match sequence(rest) {
                Some((key, length)) => (Some(key), &rest[length..]),
                None => (None, behind),
            };
            let is_prefix = *first == PREFIX || key.is_some_and(|key| key.is(']', CONTROL));
            if !self.prefixed {
                self.prefixed = is_prefix;
                if !is_prefix {
                    typed.extend_from_slice(&rest[..rest.len() - behind.len()]);
                }
                rest = behind;
                continue;
            }
            if key.is_some_and(Key::is_no_stroke) {
                rest = behind;
                continue;
            }
            self.prefixed = false;
            if is_prefix {
                typed.push(PREFIX);
                rest = behind;
                continue;
            }
            let pressed = |letter: char| *first == letter as u8 || key.is_some_and(|key| key.is(letter, 0));
            let wish = if pressed('d') {
                Some(Wish::Detach)
            } else if pressed('t') {
                Some(Wish::Take)
            } else {
                None
            };
            if let Some(wish) = wish {
                if !typed.is_empty() {
                    wishes.push(Wish::Type(std::mem::take(&mut typed)));
                }
                wishes.push(wish);
                rest = behind;
            } else {
                // No key of ours: it goes through, with what was held back.
                typed.push(PREFIX);
            }
        }
        if !typed.is_empty() {
            wishes.push(Wish::Type(typed));
        }
        wishes
    }
}

impl Key {
    fn is(self, character: char, held: u16) -> bool {
        self.code == u32::from(character) && self.held & !LOCKS == held && !self.released
    }

    /// A key goes up, or is one that only modifies others.
    fn is_no_stroke(self) -> bool {
        self.released || MODIFIERS.iter().any(|keys| keys.contains(&self.code))
    }
}

/// The key whose sequence this begins with, and how long that is: `CSI code[:…] [;held[:event] [;text]] u`, or
/// `CSI 27;held;code ~`.
fn sequence(input: &[u8]) -> Option<(Key, usize)> {
    let body = input.strip_prefix(b"\x1b[")?;
    let end = body.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b';' | b':'))?;
    let fields: Vec<&str> = std::str::from_utf8(&body[..end]).ok()?.split(';').collect();
    let part = |field: usize, part: usize| fields.get(field).and_then(|field| field.split(':').nth(part));
    let held = |field| part(field, 0).and_then(|held| held.parse::<u16>().ok()).unwrap_or(1).saturating_sub(1);
    let key = match (body.get(end)?, fields.first()?) {
        (b'u', _) => Key { code: part(0, 0)?.parse().ok()?, held: held(1), released: part(1, 1) == Some("3") },
        (b'~', &"27") => Key { code: part(2, 0)?.parse().ok()?, held: held(1), released: false },
        _ => return None,
    };
    Some((key, 2 + end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(bytes: &[u8]) -> Wish {
        Wish::Type(bytes.to_vec())
    }

    #[test]
    fn the_prefix_is_ours_and_all_else_goes_through() {
        for (input, wishes) in [
            (&b"ls\r"[..], vec![typed(b"ls\r")]),
            (b"\x03\x04\x1c\x00\xff", vec![typed(b"\x03\x04\x1c\x00\xff")]),
            (b"a\x1dd", vec![typed(b"a"), Wish::Detach]),
            (b"\x1dtb", vec![Wish::Take, typed(b"b")]),
            (b"\x1d\x1dx", vec![typed(b"\x1dx")]),
            (b"\x1d[A", vec![typed(b"\x1d[A")]),
            (b"\x1b[93;5ud", vec![Wish::Detach]),
            (b"\x1b[27;5;93~d", vec![Wish::Detach]),
            (b"\x1b[93;5:1u\x1b[93;5:3u\x1b[100;1:1u", vec![Wish::Detach]),
            (b"\x1b[93;133u\x1b[93;133:3u\x1b[100;129ud", vec![Wish::Detach, typed(b"d")]),
            (b"\x1b[93;5u\x1b[57442;5u\x1b[57442;1:3u\x1b[100;;100u", vec![Wish::Detach]),
            (b"\x1b[93:125;69u\x1b[116;65u", vec![Wish::Take]),
            (b"\x1b[93;5u\x1b[100;5u", vec![typed(b"\x1d\x1b[100;5u")]),
            (b"\x1b[;;u\x1b[~\x1b[27~\x1b[99999999999u", vec![typed(b"\x1b[;;u\x1b[~\x1b[27~\x1b[99999999999u")]),
            (b"\x1b[A\x1b[93;6u", vec![typed(b"\x1b[A\x1b[93;6u")]),
        ] {
            assert_eq!(Keys::default().on(input), wishes, "{input:?}");
        }
        let mut keys = Keys::default();
        assert_eq!(keys.on(b"\x1d"), []);
        assert_eq!(keys.on(b"d"), [Wish::Detach], "the two keys come one after the other");
    }
}
