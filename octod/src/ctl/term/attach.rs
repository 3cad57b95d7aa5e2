//! `octoctl term attach`: a terminal of Octo in the one at hand, until it is left. It comes back after every loss.

use std::{io::Read, time::Duration};

use futures_util::future::{BoxFuture, FutureExt};
use octo_proto::{
    Code, Error, Event,
    client::{Client, Events, Told, parse_reply},
    frame::{Data, EventFrame, Request},
    id::TerminalId,
    terminal::{Attached, MAX_INPUT, TerminalCommand, TerminalEvent, TerminalState},
};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc,
    time::{Instant, sleep, sleep_until},
};

use super::{
    ended,
    keys::{Keys, Wish},
    request,
    screen::{Screen, size},
    view::View,
};
use crate::ctl::{Context, Failure, connection::hello};

/// How long it is tried to come back after a loss.
const LOST: Duration = Duration::from_secs(20);

/// Between two tries, and before what a busy program did not take is typed again.
const PAUSE: Duration = Duration::from_millis(200);

/// How long what was typed before it was left may take to be on its way.
const LEAVING: Duration = Duration::from_secs(2);

/// Bytes that may wait to be typed; then the keyboard is not read.
const TYPED: usize = 64 * 1024;

/// How it ends.
enum End {
    Detached,
    Ended(TerminalState),
    Told,
    Failed(Failure),
}

/// Why a connection is not carried on.
enum Break {
    End(End),
    /// It is lost, or the runner behind it: attach again.
    Lost,
}

pub(super) async fn run(context: &Context, id: TerminalId, look: bool) -> Result<(), Failure> {
    if !context.process.stdin_is_terminal || !context.process.stdout_is_terminal {
        return Err(Failure::usage("a terminal can only be attached to a terminal")
            .hint("`octoctl term screen`, `send` and `wait` are for scripts"));
    }
    if context.process.terminal.as_deref() == Some(id.as_str()) {
        return Err(Failure::usage("this runs in that terminal, which would show itself in itself")
            .hint("attach to it from elsewhere"));
    }
    let signals = Signals {
        resized: signal(SignalKind::window_change())?,
        terminate: signal(SignalKind::terminate())?,
        hangup: signal(SignalKind::hangup())?,
    };
    let view = View::new(Screen::take()?);
    let mut attachment = Attachment {
        context,
        id: id.clone(),
        look,
        view,
        signals,
        stdin: stdin(),
        keys: Keys::default(),
        typed: Vec::new(),
        leaving: None,
        at: None,
        redraw: 0,
    };
    let end = attachment.carry().await;
    drop(attachment);
    match end {
        End::Detached => context.output.line(&format!("[left {id}; it goes on]")),
        End::Ended(state) => context.output.line(&format!("[{id}: {}]", ended(&state))),
        End::Told => Ok(()),
        End::Failed(failure) => Err(failure),
    }
}

struct Attachment<'a> {
    context: &'a Context,
    id: TerminalId,
    look: bool,
    view: View,
    signals: Signals,
    stdin: mpsc::Receiver<Vec<u8>>,
    keys: Keys,
    /// What was typed and is not on its way.
    typed: Vec<u8>,
    /// The person left; what was typed before still goes, until then.
    leaving: Option<Instant>,
    /// The offset behind the last byte that is shown.
    at: Option<u64>,
    /// Bytes of a redraw that are still to come.
    redraw: u64,
}

struct Signals {
    resized: Signal,
    terminate: Signal,
    hangup: Signal,
}

/// An input that is on its way, with what was typed.
type Typing = BoxFuture<'static, (Vec<u8>, Result<(), Error>)>;

