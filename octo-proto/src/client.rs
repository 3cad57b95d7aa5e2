//! The client's side of a connection to octod or a runner over a local socket.

use std::{collections::HashMap, io, path::Path, time::Duration};

use interprocess::local_socket::{
    GenericFilePath, ToFsName,
    tokio::{Stream, prelude::*},
};
use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    io::{AsyncWriteExt, ReadHalf, WriteHalf, split},
    sync::{mpsc, oneshot},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    Code, Error,
    frame::{Data, EventFrame, Frame, Reply, Request},
    hello::Hello,
    id::{RequestId, SessionId},
    wire::{FrameReader, Incoming, write_frame},
};

/// How long the other side may take to say hello.
const HELLO: Duration = Duration::from_secs(5);

/// Events that may wait for a client to take them; when they are full the socket is not read, and the sender waits.
const EVENTS: usize = 64;

/// Requests that may wait to be written.
const REQUESTS: usize = 64;

/// What the other side tells without being asked.
#[derive(Debug)]
pub enum Told {
    /// An event.
    Event(EventFrame),
    /// Bytes of a terminal.
    Data(Data),
}

/// A connection. Cheap to clone; it closes when the last clone and its [`Events`] are dropped.
#[derive(Clone, Debug)]
pub struct Client {
    requests: mpsc::Sender<Asked>,
    /// What the other side said of itself.
    pub peer: Hello,
    _open: std::sync::Arc<tokio_util::sync::DropGuard>,
}

/// What the other side tells, in order. None: the connection is lost.
pub type Events = mpsc::Receiver<Told>;

struct Asked {
    request: Request,
    reply: oneshot::Sender<Reply>,
}

impl Client {
    /// Connects to the socket at `path` and says hello.
    ///
    /// # Errors
    /// `unavailable` where nobody accepts, `timeout` where nobody answers, or what the other side refused with.
    pub async fn connect(path: &Path, hello: &Hello) -> Result<(Self, Events), Error> {
        let unreachable = |error: io::Error| {
            Error::new(Code::Unavailable, format!("cannot connect to {}: {error}", path.display()))
                .hint("is it running? `octoctl doctor` tells")
        };
        let name = path.to_fs_name::<GenericFilePath>().map_err(unreachable)?;
        let stream = Stream::connect(name).await.map_err(unreachable)?;
        Self::over(stream, hello).await
    }

    async fn over(stream: Stream, hello: &Hello) -> Result<(Self, Events), Error> {
        let (receive, mut send) = split(stream);
        let mut reader = FrameReader::new(receive);
        let request = Request::new(crate::channel::SYSTEM, RequestId::draw().0, hello)
            .map_err(|error| Error::internal(error.to_string()))?;
        let lost = |error: io::Error| Error::new(Code::Unavailable, format!("the connection was lost: {error}"));
        write_frame(&mut send, &Frame::Request(request)).await.map_err(lost)?;
        let answer = timeout(HELLO, reader.next())
            .await
            .map_err(|_| Error::new(Code::Timeout, format!("no hello within {} s", HELLO.as_secs())))?;
        let peer = match answer {
            Ok(Some(Incoming::Frame(Frame::Reply(reply)))) => parse_reply::<Hello>(&reply)?,
            Ok(None) => return Err(Error::new(Code::Unavailable, "the connection was closed before hello")),
            Ok(Some(_)) => return Err(Error::bad_request("the other side does not speak Octo's protocol")),
            Err(error) => return Err(Error::new(Code::Unavailable, error.to_string())),
        };
        peer.negotiate(crate::PROTOCOL)?;
        let (requests, asked) = mpsc::channel(REQUESTS);
        let (events, told) = mpsc::channel(EVENTS);
        let open = CancellationToken::new();
        let tasks = TaskTracker::new();
        let task = ConnectionTask { send, asked, events, open: HashMap::new() };
        tasks.spawn(task.run(reader, open.clone()));
        Ok((Self { requests, peer, _open: std::sync::Arc::new(open.drop_guard()) }, told))
    }

