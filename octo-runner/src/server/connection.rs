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
    sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    dispatch::{self, Asked},
    files,
    screens::Screens,
    watch::Watch,
};
use crate::{bounds, runner::Runner};

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
    /// Boxed, since a channel holds places for many.
    replies: mpsc::Receiver<Box<Reply>>,
    answered: mpsc::Sender<Box<Reply>>,
    /// What channel `files` tells, its replies in order with its events.
    told: mpsc::Receiver<Box<Frame>>,
    tell: mpsc::Sender<Box<Frame>>,
    files: files::Desk,
    at_once: Arc<Semaphore>,
    wake: Arc<Notify>,
    watches: BTreeMap<Option<SessionId>, Watch>,
    screens: Screens,
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
    let (answered, replies) = mpsc::channel(AT_ONCE);
    let (tell, told) = mpsc::channel(AT_ONCE);
    let connection = Connection {
        runner,
        write,
        replies,
        answered,
        told,
        tell,
        files: files::Desk::default(),
        at_once: Arc::new(Semaphore::new(AT_ONCE)),
        wake: Arc::new(Notify::new()),
        watches: BTreeMap::new(),
        screens: Screens::default(),
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
        let mut permit = None;
        loop {
            let room = self.at_once.clone();
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                reply = self.replies.recv() => {
                    let Some(reply) = reply else { break };
                    if self.send(&Frame::Reply(*reply).encode()).await.is_err() { break }
                }
                got = room.acquire_owned(), if permit.is_none() => permit = got.ok(),
                // Before what is pulled, which may never end: a terminal that floods can still be interrupted.
                incoming = reader.next(), if permit.is_some() => match incoming {
                    Ok(Some(incoming)) => {
                        if self.take(incoming, &mut permit, &tasks).await.is_err() { break }
                    }
                    Ok(None) => break,
                    Err(error) => {
                        self.farewell(&error).await;
                        break;
                    }
                },
                frame = self.told.recv() => {
                    let Some(frame) = frame else { break };
                    if self.send(&frame.encode()).await.is_err() || self.pump_screens().await.is_err() { break }
                }
                () = self.wake.notified() => if self.pump().await.is_err() { break },
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
        permit: &mut Option<OwnedSemaphorePermit>,
        tasks: &TaskTracker,
    ) -> std::io::Result<()> {
        let request = match incoming {
            Incoming::Bad(bad) => return self.refuse(bad).await,
            Incoming::Frame(Frame::Request(request)) => request,
            Incoming::Frame(Frame::Reply(_) | Frame::Event(_) | Frame::Data(_)) => return Ok(()),
        };
        let Some(caller) = self.caller.clone() else { return Ok(()) };
        if request.channel == octo_proto::channel::FILES {
            let asked = files::Asked { runner: self.runner.clone(), caller, request, tell: self.tell.clone() };
            tasks.spawn(files::serve(asked, self.files.clone(), permit.take()));
            return Ok(());
        }
        match dispatch::allowed(&request, &caller) {
            Err(error) => self.send(&Frame::Reply(request.reply(Err(error))).encode()).await,
            Ok(Asked::Agent(Command::Watch { after })) => {
                let answer = self.watch(request.session_id.clone(), after).await;
                self.wake.notify_one();
                self.send(&Frame::Reply(reply_of(&request, answer)).encode()).await
            }
            Ok(Asked::Agent(Command::Unwatch {})) => {
                self.watches.remove(&request.session_id);
                self.send(&Frame::Reply(reply_of(&request, Ok(Done {}))).encode()).await
            }
            Ok(asked) => {
                if let Asked::Terminal(command) = &asked
                    && let Some(answer) = self.screens.on(&self.runner, &caller, (&request, command), &self.wake)
                {
                    return self.send(&Frame::Reply(reply_of(&request, answer)).encode()).await;
                }
                let (runner, answered) = (self.runner.clone(), self.answered.clone());
                let permit = permit.take();
                tasks.spawn(async move {
                    let reply = dispatch::answer(&runner, &caller, request, asked).await;
                    // The connection may be gone; a repeat of the request gets the same answer.
                    drop(answered.send(Box::new(reply)).await);
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

    /// Gives each terminal and each watch that has something its turn. Where there is more, it is told to go on: what is
    /// to be read or answered comes in between.
    async fn pump(&mut self) -> std::io::Result<()> {
        let mut quiet = self.pump_screens().await?;
        let keys: Vec<_> = self.watches.keys().cloned().collect();
        let after = |last: &Option<SessionId>| keys.iter().position(|key| key > last).unwrap_or(0);
        let from = self.turn.as_ref().map_or(0, after);
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
            while let Ok(reply) = self.replies.try_recv() {
                self.send(&Frame::Reply(*reply).encode()).await?;
            }
            if let Ok(frame) = self.told.try_recv() {
                self.send(&frame.encode()).await?;
            }
            self.pump_screens().await?;
        }
        if !quiet {
            self.wake.notify_one();
        }
        Ok(())
    }

    /// Gives each terminal its turn; true where none had anything.
    async fn pump_screens(&mut self) -> std::io::Result<bool> {
        let mut quiet = true;
        for frame in self.screens.pull(TURN) {
            quiet = false;
            self.write.write_all(&frame).await?;
        }
        Ok(quiet)
    }
}

/// The reply to a request, with what it carries.
pub(super) fn reply_of<T: Serialize>(request: &Request, answer: Result<T, Error>) -> Reply {
    let answer = answer.and_then(|ok| bounds::body(&ok).map_err(|error| Error::internal(error.to_string())));
    request.reply(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size_of_task<F>(_: impl Fn(Runner, tokio::io::DuplexStream, Caller, CancellationToken) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn the_task_of_a_connection_is_small() {
        let size = size_of_task(serve);
        assert!(size < 3 * 1024, "each connection takes {size} bytes");
    }
}
