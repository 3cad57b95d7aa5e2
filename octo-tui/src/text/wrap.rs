//! Breaks styled text into lines of a width, by grapheme: wide characters take two columns, combining marks none.

use std::ops::Range;

use ratatui::{
    style::Style,
    text::{Line, Span},
};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// What stands before the first and before each further line of a text.
#[derive(Clone, Debug, Default)]
pub struct Prefix {
    /// Before the first line.
    pub first: Vec<Span<'static>>,
    /// Before the others.
    pub rest: Vec<Span<'static>>,
}

impl Prefix {
    /// Spaces before every line.
    #[must_use]
    pub fn indent(columns: usize) -> Self {
        let spaces = vec![Span::raw(" ".repeat(columns))];
        Self { first: spaces.clone(), rest: spaces }
    }

    /// The columns that it takes.
    #[must_use]
    pub fn width(&self) -> usize {
        spans_width(&self.rest).max(spans_width(&self.first))
    }
}

/// Where lines may be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// Between words.
    Words,
    /// Anywhere, as code and output need it.
    Anywhere,
}

/// The columns that a text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    text.width()
}

/// The columns that spans take.
#[must_use]
pub fn spans_width(spans: &[Span<'_>]) -> usize {
    spans.iter().map(|span| span.content.width()).sum()
}

/// The text, cut to a width; what is cut is shown by an ellipsis.
#[must_use]
pub fn truncate(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let width = grapheme.width();
        if used + width + 1 > columns {
            break;
        }
        out.push_str(grapheme);
        used += width;
    }
    if columns > 0 {
        out.push('…');
    }
    out
}

struct Grapheme<'a> {
    text: &'a str,
    width: usize,
    style: Style,
}

impl Grapheme<'_> {
    fn is_space(&self) -> bool {
        self.text == " "
    }
}

/// Breaks one logical line, the prefix included, to `columns`, and appends what it became.
pub fn wrap(spans: &[Span<'_>], columns: usize, how: (&Prefix, Break), out: &mut Vec<Line<'static>>) {
    out.extend(pieces(spans, columns, how).into_iter().map(|(line, _)| line));
}

/// As [`wrap`]: the lines, each with what it has of the text, in bytes.
#[must_use]
pub fn pieces(
    spans: &[Span<'_>],
    columns: usize,
    (prefix, at): (&Prefix, Break),
) -> Vec<(Line<'static>, Range<usize>)> {
    let graphemes: Vec<Grapheme<'_>> = spans
        .iter()
        .flat_map(|span| {
            let style = span.style;
            span.content.graphemes(true).map(move |text| Grapheme { text, width: text.width(), style })
        })
        .collect();
    let room = columns.saturating_sub(prefix.width()).max(1);
    let bytes = |range: Range<usize>| graphemes[range].iter().map(|grapheme| grapheme.text.len()).sum::<usize>();
    let (mut done, mut offset) = (0, 0);
    let piece = |(index, range): (usize, Range<usize>)| {
        let lead = if index == 0 { &prefix.first } else { &prefix.rest };
        let mut line = lead.clone();
        push_graphemes(&graphemes[range.clone()], &mut line);
        let start = offset + bytes(done..range.start);
        (done, offset) = (range.end, start + bytes(range));
        (Line::from(line), start..offset)
    };
    ranges(&graphemes, room, at).into_iter().enumerate().map(piece).collect()
}

fn ranges(graphemes: &[Grapheme<'_>], room: usize, at: Break) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let (mut start, mut used, mut index) = (0, 0, 0);
    let mut chance = None;
    while let Some(grapheme) = graphemes.get(index) {
        if used + grapheme.width > room && index > start {
            let end = match at {
                Break::Anywhere => index,
                Break::Words if grapheme.is_space() => index,
                Break::Words => chance.unwrap_or(index),
            };
            out.push(start..end);
            start = end;
            while at == Break::Words && graphemes.get(start).is_some_and(Grapheme::is_space) {
                start += 1;
            }
            (index, used, chance) = (start, 0, None);
            continue;
        }
        used += grapheme.width;
        index += 1;
        // Scripts of wide characters have no spaces between words.
        if grapheme.is_space() || grapheme.width == 2 {
            chance = Some(index);
        }
    }
    out.push(start..graphemes.len());
    out
}

fn push_graphemes(graphemes: &[Grapheme<'_>], line: &mut Vec<Span<'static>>) {
    for run in graphemes.chunk_by(|a, b| a.style == b.style) {
        let text: String = run.iter().map(|grapheme| grapheme.text).collect();
        line.push(Span::styled(text, run.first().map(|grapheme| grapheme.style).unwrap_or_default()));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wrapped(text: &str, columns: usize, at: Break) -> Vec<String> {
        let mut out = Vec::new();
        wrap(&[Span::raw(text)], columns, (&Prefix::default(), at), &mut out);
        out.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn lines_are_broken_between_words_or_anywhere() {
        for (text, columns, at, lines) in [
            ("", 5, Break::Words, vec![""]),
            ("one two three", 7, Break::Words, vec!["one two", "three"]),
            ("onetwothree", 4, Break::Words, vec!["onet", "woth", "ree"]),
            ("a onetwothree", 4, Break::Words, vec!["a ", "onet", "woth", "ree"]),
            ("one two", 5, Break::Anywhere, vec!["one t", "wo"]),
            ("日本語テキスト", 6, Break::Words, vec!["日本語", "テキス", "ト"]),
            ("e\u{301}e\u{301}e\u{301}", 2, Break::Words, vec!["e\u{301}e\u{301}", "e\u{301}"]),
            ("👩\u{200d}👩\u{200d}👧 x", 3, Break::Words, vec!["👩\u{200d}👩\u{200d}👧 ", "x"]),
            ("日", 1, Break::Words, vec!["日"]),
        ] {
            assert_eq!(wrapped(text, columns, at), lines, "{text:?} in {columns}");
        }
    }

    #[test]
    fn what_is_cut_is_shown_to_be() {
        assert_eq!(truncate("abc", 3), "abc");
        assert_eq!(truncate("abcd", 3), "ab…");
        assert_eq!(truncate("日本語", 4), "日…");
        assert_eq!(truncate("abc", 0), "");
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_too_wide(text in "[a-z 日é👩]{0,80}", columns in 2_usize..30) {
            let lines = wrapped(&text, columns, Break::Words);
            let letters = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>();
            prop_assert_eq!(letters(&lines.concat()), letters(&text));
            prop_assert!(lines.iter().all(|line| line.width() <= columns), "{lines:?}");
        }
    }
}
