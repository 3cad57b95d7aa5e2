//! What waits to reach the agent, above the composer.

use ratatui::{
    Frame,
    text::{Line, Span},
};

use crate::{
    app::App,
    text::{clean::clean_line, wrap::truncate},
};

/// Prompts that are shown at most.
const SHOWN: usize = 4;

fn waiting(app: &App) -> Vec<(&'static str, &str)> {
    let Some(view) = &app.open.view else { return Vec::new() };
    let queue = &view.live.queue;
    let steer = queue.steer.iter().map(|queued| ("into this turn", queued.text.as_str()));
    steer.chain(queue.follow_up.iter().map(|queued| ("after this turn", queued.text.as_str()))).collect()
}

pub(super) fn height(app: &App) -> u16 {
    u16::try_from(waiting(app).len().min(SHOWN)).unwrap_or(0)
}

pub(super) fn draw(app: &App, frame: &mut Frame<'_>) {
    let theme = &app.options.theme;
    let area = app.areas.queue;
    let waiting = waiting(app);
    let more = waiting.len().saturating_sub(SHOWN);
    for (index, ((when, text), y)) in waiting.iter().zip(area.y..area.bottom()).enumerate() {
        let hint = match index {
            0 => "  Alt+Up takes back".to_owned(),
            index if more > 0 && index + 1 == SHOWN => format!("  and {more} more"),
            _ => String::new(),
        };
        let room = usize::from(area.width).saturating_sub(6 + when.len() + hint.len());
        let line = Line::from(vec![
            Span::styled(format!("  ↳ {when}: "), theme.dim),
            Span::styled(truncate(&clean_line(text), room), theme.text),
            Span::styled(hint, theme.dim),
        ]);
        frame.buffer_mut().set_line(area.x, y, &line, area.width);
    }
}
