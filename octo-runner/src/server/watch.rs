//! One watch of a connection: where its other side stands, and how it gets on from there.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use octo_proto::Cursor;
use tokio::sync::Notify;

use crate::{
    hstry::Store,
    index::{self, Index},
    session::{
        Session,
        log::{Pulled, encode},
    },
};

/// Facts that a watcher who was away gets one by one; beyond that a snapshot is less.
const REPLAY: u64 = 10_000;

/// Facts that are read from the store at once.
const PAGE: u64 = 64;

/// One watch.
pub(super) enum Watch {
    /// Of one session.
    Session(SessionWatch),
    /// Of all of them.
    Index(Index, index::Place),
}

/// A watch of one session.
pub(super) struct SessionWatch {
    session: Session,
    store: Store,
    place: Place,
}

/// Where the other side stands.
enum Place {
    /// It has nothing.
    Nowhere,
    /// It follows the log.
    Following(Cursor),
    /// It gets the facts after this one from the store, up to where the log stood, then the present.
    Replaying(u64, VecDeque<Bytes>),
}

impl Watch {
    /// A watch of one session.
    #[must_use]
    pub(super) fn session(session: Session, store: Store, after: Option<Cursor>, wake: &Arc<Notify>) -> Self {
        session.log.subscribe(wake);
        session.seen();
        let place = after.map_or(Place::Nowhere, Place::Following);
        Self::Session(SessionWatch { session, store, place })
    }

    /// A watch of the index.
    #[must_use]
    pub(super) fn index(index: Index, after: Option<Cursor>, wake: &Arc<Notify>) -> Self {
        index.subscribe(wake);
        Self::Index(index, after.map_or(index::Place::Nowhere, index::Place::Following))
    }

    /// Where what is watched stands.
    #[must_use]
    pub(super) fn cursor(&self) -> Cursor {
        match self {
            Self::Session(watch) => watch.session.log.cursor(),
            Self::Index(index, _) => index.cursor(),
        }
    }

    /// The next encoded frames, about `limit` bytes of them; none when the other side has everything.
    pub(super) async fn pull(&mut self, limit: usize, now: i64) -> Vec<Bytes> {
        match self {
            Self::Session(watch) => watch.pull(limit).await,
            Self::Index(index, place) => match index.pull(place, limit, now) {
                Some((frames, next)) => {
                    *place = next;
                    frames
                }
                None => Vec::new(),
            },
        }
    }
}

impl SessionWatch {
    async fn pull(&mut self, limit: usize) -> Vec<Bytes> {
        loop {
            match &mut self.place {
                Place::Nowhere => return self.snapshot(),
                Place::Following(after) => match self.session.log.pull(*after, limit) {
                    Pulled::Frames(frames, cursor) => {
                        *after = cursor;
                        if frames.is_empty() {
                            continue;
                        }
                        return frames;
                    }
                    Pulled::UpToDate => return Vec::new(),
                    Pulled::TooFar => {
                        let (now, after) = (self.session.log.cursor(), *after);
                        if after.fact > now.fact || now.fact - after.fact > REPLAY {
                            return self.snapshot();
                        }
                        self.place = Place::Replaying(after.fact, VecDeque::new());
                    }
                },
                Place::Replaying(_, pending) if !pending.is_empty() => {
                    let mut bytes = 0;
                    let mut frames = Vec::new();
                    while bytes < limit
                        && let Some(frame) = pending.pop_front()
                    {
                        bytes += frame.len();
                        frames.push(frame);
                    }
                    return frames;
                }
                Place::Replaying(after, _) => {
                    let after = *after;
                    if let Some(frames) = self.replay(after).await {
                        return frames;
                    }
                }
            }
        }
    }

    fn snapshot(&mut self) -> Vec<Bytes> {
        let (frame, cursor) = self.session.log.snapshot();
        self.place = Place::Following(cursor);
        vec![frame]
    }

    /// The next facts from the store, or at their end the present. None: look again.
    async fn replay(&mut self, after: u64) -> Option<Vec<Bytes>> {
        let standing = self.session.log.cursor();
        if after >= standing.fact {
            let (frame, cursor) = self.session.log.live();
            // Between the two looks another fact may have come.
            if cursor.fact != after {
                return None;
            }
            self.place = Place::Following(cursor);
            return Some(vec![frame]);
        }
        let limit = PAGE.min(standing.fact - after);
        match self.store.facts_after(&self.session.id, after, limit).await {
            Ok(facts) if !facts.is_empty() => {
                let last = facts.last().map_or(after, |fact| fact.number);
                let frames = facts.iter().map(|fact| {
                    // Of no epoch: who is cut off before the present follows must not go on from here without it.
                    let cursor = Cursor { fact: fact.number, epoch: 0, n: 0 };
                    encode(&self.session.id, cursor, fact.ts, &fact.event)
                });
                self.place = Place::Replaying(last, frames.collect());
                None
            }
            Ok(_) => Some(self.snapshot()),
            Err(error) => {
                tracing::warn!(session = %self.session.id, %error, "facts could not be read; the watcher gets a snapshot");
                Some(self.snapshot())
            }
        }
    }
}
