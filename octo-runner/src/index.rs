//! The index: what each session is and how it stands, for everybody who watches all of them.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use octo_proto::{Cursor, Event, id::SessionId, index::IndexEntry};
use tokio::sync::Notify;

use crate::{session::log::encode_event, watchers::Watchers};

/// Removals that are remembered for watchers who come back.
const REMOVALS: usize = 256;

/// All sessions, the newest state of each. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Index(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    epoch: u64,
    version: u64,
    entries: BTreeMap<SessionId, (u64, IndexEntry)>,
    removed: VecDeque<(u64, SessionId)>,
    /// Removals up to this version are forgotten.
    floor: u64,
    watchers: Watchers,
}

impl Index {
    /// An index of these sessions, in the runner's generation `epoch`.
    #[must_use]
    pub fn new(entries: Vec<IndexEntry>, epoch: u64) -> Self {
        let entries = entries.into_iter().map(|entry| (entry.info.session_id.clone(), (0, entry))).collect();
        Self(Arc::new(Mutex::new(Inner {
            epoch,
            version: 0,
            entries,
            removed: VecDeque::new(),
            floor: 0,
            watchers: Watchers::default(),
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A session is there, or changed.
    pub fn put(&self, entry: IndexEntry) {
        let mut inner = self.lock();
        if inner.entries.get(&entry.info.session_id).is_some_and(|(_, known)| *known == entry) {
            return;
        }
        inner.version += 1;
        let version = inner.version;
        inner.entries.insert(entry.info.session_id.clone(), (version, entry));
        inner.wake();
    }

    /// A session is gone.
    pub fn remove(&self, session: &SessionId) {
        let mut inner = self.lock();
        if inner.entries.remove(session).is_none() {
            return;
        }
        inner.version += 1;
        let version = inner.version;
        inner.removed.push_back((version, session.clone()));
        if inner.removed.len() > REMOVALS
            && let Some((version, _)) = inner.removed.pop_front()
        {
            inner.floor = version;
        }
        inner.wake();
    }

    /// One session.
    #[must_use]
    pub fn get(&self, session: &SessionId) -> Option<IndexEntry> {
        self.lock().entries.get(session).map(|(_, entry)| entry.clone())
    }

    /// All sessions, the newest first.
    #[must_use]
    pub fn list(&self) -> Vec<IndexEntry> {
        self.lock().list()
    }

    /// Wakes `watcher` at every change, until it is dropped.
    pub fn subscribe(&self, watcher: &Arc<Notify>) {
        self.lock().watchers.add(watcher);
    }

    /// Where the index stands.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        let inner = self.lock();
        inner.cursor(inner.version)
    }

    /// Encoded frames of what changed after `after`, oldest first, and how far they bring a watcher: a snapshot where
    /// that is not known any more. None when nothing did.
    #[must_use]
    pub fn pull(&self, after: Option<Cursor>, ts: i64) -> Option<(Vec<Bytes>, Cursor)> {
        let inner = self.lock();
        let now = inner.cursor(inner.version);
        let known =
            after.filter(|after| after.epoch == inner.epoch && after.n >= inner.floor && after.n <= inner.version);
        let Some(after) = known else {
            let event = Event::IndexSnapshot { entries: inner.list() };
            return Some((vec![encode_event(None, now, ts, &event)], now));
        };
        if after == now {
            return None;
        }
        let changed = inner.entries.values().filter(|(version, _)| *version > after.n);
        let changed =
            changed.map(|(version, entry)| (*version, Event::IndexUpdated { entry: Box::new(entry.clone()) }));
        let removed = inner.removed.iter().filter(|(version, _)| *version > after.n);
        let removed = removed.map(|(version, id)| (*version, Event::IndexRemoved { session_id: id.clone() }));
        let mut events: Vec<_> = changed.chain(removed).collect();
        events.sort_by_key(|(version, _)| *version);
        let frames =
            events.iter().map(|(version, event)| encode_event(None, inner.cursor(*version), ts, event)).collect();
        Some((frames, now))
    }
}

impl Inner {
    fn cursor(&self, version: u64) -> Cursor {
        Cursor { fact: 0, epoch: self.epoch, n: version }
    }

    fn list(&self) -> Vec<IndexEntry> {
        let mut entries: Vec<_> = self.entries.values().map(|(_, entry)| entry.clone()).collect();
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.info.updated_at));
        entries
    }

    fn wake(&mut self) {
        self.watchers.wake();
    }
}
