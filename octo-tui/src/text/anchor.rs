//! Lines with the places in them that can be opened: also where a place is broken over two lines.

use std::ops::Range;

use octo_proto::id::{TerminalId, ToolCallId};
use ratatui::{
    style::Style,
    text::{Line, Span},
};

use super::{
    place::places,
    wrap::{Break, Prefix, pieces, spans_width, width},
};
use crate::pane::Place;

/// How ids of terminals begin, and how many characters follow.
const TERMINAL: (&str, usize) = ("trm_", 26);

/// What opens where it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A place in a file; its path is absolute where it is not in the workspace.
    Place(Place),
    /// What a tool call changed, and the file in which it did.
    Diff(ToolCallId, Place),
    /// A terminal.
    Terminal(TerminalId),
    /// What a program of a terminal linked to, as it wrote it.
    Address(String),
}

/// A part of a line that opens something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// In columns of the line.
    pub columns: Range<usize>,
    /// What it opens.
    pub target: Target,
}

/// A line and what can be opened in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Laid {
    /// The line.
    pub line: Line<'static>,
    /// From left to right.
    pub anchors: Vec<Anchor>,
}

impl From<Line<'static>> for Laid {
    fn from(line: Line<'static>) -> Self {
        Self { line, anchors: Vec::new() }
    }
}

impl Laid {
    /// A line that is not broken further, with the places in it.
    #[must_use]
    pub fn find(line: &Line<'_>, links: &Links<'_>) -> Self {
        let mut out = Vec::new();
        wrap_linked(&line.spans, usize::MAX, (&Prefix::default(), Break::Anywhere), links, &mut out);
        out.pop().unwrap_or_default()
    }
}

/// How places are found and shown.
#[derive(Clone, Copy, Debug)]
pub struct Links<'a> {
    /// The workspace.
    pub root: &'a str,
    /// How they look.
    pub style: Style,
}

/// As [`wrap`](super::wrap::wrap), with the places that the text names.
pub fn wrap_linked(
    spans: &[Span<'_>],
    columns: usize,
    (prefix, at): (&Prefix, Break),
    links: &Links<'_>,
    out: &mut Vec<Laid>,
) {
    let text: String = spans.iter().map(|span| &*span.content).collect();
    let found = targets(&text, links.root);
    let styled = restyle(spans, &found, links.style);
    for (index, (line, range)) in pieces(&styled, columns, (prefix, at)).into_iter().enumerate() {
        let lead = spans_width(if index == 0 { &prefix.first } else { &prefix.rest });
        let anchors = found.iter().filter_map(|(at, target)| {
            let (from, to) = (at.start.max(range.start), at.end.min(range.end));
            (from < to).then(|| {
                let start = lead + width(&text[range.start..from]);
                Anchor { columns: start..start + width(&text[from..to]), target: target.clone() }
            })
        });
        out.push(Laid { anchors: anchors.collect(), line });
    }
}

/// What a text names, and where, from its beginning.
pub(crate) fn targets(text: &str, root: &str) -> Vec<(Range<usize>, Target)> {
    let places = places(text, root).into_iter().map(|named| (named.at, Target::Place(named.place)));
    let (prefix, length) = TERMINAL;
    let terminals = text.match_indices(prefix).filter_map(|(at, _)| {
        let id = text[at + prefix.len()..].find(|c: char| !c.is_ascii_alphanumeric());
        let end = id.map_or(text.len(), |id| at + prefix.len() + id);
        (end - at - prefix.len() == length).then(|| (at..end, Target::Terminal(TerminalId(text[at..end].to_owned()))))
    });
    let mut all: Vec<_> = places.chain(terminals).collect();
    all.sort_by_key(|(at, _)| at.start);
    all
}

/// The spans, divided where a link begins or ends.
fn restyle<'a>(spans: &'a [Span<'_>], found: &[(Range<usize>, Target)], style: Style) -> Vec<Span<'a>> {
    let mut out = Vec::with_capacity(spans.len());
    let mut before = 0;
    for span in spans {
        let content = &*span.content;
        let all = before..before + content.len();
        let mut from = all.start;
        for (at, _) in found.iter().filter(|(at, _)| at.start < all.end && at.end > all.start) {
            let (start, end) = (at.start.max(all.start), at.end.min(all.end));
            if start > from {
                out.push(Span::styled(&content[from - before..start - before], span.style));
            }
            out.push(Span::styled(&content[start - before..end - before], span.style.patch(style)));
            from = end;
        }
        if from < all.end || content.is_empty() {
            out.push(Span::styled(&content[from - before..], span.style));
        }
        before = all.end;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid(text: &str, columns: usize) -> Vec<(String, Vec<(String, Target)>)> {
        let mut out = Vec::new();
        let links = Links { root: "/w", style: Style::new().underlined() };
        let lead = Prefix { first: vec![Span::raw("› ")], rest: vec![Span::raw("  ")] };
        let (first, second) = text.split_at(text.len() / 2 / 4 * 4);
        wrap_linked(&[Span::raw(first), Span::raw(second)], columns, (&lead, Break::Anywhere), &links, &mut out);
        let shown = |laid: Laid| {
            let line = laid.line.to_string();
            let underlined: Vec<String> = (laid.line.spans.iter())
                .filter(|span| span.style == links.style)
                .map(|span| span.content.to_string())
                .collect();
            let anchors = laid.anchors.into_iter().map(|it| {
                let text: String = line.chars().skip(it.columns.start).take(it.columns.len()).collect();
                (text, it.target)
            });
            let anchors: Vec<_> = anchors.collect();
            assert_eq!(underlined.concat(), anchors.iter().map(|(text, _)| text.as_str()).collect::<String>());
            (line, anchors)
        };
        out.into_iter().map(shown).collect()
    }

    fn place(path: &str, line: u64) -> Target {
        Target::Place(Place { path: path.to_owned(), line: Some(line), to: None })
    }

    #[test]
    fn a_place_that_is_broken_opens_from_both_lines() {
        let lines = laid("see src/main.rs:12 and b.rs:3", 12);
        assert_eq!(
            lines,
            [
                ("› see src/ma".to_owned(), vec![("src/ma".to_owned(), place("src/main.rs", 12))]),
                ("  in.rs:12 a".to_owned(), vec![("in.rs:12".to_owned(), place("src/main.rs", 12))]),
                ("  nd b.rs:3".to_owned(), vec![("b.rs:3".to_owned(), place("b.rs", 3))]),
            ]
        );
    }

    #[test]
    fn terminals_are_named_by_their_ids() {
        let id = "trm_01K6V7M41BC9D3E8F2G6H7J0KM";
        let lines = laid(&format!("{id} runs, trm_1 does not"), 60);
        assert_eq!(lines[0].1, [(id.to_owned(), Target::Terminal(TerminalId(id.to_owned())))]);
    }
}