impl Attachment<'_> {
    async fn carry(&mut self) -> End {
        let mut lost_at = None;
        loop {
            match self.attach().await {
                Ok((client, events)) => {
                    lost_at = None;
                    if let Break::End(end) = self.carry_one(&client, events).await {
                        return end;
                    }
                }
                Err(failure) if !failure.is_unreachable() => return End::Failed(failure),
                Err(failure) => {
                    let since = *lost_at.get_or_insert_with(Instant::now);
                    if since.elapsed() > LOST {
                        return End::Failed(failure);
                    }
                }
            }
            tokio::select! {
                () = sleep(PAUSE) => {}
                end = self.left() => return end,
            }
        }
    }

    /// Waits for the person to leave, while there is no connection.
    async fn left(&mut self) -> End {
        loop {
            tokio::select! {
                _ = self.signals.terminate.recv() => return End::Told,
                _ = self.signals.hangup.recv() => return End::Told,
                piece = self.stdin.recv() => {
                    let Some(piece) = piece else { return End::Told };
                    if self.keys.on(&piece).contains(&Wish::Detach) {
                        return End::Detached;
                    }
                }
            }
        }
    }

    async fn attach(&mut self) -> Result<(Client, Events), Failure> {
        let (client, events) = Client::connect(&self.context.socket, &hello()).await?;
        let (cols, rows) = size().unwrap_or(super::USUAL);
        let (terminal_id, write) = (self.id.clone(), !self.look);
        let command = TerminalCommand::Attach { terminal_id, after: self.at, cols, rows, write, history: None };
        let reply = client.request(request(None, &command)?).await?;
        parse_reply::<Attached>(&reply)?;
        Ok((client, events))
    }

    async fn carry_one(&mut self, client: &Client, mut events: Events) -> Break {
        let mut typing: Option<Typing> = None;
        loop {
            if typing.is_none() && !self.typed.is_empty() {
                typing = Some(self.type_on(client));
            }
            if self.leaving.is_some_and(|until| typing.is_none() || until <= Instant::now()) {
                return Break::End(End::Detached);
            }
            let done = tokio::select! {
                biased;
                _ = self.signals.terminate.recv() => Err(Break::End(End::Told)),
                _ = self.signals.hangup.recv() => Err(Break::End(End::Told)),
                piece = self.stdin.recv(), if self.typed.len() < TYPED && self.leaving.is_none() => self.on_keys(client, piece).await,
                (bytes, answer) = async { typing.as_mut().unwrap_or(&mut never()).await }, if typing.is_some() => {
                    typing = None;
                    self.on_typed(bytes, answer).await
                }
                () = sleep_until(self.view.due().unwrap_or_else(Instant::now)), if self.view.due().is_some() => {
                    let drawn = self.view.picture();
                    self.written(drawn)
                }
                () = sleep_until(self.leaving.unwrap_or_else(Instant::now)), if self.leaving.is_some() => Ok(()),
                _ = self.signals.resized.recv() => self.on_resized(client).await,
                told = events.recv() => match told {
                    Some(told) => self.on_told(told),
                    None => Err(Break::Lost),
                },
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    async fn on_keys(&mut self, client: &Client, piece: Option<Vec<u8>>) -> Result<(), Break> {
        let Some(piece) = piece else { return Err(Break::End(End::Told)) };
        for wish in self.keys.on(&piece) {
            match wish {
                Wish::Type(_) if self.look => self.say("you only look here; Ctrl+] t takes over")?,
                Wish::Type(bytes) => self.typed.extend_from_slice(&bytes),
                Wish::Detach => {
                    self.leaving = Some(Instant::now() + LEAVING);
                    return Ok(());
                }
                Wish::Take => {
                    self.look = false;
                    let command = TerminalCommand::Take { terminal_id: self.id.clone() };
                    self.tell(client, &command).await?;
                }
            }
        }
        Ok(())
    }

    /// Sends what was typed. The next goes when the answer to this is there.
    fn type_on(&mut self, client: &Client) -> Typing {
        let client = client.clone();
        let rest = self.typed.split_off(self.typed.len().min(MAX_INPUT));
        let bytes = std::mem::replace(&mut self.typed, rest);
        let input = request(None, &TerminalCommand::Input { terminal_id: self.id.clone() });
        async move {
            let answer = match input {
                Ok(input) => client.request(Request { bytes: bytes.clone().into(), ..input }).await.map(drop),
                Err(_) => Ok(()),
            };
            (bytes, answer)
        }
        .boxed()
    }

    async fn on_typed(&mut self, bytes: Vec<u8>, answer: Result<(), Error>) -> Result<(), Break> {
        match answer.map_err(|error| error.code) {
            Ok(()) => Ok(()),
            Err(Code::Busy) => {
                self.typed.splice(..0, bytes);
                sleep(PAUSE).await;
                Ok(())
            }
            // What was typed is never sent again where it may have arrived.
            Err(Code::Unavailable) => Err(Break::Lost),
            Err(Code::Conflict) => self.say("another client writes here; Ctrl+] t takes over"),
            Err(_) => self.ring(),
        }
    }

    async fn on_resized(&mut self, client: &Client) -> Result<(), Break> {
        let Some((cols, rows)) = size() else { return Ok(()) };
        let refit = self.view.refit();
        self.written(refit)?;
        let command = TerminalCommand::Resize { terminal_id: self.id.clone(), cols, rows };
        self.tell(client, &command).await
    }

    async fn tell(&self, client: &Client, command: &TerminalCommand) -> Result<(), Break> {
        let request = request(None, command).map_err(|failure| Break::End(End::Failed(failure)))?;
        match client.request(request).await.map_err(|error| error.code) {
            Ok(_) => Ok(()),
            Err(Code::Unavailable) => Err(Break::Lost),
            Err(_) => self.ring(),
        }
    }

    fn on_told(&mut self, told: Told) -> Result<(), Break> {
        match told {
            Told::Data(data) => self.show(&data),
            Told::Event(event) if event.channel == octo_proto::channel::TERMINAL => self.on_event(&event),
            Told::Event(event) => match serde_json::from_str(event.body.get()) {
                Ok(Event::RunnerReady {}) => Err(Break::Lost),
                Ok(_) | Err(_) => Ok(()),
            },
        }
    }

    fn show(&mut self, data: &Data) -> Result<(), Break> {
        let bytes = data.bytes.len() as u64;
        if self.redraw > 0 {
            self.redraw = self.redraw.saturating_sub(bytes);
        } else {
            self.at = Some(data.offset + bytes);
        }
        let shown = self.view.show(&data.bytes);
        self.written(shown)
    }

    fn on_event(&mut self, event: &EventFrame) -> Result<(), Break> {
        match serde_json::from_str(event.body.get()) {
            Ok(TerminalEvent::Screen { offset, redraw, cols, rows, .. }) => {
                (self.at, self.redraw) = (Some(offset), redraw);
                let begun = self.view.begin(cols, rows);
                self.written(begun)
            }
            Ok(TerminalEvent::Owner { cols, rows, .. }) => {
                let resized = self.view.resize(cols, rows);
                self.written(resized)
            }
            Ok(TerminalEvent::Exited { state, .. }) => Err(Break::End(End::Ended(state))),
            Ok(TerminalEvent::Gap { .. } | TerminalEvent::Unknown) | Err(_) => Ok(()),
        }
    }

    fn say(&mut self, text: &str) -> Result<(), Break> {
        let said = self.view.say(text);
        self.written(said)
    }

    fn ring(&self) -> Result<(), Break> {
        self.written(self.view.ring())
    }

    /// A terminal that cannot be written to is gone.
    fn written(&self, written: std::io::Result<()>) -> Result<(), Break> {
        written.map_err(|_| Break::End(End::Told))
    }
}

fn never() -> Typing {
    std::future::pending().boxed()
}

/// Reads the keyboard on a thread of its own: a read of it cannot be given up.
fn stdin() -> mpsc::Receiver<Vec<u8>> {
    let (pieces, receiver) = mpsc::channel(1);
    std::thread::spawn(move || {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(read @ 1..) = std::io::stdin().lock().read(&mut buffer) {
            if pieces.blocking_send(buffer[..read].to_vec()).is_err() {
                return;
            }
        }
    });
    receiver
}
