//! One client's connection to its runner: says for whom, carries frames, and comes back after a loss.

pub mod state;

use std::{io, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use interprocess::local_socket::{
    GenericFilePath, ToFsName,
    tokio::{Stream, prelude::*},
};
use octo_proto::{
    Code, Error, Frame,
    frame::Request,
    hello::Hello,
    id::RequestId,
    wire::{FrameReader, Incoming, write_frame},
};
use tokio::{
    io::{ReadHalf, WriteHalf, split},
    time::{Instant, sleep_until, timeout},
};

use self::state::{Effect, Input, State};
use crate::{gateway::outbox::Outbox, runners::Runners};

/// How long a runner may take to accept and say hello.
const HELLO: Duration = Duration::from_secs(5);

/// What a link tells.
#[derive(Debug)]
pub enum Told {
    /// The runner sent a frame.
    Frame(Frame),
    /// The runner said hello; `again`: after it was lost.
    Ready {
        /// After a loss.
        again: bool,
    },
    /// The runner is lost, or could not be reached in time.
    Lost,
}

/// Whether a request can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It must wait a little.
    Opening,
    /// It can.
    Up,
    /// Not for so many ms.
    Lost {
        /// When the next attempt is due.
        retry_after_ms: u64,
    },
}

/// The connection to a runner.
pub struct Link {
    state: State,
    wire: Wire,
    runners: Arc<Runners>,
    hello: Arc<Hello>,
    began: Instant,
    /// Sets the retries of many links apart.
    spread: u8,
    /// Why the last connection or attempt failed.
    why: String,
}

enum Wire {
    Waiting { until: Instant },
    Connecting(BoxFuture<'static, Result<Connection, Failure>>),
    Open(Box<Connection>),
    Broken,
}

struct Connection {
    reader: FrameReader<ReadHalf<Stream>>,
    writer: Outbox<WriteHalf<Stream>>,
}

struct Failure {
    absent: bool,
    why: String,
}

impl Link {
    /// Begins to connect; `hello` says for whom.
    #[must_use]
    pub fn new(runners: Arc<Runners>, hello: Hello, spread: u8) -> Self {
        let (state, _) = State::begin(0);
        let hello = Arc::new(hello);
        let wire = Wire::Connecting(connect(Arc::clone(&runners), Arc::clone(&hello)));
        Self { state, wire, runners, hello, began: Instant::now(), spread, why: String::new() }
    }

    /// Whether a request can be sent now.
    #[must_use]
    pub fn status(&self) -> Status {
        match self.state {
            State::Opening { .. } => Status::Opening,
            State::Up => Status::Up,
            State::Lost { retry_at, .. } => Status::Lost { retry_after_ms: retry_at.saturating_sub(self.now()).max(1) },
        }
    }

    /// What a request gets that cannot be sent, or may not be answered.
    #[must_use]
    pub fn unavailable(&self) -> Error {
        let message = format!("the runner cannot be reached: {}", self.why);
        let mut error = Error::new(Code::Unavailable, message).hint(self.runners.hint());
        if let Status::Lost { retry_after_ms } = self.status() {
            error.retry_after_ms = Some(retry_after_ms);
        }
        error
    }

    /// Takes a frame to send; call only when [`Link::is_idle`].
    pub fn put(&mut self, frame: &Frame) {
        if let Wire::Open(connection) = &mut self.wire {
            connection.writer.put(frame);
        }
    }

