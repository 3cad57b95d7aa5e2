//! A line of a file as what takes columns on the screen, each with the bytes that it stands for.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;

use crate::text::{
    clean::{TAB, visible},
    wrap::width,
};

/// What is drawn for one grapheme.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cell<'a> {
    /// Where it begins in the line, in bytes.
    pub(super) at: usize,
    /// How many bytes it stands for.
    pub(super) len: usize,
    /// In which column of the line it begins.
    pub(super) column: usize,
    pub(super) width: usize,
    pub(super) text: Cow<'a, str>,
}

/// The cells of a line; what has no width and no base is left out.
pub(super) fn cells(line: &str) -> impl Iterator<Item = Cell<'_>> {
    let mut column = 0;
    line.grapheme_indices(true).filter_map(move |(at, grapheme)| {
        let text = match grapheme {
            "\t" => Cow::Owned(" ".repeat(TAB - column % TAB)),
            _ => shown(grapheme),
        };
        let cell = Cell { at, len: grapheme.len(), column, width: width(&text), text };
        column += cell.width;
        (cell.width > 0).then_some(cell)
    })
}

fn shown(grapheme: &str) -> Cow<'_, str> {
    if grapheme.len() == 1 && matches!(grapheme.as_bytes(), [b' '..=b'~']) {
        return Cow::Borrowed(grapheme);
    }
    let mut text = Cow::Borrowed(grapheme);
    if grapheme.chars().any(|c| visible(c) != Some(c)) {
        text = Cow::Owned(grapheme.chars().filter_map(visible).collect());
    }
    // A mark without a letter is shown on a placeholder.
    if !text.is_empty() && width(&text) == 0 { Cow::Owned(format!("\u{25cc}{text}")) } else { text }
}

/// Where the rows of a line begin, in bytes, when it is broken into rows of so many columns.
pub(super) fn breaks(line: &str, columns: usize) -> Vec<usize> {
    let mut rows = vec![0];
    let mut begun = 0;
    for cell in cells(line) {
        if cell.column + cell.width - begun > columns && cell.column > begun {
            rows.push(cell.at);
            begun = cell.column;
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(line: &str) -> Vec<(usize, usize, String)> {
        cells(line).map(|cell| (cell.at, cell.width, cell.text.into_owned())).collect()
    }

    fn cell(at: usize, width: usize, text: &str) -> (usize, usize, String) {
        (at, width, text.to_owned())
    }

    #[test]
    fn every_grapheme_has_its_columns() {
        for (line, wanted) in [
            ("ab", vec![cell(0, 1, "a"), cell(1, 1, "b")]),
            ("a\tb", vec![cell(0, 1, "a"), cell(1, 3, "   "), cell(2, 1, "b")]),
            ("日e\u{301}", vec![cell(0, 2, "日"), cell(3, 1, "e\u{301}")]),
            ("👩\u{200d}👧", vec![cell(0, 2, "👩\u{200d}👧")]),
            ("🇩🇪🇯🇵", vec![cell(0, 2, "🇩🇪"), cell(8, 2, "🇯🇵")]),
            ("\u{1b}[m", vec![cell(0, 1, "␛"), cell(1, 1, "["), cell(2, 1, "m")]),
            ("a\u{202e}\u{200b}b", vec![cell(0, 1, "a"), cell(1, 1, "\u{fffd}"), cell(7, 1, "b")]),
            ("\u{301}x", vec![cell(0, 1, "\u{25cc}\u{301}"), cell(2, 1, "x")]),
        ] {
            assert_eq!(drawn(line), wanted, "{line:?}");
        }
    }

    #[test]
    fn rows_break_where_no_cell_is_halved() {
        for (line, columns, rows) in [
            ("", 4, vec![0]),
            ("abcd", 4, vec![0]),
            ("abcde", 4, vec![0, 4]),
            ("a日本", 4, vec![0, 4]),
            ("日本", 1, vec![0, 3]),
        ] {
            assert_eq!(breaks(line, columns), rows, "{line:?} in {columns}");
        }
    }
}