    /// Sends a request and waits for its reply.
    ///
    /// # Errors
    /// The reply's error, or `unavailable` where the connection is lost first: it may have taken effect.
    pub async fn request(&self, request: Request) -> Result<Reply, Error> {
        let lost = || {
            Error::new(Code::Unavailable, "the connection was lost before the answer")
                .hint("it may have taken effect; repeat it with the same id")
        };
        let (reply, answer) = oneshot::channel();
        self.requests.send(Asked { request, reply }).await.map_err(|_| lost())?;
        let reply = answer.await.map_err(|_| lost())?;
        match reply.result {
            Ok(_) => Ok(reply),
            Err(error) => Err(error),
        }
    }

    /// Sends a command on a channel and reads its reply.
    ///
    /// # Errors
    /// As [`Client::request`]; `bad_request` where the reply is not what was expected.
    pub async fn ask<T: DeserializeOwned>(
        &self,
        channel: &str,
        session: Option<&SessionId>,
        body: &impl Serialize,
    ) -> Result<T, Error> {
        let mut request =
            Request::new(channel, RequestId::draw().0, body).map_err(|error| Error::internal(error.to_string()))?;
        request.session_id = session.cloned();
        let reply = self.request(request).await?;
        parse_reply(&reply)
    }
}

/// What a reply carries.
///
/// # Errors
/// The reply's error, or `bad_request` where it carries something else.
pub fn parse_reply<T: DeserializeOwned>(reply: &Reply) -> Result<T, Error> {
    match &reply.result {
        Ok(body) => serde_json::from_str(body.get())
            .map_err(|error| Error::bad_request(format!("the reply was not understood: {error}"))),
        Err(error) => Err(error.clone()),
    }
}

/// Owns the socket: writes requests, hands replies to who asked, and events on.
struct ConnectionTask {
    send: WriteHalf<Stream>,
    asked: mpsc::Receiver<Asked>,
    events: mpsc::Sender<Told>,
    open: HashMap<String, oneshot::Sender<Reply>>,
}

impl ConnectionTask {
    async fn run(mut self, reader: FrameReader<ReadHalf<Stream>>, stop: CancellationToken) {
        let (frames, mut incoming) = mpsc::channel(1);
        let reading = read(reader, frames);
        tokio::pin!(reading);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = &mut reading => break,
                asked = self.asked.recv() => match asked {
                    Some(asked) => if self.write(asked).await.is_err() { break },
                    None => break,
                },
                frame = incoming.recv() => match frame {
                    Some(frame) => if !self.take(frame).await { break },
                    None => break,
                },
            }
        }
        drop(self.send.shutdown().await);
    }

    async fn write(&mut self, asked: Asked) -> io::Result<()> {
        self.open.insert(asked.request.id.clone(), asked.reply);
        write_frame(&mut self.send, &Frame::Request(asked.request)).await
    }

    /// Hands a frame on; false when nobody listens any more.
    async fn take(&mut self, frame: Frame) -> bool {
        match frame {
            Frame::Reply(reply) => {
                if let Some(open) = self.open.remove(&reply.id) {
                    // Who asked may have gone.
                    drop(open.send(reply));
                }
                true
            }
            Frame::Event(event) => self.tell(Told::Event(event)).await,
            Frame::Data(data) => self.tell(Told::Data(data)).await,
            Frame::Request(request) => {
                let error = Error::new(Code::Unsupported, "a client answers no requests");
                let reply = Frame::Reply(request.reply(Err(error)));
                write_frame(&mut self.send, &reply).await.is_ok()
            }
        }
    }

    /// Waits until the client takes it. Meanwhile requests are still written, so that a client that waits for a reply
    /// before it takes events does not wait for ever.
    async fn tell(&mut self, told: Told) -> bool {
        let events = self.events.clone();
        let permit = loop {
            tokio::select! {
                permit = events.reserve() => break permit,
                asked = self.asked.recv() => match asked {
                    Some(asked) => if self.write(asked).await.is_err() { return false },
                    None => return false,
                },
            }
        };
        // A client that dropped its events still waits for its replies.
        if let Ok(permit) = permit {
            permit.send(told);
        }
        true
    }
}

async fn read(mut reader: FrameReader<ReadHalf<Stream>>, frames: mpsc::Sender<Frame>) {
    while let Ok(Some(incoming)) = reader.next().await {
        match incoming {
            Incoming::Frame(frame) => {
                if frames.send(frame).await.is_err() {
                    return;
                }
            }
            Incoming::Bad(bad) => tracing::warn!(%bad, "a line that is no frame"),
        }
    }
}