    /// Whether the last frame has gone.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        match &self.wire {
            Wire::Open(connection) => connection.writer.is_idle(),
            Wire::Waiting { .. } | Wire::Connecting(_) | Wire::Broken => true,
        }
    }

    /// Sends on what was taken and, if `reads`, gives the next thing that it tells. None: a frame has gone. Cancelling it
    /// loses nothing.
    pub async fn next(&mut self, reads: bool) -> Option<Told> {
        loop {
            let input = match &mut self.wire {
                Wire::Open(connection) => match connection.pass(reads).await {
                    Ok(Passed::Sent) => return None,
                    Ok(Passed::Read(Incoming::Frame(frame))) => return Some(Told::Frame(frame)),
                    Ok(Passed::Read(Incoming::Bad(bad))) => {
                        tracing::warn!(%bad, "the runner sent a line that is no frame");
                        continue;
                    }
                    Err(why) => {
                        self.why = why;
                        self.wire = Wire::Broken;
                        continue;
                    }
                },
                // There is nothing to send, and nothing may be told.
                Wire::Waiting { .. } | Wire::Connecting(_) | Wire::Broken if !reads => std::future::pending().await,
                Wire::Broken => Input::Broke { now: self.now() },
                Wire::Waiting { until } => {
                    sleep_until(*until).await;
                    Input::Due
                }
                Wire::Connecting(attempt) => match attempt.await {
                    Ok(connection) => {
                        self.wire = Wire::Open(Box::new(connection));
                        self.runners.found();
                        Input::Connected
                    }
                    Err(Failure { absent, why }) => {
                        self.why = why;
                        Input::Failed { now: self.now(), absent }
                    }
                },
            };
            if let Some(told) = self.perform(input) {
                return Some(told);
            }
        }
    }

    fn perform(&mut self, input: Input) -> Option<Told> {
        let mut told = None;
        for effect in self.state.on(input, self.spread) {
            match effect {
                Effect::Connect => {
                    self.wire = Wire::Connecting(connect(Arc::clone(&self.runners), Arc::clone(&self.hello)));
                }
                Effect::WaitUntil(at) => {
                    self.wire = Wire::Waiting { until: self.began + Duration::from_millis(at) };
                }
                Effect::StartRunner => self.runners.start(),
                Effect::TellReady { again } => told = Some(Told::Ready { again }),
                Effect::TellLost => told = Some(Told::Lost),
            }
        }
        told
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// What became of a step.
enum Passed {
    Sent,
    Read(Incoming),
}

impl Connection {
    async fn pass(&mut self, reads: bool) -> Result<Passed, String> {
        let sends = !self.writer.is_idle();
        tokio::select! {
            sent = self.writer.flush(), if sends => sent.map(|()| Passed::Sent).map_err(|error| error.to_string()),
            read = self.reader.next(), if reads => match read {
                Ok(Some(incoming)) => Ok(Passed::Read(incoming)),
                Ok(None) => Err("the runner closed the connection".to_owned()),
                Err(error) => Err(error.to_string()),
            },
            () = std::future::pending(), if !sends && !reads => Err(String::new()),
        }
    }
}

fn connect(runners: Arc<Runners>, hello: Arc<Hello>) -> BoxFuture<'static, Result<Connection, Failure>> {
    Box::pin(async move {
        let late = |_| Failure { absent: false, why: format!("no hello from it within {} s", HELLO.as_secs()) };
        timeout(HELLO, say_hello(&runners, &hello)).await.map_err(late)?
    })
}

async fn say_hello(runners: &Runners, hello: &Hello) -> Result<Connection, Failure> {
    let unreachable = |error: io::Error| Failure {
        absent: matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused),
        why: format!("{}: {error}", runners.socket().display()),
    };
    let broken = |why: String| Failure { absent: false, why };
    let name = runners.socket().to_fs_name::<GenericFilePath>().map_err(unreachable)?;
    let (receive, mut send) = split(Stream::connect(name).await.map_err(unreachable)?);
    let mut reader = FrameReader::new(receive);
    let request = Request::new(octo_proto::channel::SYSTEM, RequestId::draw().0, hello)
        .map_err(|error| broken(error.to_string()))?;
    write_frame(&mut send, &Frame::Request(request)).await.map_err(|error| broken(error.to_string()))?;
    let answer = reader.next().await.map_err(|error| broken(error.to_string()))?;
    let Some(Incoming::Frame(Frame::Reply(reply))) = answer else {
        return Err(broken("it closed the connection, or does not speak Octo's protocol".to_owned()));
    };
    let peer: Hello = octo_proto::client::parse_reply(&reply).map_err(|error| broken(error.to_string()))?;
    peer.negotiate(octo_proto::PROTOCOL).map_err(|error| broken(error.to_string()))?;
    Ok(Connection { reader, writer: Outbox::new(send) })
}
