//! What a program asks of its terminal. The runner answers, once; so the terminal at hand is not asked, or its answer
//! would be typed into the program a second time.

/// A control string that is longer than this is no question: it passes as it comes.
const LONGEST: usize = 4096;

/// Keeps questions back from output, however that is cut.
#[derive(Debug, Default)]
pub(super) struct Queries {
    /// The sequence that is being read, from its ESC on.
    held: Vec<u8>,
    /// A control string that is too long to be held: it passes to its end.
    passing: bool,
}

/// What is known of the bytes that are held.
enum Seen {
    /// More must come.
    Partial,
    /// A whole sequence.
    Whole,
    /// None, but for its last byte, which may begin one.
    Broken,
}

impl Queries {
    /// The output without the questions in it. The beginning of a sequence is held until its end comes.
    pub(super) fn keep_back(&mut self, output: &[u8]) -> Vec<u8> {
        let mut kept = Vec::with_capacity(output.len());
        for byte in output {
            self.on(*byte, &mut kept);
        }
        kept
    }

    fn on(&mut self, byte: u8, kept: &mut Vec<u8>) {
        if self.passing {
            kept.push(byte);
            self.passing = !matches!(byte, 0x07 | b'\\' | 0x18 | 0x1a);
            return;
        }
        if self.held.is_empty() {
            match byte {
                0x1b => self.held.push(byte),
                // ENQ: who are you?
                0x05 => {}
                _ => kept.push(byte),
            }
            return;
        }
        self.held.push(byte);
        match seen(&self.held) {
            Seen::Partial if self.held.len() > LONGEST => {
                self.passing = true;
                kept.append(&mut self.held);
            }
            Seen::Partial => {}
            Seen::Whole => {
                if !is_query(&self.held) {
                    kept.extend_from_slice(&self.held);
                }
                self.held.clear();
            }
            Seen::Broken => {
                self.held.pop();
                kept.append(&mut self.held);
                self.on(byte, kept);
            }
        }
    }
}

fn seen(held: &[u8]) -> Seen {
    let last = held.last().copied().unwrap_or_default();
    match held.get(1) {
        None => Seen::Partial,
        _ if matches!(last, 0x18 | 0x1a) => Seen::Broken,
        Some(b'[') => match last {
            b'[' if held.len() == 2 => Seen::Partial,
            0x20..=0x3f => Seen::Partial,
            0x40..=0x7e => Seen::Whole,
            _ => Seen::Broken,
        },
        Some(b']' | b'P' | b'_' | b'^' | b'X') => match held {
            [.., 0x07] | [.., 0x1b, b'\\'] => Seen::Whole,
            [_, _, .., 0x1b, _] => Seen::Broken,
            _ => Seen::Partial,
        },
        Some(0x20..=0x2f) if matches!(last, 0x20..=0x2f) => Seen::Partial,
        Some(0x20..=0x7e) => Seen::Whole,
        Some(_) => Seen::Broken,
    }
}

/// Whether a terminal would answer this.
fn is_query(sequence: &[u8]) -> bool {
    let Some((first, body)) = sequence.get(1..).and_then(<[u8]>::split_first) else { return false };
    match first {
        b'Z' => true,
        b'[' => {
            let Some((last, parameters)) = body.split_last() else { return false };
            match last {
                // Device attributes, status and positions, modes, checksums, the version.
                b'c' | b'n' => !parameters.starts_with(b">") || *last == b'c',
                b'p' => parameters.ends_with(b"$"),
                b'y' => parameters.ends_with(b"*"),
                b'q' => parameters.starts_with(b">"),
                b'u' => parameters.starts_with(b"?"),
                b'x' => !parameters.ends_with(b"$") && !parameters.ends_with(b"*"),
                // Size and title of the window.
                b't' => matches!(parameters, [b'1', b'1' | b'3'..=b'9', ..] | [b'2', b'0' | b'1', ..]),
                _ => false,
            }
        }
        // Colours and the clipboard are asked for with a question mark, settings and capabilities with `$q` and `+q`.
        b']' => body.split(|byte| matches!(byte, b';' | 0x07 | 0x1b)).any(|field| field == b"?"),
        b'P' => body.starts_with(b"$q") || body.starts_with(b"+q"),
        // Pictures of kitty are answered, or are asked about.
        b'_' => body.starts_with(b"G"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_kept_back_and_all_else_passes() {
        for query in [
            "\x1b[c",
            "\x1b[0c",
            "\x1b[>c",
            "\x1b[=c",
            "\x1b[5n",
            "\x1b[6n",
            "\x1b[?6n",
            "\x1b[?996n",
            "\x1b[?2026$p",
            "\x1b[4$p",
            "\x1b[>q",
            "\x1b[>0q",
            "\x1b[?u",
            "\x1b[14t",
            "\x1b[18t",
            "\x1b[21t",
            "\x1bZ",
            "\x05",
            "\x1b]10;?\x07",
            "\x1b]4;1;?\x1b\\",
            "\x1b]52;c;?\x07",
            "\x1bP$qm\x1b\\",
            "\x1bP+q544e\x1b\\",
            "\x1b_Gi=1,a=q;AAAA\x1b\\",
            "\x1b[1;1;1;1;1;1*y",
        ] {
            let output = format!("a{query}b");
            assert_eq!(Queries::default().keep_back(output.as_bytes()), b"ab", "{query:?}");
            let mut queries = Queries::default();
            let kept: Vec<u8> = output.bytes().flat_map(|byte| queries.keep_back(&[byte])).collect();
            assert_eq!(kept, b"ab", "{query:?} in pieces");
        }
        for output in [
            "\x1b[31mred\x1b[m",
            "\x1b[2J\x1b[H",
            "\x1b[?1049h",
            "\x1b[>4;1m",
            "\x1b[>1u",
            "\x1b[<u",
            "\x1b[=5;1u",
            "\x1b[u",
            "\x1b[2 q",
            "\x1b[!p",
            "\x1b]0;what?\x07",
            "\x1b]8;;http://a/?b\x1b\\",
            "\x1b]52;c;aGk=\x07",
            "\x1b(B",
            "\x1b7\x1b8",
            "\x1b[22;0;0t",
            "\x1b[8;24;80t",
            "\x1bc",
            "grüße 東京\r\n",
            "\x1b[1;2\x18after",
            "\x1b\x1b[m",
            "\x1bP1$r0m\x1b\\",
            "\x1b[>4n",
        ] {
            assert_eq!(Queries::default().keep_back(output.as_bytes()), output.as_bytes(), "{output:?}");
        }
    }

    #[test]
    fn a_string_without_an_end_is_not_held_for_ever() {
        let mut queries = Queries::default();
        let long = format!("\x1b]0;{}", "x".repeat(3 * LONGEST));
        let kept = queries.keep_back(long.as_bytes());
        assert_eq!(kept, long.as_bytes());
        assert_eq!(queries.keep_back(b"y\x07\x1b[6nz"), b"y\x07z");
    }
}
