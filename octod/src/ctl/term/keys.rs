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

/// Ctrl+], as terminals send it: plain, by the keyboard protocol of kitty, by `modifyOtherKeys` of xterm.
const PREFIXES: [&[u8]; 4] = [b"\x1d", b"\x1b[93;5u", b"\x1b[93;5:1u", b"\x1b[27;5;93~"];

/// Keys that the prefix is followed by, in the same ways.
const DETACH: [&[u8]; 3] = [b"d", b"\x1b[100u", b"\x1b[100;1:1u"];
const TAKE: [&[u8]; 3] = [b"t", b"\x1b[116u", b"\x1b[116;1:1u"];

/// Where a key that was released, by the keyboard protocol of kitty, says so.
const RELEASED: &[u8] = b":3u";

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
            let after = |keys: &[&[u8]]| keys.iter().find_map(|key| rest.strip_prefix(*key));
            if !self.prefixed {
                if let Some(behind) = after(&PREFIXES) {
                    (self.prefixed, rest) = (true, behind);
                } else {
                    typed.push(*first);
                    rest = behind;
                }
                continue;
            }
            if let Some(behind) = released(rest) {
                rest = behind;
                continue;
            }
            self.prefixed = false;
            if let Some(behind) = after(&PREFIXES) {
                typed.push(0x1d);
                rest = behind;
                continue;
            }
            let wish = after(&DETACH).map(|behind| (Wish::Detach, behind));
            if let Some((wish, behind)) = wish.or_else(|| after(&TAKE).map(|behind| (Wish::Take, behind))) {
                if !typed.is_empty() {
                    wishes.push(Wish::Type(std::mem::take(&mut typed)));
                }
                wishes.push(wish);
                rest = behind;
            } else {
                // No key of ours: it goes through, with what was held back.
                typed.push(0x1d);
            }
        }
        if !typed.is_empty() {
            wishes.push(Wish::Type(typed));
        }
        wishes
    }
}

/// What follows a report that a key was released, where there is one.
fn released(input: &[u8]) -> Option<&[u8]> {
    let body = input.strip_prefix(b"\x1b[")?;
    let end = body.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b';' | b':'))?;
    let (report, behind) = body.split_at(end + 1);
    report.ends_with(RELEASED).then_some(behind)
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
            (b"\x1b[A\x1b[93;6u", vec![typed(b"\x1b[A\x1b[93;6u")]),
        ] {
            assert_eq!(Keys::default().on(input), wishes, "{input:?}");
        }
        let mut keys = Keys::default();
        assert_eq!(keys.on(b"\x1d"), []);
        assert_eq!(keys.on(b"d"), [Wish::Detach], "the two keys come one after the other");
    }
}
