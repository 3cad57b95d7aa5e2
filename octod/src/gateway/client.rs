//! One client: its hello, then frames both ways, one held per direction, and what octod answers itself.

mod gate;
mod relay;
mod system;

use std::{io, sync::Arc, time::Duration};

use octo_proto::{
    Code, Error, Frame,
    frame::{BadFrame, Reply, Request},
    hello::{Caller, Hello},
    wire::{Incoming, MAX_BAD_LINES, WireError},
};
use tokio::time::timeout;

use self::{gate::Gate, relay::Relay};
use super::Gateway;
use crate::{
    link::{Link, Told},
    wirelog::{self, Way},
};

/// How long a client may take to say hello.
pub const HELLO: Duration = Duration::from_secs(5);

/// How long the last frames of a connection may take to leave.
const FAREWELL: Duration = Duration::from_secs(1);

/// Gives a client's frames.
pub trait Receive: Send {
    /// The next; none at the end. Cancelling it loses nothing.
    fn next(&mut self) -> impl Future<Output = Result<Option<Incoming>, WireError>> + Send;
}

/// Takes frames to a client, one or a few small ones at a time.
pub trait Deliver: Send {
    /// Takes a frame; called only when there is room.
    fn put(&mut self, frame: &Frame);
    /// Whether another frame can be taken.
    fn has_room(&self) -> bool;
    /// Whether all that was taken has gone.
    fn is_idle(&self) -> bool;
    /// Sends what was taken. Cancelling it loses nothing.
    fn flush(&mut self) -> impl Future<Output = io::Result<()>> + Send;
    /// Ends the connection.
    fn close(&mut self) -> impl Future<Output = ()> + Send;
}

/// How a client shows who it is.
#[derive(Clone, Debug)]
pub enum Admission {
    /// By what came before: the peer's uid, or a token in a header.
    Admitted(Caller),
    /// By a token in its hello; then it is this caller.
    ByToken(Caller),
}

/// A connection of a client.
pub struct Client<R, D> {
    gateway: Arc<Gateway>,
    number: u64,
    receive: R,
    deliver: D,
}

/// Why the connection ends.
enum End {
    /// The client closed it, or it failed.
    Gone,
    /// octod ends.
    Stopping,
    /// The client did what it may not.
    Refused(Box<Reply>),
}

impl<R: Receive, D: Deliver> Client<R, D> {
    /// A client that just connected.
    pub fn new(gateway: Arc<Gateway>, receive: R, deliver: D) -> Self {
        let number = gateway.number();
        Self { gateway, number, receive, deliver }
    }

    /// Serves it to its end.
    pub async fn run(mut self, admission: Admission) {
        let end = match timeout(HELLO, self.admit(&admission)).await {
            Ok(Ok((caller, hello))) => {
                tracing::debug!(client = self.number, account = caller.account, name = hello.name, "a client");
                self.relay(&caller, &hello, matches!(admission, Admission::Admitted(_))).await
            }
            Ok(Err(end)) => end,
            Err(_) => {
                let message = format!("no hello within {} s", HELLO.as_secs());
                End::Refused(Box::new(unasked(Error::new(Code::Timeout, message))))
            }
        };
        let last = match end {
            End::Gone => None,
            End::Stopping => Some(system::event("notice", Some("octod is stopping; agents go on"))),
            End::Refused(reply) => Some(Frame::Reply(*reply)),
        };
        let farewell = async {
            if let Some(frame) = last
                && self.deliver.flush().await.is_ok()
            {
                self.put(&frame);
                // Nobody may be there to read it.
                drop(self.deliver.flush().await);
            }
            self.deliver.close().await;
        };
        // A client that does not read does not hold up our end.
        drop(timeout(FAREWELL, farewell).await);
    }

    /// Waits for its hello; everything before is refused.
    async fn admit(&mut self, admission: &Admission) -> Result<(Caller, Hello), End> {
        for _ in 0..MAX_BAD_LINES {
            let incoming = tokio::select! {
                () = self.gateway.stop.cancelled() => return Err(End::Stopping),
                incoming = self.receive.next() => incoming,
            };
            let request = match incoming.map_err(|error| end_of(&error))? {
                Some(Incoming::Frame(Frame::Request(request))) => request,
                Some(Incoming::Bad(bad)) => {
                    self.answer_now(refusal(bad)).await?;
                    continue;
                }
                Some(Incoming::Frame(Frame::Reply(_) | Frame::Event(_) | Frame::Data(_))) => {
                    self.answer_now(unasked(hello_first())).await?;
                    continue;
                }
                None => return Err(End::Gone),
            };
            self.trace(Way::FromClient, || Frame::Request(request.clone()));
            let is_hello = request.channel == octo_proto::channel::SYSTEM;
            if !is_hello || request.cmd().is_ok_and(|cmd| cmd != "hello") {
                self.answer_now(request.reply(Err(hello_first()))).await?;
                continue;
            }
            let refused = |error| End::Refused(Box::new(request.reply(Err(error))));
            let (caller, hello) = self.check(&request, admission).map_err(refused)?;
            let own = Hello::reply("octod", env!("CARGO_PKG_VERSION"));
            let reply = request.reply(system::body(&own));
            self.answer_now(reply).await?;
            return Ok((caller, hello));
        }
        Err(End::Refused(Box::new(unasked(hello_first()))))
    }

