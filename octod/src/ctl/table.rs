//! Aligned columns, cut to the width of the terminal.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use octo_proto::plain::without_controls;

use super::output::{Color, paint};

/// Between two columns.
const GAP: usize = 2;

/// A column is never cut below this.
const NARROWEST: usize = 8;

/// Rows of cells under a heading. Without a terminal nothing is cut.
#[derive(Debug)]
pub(crate) struct Table {
    heading: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

/// One cell.
#[derive(Debug)]
pub(crate) struct Cell {
    text: String,
    color: Option<Color>,
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        let text = without_controls(&text.into()).replace(['\n', '\t'], " ");
        Self { text, color: None }
    }
}

impl Cell {
    pub(crate) fn colored(text: impl Into<String>, color: Color) -> Self {
        Self { color: Some(color), ..Self::from(text) }
    }
}

impl Table {
    pub(crate) fn new<const N: usize>(heading: [&'static str; N]) -> Self {
        Self { heading: heading.into(), rows: Vec::new() }
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [Cell; N]) {
        self.rows.push(cells.into());
    }

    pub(crate) fn render(&self, columns: Option<usize>, color: bool) -> String {
        let widths = self.widths(columns);
        let mut out = String::new();
        let heading = self.heading.iter().map(|text| Cell::from(*text)).collect();
        for row in std::iter::once(&heading).chain(&self.rows) {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                let text = cut(&cell.text, *width);
                let fill = width - text.width() + GAP;
                match cell.color.filter(|_| color) {
                    Some(color) => line.push_str(&paint(&text, color)),
                    None => line.push_str(&text),
                }
                line.push_str(&" ".repeat(fill));
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }

    /// As wide as the widest cell; then the widest columns give way until all fit.
    fn widths(&self, columns: Option<usize>) -> Vec<usize> {
        let mut widths: Vec<usize> = self.heading.iter().map(|text| text.width()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.text.width());
            }
        }
        let Some(columns) = columns else { return widths };
        while widths.iter().sum::<usize>() + GAP * (widths.len() - 1) > columns {
            match widths.iter_mut().max() {
                Some(widest) if *widest > NARROWEST => *widest -= 1,
                _ => break,
            }
        }
        widths
    }
}

/// The beginning that fits, with `…` where something is left out.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide + 1 > width {
            break;
        }
        used += wide;
        out.push(c);
    }
    out.push('…');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(["ID", "TITLE"]);
        table.row(["1".into(), "日本語のとても長い題名".into()]);
        table.row(["22".into(), "short\nand\x1b[2J two lines".into()]);
        table
    }

    #[test]
    fn a_pipe_gets_everything() {
        insta::assert_snapshot!(table().render(None, true), @r"
        ID  TITLE
        1   日本語のとても長い題名
        22  short and·[2J two lines
        ");
    }

    #[test]
    fn a_terminal_gets_what_fits() {
        let text = table().render(Some(20), false);
        insta::assert_snapshot!(text, @r"
        ID  TITLE
        1   日本語のとても…
        22  short and·[2J t…
        ");
        assert!(text.lines().all(|line| line.width() <= 20));
    }
}
