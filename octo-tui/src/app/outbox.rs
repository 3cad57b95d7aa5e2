//! Requests without an answer. Those that change something are sent again, with the same id, until there is one.

use bytes::Bytes;
use octo_proto::{
    Code, Error,
    id::{RequestId, SessionId},
};

use super::effect::{Asked, Call, Effect};
use crate::pane::Answer;

/// How often a request is sent while octod can be reached and says `unavailable`.
const TRIES: u32 = 5;

/// Between two of these, in ms; longer each time.
const PAUSE_MS: i64 = 1_000;

/// Draws the ids of requests from the time that came with an input and from a seed, so that the app has no other source
/// of chance.
#[derive(Debug)]
pub(super) struct Ids {
    seed: u128,
}

impl Ids {
    /// Ids from this seed.
    #[must_use]
    pub(super) fn new(seed: u128) -> Self {
        Self { seed }
    }

    fn draw(&mut self, at: i64) -> RequestId {
        self.seed = self.seed.wrapping_add(1);
        RequestId(ulid::Ulid::from_parts(u64::try_from(at).unwrap_or(0), self.seed).to_string())
    }
}

/// One request without an answer.
#[derive(Debug)]
struct Open {
    id: RequestId,
    session: Option<SessionId>,
    call: Call,
    bytes: Bytes,
    tries: u32,
    again_at: Option<i64>,
}

/// What became of an answer.
#[derive(Debug)]
pub(super) struct Answered {
    /// The session it concerned.
    pub session: Option<SessionId>,
    /// What was asked.
    pub call: Call,
    /// The answer.
    pub result: Result<Answer, Error>,
}

/// All requests without an answer, in the order in which they were made.
#[derive(Debug)]
pub(super) struct Outbox {
    ids: Ids,
    open: Vec<Open>,
    /// The connection of now; none while there is none.
    connection: Option<u64>,
}

impl Outbox {
    /// An empty one.
    #[must_use]
    pub(super) fn new(ids: Ids) -> Self {
        Self { ids, open: Vec::new(), connection: None }
    }

    /// Makes a request. It is sent now where there is a connection, else when there is one.
    pub(super) fn ask(
        &mut self,
        at: i64,
        session: Option<&SessionId>,
        call: impl Into<Call>,
        effects: &mut Vec<Effect>,
    ) -> RequestId {
        let session = session.cloned();
        let id = self.draw(at);
        let call = call.into();
        self.push(Open { id: id.clone(), session, call, bytes: Bytes::new(), tries: 1, again_at: None }, effects);
        id
    }

    /// Makes a request with bytes. Attachments are of no session; files and terminals may be of one.
    pub(super) fn put(
        &mut self,
        at: i64,
        session: Option<SessionId>,
        (call, bytes): (Call, Bytes),
        effects: &mut Vec<Effect>,
    ) -> RequestId {
        let id = self.draw(at);
        self.push(Open { id: id.clone(), session, call, bytes, tries: 1, again_at: None }, effects);
        id
    }

    /// An id that no other request has.
    pub(super) fn draw(&mut self, at: i64) -> RequestId {
        self.ids.draw(at)
    }

    fn push(&mut self, open: Open, effects: &mut Vec<Effect>) {
        if let Some(connection) = self.connection {
            effects.push(send(&open, connection));
        }
        if self.connection.is_some() || open.call.is_mutating() {
            self.open.push(open);
        }
    }

    /// There is a connection: sends again what changes something. What only asks is asked anew by who wants to know.
    pub(super) fn connected(&mut self, connection: u64, effects: &mut Vec<Effect>) {
        self.connection = Some(connection);
        self.open.retain(|open| open.call.is_mutating());
        for open in &mut self.open {
            open.tries = 1;
            open.again_at = None;
            effects.push(send(open, connection));
        }
    }

    /// There is none any more.
    pub(super) fn disconnected(&mut self) {
        self.connection = None;
    }

    /// Takes an answer. None where it is not final: the request will be sent again.
    pub(super) fn answer(&mut self, at: i64, id: &RequestId, result: Result<Answer, Error>) -> Option<Answered> {
        let place = self.open.iter().position(|open| open.id == *id)?;
        let open = &mut self.open[place];
        let unavailable = matches!(&result, Err(error) if error.code == Code::Unavailable);
        if unavailable && open.call.is_mutating() && open.tries < TRIES {
            open.again_at = Some(at + PAUSE_MS * i64::from(open.tries));
            return None;
        }
        let open = self.open.remove(place);
        Some(Answered { session: open.session, call: open.call, result })
    }

    /// Sends again what is due.
    pub(super) fn tick(&mut self, at: i64, effects: &mut Vec<Effect>) {
        let Some(connection) = self.connection else { return };
        for open in self.open.iter_mut().filter(|open| open.again_at.is_some_and(|due| due <= at)) {
            open.again_at = None;
            open.tries += 1;
            effects.push(send(open, connection));
        }
    }

    /// When something is due.
    #[must_use]
    pub(super) fn due(&self) -> Option<i64> {
        self.connection.and(self.open.iter().filter_map(|open| open.again_at).min())
    }

    /// Whether requests wait that change something.
    #[must_use]
    pub(super) fn holds_changes(&self) -> bool {
        self.open.iter().any(|open| open.call.is_mutating())
    }
}

fn send(open: &Open, connection: u64) -> Effect {
    Effect::Send(Box::new(Asked {
        id: open.id.clone(),
        connection,
        session: open.session.clone(),
        call: open.call.clone(),
        bytes: open.bytes.clone(),
    }))
}
