//! The keys, from the table that they are looked up in.

use ratatui::text::{Line, Span};

use crossterm::event::{KeyCode, KeyModifiers};

use crate::{
    keymap::{self, Binding, Context, panes::PREFIXED},
    text::wrap::width,
    theme::Theme,
};

/// The headings, in the order of the page.
const SECTIONS: &[(Context, &str)] = &[
    (Context::Chat, "Conversation"),
    (Context::Offers, "Files that are offered for @"),
    (Context::Text, "Writing"),
    (Context::Dialog, "The agent's question"),
    (Context::Sessions, "Session list"),
    (Context::Overlay, "Lists and fields"),
    (Context::Tree, "Files"),
    (Context::File, "A file"),
    (Context::Picture, "A picture"),
    (Context::Diff, "Changes"),
];

/// The page as lines.
#[must_use]
pub fn lines(theme: &Theme, prefix: (KeyModifiers, KeyCode)) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for (title, bindings) in sections(prefix) {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.push(Line::styled(title, theme.strong));
        let all = keymap::all().chain(PREFIXED);
        let column = all.map(|binding| width(binding.label)).max().unwrap_or(0);
        for binding in bindings {
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

/// What is told of, under its heading. Where nothing has keys, there is no heading.
fn sections(prefix: (KeyModifiers, KeyCode)) -> Vec<(String, Vec<&'static Binding>)> {
    let of = |context| keymap::all().filter(|binding| binding.context == context).collect::<Vec<_>>();
    let mut sections: Vec<_> = SECTIONS.iter().map(|(context, title)| ((*title).to_owned(), of(*context))).collect();
    let title = format!("Panes: first {}, then", keymap::name(prefix));
    sections.insert(2, (title, PREFIXED.iter().collect()));
    sections.retain(|(_, bindings)| !bindings.is_empty());
    sections
}

/// How far the page can be scrolled on a screen of this size.
#[must_use]
pub fn last_line(size: (u16, u16)) -> u16 {
    let count: usize = sections((KeyModifiers::NONE, KeyCode::Null)).iter().map(|(_, keys)| keys.len() + 2).sum();
    let count = count - 1;
    u16::try_from(count).unwrap_or(u16::MAX).saturating_sub(size.1.saturating_sub(4))
}
