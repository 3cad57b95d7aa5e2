//! A session's log as its watchers read it: what was published, in order, and the view it adds up to.
//!
//! Nobody is sent anything: each watcher pulls at its own pace. What it can no longer get from here it gets from the
//! store and from the present.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use octo_proto::{
    Cursor, Event, View,
    frame::{EventFrame, Frame},
    id::{MessageId, SessionId},
    message::{Message, PartKind},
    session::Live,
};
use tokio::sync::Notify;

use crate::{bounds, watchers::Watchers};

/// Bytes of published events that are held for watchers that come back or fall behind.
const HELD_BYTES: usize = 512 * 1024;

/// A snapshot is at most this large, in bytes of its messages.
const SNAPSHOT_BYTES: usize = 192 * 1024;

/// What of a part in flight a snapshot shows at most, in bytes; its end, since that is what grows.
const LIVE_PART_BYTES: usize = 32 * 1024;

/// A session's published log. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Log(Arc<Mutex<Inner>>);

/// One published event.
#[derive(Clone, Debug)]
struct Entry {
    cursor: Cursor,
    ts: i64,
    /// Kept to merge deltas, and to drop them when their message is whole.
    event: Arc<Event>,
    /// The whole frame, encoded once for all watchers.
    frame: Bytes,
}

#[derive(Debug)]
struct Inner {
    session: SessionId,
    view: View,
    entries: VecDeque<Entry>,
    held: usize,
    /// The cursor of the newest entry that is no longer held.
    floor: Cursor,
    snapshot: Option<(Cursor, Bytes)>,
    watchers: Watchers,
}

/// What a watcher gets next.
#[derive(Debug, PartialEq, Eq)]
pub enum Pulled {
    /// Encoded frames, and how far they bring the watcher.
    Frames(Vec<Bytes>, Cursor),
    /// Nothing new.
    UpToDate,
    /// What follows this watcher's place is not held any more.
    TooFar,
}

impl Log {
    /// A log that stands at the view's cursor, with nothing held.
    #[must_use]
    pub fn new(view: View) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            session: view.info.session_id.clone(),
            floor: view.cursor,
            view,
            entries: VecDeque::new(),
            held: 0,
            snapshot: None,
            watchers: Watchers::default(),
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Publishes events in order. Facts among them are stored already.
    pub fn publish(&self, events: impl IntoIterator<Item = (Cursor, i64, Event)>) {
        let mut inner = self.lock();
        for (cursor, ts, event) in events {
            inner.publish(cursor, ts, event);
        }
        inner.watchers.wake();
    }

    /// Wakes `watcher` at every publication, until it is dropped.
    pub fn subscribe(&self, watcher: &Arc<Notify>) {
        self.lock().watchers.add(watcher);
    }

    /// Whether anybody watches.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        self.lock().watchers.any()
    }

    /// Where the log stands.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        self.lock().view.cursor
    }

    /// Looks at the view.
    pub fn read<T>(&self, look: impl FnOnce(&View) -> T) -> T {
        look(&self.lock().view)
    }

    /// What comes after `after`, at most about `limit` bytes. Neighbouring deltas of one part come as one.
    #[must_use]
    pub fn pull(&self, after: Cursor, limit: usize) -> Pulled {
        self.lock().pull(after, limit)
    }

    /// The whole view as one encoded `session.snapshot`, and the cursor it stands for.
    #[must_use]
    pub fn snapshot(&self) -> (Bytes, Cursor) {
        let mut inner = self.lock();
        let cursor = inner.view.cursor;
        if let Some((at, frame)) = &inner.snapshot
            && *at == cursor
        {
            return (frame.clone(), cursor);
        }
        let view = bounded(&inner.view);
        let ts = inner.view.info.updated_at;
        let frame = encode(&inner.session, cursor, ts, &Event::SessionSnapshot { view: Box::new(view) });
        inner.snapshot = Some((cursor, frame.clone()));
        (frame, cursor)
    }

    /// All that is volatile as one encoded `session.live`, and the cursor it stands for.
    #[must_use]
    pub fn live(&self) -> (Bytes, Cursor) {
        let inner = self.lock();
        let live = bounded_live(&inner.view.live);
        let event = Event::SessionLive { live: Box::new(live) };
        let cursor = inner.view.cursor;
        (encode(&inner.session, cursor, inner.view.info.updated_at, &event), cursor)
    }
}

impl Inner {
    fn publish(&mut self, cursor: Cursor, ts: i64, event: Event) {
        self.view.apply(cursor, &event);
        if let Event::MessageEnd { message } = &event {
            self.drop_deltas(&message.id);
        }
        let frame = encode(&self.session, cursor, ts, &event);
        self.held += frame.len();
        self.entries.push_back(Entry { cursor, ts, event: Arc::new(event), frame });
        while self.held > HELD_BYTES {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.held -= oldest.frame.len();
            self.floor = oldest.cursor;
        }
    }

