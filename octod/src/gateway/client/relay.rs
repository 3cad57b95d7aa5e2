//! Between a client and its runner: what is sent on, held or refused, and what becomes of it when the runner is lost.

use std::collections::HashMap;

use octo_proto::{
    Frame,
    frame::{Reply, Request},
};

use super::{gate::Gate, system};
use crate::{
    gateway::Gateway,
    link::{Link, Status, Told},
    runners,
};

/// What a relay holds between two frames.
pub(super) struct Relay {
    gate: Gate,
    pub(super) link: Link,
    /// A request that waits for the first connection to the runner.
    held: Option<Request>,
    /// An answer of octod's own that waits until the client takes it.
    own: Option<Reply>,
    /// Requests that a lost runner will not answer, by id, with their channel.
    abandoned: HashMap<String, String>,
}

impl Relay {
    pub(super) fn new(gate: Gate, link: Link) -> Self {
        Self { gate, link, held: None, own: None, abandoned: HashMap::new() }
    }

    /// Whether another frame of the client can be taken.
    pub(super) fn wants_more(&self) -> bool {
        self.held.is_none() && self.has_nothing_to_say() && self.link.is_idle()
    }

    pub(super) fn has_nothing_to_say(&self) -> bool {
        self.own.is_none() && self.abandoned.is_empty()
    }

    /// The next frame of octod's own, if the client can take one.
    pub(super) fn next_own(&mut self, has_room: bool) -> Option<Frame> {
        if !has_room {
            return None;
        }
        if let Some(reply) = self.own.take() {
            return Some(Frame::Reply(reply));
        }
        let id = self.abandoned.keys().next()?.clone();
        let channel = self.abandoned.remove(&id)?;
        let error = self.link.unavailable();
        let hint = error.hint.as_deref().unwrap_or_default();
        let hint = format!("it may have taken effect; repeat it with the same id. {hint}");
        Some(Frame::Reply(Reply { channel, id, result: Err(error.hint(hint)), bytes: bytes::Bytes::new() }))
    }

    pub(super) fn answer(&mut self, reply: Reply) {
        self.own = Some(reply);
    }

    /// Takes a request of the client: answers it, sends it on, or holds it.
    pub(super) fn take(&mut self, request: Request, gateway: &Gateway) {
        let cmd = match self.gate.admit(&request) {
            Ok(cmd) => cmd,
            Err(error) => return self.answer(request.reply(Err(error))),
        };
        if request.channel == octo_proto::channel::SYSTEM {
            let result = system::answer(&cmd, &self.gate.caller, self.link.status(), &gateway.runners);
            return self.answer(request.reply(result));
        }
        match self.link.status() {
            Status::Up => self.send(request),
            Status::Opening => self.held = Some(request),
            Status::Lost { .. } => self.answer(request.reply(Err(self.link.unavailable()))),
        }
    }

    fn send(&mut self, mut request: Request) {
        request.runner_id = None;
        self.gate.open(&request);
        self.link.put(&Frame::Request(request));
    }

    /// What the client is to get of it.
    pub(super) fn on_told(&mut self, told: Told) -> Option<Frame> {
        match told {
            Told::Frame(Frame::Reply(reply)) => {
                if self.gate.close(&reply.id) {
                    return Some(Frame::Reply(reply));
                }
                tracing::debug!(id = reply.id, "the runner answered what was not asked");
                None
            }
            Told::Frame(Frame::Event(mut event)) => {
                event.runner_id = Some(runners::LOCAL.to_owned());
                Some(Frame::Event(event))
            }
            Told::Frame(frame @ Frame::Data(_)) => Some(frame),
            Told::Frame(Frame::Request(request)) => {
                tracing::warn!(channel = request.channel, "the runner asked something, which runners do not");
                None
            }
            Told::Ready { again } => {
                if let Some(request) = self.held.take() {
                    self.send(request);
                }
                again.then(|| system::event("runner.ready", None))
            }
            Told::Lost => {
                self.abandoned = self.gate.abandon();
                if let Some(request) = self.held.take() {
                    self.answer(request.reply(Err(self.link.unavailable())));
                }
                Some(system::event("runner.lost", Some(&self.link.unavailable().message)))
            }
        }
    }
}
