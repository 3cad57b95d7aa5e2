//! One connection: hello, then requests answered side by side, and watches pulled at the pace of the other side.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use octo_proto::{
    Command, Cursor, Error,
    command::{Done, WatchReply},
    frame::{BadFrame, Frame, Reply, Request},
    hello::{Caller, Hello},
    id::SessionId,
    wire::{FrameReader, Incoming, WireError},
};
use serde::Serialize;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    sync::{Notify, Semaphore, mpsc},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{dispatch, files, watch::Watch};
use crate::runner::Runner;

/// How long the other side may take to say hello.
const HELLO: Duration = Duration::from_secs(5);

/// Requests of one connection that are answered at the same time; more wait in the socket.
const AT_ONCE: usize = 64;

/// Bytes of events that a watch may give before the next has its turn.
const TURN: usize = 16 * 1024;

/// One connection of octod or of a client.
pub(super) struct Connection<W> {
    runner: Runner,
    write: W,
    /// Replies, and events that belong to a request, in order.
    outgoing: mpsc::Receiver<Frame>,
    answered: mpsc::Sender<Frame>,
    files: files::Desk,
    at_once: Arc<Semaphore>,
    wake: Arc<Notify>,
    watches: BTreeMap<Option<SessionId>, Watch>,
    /// The watch that had the last turn.
    turn: Option<Option<SessionId>>,
    caller: Option<Caller>,
}

/// Tells who is not admitted why, if they read it.
pub(super) async fn refuse<S: AsyncWrite + Unpin>(mut stream: S, error: Error) {
    let reply = Reply { channel: "system".to_owned(), id: String::new(), result: Err(error), bytes: Bytes::new() };
    drop(timeout(HELLO, stream.write_all(&Frame::Reply(reply).encode())).await);
}

/// Serves a connection until it ends.
pub(super) async fn serve<S>(runner: Runner, stream: S, own: Caller, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let (read, write) = tokio::io::split(stream);
    let (answered, outgoing) = mpsc::channel(AT_ONCE);
    let connection = Connection {
        runner,
        write,
        outgoing,
        answered,
        files: files::Desk::default(),
        at_once: Arc::new(Semaphore::new(AT_ONCE)),
        wake: Arc::new(Notify::new()),
        watches: BTreeMap::new(),
        turn: None,
        caller: None,
    };
    connection.run(FrameReader::new(Box::pin(read)), own, stop).await;
}

