//! `octoctl session`, and `abort`.

use std::{
    io::{self, BufRead, Write},
    path::PathBuf,
};

use clap::Subcommand;
use octo_proto::{
    Command,
    command::{Done, ForkReply, SessionList, SessionReply},
    id::{MessageId, SessionId},
    index::IndexEntry,
    session::SessionState,
};
use serde_json::json;

use super::{
    Context, Failure,
    output::{Color, age},
    process::now,
    table::{Cell, Table},
    target::{self, short},
};

/// `octoctl session …`.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Begin a session and print its id.
    New(NewArgs),
    /// List all sessions, the newest first.
    List,
    /// Show one session.
    Show {
        /// Which.
        session: String,
    },
    /// Give a session another title.
    Rename {
        /// Which.
        session: String,
        /// The title.
        title: String,
    },
    /// End a session's process; the session stays.
    Stop {
        /// Which.
        session: String,
    },
    /// Start a session's process again.
    Resume {
        /// Which.
        session: String,
    },
    /// End a session's process and forget the session for ever.
    Delete {
        /// Which.
        session: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Begin a session with what stood before one of your messages, and print its id.
    Fork {
        /// Which.
        session: String,
        /// The message, as `octoctl history show` names it.
        message: String,
    },
}

#[derive(clap::Args, Debug)]
pub(super) struct NewArgs {
    /// Where the agent works [default: the current folder].
    #[arg(long, value_name = "DIR")]
    pub(super) cwd: Option<PathBuf>,
    /// Which kind of agent.
    #[arg(long, default_value = "pi")]
    pub(super) harness: String,
    /// The model, as `octoctl models` names it.
    #[arg(long)]
    pub(super) model: Option<String>,
    /// What to call it.
    #[arg(long)]
    pub(super) title: Option<String>,
}

impl NewArgs {
    pub(super) fn command(self) -> Result<Command, Failure> {
        let cwd = std::path::absolute(self.cwd.unwrap_or_else(|| PathBuf::from(".")))?;
        let cwd = cwd.to_str().ok_or_else(|| Failure::usage(format!("{} is not UTF-8", cwd.display())))?;
        Ok(Command::SessionCreate {
            harness: self.harness,
            cwd: cwd.to_owned(),
            model: self.model,
            title: self.title,
            thinking_level: None,
        })
    }
}

#[derive(clap::Args, Debug)]
pub(super) struct AbortArgs {
    /// Which session.
    session: String,
}

pub(super) async fn run(context: &Context, verb: Verb) -> Result<(), Failure> {
    match verb {
        Verb::New(args) => {
            let command = args.command()?;
            let reply: SessionReply = context.connect().await?.ask(None, &command).await?;
            if context.output.json {
                return context.output.object(&reply);
            }
            context.output.line(reply.session.info.session_id.as_str())
        }
        Verb::List => list(context).await,
        Verb::Show { session } => show(context, &session).await,
        Verb::Rename { session, title } => change(context, &session, &Command::SessionRename { title }).await,
        Verb::Stop { session } => change(context, &session, &Command::SessionStop {}).await,
        Verb::Resume { session } => change(context, &session, &Command::SessionResume {}).await,
        Verb::Delete { session, yes } => delete(context, &session, yes).await,
        Verb::Fork { session, message } => {
            let mut connection = context.connect().await?;
            let session = target::session(&mut connection, &session).await?;
            let command = Command::SessionFork { message_id: MessageId(message) };
            let reply: ForkReply = connection.ask(Some(&session), &command).await?;
            if context.output.json {
                return context.output.object(&reply);
            }
            context.output.line(reply.session.info.session_id.as_str())
        }
    }
}

pub(super) async fn abort(context: &Context, args: &AbortArgs) -> Result<(), Failure> {
    change(context, &args.session, &Command::Abort {}).await
}

/// A command with nothing to say but that it was done; with `--json` its reply.
async fn change(context: &Context, session: &str, command: &Command) -> Result<(), Failure> {
    let mut connection = context.connect().await?;
    let session = target::session(&mut connection, session).await?;
    let reply: serde_json::Value = connection.ask(Some(&session), command).await?;
    if context.output.json { context.output.object(&reply) } else { Ok(()) }
}

