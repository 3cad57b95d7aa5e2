//! Narrowing by name: files anywhere in the workspace, the best match first.

use octo_proto::{
    Error,
    files::{FilesCommand, Found, FoundFile, Shown},
};

use crate::pane::field::Field;

/// Files that are shown at most.
const MOST: u64 = 200;

/// A search by name.
#[derive(Debug, Default)]
pub(super) struct Find {
    pub(super) field: Field,
    pub(super) files: Vec<FoundFile>,
    pub(super) at: usize,
    pub(super) top: usize,
    pub(super) error: Option<Error>,
    /// What the files are of; none before the first answer.
    pub(super) answered: Option<String>,
    asked: Option<String>,
}

impl Find {
    /// Asks for what is typed, unless an answer is on its way: then after that.
    pub(super) fn ask(&mut self, shown: Shown) -> Option<FilesCommand> {
        let query = self.field.text();
        if self.asked.is_some() || self.answered.as_deref() == Some(query) {
            return None;
        }
        if query.trim().is_empty() {
            self.files.clear();
            self.answered = Some(query.to_owned());
            return None;
        }
        self.asked = Some(query.to_owned());
        Some(FilesCommand::Search { query: query.to_owned(), path: String::new(), limit: Some(MOST), shown })
    }

    /// What was asked before will not be answered.
    pub(super) fn begin(&mut self, shown: Shown) -> Option<FilesCommand> {
        (self.asked, self.answered) = (None, None);
        self.ask(shown)
    }

    pub(super) fn take(&mut self, query: &str, found: Result<Found, Error>, shown: Shown) -> Option<FilesCommand> {
        if self.asked.as_deref() != Some(query) {
            return None;
        }
        self.answered = self.asked.take();
        (self.at, self.top) = (0, 0);
        match found {
            Ok(found) => (self.files, self.error) = (found.files, None),
            Err(error) => (self.files, self.error) = (Vec::new(), Some(error)),
        }
        self.ask(shown)
    }

    pub(super) fn step(&mut self, by: isize) {
        self.at = self.at.saturating_add_signed(by).min(self.files.len().saturating_sub(1));
    }

    pub(super) fn arrange(&mut self, height: usize) {
        self.top = self.top.min(self.at).max((self.at + 1).saturating_sub(height));
    }

    pub(super) fn chosen(&self) -> Option<&FoundFile> {
        self.files.get(self.at)
    }
}