impl<W: AsyncWrite + Unpin> Connection<W> {
    async fn run<R: AsyncRead + Unpin>(mut self, mut reader: FrameReader<R>, own: Caller, stop: CancellationToken) {
        if !matches!(timeout(HELLO, self.hello(&mut reader, own)).await, Ok(Ok(()))) {
            return;
        }
        let tasks = TaskTracker::new();
        loop {
            let room = self.at_once.clone();
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                frame = self.outgoing.recv() => {
                    let Some(frame) = frame else { break };
                    if self.send(&frame.encode()).await.is_err() { break }
                }
                () = self.wake.notified() => if self.pump().await.is_err() { break },
                permit = room.acquire_owned() => {
                    let Ok(permit) = permit else { break };
                    let incoming = tokio::select! {
                        biased;
                        () = stop.cancelled() => break,
                        // What is to be written goes before what is to be read.
                        frame = self.outgoing.recv() => {
                            let Some(frame) = frame else { break };
                            if self.send(&frame.encode()).await.is_err() { break }
                            continue;
                        }
                        () = self.wake.notified() => {
                            if self.pump().await.is_err() { break }
                            continue;
                        }
                        incoming = reader.next() => incoming,
                    };
                    match incoming {
                        Ok(Some(incoming)) => {
                            if self.take(incoming, permit, &tasks).await.is_err() { break }
                        }
                        Ok(None) => break,
                        Err(error) => {
                            self.farewell(&error).await;
                            break;
                        }
                    }
                }
            }
        }
        // Searches and watches end with it. Other requests go on: who asked may come back and ask with the same id.
        self.files.close();
        drop(self.write.shutdown().await);
    }

    async fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.write.write_all(bytes).await
    }

    async fn farewell(&mut self, error: &WireError) {
        if let Some(error) = error.to_error() {
            let reply =
                Reply { channel: "system".to_owned(), id: String::new(), result: Err(error), bytes: Bytes::new() };
            drop(self.send(&Frame::Reply(reply).encode()).await);
        }
    }

    /// The first request must be hello; it says for whom the other side speaks.
    async fn hello<R: AsyncRead + Unpin>(&mut self, reader: &mut FrameReader<R>, own: Caller) -> Result<(), ()> {
        loop {
            match reader.next().await {
                Ok(Some(Incoming::Frame(Frame::Request(request)))) => {
                    let answer = self.greet(&request, &own);
                    let greeted = answer.is_ok();
                    let reply = reply_of(&request, answer);
                    self.send(&Frame::Reply(reply).encode()).await.map_err(drop)?;
                    if greeted {
                        return Ok(());
                    }
                    // A range without overlap will not mend; anything else may be tried again within the time.
                    if request.cmd().is_ok_and(|cmd| cmd == "hello") {
                        return Err(());
                    }
                }
                Ok(Some(Incoming::Bad(bad))) => self.refuse(bad).await.map_err(drop)?,
                Ok(Some(Incoming::Frame(_))) => {}
                Ok(None) => return Err(()),
                Err(error) => {
                    self.farewell(&error).await;
                    return Err(());
                }
            }
        }
    }

    fn greet(&mut self, request: &Request, own: &Caller) -> Result<Hello, Error> {
        if request.channel != octo_proto::channel::SYSTEM || request.cmd()? != "hello" {
            return Err(Error::bad_request("the first request of a connection is `hello` on channel `system`"));
        }
        let hello: Hello = serde_json::from_str(request.body.get())
            .map_err(|error| Error::bad_request(format!("`hello`: {error}")))?;
        hello.negotiate(octo_proto::PROTOCOL)?;
        // Who connects runs under our own uid, so it may name whom it speaks for; by itself it is the user.
        self.caller = Some(hello.caller.unwrap_or_else(|| own.clone()));
        if let Some(socket) = &hello.ssh_auth_sock {
            self.runner.offer_ssh_agent(socket);
        }
        let mut reply = Hello::reply("octo-runner", env!("CARGO_PKG_VERSION"));
        reply.epoch = Some(self.runner.epoch());
        Ok(reply)
    }

    async fn refuse(&mut self, bad: BadFrame) -> std::io::Result<()> {
        let channel = bad.channel.unwrap_or_else(|| octo_proto::channel::SYSTEM.to_owned());
        let reply = Reply { channel, id: bad.id.unwrap_or_default(), result: Err(bad.error), bytes: Bytes::new() };
        self.send(&Frame::Reply(reply).encode()).await
    }

    async fn take(
        &mut self,
        incoming: Incoming,
        permit: tokio::sync::OwnedSemaphorePermit,
        tasks: &TaskTracker,
    ) -> std::io::Result<()> {
        let request = match incoming {
            Incoming::Bad(bad) => return self.refuse(bad).await,
            Incoming::Frame(Frame::Request(request)) => request,
            Incoming::Frame(Frame::Reply(_) | Frame::Event(_) | Frame::Data(_)) => return Ok(()),
        };
        let Some(caller) = self.caller.clone() else { return Ok(()) };
        if request.channel == octo_proto::channel::FILES {
            let asked = files::Asked { runner: self.runner.clone(), caller, request, tell: self.answered.clone() };
            tasks.spawn(files::serve(asked, self.files.clone(), permit));
            return Ok(());
        }
        match dispatch::allowed(&request, &caller) {
            Err(error) => self.send(&Frame::Reply(request.reply(Err(error))).encode()).await,
            Ok(Some(Command::Watch { after })) => {
                let answer = self.watch(request.session_id.clone(), after).await;
                self.send(&Frame::Reply(reply_of(&request, answer)).encode()).await?;
                self.pump().await
            }
            Ok(Some(Command::Unwatch {})) => {
                self.watches.remove(&request.session_id);
                self.send(&Frame::Reply(reply_of(&request, Ok(Done {}))).encode()).await
            }
            Ok(command) => {
                let (runner, answered) = (self.runner.clone(), self.answered.clone());
                tasks.spawn(async move {
                    let reply = dispatch::answer(&runner, &caller, request, command).await;
                    // The connection may be gone; a repeat of the request gets the same answer.
                    drop(answered.send(Frame::Reply(reply)).await);
                    drop(permit);
                });
                Ok(())
            }
        }
    }

    async fn watch(&mut self, session: Option<SessionId>, after: Option<Cursor>) -> Result<WatchReply, Error> {
        let watch = match &session {
            None => Watch::index(self.runner.index().clone(), after, &self.wake),
            Some(id) => Watch::session(self.runner.session(id).await?, self.runner.store().clone(), after, &self.wake),
        };
        let cursor = watch.cursor();
        self.watches.insert(session, watch);
        Ok(WatchReply { cursor })
    }

    /// Gives each watch that has something its turn, until none has, or something else is to be written first.
    async fn pump(&mut self) -> std::io::Result<()> {
        loop {
            let next = match &self.turn {
                Some(last) => self.watches.range((std::ops::Bound::Excluded(last), std::ops::Bound::Unbounded)).next(),
                None => None,
            };
            let Some(first) = next.or_else(|| self.watches.iter().next()).map(|(key, _)| key.clone()) else {
                return Ok(());
            };
            let keys: Vec<_> = self.watches.keys().cloned().collect();
            let from = keys.iter().position(|key| *key == first).unwrap_or(0);
            let mut quiet = true;
            for key in keys[from..].iter().chain(&keys[..from]) {
                let Some(watch) = self.watches.get_mut(key) else { continue };
                let frames = watch.pull(TURN, self.runner.now()).await;
                self.turn = Some(key.clone());
                if frames.is_empty() {
                    continue;
                }
                quiet = false;
                for frame in frames {
                    self.write.write_all(&frame).await?;
                }
                while let Ok(frame) = self.outgoing.try_recv() {
                    self.send(&frame.encode()).await?;
                }
            }
            if quiet {
                return Ok(());
            }
        }
    }
}

/// The reply to a request, with what it carries.
pub(super) fn reply_of<T: Serialize>(request: &Request, answer: Result<T, Error>) -> Reply {
    let answer =
        answer.and_then(|ok| serde_json::value::to_raw_value(&ok).map_err(|error| Error::internal(error.to_string())));
    request.reply(answer)
}