    fn check(&self, request: &Request, admission: &Admission) -> Result<(Caller, Hello), Error> {
        let hello: Hello = serde_json::from_str(request.body.get()).map_err(|error| {
            Error::bad_request(format!("this is no hello: {error}"))
                .hint(r#"{"cmd":"hello","protocol":[1,1],"name":"…","version":"…"}"#)
        })?;
        hello.negotiate(octo_proto::PROTOCOL)?;
        let caller = match admission {
            Admission::Admitted(caller) => caller,
            Admission::ByToken(caller) => match &hello.token {
                Some(token) if self.gateway.token.matches(token) => caller,
                Some(_) => {
                    return Err(Error::new(Code::Unauthorized, "the token is wrong")
                        .hint("it is new at every start of octod: read it again"));
                }
                None => {
                    return Err(Error::new(Code::Unauthorized, "a token is needed")
                        .hint("send it as `Authorization: Bearer …`, or as `token` of hello"));
                }
            },
        };
        Ok((caller.clone(), hello))
    }

    /// Carries frames until one side ends.
    async fn relay(&mut self, caller: &Caller, hello: &Hello, local: bool) -> End {
        let mut to_runner = Hello::request("octod", env!("CARGO_PKG_VERSION"));
        to_runner.caller = Some(caller.clone());
        to_runner.ssh_auth_sock = hello.ssh_auth_sock.clone().filter(|_| local);
        #[expect(clippy::cast_possible_truncation, reason = "any byte of it does")]
        let spread = (self.number.wrapping_mul(157)) as u8;
        let link = Link::new(Arc::clone(&self.gateway.runners), to_runner, spread);
        let mut relay = Relay::new(Gate::new(caller.clone()), link);
        let stop = self.gateway.stop.clone();
        loop {
            if let Some(frame) = relay.next_own(self.deliver.has_room()) {
                self.put(&frame);
            }
            let reads_runner = self.deliver.has_room() && relay.has_nothing_to_say();
            let ended = tokio::select! {
                // What has arrived is taken before anything is sent, so that it leaves together. None of them starves:
                // requests are limited, and frames of the runner only as many as there is room for.
                biased;
                () = stop.cancelled() => Err(End::Stopping),
                incoming = self.receive.next(), if relay.wants_more() => self.on_client(&mut relay, incoming),
                told = relay.link.next(reads_runner) => {
                    self.on_runner(&mut relay, told);
                    Ok(())
                }
                sent = self.deliver.flush(), if !self.deliver.is_idle() => sent.map_err(|_| End::Gone),
            };
            if let Err(end) = ended {
                return end;
            }
        }
    }

    fn on_client(&mut self, relay: &mut Relay, incoming: Result<Option<Incoming>, WireError>) -> Result<(), End> {
        match incoming.map_err(|error| end_of(&error))? {
            None => return Err(End::Gone),
            Some(Incoming::Bad(bad)) => relay.answer(refusal(bad)),
            Some(Incoming::Frame(frame)) => {
                self.trace(Way::FromClient, || frame.clone());
                match frame {
                    Frame::Request(request) => relay.take(request, &self.gateway),
                    Frame::Reply(_) | Frame::Event(_) | Frame::Data(_) => {
                        relay.answer(unasked(Error::bad_request("a client sends requests only")));
                    }
                }
            }
        }
        Ok(())
    }

    fn on_runner(&mut self, relay: &mut Relay, told: Option<Told>) {
        if let Some(frame) = told.and_then(|told| relay.on_told(told)) {
            self.put(&frame);
        }
    }

    async fn answer_now(&mut self, reply: Reply) -> Result<(), End> {
        self.put(&Frame::Reply(reply));
        self.deliver.flush().await.map_err(|_| End::Gone)
    }

    fn put(&mut self, frame: &Frame) {
        self.trace(Way::ToClient, || frame.clone());
        self.deliver.put(frame);
    }

    fn trace(&self, way: Way, frame: impl FnOnce() -> Frame) {
        if self.gateway.trace_wire {
            wirelog::log(self.number, way, &frame());
        }
    }
}

/// An answer to what had no id.
fn unasked(error: Error) -> Reply {
    let channel = octo_proto::channel::SYSTEM.to_owned();
    Reply { channel, id: String::new(), result: Err(error), bytes: bytes::Bytes::new() }
}

fn refusal(bad: BadFrame) -> Reply {
    let mut reply = unasked(bad.error);
    reply.id = bad.id.unwrap_or_default();
    reply.channel = bad.channel.unwrap_or(reply.channel);
    reply
}

fn hello_first() -> Error {
    Error::bad_request("the first request of a connection is `hello` on channel `system`")
}

fn end_of(error: &WireError) -> End {
    error.to_error().map_or(End::Gone, |error| End::Refused(Box::new(unasked(error))))
}