async fn list(context: &Context) -> Result<(), Failure> {
    let list = SessionList { sessions: context.connect().await?.sessions().await?, has_more: false };
    if context.output.json {
        return context.output.object(&list);
    }
    let mut table = Table::new(["ID", "STATE", "AGE", "AGENT", "TITLE", "FOLDER"]);
    let now = now();
    for entry in &list.sessions {
        table.row([
            short(&entry.info.session_id).into(),
            state(entry),
            age(now, entry.info.updated_at).into(),
            entry.info.harness.as_str().into(),
            title(entry).into(),
            entry.info.cwd.as_str().into(),
        ]);
    }
    context.output.table(&table)
}

async fn show(context: &Context, session: &str) -> Result<(), Failure> {
    let mut connection = context.connect().await?;
    let session = target::session(&mut connection, session).await?;
    let reply: SessionReply = connection.ask(Some(&session), &Command::SessionGet {}).await?;
    if context.output.json {
        return context.output.object(&reply);
    }
    let entry = &reply.session;
    let now = now();
    let mut lines = vec![
        ("id", entry.info.session_id.0.clone()),
        ("title", title(entry).to_owned()),
        ("state", state_text(entry)),
        ("agent", entry.info.harness.clone()),
        ("model", entry.info.model.clone().unwrap_or_default()),
        ("folder", entry.info.cwd.clone()),
        ("messages", entry.messages.to_string()),
        ("created", format!("{} ago", age(now, entry.info.created_at))),
        ("updated", format!("{} ago", age(now, entry.info.updated_at))),
    ];
    let optional = [
        ("process", entry.info.process_id.as_ref().map(|id| id.0.clone())),
        ("native id", entry.info.native_id.clone()),
        ("parent", entry.info.parent_session_id.as_ref().map(|id| id.0.clone())),
    ];
    lines.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?))));
    for (name, value) in lines {
        context.output.line(format!("{name:<10} {value}").trim_end())?;
    }
    Ok(())
}

async fn delete(context: &Context, session: &str, yes: bool) -> Result<(), Failure> {
    let mut connection = context.connect().await?;
    let session = target::session(&mut connection, session).await?;
    let reply: SessionReply = connection.ask(Some(&session), &Command::SessionGet {}).await?;
    if !yes && !confirmed(context, &reply.session)? {
        return Err(Failure::usage("nothing was deleted").hint("answer y, or give --yes"));
    }
    let done: Done = connection.ask(Some(&session), &Command::SessionDelete {}).await?;
    if context.output.json { context.output.object(&done) } else { Ok(()) }
}

fn confirmed(context: &Context, entry: &IndexEntry) -> Result<bool, Failure> {
    if !context.process.stdin_is_terminal {
        return Err(Failure::usage("a session is deleted for ever").hint("give --yes"));
    }
    let id: &SessionId = &entry.info.session_id;
    write!(io::stderr(), "delete {id} '{}' with {} messages for ever? [y/N] ", title(entry), entry.messages)?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim().eq_ignore_ascii_case("y"))
}

/// What a person calls it.
pub(super) fn title(entry: &IndexEntry) -> &str {
    match entry.info.title.as_str() {
        "" => "(no title)",
        title => title,
    }
}

/// Where it is in its life, in words.
pub(super) fn state_text(entry: &IndexEntry) -> String {
    if let Some(question) = &entry.needs_you {
        return format!("needs you: {question}");
    }
    match &entry.state {
        SessionState::Stopped => "stopped".to_owned(),
        SessionState::Starting => "starting".to_owned(),
        SessionState::Idle => "idle".to_owned(),
        SessionState::Working { phase, .. } => {
            let phase = json!(phase);
            format!("working ({})", phase.as_str().unwrap_or_default().replace('_', " "))
        }
        SessionState::Error { message } => format!("error: {message}"),
        SessionState::Unavailable => "unavailable".to_owned(),
    }
}

/// Where it is in its life, in a cell: one word.
fn state(entry: &IndexEntry) -> Cell {
    if entry.needs_you.is_some() {
        return Cell::colored("needs you", Color::Yellow);
    }
    match &entry.state {
        SessionState::Stopped => "stopped".into(),
        SessionState::Starting => "starting".into(),
        SessionState::Idle => "idle".into(),
        SessionState::Working { .. } => Cell::colored("working", Color::Green),
        SessionState::Error { .. } => Cell::colored("error", Color::Red),
        SessionState::Unavailable => Cell::colored("unavailable", Color::Red),
    }
}
