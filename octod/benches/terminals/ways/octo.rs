//! A terminal of Octo and a client of octod, on either of its sockets.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use futures_util::{SinkExt, StreamExt};
use octo_proto::{
    Frame,
    client::{Client, Events, Told, parse_reply},
    frame::Request,
    hello::Hello,
    id::{RequestId, TerminalId},
    terminal::{TerminalCommand, TerminalEvent, TerminalReply},
    wire::{encode_message, parse_message},
};
use tokio::{net::TcpStream, runtime::Runtime};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};
use tokio_util::task::TaskTracker;

use super::{COLS, RESET, ROWS, Way};
use crate::house::{Daemon, House, connect};

/// Where octod is reached.
#[derive(Clone, Debug)]
pub(crate) enum Hop {
    /// This socket.
    Local(PathBuf),
    /// This address, with the token.
    Web(String, String),
}

/// A connection to octod.
pub(crate) struct Session {
    runtime: Runtime,
    link: Link,
}

enum Link {
    Local { client: Client, events: Events, tasks: TaskTracker },
    Web(Box<WebSocketStream<MaybeTlsStream<TcpStream>>>),
}

/// A client that shows a terminal.
pub(crate) struct Octo {
    session: Session,
    pub(crate) id: TerminalId,
    roots: Vec<u32>,
    /// Bytes of a redraw that are still to come.
    pub(crate) redraw: u64,
}

impl Hop {
    pub(crate) fn local(house: &House) -> Self {
        Self::Local(house.socket())
    }

    pub(crate) fn web(house: &House) -> Result<Self> {
        let (address, token) = house.web()?;
        Ok(Self::Web(address, token))
    }
}

impl Session {
    pub(crate) fn connect(hop: &Hop) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let link = match hop {
            Hop::Local(socket) => {
                let (client, events) = runtime.block_on(connect(socket))?;
                Link::Local { client, events, tasks: TaskTracker::new() }
            }
            Hop::Web(address, token) => Link::Web(Box::new(runtime.block_on(open_web(address, token))?)),
        };
        Ok(Self { runtime, link })
    }

    /// Asks, and does not wait for the reply.
    fn ask(&mut self, request: Request) -> Result<()> {
        match &mut self.link {
            Link::Local { client, tasks, .. } => {
                let client = client.clone();
                tasks.spawn_on(async move { client.request(request).await }, self.runtime.handle());
                Ok(())
            }
            Link::Web(socket) => {
                let (message, binary) = encode_message(&Frame::Request(request));
                let message =
                    if binary { Message::binary(message) } else { Message::text(String::from_utf8(message)?) };
                Ok(self.runtime.block_on(socket.send(message))?)
            }
        }
    }

    /// Waits for what comes next.
    fn next(&mut self) -> Result<Frame> {
        match &mut self.link {
            Link::Local { events, .. } => {
                let told = self.runtime.block_on(events.recv()).context("octod closed the connection")?;
                Ok(match told {
                    Told::Event(event) => Frame::Event(event),
                    Told::Data(data) => Frame::Data(data),
                })
            }
            Link::Web(socket) => loop {
                let message = self.runtime.block_on(socket.next()).context("octod closed the connection")??;
                match message {
                    Message::Text(text) => return Ok(parse_message(&text.into(), false)?),
                    Message::Binary(bytes) => return Ok(parse_message(&bytes, true)?),
                    Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
                    Message::Close(_) => bail!("octod closed the connection"),
                }
            },
        }
    }
}

async fn open_web(address: &str, token: &str) -> Result<WebSocketStream<MaybeTlsStream<TcpStream>>> {
    let (mut socket, _) = connect_async(address).await?;
    if let MaybeTlsStream::Plain(stream) = socket.get_ref() {
        stream.set_nodelay(true)?;
    }
    let mut hello = Hello::request("bench", env!("CARGO_PKG_VERSION"));
    hello.token = Some(token.to_owned());
    let request = Request::new(octo_proto::channel::SYSTEM, RequestId::draw().0, &hello)?;
    let (message, _) = encode_message(&Frame::Request(request));
    socket.send(Message::text(String::from_utf8(message)?)).await?;
    match socket.next().await.context("octod answers hello")?? {
        Message::Text(text) => match parse_message(&text.into(), false)? {
            Frame::Reply(reply) => drop(parse_reply::<Hello>(&reply)?),
            Frame::Request(_) | Frame::Event(_) | Frame::Data(_) => bail!("octod does not answer hello"),
        },
        other => bail!("octod answers hello with {other:?}"),
    }
    Ok(socket)
}

