//! The text of cells, as it was printed.

use octo_proto::emulator::{Cell, Flags};

/// The text of some columns of a line. A character of which half is among them is.
pub(super) fn piece(cells: &[Cell], begin: usize, end: usize) -> String {
    let half = cells.get(begin).is_some_and(|cell| cell.flags.contains(Flags::WIDE_CHAR_SPACER));
    let begin = begin.saturating_sub(usize::from(half)).min(cells.len());
    let mut text = String::new();
    for cell in cells.get(begin..end.min(cells.len())).unwrap_or_default() {
        if !cell.flags.intersects(Flags::WIDE_CHAR_SPACER | Flags::LEADING_WIDE_CHAR_SPACER) {
            text.push(cell.c);
            text.extend(cell.zerowidth().unwrap_or_default());
        }
    }
    text
}
