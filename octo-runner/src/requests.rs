//! Every mutating request has one effect and one answer, by its id: while it is open, afterwards, and after a restart.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use octo_proto::{Code, Error, frame::Request, id::RequestId};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;

use crate::hstry::Store;

/// What a mutating request came to.
pub type Answer = Result<Value, Error>;

/// What tells a repeat of a request from another request with its id.
pub type Digest = [u8; 32];

/// The mutating requests of all accounts. Cheap to clone.
#[derive(Clone)]
pub struct Requests {
    store: Store,
    open: Arc<Mutex<HashMap<Key, Open>>>,
}

type Key = (String, RequestId);

struct Open {
    digest: Digest,
    answer: watch::Sender<Option<Answer>>,
}

/// What is to be done with a mutating request.
pub enum Begun {
    /// It is new: do it, and settle the ticket.
    New(Ticket),
    /// It was answered.
    Known(Answer),
    /// It is under way: the answer comes.
    Open(watch::Receiver<Option<Answer>>),
}

/// The right to do a request, once. Dropped unsettled, the request counts as never made.
pub struct Ticket {
    requests: Requests,
    key: Key,
    /// Its digest.
    pub digest: Digest,
    settled: bool,
}

/// The digest of a request: channel, session, body and bytes.
#[must_use]
pub fn digest(request: &Request) -> Digest {
    let mut hash = Sha256::new();
    let session = request.session_id.as_ref().map_or("", |id| id.as_str());
    for part in [request.channel.as_bytes(), session.as_bytes(), request.body.get().as_bytes(), &request.bytes] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

impl Requests {
    /// The requests that this store remembers.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store, open: Arc::default() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a request, or finds what became of it.
    ///
    /// # Errors
    /// `conflict` where the id was used for another request; `unavailable` where the store cannot be read.
    pub async fn begin(&self, account: &str, id: &RequestId, digest: Digest) -> Result<Begun, Error> {
        let conflict = || {
            Error::new(Code::Conflict, "this id was used for another request").hint("draw a new ULID for each request")
        };
        let key = (account.to_owned(), id.clone());
        {
            let mut open = self.lock();
            if let Some(known) = open.get(&key) {
                return if known.digest == digest {
                    Ok(Begun::Open(known.answer.subscribe()))
                } else {
                    Err(conflict())
                };
            }
            open.insert(key.clone(), Open { digest, answer: watch::Sender::new(None) });
        }
        let ticket = Ticket { requests: self.clone(), key: key.clone(), digest, settled: false };
        let known = self.store.accepted(account, id).await.map_err(|error| error.to_error())?;
        match known {
            None => Ok(Begun::New(ticket)),
            Some(known) if known.digest != digest => Err(conflict()),
            Some(known) => match known.reply {
                Some(reply) => Ok(Begun::Known(read_answer(&reply))),
                None => {
                    // It was accepted before a restart and is still to be answered: its session settles it.
                    let mut ticket = ticket;
                    ticket.settled = true;
                    let receiver = self.lock().get(&key).map(|open| open.answer.subscribe());
                    receiver.map(Begun::Open).ok_or_else(|| Error::internal("an open request was lost"))
                }
            },
        }
    }

    /// Tells those who wait what a request came to. The store has it already.
    pub fn settle(&self, account: &str, id: &RequestId, answer: &Answer) {
        if let Some(open) = self.lock().remove(&(account.to_owned(), id.clone())) {
            open.answer.send_replace(Some(answer.clone()));
        }
    }
}

impl Ticket {
    /// The request is somebody's to settle from here on.
    pub fn hand_over(mut self) -> Option<watch::Receiver<Option<Answer>>> {
        self.settled = true;
        self.requests.lock().get(&self.key).map(|open| open.answer.subscribe())
    }

    /// The request is done, and the store has its answer.
    pub fn settle(mut self, answer: &Answer) {
        self.settled = true;
        self.requests.settle(&self.key.0, &self.key.1, answer);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.settled {
            self.requests.lock().remove(&self.key);
        }
    }
}

/// An answer as the store keeps it.
#[must_use]
pub fn write_answer(answer: &Answer) -> Vec<u8> {
    let value = match answer {
        Ok(ok) => serde_json::json!({ "ok": ok }),
        Err(error) => serde_json::json!({ "error": error }),
    };
    value.to_string().into_bytes()
}

fn read_answer(bytes: &[u8]) -> Answer {
    #[derive(serde::Deserialize)]
    struct Stored {
        ok: Option<Value>,
        error: Option<Error>,
    }
    match serde_json::from_slice::<Stored>(bytes) {
        Ok(Stored { error: Some(error), .. }) => Err(error),
        Ok(Stored { ok, .. }) => Ok(ok.unwrap_or(Value::Null)),
        Err(error) => Err(Error::internal(format!("the stored answer cannot be read: {error}"))),
    }
}
