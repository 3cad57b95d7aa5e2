//! Where things are on the screen.

use ratatui::layout::Rect;

use super::{composer, dialog, extension, plan, queue};
use crate::{
    app::App,
    state::{layout::CHAT, overlay::Overlay},
};

/// From this width on the sessions stand beside the conversation.
const WIDE: u16 = 110;

/// The same, where other panes stand beside the conversation.
const WIDER: u16 = 170;

/// The width of the session list beside the conversation, its border included.
const SIDE: u16 = 32;

/// Below this height borders and the title make room for the conversation.
const LOW: u16 = 12;

/// The areas, from the top down. A part that is not shown has no height.
#[derive(Clone, Copy, Debug, Default)]
pub struct Areas {
    /// The sessions, where they are shown.
    pub sessions: Option<Rect>,
    /// What the panes share: all but the sessions, the tabs and the status line.
    pub body: Rect,
    /// The tabs, where there are several.
    pub tabs: Rect,
    /// The title of the session.
    pub title: Rect,
    /// The conversation.
    pub transcript: Rect,
    /// The agent's plan.
    pub plan: Rect,
    /// What is queued.
    pub queue: Rect,
    /// What the agent's extensions tell.
    pub extension: Rect,
    /// The agent's question.
    pub dialog: Rect,
    /// What is written.
    pub composer: Rect,
    /// The status line.
    pub status: Rect,
}

impl Areas {
    /// The areas of an app as it is now.
    #[must_use]
    pub fn of(app: &App) -> Self {
        let (columns, rows) = app.size;
        let screen = Rect::new(0, 0, columns, rows);
        // The sessions give their room to panes first.
        let wide = columns >= if app.workspace.is_plain() { WIDE } else { WIDER };
        let listing = matches!(app.overlay, Some(Overlay::Sessions { .. }));
        let body = Rect { height: rows.saturating_sub(1), ..screen };
        let sessions = match (wide, listing) {
            (true, _) => Some(Rect { width: SIDE, ..body }),
            (false, true) => Some(body),
            (false, false) => None,
        };
        let left = if wide { SIDE } else { 0 };
        let layout = &app.workspace.layout;
        let tabs = Rect { x: left, width: columns - left, height: u16::from(layout.tabs().len() > 1), ..screen };
        let body = Rect { y: tabs.height, height: body.height.saturating_sub(tabs.height), ..tabs };
        // Where the conversation is not seen it has no room.
        let column = layout.tab().places(body).of(CHAT).unwrap_or(Rect { width: 0, height: 0, ..body });
        let rows = column.height + 1;
        let low = rows < LOW && app.workspace.is_plain();
        let mut bottom = column.bottom();
        let mut take = |height: u16, keep: u16| {
            let height = height.min(bottom.saturating_sub(column.y + keep));
            bottom -= height;
            Rect { y: bottom, height, ..column }
        };
        let composer = take(composer::height(app, column.width, low), 1);
        let dialog = take(dialog::height(app, column.width, rows), 2);
        let extension = take(extension::height(app), 3);
        let queue = take(queue::height(app), 3);
        let plan = take(plan::height(app), 5);
        let title = Rect { height: u16::from(!low).min(column.height), ..column };
        let top = column.y + title.height;
        let transcript = Rect { y: top, height: bottom.saturating_sub(top), ..column };
        Self {
            sessions,
            body,
            tabs,
            title,
            transcript,
            plan,
            queue,
            extension,
            dialog,
            composer,
            status: Rect { y: screen.bottom().saturating_sub(1), height: 1, ..screen },
        }
    }

    /// Whether the conversation is so low that borders are left out.
    #[must_use]
    pub fn is_low(&self) -> bool {
        self.composer.height < 3
    }

    /// Whether the conversation is seen.
    #[must_use]
    pub fn has_chat(&self) -> bool {
        self.composer.height > 0 && self.composer.width > 4
    }
}
