//! All sessions, as the index watch tells them.

use octo_proto::{Cursor, Event, id::SessionId, index::IndexEntry};

/// The sessions.
#[derive(Clone, Debug, Default)]
pub struct Index {
    entries: Vec<IndexEntry>,
    /// How far the watch has come; none before its first event.
    pub cursor: Option<Cursor>,
}

impl Index {
    /// Takes in one event.
    pub fn apply(&mut self, cursor: Cursor, event: &Event) {
        match event {
            Event::IndexSnapshot { entries } => self.entries.clone_from(entries),
            Event::IndexUpdated { entry } => self.put(entry),
            Event::IndexRemoved { session_id } => self.remove(session_id),
            _ => return,
        }
        self.cursor = Some(cursor);
        // By birth: a list ordered by activity would jump under the reader's eyes.
        self.entries
            .sort_by(|a, b| (b.info.created_at, &b.info.session_id).cmp(&(a.info.created_at, &a.info.session_id)));
    }

    /// Takes in one session as a reply told it.
    pub fn put(&mut self, entry: &IndexEntry) {
        match self.entries.iter_mut().find(|known| known.info.session_id == entry.info.session_id) {
            Some(known) => *known = entry.clone(),
            None => self.entries.insert(0, entry.clone()),
        }
    }

    /// Forgets one.
    pub fn remove(&mut self, id: &SessionId) {
        self.entries.retain(|entry| entry.info.session_id != *id);
    }

    /// All of them, the newest first.
    #[must_use]
    pub fn entries(&self) -> &[IndexEntry] {
        &self.entries
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, id: &SessionId) -> Option<&IndexEntry> {
        self.entries.iter().find(|entry| entry.info.session_id == *id)
    }

    /// The one of this folder that was used last.
    #[must_use]
    pub fn newest_in(&self, cwd: &str) -> Option<&IndexEntry> {
        self.entries.iter().filter(|entry| entry.info.cwd == cwd).max_by_key(|entry| entry.info.updated_at)
    }

    /// The one before or behind another.
    #[must_use]
    pub fn step(&self, from: Option<&SessionId>, by: isize) -> Option<SessionId> {
        let at = from.and_then(|id| self.entries.iter().position(|entry| entry.info.session_id == *id));
        let to = at.map_or(0, |at| at.saturating_add_signed(by).min(self.entries.len().saturating_sub(1)));
        self.entries.get(to).map(|entry| entry.info.session_id.clone())
    }

    /// Sessions other than this one that wait for an answer.
    #[must_use]
    pub fn needing(&self, other_than: Option<&SessionId>) -> usize {
        let others = self.entries.iter().filter(|entry| Some(&entry.info.session_id) != other_than);
        others.filter(|entry| entry.needs_you.is_some()).count()
    }
}
