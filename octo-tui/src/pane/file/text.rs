//! The text of a file, as far as it was read: its bytes, and where each line begins.

use std::borrow::Cow;

/// The most bytes of one line that are looked at; of what is written by machines in one line, the rest is told but not
/// shown.
pub(super) const LONGEST: usize = 4096;

/// Bytes and lines.
#[derive(Debug, Default)]
pub(super) struct Text {
    bytes: Vec<u8>,
    /// Where the lines begin that are whole, and the last that may not be.
    starts: Vec<usize>,
    /// Whether nothing follows, so that the last line is whole.
    ended: bool,
}

impl Text {
    pub(super) fn push(&mut self, piece: &[u8]) {
        if self.starts.is_empty() {
            self.starts.push(0);
        }
        let from = self.bytes.len();
        self.bytes.extend_from_slice(piece);
        self.starts.extend(piece.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| from + at + 1));
    }

    pub(super) fn end(&mut self) {
        self.ended = true;
    }

    pub(super) fn is_ended(&self) -> bool {
        self.ended
    }

    /// In bytes.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// How many lines are whole.
    pub(super) fn lines(&self) -> usize {
        let is_partial = self.ended && self.starts.last().is_some_and(|start| *start < self.bytes.len());
        self.starts.len().saturating_sub(usize::from(!is_partial))
    }

    /// A line without its end, as much of it as is shown; bytes that are no text are replaced.
    pub(super) fn line(&self, index: usize) -> Cow<'_, str> {
        let line = self.bytes_of(index);
        let cut = line.get(..LONGEST).unwrap_or(line);
        String::from_utf8_lossy(without_half(cut, line.len()))
    }

    /// All of a line without its end, also what is not shown of it.
    pub(super) fn whole(&self, index: usize) -> Cow<'_, str> {
        String::from_utf8_lossy(self.bytes_of(index))
    }

    /// How many bytes of a line are not shown.
    pub(super) fn beyond(&self, index: usize) -> usize {
        self.bytes_of(index).len().saturating_sub(LONGEST)
    }

    fn bytes_of(&self, index: usize) -> &[u8] {
        let Some(start) = self.starts.get(index) else { return &[] };
        let end = self.starts.get(index + 1).map_or(self.bytes.len(), |next| next - 1);
        let line = self.bytes.get(*start..end).unwrap_or_default();
        line.strip_suffix(b"\r").unwrap_or(line)
    }
}

/// Where a line was cut within a character, that character goes with the rest.
fn without_half(cut: &[u8], whole: usize) -> &[u8] {
    if cut.len() == whole {
        return cut;
    }
    let last = cut.utf8_chunks().last();
    let half = last.map_or(0, |chunk| if cut.ends_with(chunk.invalid()) { chunk.invalid().len() } else { 0 });
    &cut[..cut.len() - half]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(pieces: &[&[u8]], ended: bool) -> Text {
        let mut text = Text::default();
        pieces.iter().for_each(|piece| text.push(piece));
        if ended {
            text.end();
        }
        text
    }

    #[test]
    fn lines_are_counted_when_they_are_whole() {
        for (pieces, ended, lines) in [
            (&[b"".as_slice()][..], true, vec![]),
            (&[b"a"], false, vec![]),
            (&[b"a"], true, vec!["a"]),
            (&[b"a\n"], true, vec!["a"]),
            (&[b"a\n\n"], true, vec!["a", ""]),
            (&[b"a\r\nb", b"c\nd"], false, vec!["a", "bc"]),
            (&[b"a\r\nb", b"c\nd"], true, vec!["a", "bc", "d"]),
            (&[b"\xe6\x97", b"\xa5\xff\n"], true, vec!["日\u{fffd}"]),
        ] {
            let text = text(pieces, ended);
            let found: Vec<_> = (0..text.lines()).map(|index| text.line(index).into_owned()).collect();
            assert_eq!(found, lines, "{pieces:?}");
        }
    }

    #[test]
    fn of_a_line_that_is_too_long_the_beginning_is_shown() {
        let line = "日".repeat(LONGEST);
        let text = text(&[line.as_bytes()], true);
        assert_eq!(text.line(0), "日".repeat(LONGEST / 3));
        assert_eq!(text.beyond(0), LONGEST * 2);
        assert_eq!(text.whole(0), line);
    }
}
