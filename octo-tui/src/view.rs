//! Draws the app. Nothing here changes it: one file for each part of the screen.

pub mod areas;
mod chat;
mod composer;
mod dialog;
mod extension;
pub mod help;
mod offers;
mod overlay;
pub mod panes;
mod pictures;
mod plan;
mod queue;
pub mod sessions;
pub mod status;

use ratatui::{Frame, text::Line};

use crate::app::App;

/// The smallest screen that anything is drawn on.
const SMALLEST: (u16, u16) = (20, 5);

/// Draws the whole screen.
pub fn draw(app: &App, frame: &mut Frame<'_>) {
    let area = frame.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        frame.render_widget(Line::raw("too small"), area);
        return;
    }
    // The size of the terminal may have changed since the areas were laid out; the next frame has it right.
    if (area.width, area.height) != app.size {
        return;
    }
    if app.areas.has_chat() {
        chat::draw(app, frame);
        plan::draw(app, frame);
        queue::draw(app, frame);
        extension::draw(app, frame);
        dialog::draw(app, frame);
        composer::draw(app, frame);
    }
    panes::draw(app, frame);
    if let Some(area) = app.areas.sessions {
        sessions::draw(app, frame, area);
    }
    status::draw(app, frame);
    // After the conversation, since it lies over it where there is no room beside it.
    if let Some(side) = app.areas.sessions {
        sessions::draw(app, frame, side);
    }
    if app.overlay.is_some() || app.offers().is_some() {
        pictures::hide(frame.buffer_mut());
    }
    offers::draw(app, frame);
    overlay::draw(app, frame);
}
