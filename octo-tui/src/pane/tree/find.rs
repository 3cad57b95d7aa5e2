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
    /// Whether the last that was asked is answered.
    pub(super) is_answered: bool,
    /// Whether what is here was found for what was asked last.
    pub(super) is_told: bool,
    /// What was asked last.
    asked: String,
    /// The first that is found is to be opened: it was asked for before anything was found.
    pub(super) opens: bool,
}

impl Find {
    /// Asks for what is typed; what was asked before is not waited for.
    pub(super) fn ask(&mut self, shown: Shown) -> Option<FilesCommand> {
        let query = self.field.text();
        if self.asked == query {
            return None;
        }
        query.clone_into(&mut self.asked);
        (self.is_answered, self.is_told, self.opens) = (false, false, false);
        if query.trim().is_empty() {
            (self.files, self.error) = (Vec::new(), None);
            return None;
        }
        Some(FilesCommand::Search { query: query.to_owned(), path: String::new(), limit: Some(MOST), shown })
    }

    /// What was asked before will not be answered.
    pub(super) fn begin(&mut self, shown: Shown) -> Option<FilesCommand> {
        self.asked.clear();
        self.ask(shown)
    }

    /// The best so far.
    pub(super) fn tell(&mut self, found: &Found) {
        self.is_told = true;
        self.files.clone_from(&found.files);
        self.error = None;
        self.at = self.at.min(self.files.len().saturating_sub(1));
    }

    pub(super) fn take(&mut self, query: &str, found: Result<Found, Error>) {
        if self.asked != query {
            return;
        }
        (self.at, self.top, self.is_answered) = (0, 0, true);
        match found {
            Ok(found) => self.tell(&found),
            Err(error) => (self.files, self.error) = (Vec::new(), Some(error)),
        }
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
