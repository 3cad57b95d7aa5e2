//! A field in one line of a pane: what is searched or narrowed by.

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};
use unicode_segmentation::UnicodeSegmentation;

use super::PaneInput;
use crate::{
    state::composer::{Composer, Edit},
    text::{clean::clean_line, wrap::width},
    theme::Theme,
};

/// A text being written in one line.
#[derive(Clone, Debug, Default)]
pub(super) struct Field(Composer);

impl Field {
    pub(super) fn text(&self) -> &str {
        self.0.text()
    }

    /// Takes what is typed, pasted or deleted. False where it was something else.
    pub(super) fn takes(&mut self, input: &PaneInput<'_>) -> bool {
        match input {
            PaneInput::Typed(c) => self.0.insert(c.encode_utf8(&mut [0; 4])),
            PaneInput::Paste(text) => self.0.insert(&clean_line(text)),
            PaneInput::Edit(Edit::Newline | Edit::Up | Edit::Down) => return false,
            PaneInput::Edit(edit) => self.0.edit(*edit),
            _ => return false,
        }
        true
    }

    /// Draws it behind a sign, and a note at the right; gives the place of the cursor.
    pub(super) fn draw(&self, (sign, note): (&str, &str), area: Rect, buffer: &mut Buffer, theme: &Theme) -> Position {
        buffer.set_stringn(area.x, area.y, sign, usize::from(area.width), theme.accent);
        let lead = u16::try_from(width(sign)).unwrap_or(0);
        // A note gives way to what is written.
        let note = if width(note) * 2 > usize::from(area.width) { "" } else { note };
        let noted = u16::try_from(width(note)).unwrap_or(0);
        let room = area.width.saturating_sub(lead + noted);
        let before = clean_line(&self.text()[..self.0.cursor()]);
        let after = clean_line(&self.text()[self.0.cursor()..]);
        let seen = end_of(&before, usize::from(room.saturating_sub(1)));
        let text = format!("{seen}{after}");
        buffer.set_stringn(area.x + lead.min(area.width), area.y, text, usize::from(room), theme.text);
        buffer.set_stringn(area.right() - noted, area.y, note, usize::from(noted), theme.dim);
        let cursor = u16::try_from(width(seen)).unwrap_or(u16::MAX);
        Position::new((area.x + lead).saturating_add(cursor).min(area.right().saturating_sub(1)), area.y)
    }
}

/// As much of the end of a text as fits.
pub(super) fn end_of(text: &str, columns: usize) -> &str {
    let mut used = 0;
    let mut start = text.len();
    for (at, grapheme) in text.grapheme_indices(true).rev() {
        used += width(grapheme);
        if used > columns {
            break;
        }
        start = at;
    }
    &text[start..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_stays_in_sight() {
        assert_eq!(end_of("abc", 5), "abc");
        assert_eq!(end_of("abcdef", 3), "def");
        assert_eq!(end_of("a日本", 3), "本");
    }
}
