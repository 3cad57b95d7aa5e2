//! `octoctl term`: terminals that go on when nobody looks.

mod attach;
mod keys;
mod past;
mod queries;
mod screen;
mod typing;
mod view;

use std::{path::PathBuf, time::Duration};

use clap::Subcommand;
use octo_proto::{
    Error,
    command::Done,
    frame::Request,
    id::{RequestId, SessionId, TerminalId},
    terminal::{TerminalCommand, TerminalInfo, TerminalList, TerminalReply, TerminalState},
};

use super::{
    Connection, Context, Exit, Failure,
    output::{Color, age},
    process::now,
    send::seconds,
    table::{Cell, Table},
    target::{self, short_of},
};

/// How long one `wait` of the runner's is, which is asked for again and again.
const ROUND: Duration = Duration::from_secs(60);

/// The size of a terminal that is opened from where there is none.
const USUAL: (u16, u16) = (80, 24);

/// `octoctl term …`.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "ID is an id (trm_…), a unique end of it as `octoctl term list` shows, or @last for the newest \
                        terminal."
)]
pub(super) enum Verb {
    /// Open a terminal and print its id.
    Open(OpenArgs),
    /// List all terminals, the oldest first.
    List {
        /// Only those of this session.
        #[arg(long, value_name = "SESSION")]
        session: Option<String>,
    },
    /// Show a terminal here, and type into it.
    ///
    /// Ctrl+] d leaves it as it is, and everything in it goes on. Ctrl+] t makes you the one who writes, where another
    /// client does. Ctrl+] Ctrl+] types Ctrl+] itself.
    Attach {
        /// Which.
        id: String,
        /// Only look.
        #[arg(long)]
        look: bool,
    },
    /// Type a text into a terminal, where nobody else writes.
    Send {
        /// Which.
        id: String,
        /// What to type; `-` reads it from stdin, to its end. A line end is typed as Enter.
        #[arg(allow_hyphen_values = true)]
        text: String,
        /// Press Enter behind it.
        #[arg(long)]
        enter: bool,
        /// Even where somebody else writes.
        #[arg(long)]
        take: bool,
    },
    /// Print what is on a terminal; with --json also its colours, cursor and modes.
    Screen {
        /// Which.
        id: String,
        /// Print so many lines before it that scrolled off the screen.
        #[arg(long, value_name = "LINES", default_value_t = 0)]
        history: u32,
    },
    /// Wait until the program in a terminal has ended: 0 where it went well, 1 where not, 6 out of time.
    Wait {
        /// Which.
        id: String,
        /// Wait at most this many seconds.
        #[arg(long, value_name = "S", value_parser = seconds)]
        timeout: Option<Duration>,
    },
    /// Kill all that runs in a terminal and forget it.
    Close {
        /// Which.
        id: String,
    },
}

#[derive(clap::Args, Debug)]
pub(super) struct OpenArgs {
    /// Where the program starts [default: the session's folder, else the current one].
    #[arg(long, value_name = "DIR")]
    cwd: Option<PathBuf>,
    /// The session that is to own it, and that it ends with.
    #[arg(long, value_name = "SESSION")]
    session: Option<String>,
    /// The program with its arguments [default: your shell].
    #[arg(last = true, value_name = "CMD")]
    command: Vec<String>,
}

pub(super) async fn run(context: &Context, verb: Verb) -> Result<(), Failure> {
    match verb {
        Verb::Open(args) => open(context, args).await,
        Verb::List { session } => list(context, session.as_deref()).await,
        Verb::Attach { id, look } => {
            let id = target::terminal(&mut context.connect().await?, &id).await?;
            attach::run(context, id, look).await
        }
        Verb::Send { id, text, enter, take } => {
            let mut connection = context.connect().await?;
            let id = target::terminal(&mut connection, &id).await?;
            let bytes = typing::typed(&text, enter)?;
            if take {
                take_over(&mut connection, &id).await?;
            }
            typing::type_into(&mut connection, &id, &bytes).await?;
            if context.output.json { context.output.object(&Done {}) } else { Ok(()) }
        }
        Verb::Screen { id, history } => past::screen(context, &id, history).await,
        Verb::Wait { id, timeout } => wait(context, &id, timeout).await,
        Verb::Close { id } => {
            let mut connection = context.connect().await?;
            let terminal_id = target::terminal(&mut connection, &id).await?;
            let done: Done = connection.send(request(None, &TerminalCommand::Close { terminal_id })?).await?;
            if context.output.json { context.output.object(&done) } else { Ok(()) }
        }
    }
}

/// A request on channel `terminal`.
pub(crate) fn request(session: Option<&SessionId>, command: &TerminalCommand) -> Result<Request, Failure> {
    let request = Request::new(octo_proto::channel::TERMINAL, RequestId::draw().0, command);
    let request = request.map_err(|error| Failure::from(Error::internal(error.to_string())))?;
    Ok(Request { session_id: session.cloned(), ..request })
}

