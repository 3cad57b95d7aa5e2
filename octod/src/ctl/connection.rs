//! One connection to a daemon: ask and be answered in time.

use std::{path::Path, time::Duration};

use octo_proto::{
    Command, Error, Frame, channel,
    client::{Client, Events, Told, parse_reply},
    command::SessionList,
    frame::{EventFrame, Reply, Request},
    hello::Hello,
    id::{RequestId, SessionId},
    index::IndexEntry,
};
use serde::{Serialize, de::DeserializeOwned};

use super::{Failure, Process, trace::Trace};

/// How long an answer may take. Compaction is the slowest of all commands, with ten minutes.
const REPLY: Duration = Duration::from_secs(11 * 60);

/// A connection that said hello.
#[derive(Debug)]
pub(crate) struct Connection {
    client: Client,
    pub(super) events: Events,
    trace: Trace,
}

impl Connection {
    pub(crate) async fn open(socket: &Path, process: &Process) -> Result<Self, Failure> {
        let hello = Hello { ssh_auth_sock: process.ssh_auth_sock.clone(), ..hello() };
        let (client, events) = Client::connect(socket, &hello).await?;
        Ok(Self { client, events, trace: Trace { on: process.trace_wire } })
    }

    /// What the daemon said of itself.
    pub(crate) fn peer(&self) -> &Hello {
        &self.client.peer
    }

    /// Sends a command of channel `agent` and waits for its reply.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &mut self,
        session: Option<&SessionId>,
        command: &Command,
    ) -> Result<T, Failure> {
        self.send(request(session, command)?).await
    }

    /// All sessions, the one that was used last first.
    pub(crate) async fn sessions(&mut self) -> Result<Vec<IndexEntry>, Failure> {
        let mut sessions = Vec::new();
        loop {
            let before = sessions.last().map(|entry: &IndexEntry| entry.info.session_id.clone());
            let page: SessionList = self.ask(None, &Command::SessionList { before, limit: None }).await?;
            sessions.extend(page.sessions);
            if !page.has_more {
                break;
            }
        }
        sessions.sort_by_key(|entry| std::cmp::Reverse(entry.info.updated_at));
        Ok(sessions)
    }

    /// Sends a request and waits for its reply. What is told meanwhile is dropped: who wants it asks through
    /// [`super::Watching`].
    pub(crate) async fn send<T: DeserializeOwned>(&mut self, request: Request) -> Result<T, Failure> {
        Ok(parse_reply(&self.exchange(request, |_| {}).await?)?)
    }

    /// Sends a request and waits for its reply, handing on what is told meanwhile.
    pub(super) async fn exchange(
        &mut self,
        request: Request,
        mut told: impl FnMut(EventFrame),
    ) -> Result<Reply, Failure> {
        let trace = self.trace;
        trace.sent(&Frame::Request(request.clone()));
        let answer = self.client.request(request.clone());
        let answer = async {
            tokio::pin!(answer);
            loop {
                tokio::select! {
                    biased;
                    reply = &mut answer => break reply,
                    // At the end of all events the branch is off, and the answer says that the connection is lost.
                    Some(frame) = self.events.recv() => if let Told::Event(event) = frame {
                        trace.received(&Frame::Event(event.clone()));
                        told(event);
                    },
                }
            }
        };
        let reply = tokio::time::timeout(REPLY, answer)
            .await
            .map_err(|_| Failure::timed_out(format!("no answer within {} s", REPLY.as_secs())))?;
        trace.received(&Frame::Reply(match &reply {
            Ok(reply) => reply.clone(),
            Err(error) => request.reply(Err(error.clone())),
        }));
        Ok(reply?)
    }

    /// The next event; none when the connection is lost.
    pub(super) async fn event(&mut self) -> Option<EventFrame> {
        loop {
            if let Told::Event(event) = self.events.recv().await? {
                self.trace.received(&Frame::Event(event.clone()));
                return Some(event);
            }
        }
    }
}

/// What `octoctl` says of itself.
pub(super) fn hello() -> Hello {
    Hello::request("octoctl", env!("CARGO_PKG_VERSION"))
}

/// A request on channel `agent`.
pub(super) fn request(session: Option<&SessionId>, body: &impl Serialize) -> Result<Request, Failure> {
    let mut request = Request::new(channel::AGENT, RequestId::draw().0, body)
        .map_err(|error| Failure::from(Error::internal(error.to_string())))?;
    request.session_id = session.cloned();
    Ok(request)
}
