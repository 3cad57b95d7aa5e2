//! The text of a part of a terminal, as it was printed and not as it was broken to its width.

use octo_proto::emulator::{Emulator, Flags};

/// The text from one place to another, both included: columns and rows of the screen, whose first cell is at `corner`.
pub(super) fn text(emulator: &Emulator, corner: (i32, usize), from: (u16, u16), to: (u16, u16)) -> String {
    let mut text = String::new();
    for row in from.1..=to.1 {
        let line = corner.0 + i32::from(row);
        let cells = emulator.line(line);
        let begin = if row == from.1 { usize::from(from.0) + corner.1 } else { 0 };
        let end = if row == to.1 { usize::from(to.0) + corner.1 + 1 } else { cells.len() };
        let mut piece = String::new();
        for cell in cells.get(begin.min(cells.len())..end.min(cells.len())).unwrap_or_default() {
            if !cell.flags.intersects(Flags::WIDE_CHAR_SPACER | Flags::LEADING_WIDE_CHAR_SPACER) {
                piece.push(cell.c);
                piece.extend(cell.zerowidth().unwrap_or_default());
            }
        }
        let goes_on = row != to.1 && emulator.goes_on(line);
        text.push_str(if goes_on { &piece } else { piece.trim_end() });
        if row != to.1 && !goes_on {
            text.push('\n');
        }
    }
    text
}
