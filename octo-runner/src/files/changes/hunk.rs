//! The hunks of a unified diff of one file, byte for byte: told apart, found again, undone.

use std::borrow::Cow;

/// One hunk.
#[derive(Debug, PartialEq)]
pub(super) struct Hunk<'a> {
    /// From its `@@` line to its last one.
    pub(super) text: &'a [u8],
    /// The lines before the change, each with its end.
    old: Vec<&'a [u8]>,
    /// The lines behind it.
    new: Vec<&'a [u8]>,
    /// Where these begin, from 1.
    start: usize,
}

/// The hunks of a diff; one that ends too early is none.
pub(super) fn read(mut diff: &[u8]) -> Vec<Hunk<'_>> {
    let mut hunks = Vec::new();
    while !diff.is_empty() {
        let end = if let Some(hunk) = Hunk::begin(diff) {
            let end = hunk.text.len();
            hunks.push(hunk);
            end
        } else {
            diff.iter().position(|byte| *byte == b'\n').map_or(diff.len(), |at| at + 1)
        };
        diff = &diff[end..];
    }
    hunks
}

/// The text with the hunks taken out again. None: they are not in it.
pub(super) fn undo(text: &[u8], hunks: &[Hunk<'_>]) -> Option<Vec<u8>> {
    let mut lines: Vec<_> = text.split_inclusive(|byte| *byte == b'\n').map(Cow::Borrowed).collect();
    // From the last one on, so that the places of those above still hold.
    for hunk in hunks.iter().rev() {
        let at = hunk.place(&lines)?;
        let range = at..at + hunk.new.len();
        // Git shows the lines of a file that it converts without their carriage returns.
        let converted = lines[range.clone()].iter().zip(&hunk.new).any(|(line, new)| line != new);
        let old = hunk.old.iter().map(|line| match line.strip_suffix(b"\n") {
            Some(line) if converted => Cow::Owned([line, b"\r\n"].concat()),
            _ => Cow::Owned(line.to_vec()),
        });
        lines.splice(range, old);
    }
    Some(lines.concat())
}

impl<'a> Hunk<'a> {
    /// The hunk that a text begins with.
    fn begin(text: &'a [u8]) -> Option<Self> {
        let mut lines = text.split_inclusive(|byte| *byte == b'\n');
        let head = lines.next()?;
        let (before, (start, behind)) = counts(head)?;
        let (mut old, mut new, mut length): (Vec<&[u8]>, Vec<&[u8]>, _) = (Vec::new(), Vec::new(), head.len());
        let mut last = b' ';
        for line in lines {
            let kind = match line {
                // Blanks at the end of an empty line are often lost.
                b"\n" | b"\r\n" => b' ',
                line => *line.first()?,
            };
            let whole = old.len() == before && new.len() == behind;
            if kind == b'\\' {
                let sides = [(last != b'+').then_some(&mut old), (last != b'-').then_some(&mut new)];
                for line in sides.into_iter().flatten().filter_map(|side| side.last_mut()) {
                    *line = line.strip_suffix(b"\n").unwrap_or(line);
                }
            } else if whole {
                break;
            } else {
                let content = line.strip_prefix(&[kind]).unwrap_or(line);
                match kind {
                    b' ' => [&mut old, &mut new].into_iter().for_each(|side| side.push(content)),
                    b'-' => old.push(content),
                    b'+' => new.push(content),
                    _ => return None,
                }
                last = kind;
            }
            length += line.len();
        }
        (old.len() == before && new.len() == behind).then(|| Self { text: &text[..length], old, new, start })
    }

    /// Where in these lines it is: at its place, else at the only other one.
    fn place(&self, lines: &[Cow<'_, [u8]>]) -> Option<usize> {
        if self.new.is_empty() {
            return (self.start <= lines.len()).then_some(self.start);
        }
        let fits = |at: usize| {
            let there = lines.get(at..at.saturating_add(self.new.len()));
            there.is_some_and(|there| there.iter().zip(&self.new).all(|(line, new)| same(line, new)))
        };
        let named = self.start.saturating_sub(1);
        if fits(named) {
            return Some(named);
        }
        let mut others = (0..lines.len()).filter(|at| fits(*at));
        let only = others.next()?;
        others.next().is_none().then_some(only)
    }
}

/// Whether a line of a file is that of a diff.
fn same(line: &[u8], of_diff: &[u8]) -> bool {
    line == of_diff || line.strip_suffix(b"\r\n").is_some_and(|line| of_diff.strip_suffix(b"\n") == Some(line))
}

/// How many lines before; where it begins and how many lines behind.
fn counts(head: &[u8]) -> Option<(usize, (usize, usize))> {
    let head = String::from_utf8_lossy(head);
    let (old, rest) = head.strip_prefix("@@ -")?.split_once(" +")?;
    let (new, _) = rest.split_once(" @@")?;
    let range = |text: &str| match text.split_once(',') {
        Some((start, count)) => Some((start.parse().ok()?, count.parse().ok()?)),
        None => Some((text.parse().ok()?, 1)),
    };
    let (_, before): (usize, usize) = range(old)?;
    Some((before, range(new)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn undone(text: &str, diff: &str) -> Option<String> {
        undo(text.as_bytes(), &read(diff.as_bytes())).map(|text| String::from_utf8(text).unwrap())
    }

    #[test]
    fn hunks_are_told_apart_by_their_counts() {
        let diff = "--- a\n+++ b\n@@ -1,2 +1,2 @@ fn\n-- x\n+y\n z\n--- a\n+++ b\n@@ -9 +9 @@\n-p\n\\ No newline at end of file\n+q\n";
        let hunks = read(diff.as_bytes());
        let texts: Vec<_> = hunks.iter().map(|hunk| std::str::from_utf8(hunk.text).unwrap()).collect();
        assert_eq!(
            texts,
            ["@@ -1,2 +1,2 @@ fn\n-- x\n+y\n z\n", "@@ -9 +9 @@\n-p\n\\ No newline at end of file\n+q\n"]
        );
        assert_eq!((&hunks[1].old, &hunks[1].new), (&vec![b"p".as_slice()], &vec![b"q\n".as_slice()]));
        for cut in
            ["@@ -1,2 +1,2 @@\n-a\n+b\n", "@@ -1 +1 @@\n*a\n", "@@ -x +1 @@\n", "@@ -1 +1\n-a\n+b\n", "@@ -1 +1 @@"]
        {
            assert_eq!(read(cut.as_bytes()), [], "{cut:?}");
        }
    }

    #[test]
    fn a_hunk_is_undone_where_it_is() {
        for (text, diff, undone_text) in [
            ("a\nB\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n", Some("a\nb\nc\n")),
            // Two hunks, the first of which changes how many lines there are.
            ("x\na\nb\nC\n", "@@ -1 +1,2 @@\n+x\n a\n@@ -3 +4 @@\n-c\n+C\n", Some("a\nb\nc\n")),
            // Lines were added above it since.
            ("0\n1\na\nB\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n", Some("0\n1\na\nb\nc\n")),
            ("B\n-\nB\n", "@@ -9 +9 @@\n-b\n+B\n", None),
            ("a\nX\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n", None),
            ("a\nb", "@@ -1,2 +1,2 @@\n a\n-b\n+b\n\\ No newline at end of file\n", Some("a\nb\n")),
            ("a\nb\n", "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n", Some("a\nb")),
            ("a\r\nB\r\n", "@@ -1,2 +1,2 @@\n a\n-b\n+B\n", Some("a\r\nb\r\n")),
            ("a\r\nB\r\n", "@@ -1,2 +1,2 @@\n a\r\n-b\r\n+B\r\n", Some("a\r\nb\r\n")),
            ("", "@@ -1,2 +0,0 @@\n-a\n-b\n", Some("a\nb\n")),
            ("a\nd\n", "@@ -2,2 +1,0 @@\n-b\n-c\n", Some("a\nb\nc\nd\n")),
            ("a\n", "@@ -2,2 +7,0 @@\n-b\n-c\n", None),
            ("a\n\nB\n", "@@ -1,3 +1,3 @@\n a\n\n-b\n+B\n", Some("a\n\nb\n")),
        ] {
            assert_eq!(undone(text, diff).as_deref(), undone_text, "{text:?} {diff:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_some_hunks(diff in prop::collection::vec(prop::sample::select(b"@-+ \\,0129\nax\xff".to_vec()), 0..200), text in "[a\n]{0,20}") {
            let hunks = read(&diff);
            prop_assert!(hunks.iter().map(|hunk| hunk.text.len()).sum::<usize>() <= diff.len());
            drop(undo(text.as_bytes(), &hunks));
        }
    }
}