async fn open(context: &Context, args: OpenArgs) -> Result<(), Failure> {
    let mut connection = context.connect().await?;
    let session = match &args.session {
        Some(session) => Some(target::session(&mut connection, session).await?),
        None => None,
    };
    let cwd = match (args.cwd, &session) {
        (None, Some(_)) => None,
        (cwd, _) => {
            let cwd = std::path::absolute(cwd.unwrap_or_else(|| PathBuf::from(".")))?;
            let text = cwd.to_str().ok_or_else(|| Failure::usage(format!("{} is not UTF-8", cwd.display())))?;
            Some(text.to_owned())
        }
    };
    let (cols, rows) = screen::size().unwrap_or(USUAL);
    let command = TerminalCommand::Open { cwd, command: args.command, cols, rows };
    let reply: TerminalReply = connection.send(request(session.as_ref(), &command)?).await?;
    if context.output.json {
        return context.output.object(&reply);
    }
    context.output.line(reply.terminal.terminal_id.as_str())
}

async fn list(context: &Context, session: Option<&str>) -> Result<(), Failure> {
    let mut connection = context.connect().await?;
    let session = match session {
        Some(session) => Some(target::session(&mut connection, session).await?),
        None => None,
    };
    let list: TerminalList = connection.send(request(session.as_ref(), &TerminalCommand::List {})?).await?;
    if context.output.json {
        return context.output.object(&list);
    }
    let mut table = Table::new(["ID", "STATE", "AGE", "SIZE", "CLIENTS", "COMMAND", "FOLDER"]);
    let now = now();
    for terminal in &list.terminals {
        table.row([
            short_of(terminal.terminal_id.as_str()).into(),
            state(terminal),
            age(now, terminal.created_at).into(),
            format!("{}x{}", terminal.cols, terminal.rows).into(),
            terminal.clients.to_string().into(),
            terminal.command.join(" ").into(),
            terminal.cwd.as_str().into(),
        ]);
    }
    context.output.table(&table)
}

fn state(terminal: &TerminalInfo) -> Cell {
    let text = ended(&terminal.state);
    match terminal.state {
        TerminalState::Running => Cell::colored(text, Color::Green),
        TerminalState::Exited { code: 0 } => text.into(),
        TerminalState::Exited { .. } | TerminalState::Signalled { .. } | TerminalState::Lost { .. } => {
            Cell::colored(text, Color::Red)
        }
    }
}

/// What became of a program, in a few words.
fn ended(state: &TerminalState) -> String {
    match state {
        TerminalState::Running => "running".to_owned(),
        TerminalState::Exited { code } => format!("exited {code}"),
        TerminalState::Signalled { signal } => format!("killed by signal {signal}"),
        TerminalState::Lost { rebooted: true } => "lost (restart of the machine)".to_owned(),
        TerminalState::Lost { rebooted: false } => "lost".to_owned(),
    }
}

/// Becomes the one who writes, on this connection.
async fn take_over(connection: &mut Connection, id: &TerminalId) -> Result<(), Failure> {
    let list: TerminalList = connection.send(request(None, &TerminalCommand::List {})?).await?;
    // As large as it is, so that it stays so.
    let known = list.terminals.iter().find(|terminal| terminal.terminal_id == *id);
    let (cols, rows) = known.map_or(USUAL, |terminal| (terminal.cols, terminal.rows));
    let attach =
        TerminalCommand::Attach { terminal_id: id.clone(), after: None, cols, rows, write: false, history: Some(0) };
    connection.send::<serde_json::Value>(request(None, &attach)?).await?;
    connection.send::<Done>(request(None, &TerminalCommand::Take { terminal_id: id.clone() })?).await?;
    Ok(())
}

async fn wait(context: &Context, id: &str, timeout: Option<Duration>) -> Result<(), Failure> {
    let mut connection = context.connect().await?;
    let terminal_id = target::terminal(&mut connection, id).await?;
    let until = timeout.map(|timeout| tokio::time::Instant::now() + timeout);
    let reply: TerminalReply = loop {
        let left = until.map_or(ROUND, |until| until.saturating_duration_since(tokio::time::Instant::now()).min(ROUND));
        let timeout_ms = Some(u64::try_from(left.as_micros().div_ceil(1000)).unwrap_or(u64::MAX));
        let command = TerminalCommand::Wait { terminal_id: terminal_id.clone(), timeout_ms };
        match connection.send(request(None, &command)?).await {
            Err(failure) if failure.is_timed_out() && left == ROUND => {}
            reply => break reply?,
        }
    };
    if context.output.json {
        context.output.object(&reply)?;
    } else {
        context.output.line(&ended(&reply.terminal.state))?;
    }
    if reply.terminal.state == (TerminalState::Exited { code: 0 }) { Ok(()) } else { Err(Failure::Said(Exit::Failed)) }
}