    /// A whole message says what its deltas said: those who lag do not need them, and those who do not have had them.
    fn drop_deltas(&mut self, id: &MessageId) {
        let held = &mut self.held;
        self.entries.retain(|entry| {
            let superfluous = delta_of(&entry.event).is_some_and(|(message, _, _)| message == id);
            if superfluous {
                *held -= entry.frame.len();
            }
            !superfluous
        });
    }

    fn pull(&self, after: Cursor, limit: usize) -> Pulled {
        if after < self.floor || after.epoch != self.view.cursor.epoch || after > self.view.cursor {
            return if after == self.view.cursor { Pulled::UpToDate } else { Pulled::TooFar };
        }
        let from = self.entries.partition_point(|entry| entry.cursor <= after);
        let mut rest = self.entries.range(from..).peekable();
        let (mut frames, mut bytes, mut cursor) = (Vec::new(), 0, after);
        while let Some(entry) = rest.next() {
            cursor = entry.cursor;
            let mut merged: Option<String> = None;
            if let Some((message, part, delta)) = delta_of(&entry.event) {
                while let Some(next) = rest.peek()
                    && let Some((other, same, more)) = delta_of(&next.event)
                    && (other, same) == (message, part)
                    && std::mem::discriminant(&*next.event) == std::mem::discriminant(&*entry.event)
                    && merged.as_ref().map_or(0, String::len) < limit
                {
                    merged.get_or_insert_with(|| delta.to_owned()).push_str(more);
                    cursor = next.cursor;
                    rest.next();
                }
            }
            let frame = match merged {
                Some(delta) => encode(&self.session, cursor, entry.ts, &with_delta(&entry.event, delta)),
                None => entry.frame.clone(),
            };
            bytes += frame.len();
            frames.push(frame);
            if bytes >= limit {
                break;
            }
        }
        if frames.is_empty() {
            return if after == self.view.cursor { Pulled::UpToDate } else { Pulled::Frames(frames, self.view.cursor) };
        }
        Pulled::Frames(frames, cursor)
    }
}

/// The message, part and text of a delta.
fn delta_of(event: &Event) -> Option<(&MessageId, &str, &str)> {
    match event {
        Event::TextDelta { message_id, part_id, delta }
        | Event::ThinkingDelta { message_id, part_id, delta }
        | Event::ToolCallDelta { message_id, part_id, delta } => Some((message_id, part_id.as_str(), delta)),
        _ => None,
    }
}

fn with_delta(event: &Event, text: String) -> Event {
    let mut event = event.clone();
    if let Event::TextDelta { delta, .. } | Event::ThinkingDelta { delta, .. } | Event::ToolCallDelta { delta, .. } =
        &mut event
    {
        *delta = text;
    }
    event
}

/// One event as an encoded frame of this session.
#[must_use]
pub fn encode(session: &SessionId, cursor: Cursor, ts: i64, event: &Event) -> Bytes {
    encode_event(Some(session.clone()), cursor, ts, event)
}

/// One event as an encoded frame.
#[must_use]
pub fn encode_event(session_id: Option<SessionId>, cursor: Cursor, ts: i64, event: &Event) -> Bytes {
    let body = match bounds::body(event) {
        Ok(body) => body,
        Err(error) => {
            // Events hold text, numbers and JSON values: there is none that does not serialise.
            tracing::error!(%error, "an event did not serialise");
            return Bytes::new();
        }
    };
    let frame =
        EventFrame { channel: octo_proto::channel::AGENT.to_owned(), session_id, runner_id: None, cursor, ts, body };
    Bytes::from(Frame::Event(frame).encode())
}

/// The view with as many of its last messages as fit a snapshot.
fn bounded(view: &View) -> View {
    let mut left = SNAPSHOT_BYTES;
    let fitting = view.messages.iter().rev().take_while(|message| {
        let size = size_of_message(message);
        let fits = size <= left;
        left = left.saturating_sub(size);
        fits
    });
    let from = view.messages.len() - fitting.count();
    View {
        info: view.info.clone(),
        live: bounded_live(&view.live),
        messages: view.messages[from..].to_vec(),
        has_more: view.has_more || from > 0,
        cursor: view.cursor,
        error: view.error.clone(),
        deleted: view.deleted,
    }
}

fn size_of_message(message: &Message) -> usize {
    // Exact, since what a part holds may be any JSON; a view has few messages and its snapshot is cached.
    serde_json::to_vec(message).map_or(0, |bytes| bytes.len())
}

fn bounded_live(live: &Live) -> Live {
    let mut live = live.clone();
    for part in live.in_flight.iter_mut().flat_map(|message| message.parts.iter_mut()) {
        if let PartKind::Text { text, .. } | PartKind::Thinking { text } = &mut part.kind
            && text.len() > LIVE_PART_BYTES
        {
            let from = text.ceil_char_boundary(text.len() - LIVE_PART_BYTES);
            part.elided_bytes = Some(from as u64);
            text.drain(..from);
        }
    }
    live
}

#[cfg(test)]
mod tests;
