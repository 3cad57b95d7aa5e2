//! The index: what each session is and how it stands, for everybody who watches all of them.

use std::{
    collections::{BTreeMap, VecDeque},
    ops::Bound,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use octo_proto::{Cursor, Event, id::SessionId, index::IndexEntry};
use tokio::sync::Notify;

use crate::{session::log::encode_event, watchers::Watchers};

/// Removals that are remembered for watchers who come back.
const REMOVALS: usize = 256;

/// A page or a snapshot has about so many bytes.
const PAGE_BYTES: usize = 160 * 1024;

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

    /// A page of sessions, the youngest first: those older than `before`, at most `limit`, and as many as fit a reply.
    /// And whether there are more.
    #[must_use]
    pub fn page(&self, before: Option<&SessionId>, limit: usize) -> (Vec<IndexEntry>, bool) {
        self.lock().page(before, limit)
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

    /// The next encoded frames for a watcher at `place`, about `limit` bytes of them, and where they bring it. None when
    /// it has everything.
    #[must_use]
    pub fn pull(&self, place: &Place, limit: usize, ts: i64) -> Option<(Vec<Bytes>, Place)> {
        let inner = self.lock();
        match place {
            Place::Following(after) if inner.knows(*after) => inner.changes(*after, limit, ts),
            Place::Nowhere | Place::Following(_) => Some(inner.begin(ts)),
            Place::Filling { before, since } if inner.knows(*since) => Some(inner.fill(before, *since, limit, ts)),
            Place::Filling { .. } => Some(inner.begin(ts)),
        }
    }
}

/// Where a watcher of the index stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// It has nothing.
    Nowhere,
    /// It has the sessions down to this one, as they were then or later, and gets the older ones.
    Filling {
        /// The oldest session that it has.
        before: SessionId,
        /// Where the index stood when it began.
        since: Cursor,
    },
    /// It has everything up to here.
    Following(Cursor),
}

enum Change<'a> {
    Put(&'a IndexEntry),
    Removed(&'a SessionId),
}

impl Inner {
    fn cursor(&self, version: u64) -> Cursor {
        Cursor { fact: 0, epoch: self.epoch, n: version }
    }

    /// Whether all changes after `cursor` are still known.
    fn knows(&self, cursor: Cursor) -> bool {
        cursor.epoch == self.epoch && cursor.n >= self.floor && cursor.n <= self.version
    }

    /// The sessions older than this one, the youngest first: their ids grow with time.
    fn older_than(&self, before: Option<&SessionId>) -> impl Iterator<Item = &(u64, IndexEntry)> {
        let bound = before.map_or(Bound::Unbounded, Bound::Excluded);
        self.entries.range::<SessionId, _>((Bound::Unbounded, bound)).rev().map(|(_, entry)| entry)
    }

    fn page(&self, before: Option<&SessionId>, limit: usize) -> (Vec<IndexEntry>, bool) {
        let mut older = self.older_than(before).map(|(_, entry)| entry).peekable();
        let (mut page, mut bytes) = (Vec::new(), 0);
        // One too large by itself is cut where it is sent.
        while page.len() < limit && (bytes < PAGE_BYTES || page.is_empty()) {
            let Some(entry) = older.next() else { break };
            bytes += size_of(entry);
            page.push(entry.clone());
        }
        (page, older.peek().is_some())
    }

    /// The snapshot: the youngest sessions. Where those are not all, the rest follows piece by piece, and the cursor is
    /// of epoch 0 until then: who is cut off meanwhile begins anew.
    fn begin(&self, ts: i64) -> (Vec<Bytes>, Place) {
        let now = self.cursor(self.version);
        let (entries, has_more) = self.page(None, usize::MAX);
        let (place, cursor) = match entries.last() {
            Some(oldest) if has_more => {
                let before = oldest.info.session_id.clone();
                (Place::Filling { before, since: now }, Cursor { epoch: 0, ..now })
            }
            Some(_) | None => (Place::Following(now), now),
        };
        (vec![encode_event(None, cursor, ts, &Event::IndexSnapshot { entries })], place)
    }

    /// The next older sessions.
    fn fill(&self, before: &SessionId, since: Cursor, limit: usize, ts: i64) -> (Vec<Bytes>, Place) {
        let mut older = self.older_than(Some(before)).peekable();
        let (mut frames, mut bytes, mut last) = (Vec::new(), 0, before);
        while bytes < limit
            && let Some((_, entry)) = older.next()
        {
            let cursor = if older.peek().is_some() { Cursor { epoch: 0, ..since } } else { since };
            let frame = encode_event(None, cursor, ts, &Event::IndexUpdated { entry: Box::new(entry.clone()) });
            bytes += frame.len();
            last = &entry.info.session_id;
            frames.push(frame);
        }
        let place = match older.peek() {
            Some(_) => Place::Filling { before: last.clone(), since },
            None => Place::Following(since),
        };
        (frames, place)
    }

    /// What changed after `after`, the oldest change first.
    fn changes(&self, after: Cursor, limit: usize, ts: i64) -> Option<(Vec<Bytes>, Place)> {
        if after.n == self.version {
            return None;
        }
        let changed = self.entries.values().filter(|(version, _)| *version > after.n);
        let changed = changed.map(|(version, entry)| (*version, Change::Put(entry)));
        let removed = self.removed.iter().filter(|(version, _)| *version > after.n);
        let removed = removed.map(|(version, id)| (*version, Change::Removed(id)));
        let mut changes: Vec<_> = changed.chain(removed).collect();
        changes.sort_by_key(|(version, _)| *version);
        let (mut frames, mut bytes, mut last) = (Vec::new(), 0, after);
        for (version, change) in changes {
            if bytes >= limit {
                return Some((frames, Place::Following(last)));
            }
            let event = match change {
                Change::Put(entry) => Event::IndexUpdated { entry: Box::new(entry.clone()) },
                Change::Removed(id) => Event::IndexRemoved { session_id: id.clone() },
            };
            last = self.cursor(version);
            let frame = encode_event(None, last, ts, &event);
            bytes += frame.len();
            frames.push(frame);
        }
        // The newest changes may be of sessions that are gone again, and forgotten.
        Some((frames, Place::Following(self.cursor(self.version))))
    }

    fn wake(&mut self) {
        self.watchers.wake();
    }
}

/// Of a session as JSON, in bytes.
fn size_of(entry: &IndexEntry) -> usize {
    serde_json::to_vec(entry).map_or(0, |bytes| bytes.len())
}

#[cfg(test)]
mod tests;
