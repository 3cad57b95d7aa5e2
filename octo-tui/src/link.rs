//! The connection to octod: made again whenever it is lost.

pub mod state;

use std::{collections::VecDeque, path::PathBuf, time::Duration};

use futures_util::{StreamExt, stream::FuturesUnordered};
use octo_proto::{
    Error, Event, channel,
    client::{Client, Events, Told},
    frame::{EventFrame, Request},
    hello::Hello,
    terminal::TerminalEvent,
};
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::state::{Effect, Input, State, Status};
use crate::{
    app::{effect::Asked, input::Heard},
    pane::Answer,
};

/// What may wait in either direction. When the app is busy the link reads no further, and octod waits.
const WAITING: usize = 64;

/// The app's side of the link.
#[derive(Debug)]
pub struct Link {
    /// Takes requests.
    pub asked: mpsc::Sender<Asked>,
    /// Tells what was heard.
    pub heard: mpsc::Receiver<Heard>,
}

impl Link {
    /// Starts the link to the socket at `path`; it ends with `stop`.
    #[must_use]
    pub fn start(path: PathBuf, hello: Hello, tasks: &TaskTracker, stop: CancellationToken) -> Self {
        let (asked, requests) = mpsc::channel(WAITING);
        let (tell, heard) = mpsc::channel(WAITING);
        let task = LinkTask { path, hello, requests, tell, state: State::default(), connection: 0 };
        tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = task.run() => {}
            }
        });
        Self { asked, heard }
    }
}

struct LinkTask {
    path: PathBuf,
    hello: Hello,
    requests: mpsc::Receiver<Asked>,
    tell: mpsc::Sender<Heard>,
    state: State,
    connection: u64,
}

impl LinkTask {
    async fn run(mut self) {
        let mut held: Option<(Client, Events)> = None;
        let mut effects: VecDeque<Effect> = self.state.on(now(), Input::Start).into();
        while let Some(effect) = effects.pop_front() {
            let input = match effect {
                Effect::Tell(status) => {
                    if let Status::Up(connection) = status {
                        self.connection = connection;
                    }
                    if self.tell.send(Heard::Status(status)).await.is_err() {
                        return;
                    }
                    continue;
                }
                Effect::Wait(ms) => {
                    tokio::time::sleep(Duration::from_millis(ms)).await;
                    Input::Waited
                }
                Effect::Connect => match Client::connect(&self.path, &self.hello).await {
                    Ok(connection) => {
                        held = Some(connection);
                        Input::Connected
                    }
                    Err(error) => Input::Lost(error.message),
                },
                Effect::Serve => {
                    if let Some((client, events)) = held.take()
                        && self.serve(&client, events).await.is_none()
                    {
                        return;
                    }
                    Input::Lost("octod closed the connection".to_owned())
                }
            };
            effects.extend(self.state.on(now(), input));
        }
    }

    /// Carries requests, replies and events until the connection is lost. None: the app has ended.
    async fn serve(&mut self, client: &Client, mut events: Events) -> Option<()> {
        let mut open = FuturesUnordered::new();
        let mut waiting: Option<Heard> = None;
        loop {
            tokio::select! {
                permit = self.tell.reserve(), if waiting.is_some() => permit.ok()?.send(waiting.take()?),
                reply = open.next(), if waiting.is_none() && !open.is_empty() => waiting = reply,
                told = events.recv(), if waiting.is_none() => match told {
                    Some(Told::Event(frame)) => waiting = Some(read_event(frame)),
                    Some(Told::Data(data)) => waiting = Some(Heard::Output(data)),
                    None => return Some(()),
                },
                asked = self.requests.recv() => {
                    let asked = asked?;
                    if asked.connection == self.connection {
                        open.push(answer(client.clone(), asked));
                    }
                }
            }
        }
    }
}

async fn answer(client: Client, asked: Asked) -> Heard {
    let id = asked.id.clone();
    Heard::Reply { result: ask(&client, asked).await, id }
}

async fn ask(client: &Client, asked: Asked) -> Result<Answer, Error> {
    let mut request = Request::new(asked.call.channel(), asked.id.0, &asked.call)
        .map_err(|error| Error::internal(format!("a request that cannot be written: {error}")))?;
    request.session_id = asked.session;
    request.bytes = asked.bytes;
    let reply = client.request(request).await?;
    Ok(Answer { body: reply.result?.get().to_owned(), bytes: reply.bytes })
}

fn read_event(frame: EventFrame) -> Heard {
    let body = frame.body.get();
    match frame.channel.as_str() {
        channel::FILES => serde_json::from_str(body).map_or(Heard::Unknown, Heard::Files),
        channel::TERMINAL => match serde_json::from_str(body) {
            Ok(TerminalEvent::Unknown) | Err(_) => Heard::Unknown,
            Ok(event) => Heard::Terminal(event),
        },
        _ => match serde_json::from_str::<Event>(body) {
            Ok(Event::Unknown) | Err(_) => Heard::Unknown,
            Ok(event) => Heard::Event { session_id: frame.session_id, cursor: frame.cursor, event: Box::new(event) },
        },
    }
}

/// ms since 1970.
#[must_use]
pub fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
