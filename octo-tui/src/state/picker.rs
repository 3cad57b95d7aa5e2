//! A list to choose one thing from, narrowed by what is typed.

use octo_proto::id::{MessageId, TerminalId};

use super::composer::Composer;
use crate::keymap::Action;

/// What is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// A model, as `set_model` takes it.
    Model(String),
    /// A thinking level.
    Level(String),
    /// A mode.
    Mode(String),
    /// A person's message to fork at.
    ForkAt(MessageId),
    /// Something that a key does too.
    Do(Action),
    /// A terminal.
    Terminal(TerminalId),
}

/// One thing that can be chosen.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What it is.
    pub choice: Choice,
    /// What a person reads.
    pub label: String,
    /// More of it.
    pub note: String,
    /// Whether it is what is set now.
    pub current: bool,
}

/// A list of choices.
#[derive(Clone, Debug)]
pub struct Picker {
    /// What is chosen here.
    pub title: &'static str,
    /// All entries; none while they are asked for.
    pub entries: Option<Vec<Entry>>,
    /// What narrows them.
    pub filter: Composer,
    /// Which of the narrowed ones the cursor is on.
    pub at: usize,
}

impl Picker {
    /// A picker whose entries are still asked for.
    #[must_use]
    pub fn asking(title: &'static str) -> Self {
        Self { title, entries: None, filter: Composer::default(), at: 0 }
    }

    /// A picker of these entries, the cursor on what is set now.
    #[must_use]
    pub fn of(title: &'static str, entries: Vec<Entry>) -> Self {
        let mut picker = Self::asking(title);
        picker.fill(entries);
        picker
    }

    /// Gives it its entries.
    pub fn fill(&mut self, entries: Vec<Entry>) {
        self.at = entries.iter().position(|entry| entry.current).unwrap_or(0);
        self.entries = Some(entries);
    }

    /// The entries that contain every word of the filter.
    #[must_use]
    pub fn shown(&self) -> Vec<&Entry> {
        let filter = self.filter.text().to_lowercase();
        let matches = |entry: &&Entry| {
            let text = format!("{} {}", entry.label, entry.note).to_lowercase();
            filter.split_whitespace().all(|word| text.contains(word))
        };
        self.entries.iter().flatten().filter(matches).collect()
    }

    /// Moves the cursor.
    pub fn step(&mut self, by: isize) {
        let last = self.shown().len().saturating_sub(1);
        self.at = self.at.saturating_add_signed(by).min(last);
    }

    /// What the cursor is on.
    #[must_use]
    pub fn chosen(&self) -> Option<&Entry> {
        self.shown().get(self.at).copied()
    }
}