fn request(command: &TerminalCommand) -> Result<Request> {
    Ok(Request::new(octo_proto::channel::TERMINAL, RequestId::draw().0, command)?)
}

impl Octo {
    /// Opens a terminal and shows it.
    pub(crate) fn open(house: &House, hop: &Hop, script: &str) -> Result<Self> {
        let id = open(house, script)?;
        Self::attach(house, Session::connect(hop)?, id)
    }

    /// Shows a terminal, with the usual lines of history.
    pub(crate) fn attach(house: &House, session: Session, id: TerminalId) -> Result<Self> {
        Self::attach_with(house, session, id, None)
    }

    /// Shows a terminal, with so many lines of history.
    pub(crate) fn attach_with(
        house: &House,
        mut session: Session,
        terminal_id: TerminalId,
        history: Option<u32>,
    ) -> Result<Self> {
        let id = terminal_id.clone();
        let attach = TerminalCommand::Attach { terminal_id, after: None, cols: COLS, rows: ROWS, write: true, history };
        session.ask(request(&attach)?)?;
        let mut roots = vec![house.pid(Daemon::Octod)?, house.pid(Daemon::Runner)?];
        roots.extend(house.pids("octo-shim")?);
        Ok(Self { session, id, roots, redraw: 0 })
    }

    /// Waits until the screen is drawn.
    pub(crate) fn until_drawn(&mut self) -> Result<u64> {
        let mut count = 0;
        loop {
            count += self.next()?.len() as u64;
            if self.redraw == 0 && count > 0 {
                return Ok(count);
            }
        }
    }

    fn shows(&mut self, frame: Frame) -> Result<Option<Vec<u8>>> {
        match frame {
            Frame::Data(data) => {
                self.redraw = self.redraw.saturating_sub(data.bytes.len() as u64);
                Ok(Some(data.bytes.to_vec()))
            }
            Frame::Event(event) if event.channel == octo_proto::channel::TERMINAL => {
                match serde_json::from_str(event.body.get())? {
                    TerminalEvent::Screen { redraw, .. } => {
                        self.redraw = redraw;
                        Ok(Some(RESET.to_vec()))
                    }
                    TerminalEvent::Exited { state, .. } => bail!("the program ended: {state:?}"),
                    TerminalEvent::Owner { .. } | TerminalEvent::Gap { .. } | TerminalEvent::Unknown => Ok(None),
                }
            }
            Frame::Reply(reply) => match reply.result {
                Ok(_) => Ok(None),
                Err(error) => bail!("octod refuses: {error}"),
            },
            Frame::Event(_) | Frame::Request(_) => Ok(None),
        }
    }
}

/// Opens a terminal that runs this script.
pub(crate) fn open(house: &House, script: &str) -> Result<TerminalId> {
    let session = Session::connect(&Hop::local(house))?;
    let Link::Local { client, .. } = &session.link else { bail!("this is the local socket") };
    let command = TerminalCommand::Open {
        cwd: Some(house.work().display().to_string()),
        command: ["/bin/sh", "-c", script].map(str::to_owned).to_vec(),
        cols: COLS,
        rows: ROWS,
    };
    let reply = session.runtime.block_on(client.request(request(&command)?))?;
    Ok(parse_reply::<TerminalReply>(&reply)?.terminal.terminal_id)
}

impl Way for Octo {
    fn types(&mut self, bytes: &[u8]) -> Result<()> {
        let input = request(&TerminalCommand::Input { terminal_id: self.id.clone() })?;
        self.session.ask(Request { bytes: bytes.to_vec().into(), ..input })
    }

    fn next(&mut self) -> Result<Vec<u8>> {
        loop {
            let frame = self.session.next()?;
            if let Some(bytes) = self.shows(frame)? {
                return Ok(bytes);
            }
        }
    }

    fn roots(&self) -> Vec<u32> {
        self.roots.clone()
    }
}
