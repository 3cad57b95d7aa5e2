//! Which words differ between a line that is gone and the one that took its place.

use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};
use unicode_segmentation::UnicodeSegmentation;

/// Words of a line beyond which it is not compared.
const MOST: usize = 400;

/// Places in a line, in bytes.
pub(super) type Marks = Vec<Range<usize>>;

/// What is only in the one line, and what is only in the other. None where they have too little in common for that to tell
/// anything.
pub(super) fn marks(old: &str, new: &str) -> Option<(Marks, Marks)> {
    let words = |line| {
        let words: Vec<_> = str::split_word_bound_indices(line).take(MOST + 1).collect();
        (words.len() <= MOST).then_some(words)
    };
    let (old_words, new_words) = (words(old)?, words(new)?);
    let texts = |words: &[(usize, &str)]| words.iter().map(|(_, word)| (*word).to_owned()).collect::<Vec<_>>();
    let (mut gone, mut added, mut common) = (Marks::new(), Marks::new(), 0);
    for step in capture_diff_slices(Algorithm::Myers, &texts(&old_words), &texts(&new_words)) {
        let (old_at, new_at) = (span(&old_words, step.old_range()), span(&new_words, step.new_range()));
        if matches!(step, DiffOp::Equal { .. }) {
            common += old[old_at].trim().len();
        } else {
            push(&mut gone, old_at);
            push(&mut added, new_at);
        }
    }
    let longer = old.trim().len().max(new.trim().len());
    (common * 3 >= longer && longer > 0).then_some((gone, added))
}

/// The bytes that words take.
fn span(words: &[(usize, &str)], range: Range<usize>) -> Range<usize> {
    match (words.get(range.start), range.end.checked_sub(1).and_then(|last| words.get(last))) {
        (Some((start, _)), Some((last, word))) if !range.is_empty() => *start..last + word.len(),
        _ => 0..0,
    }
}

fn push(marks: &mut Marks, range: Range<usize>) {
    match marks.last_mut() {
        _ if range.is_empty() => {}
        Some(last) if last.end == range.start => last.end = range.end,
        _ => marks.push(range),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn marked(old: &str, new: &str) -> Option<(String, String)> {
        let show = |line: &str, marks: &Marks| {
            let mut shown = line.to_owned();
            for mark in marks.iter().rev() {
                shown.insert(mark.end, ']');
                shown.insert(mark.start, '[');
            }
            shown
        };
        marks(old, new).map(|(gone, added)| (show(old, &gone), show(new, &added)))
    }

    #[test]
    fn only_the_words_that_differ_are_marked() {
        for (old, new, expected) in [
            ("let a = one();", "let a = two();", Some(("let a = [one]();", "let a = [two]();"))),
            ("f(a)", "f(a, b)", Some(("f(a)", "f(a[, b])"))),
            ("日本語 text here", "日本誤 text here", Some(("日本[語] text here", "日本[誤] text here"))),
            ("nothing alike", "completely other", None),
            ("", "", None),
            ("    ", "  ", None),
        ] {
            let expected = expected.map(|(old, new)| (old.to_owned(), new.to_owned()));
            assert_eq!(marked(old, new), expected, "{old:?} {new:?}");
        }
        let long = "a ".repeat(MOST);
        assert_eq!(marked(&long, &format!("{long}b")), None);
    }

    proptest! {
        #[test]
        fn marks_lie_between_characters(old in "(a|b| |日|e\u{301}|👩\u{200d}👩|ש){0,30}", new in "(a|b| |日|e\u{301}|👩\u{200d}👩|ש){0,30}") {
            if let Some((gone, added)) = marks(&old, &new) {
                let rest = |line: &str, marks: &Marks| {
                    let mut rest = line.to_owned();
                    marks.iter().rev().for_each(|mark| rest.replace_range(mark.clone(), ""));
                    rest
                };
                prop_assert_eq!(rest(&old, &gone), rest(&new, &added));
            }
        }
    }
}
