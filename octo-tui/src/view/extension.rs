//! The status lines of the agent's extensions, above the composer.

use ratatui::Frame;

use crate::{
    app::App,
    text::{clean::clean_line, wrap::truncate},
};

fn told(app: &App) -> String {
    let status = app.open.view.iter().flat_map(|view| &view.live.status);
    let lines: Vec<String> = status.map(|(_, text)| clean_line(text).trim().to_owned()).collect();
    lines.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" · ")
}

pub(super) fn height(app: &App) -> u16 {
    u16::from(!told(app).is_empty())
}

pub(super) fn draw(app: &App, frame: &mut Frame<'_>) {
    let area = app.areas.extension;
    if area.height > 0 {
        let text = truncate(&told(app), usize::from(area.width).saturating_sub(4));
        let room = usize::from(area.width).saturating_sub(2);
        frame.buffer_mut().set_stringn(area.x + 2, area.y, text, room, app.options.theme.dim);
    }
}
