//! Paths of files as text: lossless also for names that are no UTF-8, and safe to print.
//!
//! A byte that is not part of valid UTF-8, a control character and DEL are written `\xNN`, a backslash `\\`. All else
//! stands for itself.

use std::fmt::Write as _;

/// A path's bytes as the text that stands for them.
#[must_use]
pub fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\\' => text.push_str("\\\\"),
                '\0'..='\x1f' | '\x7f' => push_byte(&mut text, character as u8),
                // Other control characters, which a terminal may obey, byte by byte.
                '\u{80}'..='\u{9f}' => {
                    let mut buffer = [0; 4];
                    character.encode_utf8(&mut buffer).bytes().for_each(|byte| push_byte(&mut text, byte));
                }
                _ => text.push(character),
            }
        }
        chunk.invalid().iter().for_each(|byte| push_byte(&mut text, *byte));
    }
    text
}

fn push_byte(text: &mut String, byte: u8) {
    // Writing into a String cannot fail.
    let _written = write!(text, "\\x{byte:02x}");
}

/// A text that stands for no path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAPath {
    /// A backslash that is followed by neither a backslash nor `xNN`.
    #[error("a backslash in a path is written `\\\\`, a byte `\\xNN`")]
    Backslash,
    /// A NUL, which no name can have.
    #[error("a path has no NUL")]
    Nul,
    /// A slash that is written as a byte.
    #[error("a slash is written as itself, not as a byte")]
    Slash,
}

/// The bytes that a text stands for.
///
/// # Errors
/// Where it stands for none that a path can have.
pub fn unescape(text: &str) -> Result<Vec<u8>, NotAPath> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        match first {
            0 => return Err(NotAPath::Nul),
            b'\\' => match after {
                [b'\\', after @ ..] => {
                    bytes.push(b'\\');
                    rest = after;
                }
                [b'x', high, low, after @ ..] => {
                    match nibble(*high).zip(nibble(*low)).map(|(high, low)| high << 4 | low) {
                        None => return Err(NotAPath::Backslash),
                        Some(0) => return Err(NotAPath::Nul),
                        Some(b'/') => return Err(NotAPath::Slash),
                        Some(byte) => bytes.push(byte),
                    }
                    rest = after;
                }
                _ => return Err(NotAPath::Backslash),
            },
            byte => bytes.push(*byte),
        }
    }
    Ok(bytes)
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_can_be_printed_stands_for_itself() {
        for name in ["src/main.rs", "Grüße/東京 👋🏽", "a b", "-", ""] {
            assert_eq!(escape(name.as_bytes()), name);
            assert_eq!(unescape(name).unwrap(), name.as_bytes());
        }
    }

    #[test]
    fn the_rest_is_escaped() {
        for (bytes, text) in [
            (b"caf\xe9".as_slice(), "caf\\xe9"),
            (b"a\\b", "a\\\\b"),
            (b"\x1b[2J\n", "\\x1b[2J\\x0a"),
            ("\u{9b}m".as_bytes(), "\\xc2\\x9bm"),
            (b"\x7f", "\\x7f"),
        ] {
            assert_eq!(escape(bytes), text);
            assert_eq!(unescape(text).unwrap(), bytes);
        }
    }

    #[test]
    fn what_stands_for_no_path_is_refused() {
        for (text, why) in [
            ("a\\b", NotAPath::Backslash),
            ("a\\", NotAPath::Backslash),
            ("\\xg0", NotAPath::Backslash),
            ("\\x", NotAPath::Backslash),
            ("a\0b", NotAPath::Nul),
            ("\\x00", NotAPath::Nul),
            ("a\\x2fb", NotAPath::Slash),
        ] {
            assert_eq!(unescape(text), Err(why), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_name_comes_back(bytes in prop::collection::vec(1_u8.., 0..64)) {
            let text = escape(&bytes);
            prop_assert_eq!(unescape(&text).unwrap(), bytes);
            prop_assert!(!text.chars().any(char::is_control));
        }
    }
}
