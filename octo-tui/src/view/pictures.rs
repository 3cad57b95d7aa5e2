//! The pictures of the conversation, where its lines make room for them.

use std::rc::Rc;

use ratatui::{
    buffer::{Buffer, CellDiffOption},
    layout::Rect,
};

use crate::{app::App, transcript::Strip};

/// The columns left of a picture.
const MARGIN: u16 = 2;

/// What kitty puts an image in the place of.
const PLACEHOLDER: char = '\u{10eeee}';

pub(super) fn draw(app: &App, buffer: &mut Buffer) {
    let area = app.areas.transcript;
    let mut before: Option<&Strip> = None;
    for (row, y) in app.open.transcript.window().iter().zip(area.y..area.bottom()) {
        let strip = row.picture.as_ref();
        let first = strip.and_then(|strip| Some((strip, strip.row?)));
        if let Some((strip, first)) = first
            && !before.is_some_and(|before| before.row.is_some() && Rc::ptr_eq(&before.source, &strip.source))
            && let Some(drawing) = app.gallery.drawing(&strip.source)
        {
            let width = area.width.saturating_sub(MARGIN);
            let rows = drawing.size.1.saturating_sub(first).min(area.bottom() - y);
            drawing.draw(first, Rect { x: area.x + MARGIN, y, width, height: rows }, buffer);
        }
        before = strip;
    }
}

/// Takes pixels away that something will lie over: they would shine through, or not come back.
pub(super) fn hide(buffer: &mut Buffer) {
    let pixels = |cell: &&mut ratatui::buffer::Cell| {
        cell.diff_option != CellDiffOption::None && !cell.symbol().contains(PLACEHOLDER)
    };
    buffer.content.iter_mut().filter(pixels).for_each(ratatui::buffer::Cell::reset);
}
