//! Searching a file: which lines match, and where in them.

use std::ops::Range;

use super::text::Text;
use crate::pane::field::Field;

/// A text that is looked for. A capital in it makes capitals count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Query {
    text: String,
    exact: bool,
}

impl Query {
    /// None where there is nothing to look for.
    pub(super) fn new(text: &str) -> Option<Self> {
        let exact = text.chars().any(char::is_uppercase);
        (!text.is_empty()).then(|| Self { text: text.to_owned(), exact })
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Where in a line it is.
    pub(super) fn matches(&self, line: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let mut from = 0;
        while let Some(range) = self.next_in(line, from) {
            from = range.end;
            found.push(range);
        }
        found
    }

    /// Where in a line it is first.
    pub(super) fn first_in(&self, line: &str) -> Option<Range<usize>> {
        self.next_in(line, 0)
    }

    fn next_in(&self, line: &str, from: usize) -> Option<Range<usize>> {
        let rest = line.get(from..)?;
        if self.exact {
            return rest.find(&self.text).map(|at| from + at..from + at + self.text.len());
        }
        if self.text.is_ascii() {
            // The usual, and by far the fastest.
            let wanted = self.text.as_bytes();
            let found = rest.as_bytes().windows(wanted.len()).position(|bytes| bytes.eq_ignore_ascii_case(wanted));
            return found.map(|at| from + at..from + at + wanted.len());
        }
        rest.char_indices().find_map(|(at, _)| self.length_at(rest.get(at..)?).map(|len| from + at..from + at + len))
    }

    /// How many bytes match at the beginning of a text, capitals or not.
    fn length_at(&self, text: &str) -> Option<usize> {
        let mut chars = text.chars();
        let mut length = 0;
        for wanted in self.text.chars() {
            let c = chars.next()?;
            if c != wanted && !c.to_lowercase().eq(std::iter::once(wanted)) {
                return None;
            }
            length += c.len_utf8();
        }
        Some(length)
    }

    /// The first of these lines that matches, in their order, and where it does.
    pub(super) fn first_of(
        &self,
        text: &Text,
        mut lines: impl Iterator<Item = usize>,
    ) -> Option<(usize, Range<usize>)> {
        lines.find_map(|line| self.first_in(&text.whole(line)).map(|part| (line, part)))
    }
}

/// A search.
#[derive(Debug, Default)]
pub(super) struct Search {
    /// Where it is typed; none when that is done.
    pub(super) field: Option<Field>,
    pub(super) query: Option<Query>,
    /// The line where it began, and the first column that was seen, to go back to.
    pub(super) origin: (usize, usize),
    /// What was read is looked through from this line on when more of it comes.
    pub(super) seeks: Option<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_letters_find_capitals_but_not_the_other_way() {
        for (query, line, wanted) in [
            ("ab", "Ab aB xab", &[(0, 2), (3, 5), (7, 9)][..]),
            ("Ab", "Ab aB xab", &[(0, 2)][..]),
            ("ä", "ÄäA", &[(0, 2), (2, 4)][..]),
            ("aa", "aaa", &[(0, 2)][..]),
            ("本", "日本", &[(3, 6)][..]),
            ("x", "", &[][..]),
        ] {
            let found = Query::new(query).unwrap().matches(line);
            let found: Vec<_> = found.into_iter().map(|range| (range.start, range.end)).collect();
            assert_eq!(found, wanted, "{query:?} in {line:?}");
        }
        assert_eq!(Query::new(""), None);
    }
}
