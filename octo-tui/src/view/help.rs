//! The keys, from the table that they are looked up in.

use crossterm::event::{KeyCode, KeyModifiers};
use ratatui::text::{Line, Span};

use crate::{
    keymap::{self, Binding, Context, panes::PREFIXED},
    text::wrap::{Break, Prefix, width, wrap},
    theme::Theme,
};

/// The headings, in the order of the page.
const SECTIONS: &[(Context, &str)] = &[
    (Context::Chat, "Conversation"),
    (Context::Offers, "Files that are offered for @"),
    (Context::Prefix, "Panes"),
    (Context::Text, "Writing"),
    (Context::Dialog, "The agent's question"),
    (Context::Sessions, "Session list"),
    (Context::Overlay, "Lists and fields"),
    (Context::Tree, "Files"),
    (Context::File, "A file"),
    (Context::Picture, "A picture"),
    (Context::Diff, "Changes"),
];

/// The columns of the page, where there is room.
pub const COLUMNS: u16 = 76;

/// What the border around it takes: columns and rows.
const BORDER: (u16, u16) = (4, 2);

/// What is told of, in the order of the page: where it holds, its heading, its keys.
pub fn sections(prefix: (KeyModifiers, KeyCode)) -> impl Iterator<Item = (Context, String, Vec<&'static Binding>)> {
    SECTIONS.iter().map(move |(context, title)| {
        let title = match context {
            Context::Prefix => format!("{title}: first {}, then", keymap::name(prefix)),
            _ => (*title).to_owned(),
        };
        (*context, title, keymap::all().chain(PREFIXED).filter(|binding| binding.context == *context).collect())
    })
}

/// The page for a screen of this size, and the line at which each section begins.
#[derive(Debug)]
pub struct Page {
    /// Its lines.
    pub lines: Vec<Line<'static>>,
    begins: Vec<(Context, u16)>,
    rows: u16,
}

impl Page {
    /// Lays it out.
    #[must_use]
    pub fn new(theme: &Theme, prefix: (KeyModifiers, KeyCode), size: (u16, u16)) -> Self {
        let columns = usize::from(COLUMNS.min(size.0.saturating_sub(BORDER.0)));
        let all = keymap::all().chain(PREFIXED);
        let column = all.map(|binding| width(binding.label)).max().unwrap_or(0) + 2;
        let (mut lines, mut begins) = (Vec::new(), Vec::new());
        for (context, title, bindings) in sections(prefix) {
            if !lines.is_empty() {
                lines.push(Line::default());
            }
            begins.push((context, u16::try_from(lines.len()).unwrap_or(u16::MAX)));
            lines.push(Line::styled(title, theme.strong));
            for binding in bindings {
                let gap = Span::raw(" ".repeat(column - width(binding.label)));
                let first = vec![Span::styled(binding.label, theme.accent), gap];
                let lead = Prefix { first, ..Prefix::indent(column) };
                wrap(&[Span::styled(binding.about, theme.text)], columns, (&lead, Break::Words), &mut lines);
            }
        }
        Self { lines, begins, rows: size.1.saturating_sub(BORDER.1) }
    }

    /// How far it can be scrolled.
    #[must_use]
    pub fn last(&self) -> u16 {
        u16::try_from(self.lines.len()).unwrap_or(u16::MAX).saturating_sub(self.rows)
    }

    /// How far it is scrolled to show the keys that hold here: a terminal has none of its own but those after the prefix.
    #[must_use]
    pub fn scroll(&self, context: Context) -> u16 {
        let context = if context == Context::Terminal { Context::Prefix } else { context };
        let begin = self.begins.iter().find(|(other, _)| *other == context).map_or(0, |(_, line)| *line);
        begin.min(self.last())
    }

    /// What says that there is more of it.
    #[must_use]
    pub fn more(&self, scroll: u16) -> &'static str {
        match (scroll > 0, scroll < self.last()) {
            (false, false) => "",
            (false, true) => " · PageDown: more",
            (true, false) => " · PageUp: more",
            (true, true) => " · PageUp, PageDown: more",
        }
    }
}
