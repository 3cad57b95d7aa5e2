//! `octoctl watch`, and the watch that outlives a lost connection: it comes back with its cursor.

use std::{collections::VecDeque, path::PathBuf, time::Duration};

use octo_proto::{
    Command, Cursor, Event, Frame, channel,
    client::parse_reply,
    command::WatchReply,
    frame::{EventFrame, Request},
    id::SessionId,
};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep};

use super::{
    Connection, Context, Failure, Process,
    connection::request,
    narration::Narrator,
    output::reader_gone,
    session::{state_text, title},
    target::{self, short},
};

/// How long a lost daemon may take to come back.
const PATIENCE: Duration = Duration::from_secs(20);

/// Between two tries to reach it.
const PAUSE: Duration = Duration::from_millis(100);

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Which session; without it, all of them: one line whenever one changes.
    session: Option<String>,
    /// Go on behind this cursor, as `--json` printed it.
    #[arg(long, value_name = "CURSOR")]
    after: Option<Cursor>,
}

/// A watch of one session, or of the index.
#[derive(Debug)]
pub(crate) struct Watching {
    socket: PathBuf,
    process: Process,
    connection: Connection,
    session: Option<SessionId>,
    cursor: Option<Cursor>,
    /// Told while a reply was waited for.
    told: VecDeque<EventFrame>,
}

impl Watching {
    /// Watches behind a cursor; without one, from the present.
    pub(crate) async fn begin(
        context: &Context,
        connection: Connection,
        session: Option<&SessionId>,
        after: Option<Cursor>,
    ) -> Result<Self, Failure> {
        let mut watching = Self {
            socket: context.socket.clone(),
            process: context.process.clone(),
            connection,
            session: session.cloned(),
            cursor: after,
            told: VecDeque::new(),
        };
        watching.watch().await?;
        Ok(watching)
    }

    /// The session that is watched; none of the index.
    pub(crate) fn session(&self) -> Option<&SessionId> {
        self.session.as_ref()
    }

    async fn watch(&mut self) -> Result<(), Failure> {
        let request = request(self.session.as_ref(), &Command::Watch { after: self.cursor })?;
        let told = &mut self.told;
        let reply = self.connection.exchange(request, |event| told.push_back(event)).await?;
        parse_reply::<WatchReply>(&reply)?;
        Ok(())
    }

    /// The next event. Comes back by itself when the daemon or its runner was lost.
    pub(crate) async fn next(&mut self) -> Result<(EventFrame, Event), Failure> {
        loop {
            let frame = match self.told.pop_front() {
                Some(frame) => Some(frame),
                None => self.connection.event().await,
            };
            let Some(frame) = frame else {
                self.come_back().await?;
                continue;
            };
            let event = serde_json::from_str(frame.body.get()).unwrap_or(Event::Unknown);
            match event {
                Event::RunnerReady {} => self.watch_again().await?,
                Event::RunnerLost {} => {}
                _ if frame.channel == channel::AGENT
                    && (self.session.is_none() || frame.session_id == self.session) =>
                {
                    self.cursor = Some(frame.cursor);
                    return Ok((frame, event));
                }
                _ => {}
            }
        }
    }

    /// Sends a request about the session; when the connection is lost meanwhile, comes back and repeats it with the
    /// same id, so that it has one effect.
    pub(crate) async fn ask<T: DeserializeOwned>(&mut self, request: Request) -> Result<T, Failure> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let told = &mut self.told;
            match self.connection.exchange(request.clone(), |event| told.push_back(event)).await {
                Ok(reply) => return Ok(parse_reply(&reply)?),
                Err(failure) if failure.is_unreachable() && Instant::now() < deadline => self.come_back().await?,
                Err(failure) => return Err(failure),
            }
        }
    }

    /// Connects anew and watches behind the last cursor.
    async fn come_back(&mut self) -> Result<(), Failure> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let back = match Connection::open(&self.socket, &self.process).await {
                Ok(connection) => {
                    self.connection = connection;
                    self.watch().await
                }
                Err(failure) => Err(failure),
            };
            match back {
                Err(failure) if failure.is_unreachable() && Instant::now() < deadline => sleep(PAUSE).await,
                done => return done,
            }
        }
    }

    async fn watch_again(&mut self) -> Result<(), Failure> {
        match self.watch().await {
            Err(failure) if failure.is_unreachable() => self.come_back().await,
            done => done,
        }
    }
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<(), Failure> {
    let mut connection = context.connect().await?;
    let session = match &args.session {
        Some(session) => Some(target::session(&mut connection, session).await?),
        None => None,
    };
    let mut watching = Watching::begin(context, connection, session.as_ref(), args.after).await?;
    let mut narrator = Narrator::default();
    let gone = reader_gone();
    tokio::pin!(gone);
    loop {
        let (frame, event) = tokio::select! {
            told = watching.next() => told?,
            () = &mut gone => return Ok(()),
        };
        if context.output.json {
            context.output.text(&frame_line(frame))?;
        } else if session.is_some() {
            context.output.text(&narrator.on(&event))?;
        } else {
            context.output.text(&index_lines(&event))?;
        }
        if session.is_some() && matches!(event, Event::SessionClosed { deleted: true, .. }) {
            return Ok(());
        }
    }
}

/// A frame as it came, on a line.
pub(super) fn frame_line(frame: EventFrame) -> String {
    String::from_utf8_lossy(&Frame::Event(frame).encode()).into_owned()
}

fn index_lines(event: &Event) -> String {
    let line = |entry: &octo_proto::index::IndexEntry| {
        format!("{}  {}  {}\n", short(&entry.info.session_id), state_text(entry), title(entry))
    };
    match event {
        Event::IndexSnapshot { entries } => entries.iter().map(line).collect(),
        Event::IndexUpdated { entry } => line(entry),
        Event::IndexRemoved { session_id } => format!("{}  deleted\n", short(session_id)),
        _ => String::new(),
    }
}
