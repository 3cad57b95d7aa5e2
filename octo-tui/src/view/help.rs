//! The keys, from the table that they are looked up in.

use ratatui::text::{Line, Span};

use crate::{
    keymap::{BINDINGS, Context},
    text::wrap::width,
    theme::Theme,
};

/// The headings, in the order of the page.
const SECTIONS: &[(Context, &str)] = &[
    (Context::Chat, "Conversation"),
    (Context::Text, "Writing"),
    (Context::Dialog, "The agent's question"),
    (Context::Sessions, "Session list"),
    (Context::Overlay, "Lists and fields"),
    (Context::Tree, "Tree of files"),
    (Context::File, "File"),
];

/// The page as lines.
#[must_use]
pub fn lines(theme: &Theme) -> Vec<Line<'static>> {
    let column = BINDINGS.iter().map(|binding| width(binding.label)).max().unwrap_or(0);
    let mut lines = Vec::new();
    for (context, title) in SECTIONS {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.push(Line::styled(*title, theme.strong));
        for binding in BINDINGS.iter().filter(|binding| binding.context == *context) {
            let gap = " ".repeat(column - width(binding.label) + 2);
            lines.push(Line::from(vec![
                Span::styled(binding.label, theme.accent),
                Span::raw(gap),
                Span::styled(binding.about, theme.text),
            ]));
        }
    }
    lines
}

/// How far the page can be scrolled on a screen of this size.
#[must_use]
pub fn last_line(size: (u16, u16)) -> u16 {
    let count = BINDINGS.iter().filter(|binding| binding.context != Context::Help).count() + 2 * SECTIONS.len() - 1;
    u16::try_from(count).unwrap_or(u16::MAX).saturating_sub(size.1.saturating_sub(4))
}
