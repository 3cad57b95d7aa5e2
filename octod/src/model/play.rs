//! Plays a turn to a client in time: as a stream of events or as one body.

use axum::body::Bytes;
use futures_util::{Stream, stream};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{
    journal::{Entry, Outcome},
    turn::{Beat, Said, Turn},
    wire::{Part, Wire},
};

/// The connection is to be cut in the middle of a response.
#[derive(Debug, thiserror::Error)]
#[error("the scripted model cuts the connection")]
pub(super) struct Cut;

/// A turn on its way to a client.
pub(super) struct Play {
    turn: Turn,
    wire: Box<dyn Wire>,
    entry: Entry,
    shutdown: CancellationToken,
    /// Text that is to be sent first.
    ready: Option<String>,
    ended: bool,
}

/// The status and body of an error.
pub(super) type Refusal = (u16, Value);

impl Play {
    pub(super) fn new(turn: Turn, wire: Box<dyn Wire>, entry: Entry, shutdown: CancellationToken) -> Self {
        Self { turn, wire, entry, shutdown, ready: None, ended: false }
    }

    /// Server-sent events, each as it is due.
    pub(super) fn stream(mut self) -> impl Stream<Item = Result<Bytes, Cut>> + Send {
        let start = self.wire.start(self.turn.input_tokens());
        self.ready = Some(start);
        stream::unfold(self, |mut play| async move {
            let next = play.next().await?;
            Some((next, play))
        })
    }

    /// One body after all the pauses, or the error that came in between.
    pub(super) async fn whole(mut self) -> Result<Result<Value, Refusal>, Cut> {
        let mut parts: Vec<Part> = Vec::new();
        while let Some(said) = self.said().await? {
            match said {
                Said::Open(block) => parts.push(Part { block, text: String::new() }),
                Said::Delta(text) => {
                    if let Some(part) = parts.last_mut() {
                        part.text.push_str(&text);
                    }
                }
                Said::Close => {}
                Said::Fail(failure) => return Ok(Err((failure.status, self.wire.error(&failure)))),
                Said::Finish(end) => return Ok(Ok(self.wire.whole(&parts, end))),
            }
        }
        Err(Cut)
    }

    async fn next(&mut self) -> Option<Result<Bytes, Cut>> {
        loop {
            if let Some(text) = self.ready.take().filter(|text| !text.is_empty()) {
                return Some(Ok(text.into()));
            }
            if self.ended {
                return None;
            }
            match self.said().await {
                Ok(said) => self.ready = Some(self.wire.say(&said?)),
                Err(cut) => {
                    self.ended = true;
                    return Some(Err(cut));
                }
            }
        }
    }

    /// What is said next, once its time has come; the outcome is noted on the way.
    async fn said(&mut self) -> Result<Option<Said>, Cut> {
        loop {
            let Some(beat) = self.turn.next() else {
                return Ok(None);
            };
            match beat {
                Beat::Say(said) => {
                    self.note(&said);
                    return Ok(Some(said));
                }
                Beat::Pause(pause) => {
                    let paused = self.shutdown.run_until_cancelled(tokio::time::sleep(pause)).await;
                    if paused.is_none() {
                        self.entry.outcome = Outcome::Dropped;
                        return Err(Cut);
                    }
                }
                Beat::Cut => {
                    self.entry.outcome = Outcome::Dropped;
                    return Err(Cut);
                }
            }
        }
    }

    fn note(&mut self, said: &Said) {
        match said {
            Said::Open(_) | Said::Close => {}
            Said::Delta(_) => self.entry.deltas += 1,
            Said::Fail(failure) => self.entry.outcome = Outcome::Error(failure.status),
            Said::Finish(_) => self.entry.outcome = Outcome::Done,
        }
    }
}
