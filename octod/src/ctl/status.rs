//! `octoctl status`.

use octo_proto::{
    Command,
    command::{Check, Diagnosis},
    index::IndexEntry,
    session::SessionState,
};
use serde::Serialize;
use serde_json::json;

use super::{Context, Exit, Failure};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// One short line, for prompts and status bars.
    #[arg(long)]
    short: bool,
}

/// How many sessions are in which state.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct Counts {
    total: usize,
    working: usize,
    idle: usize,
    stopped: usize,
    error: usize,
    needs_you: usize,
    unread: usize,
}

impl Counts {
    fn of(entries: &[IndexEntry]) -> Self {
        let count = |matches: &dyn Fn(&IndexEntry) -> bool| entries.iter().filter(|entry| matches(entry)).count();
        Self {
            total: entries.len(),
            working: count(&|entry| matches!(entry.state, SessionState::Working { .. } | SessionState::Starting)),
            idle: count(&|entry| entry.state == SessionState::Idle),
            stopped: count(&|entry| entry.state == SessionState::Stopped),
            error: count(&|entry| matches!(entry.state, SessionState::Error { .. } | SessionState::Unavailable)),
            needs_you: count(&|entry| entry.needs_you.is_some()),
            unread: count(&|entry| entry.unread > 0),
        }
    }

    /// `2 working, 1 needs you`; what there is none of is left out.
    fn short(&self) -> String {
        let words = [
            (self.needs_you, "needs you"),
            (self.working, "working"),
            (self.error, "failed"),
            (self.unread, "unread"),
            (self.idle, "idle"),
            (self.stopped, "stopped"),
        ];
        let told: Vec<_> =
            words.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
        if told.is_empty() { "no sessions".to_owned() } else { told.join(", ") }
    }
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<(), Failure> {
    let mut connection = match context.connect().await {
        Ok(connection) => connection,
        Err(failure) if args.short && !context.output.json && failure.is_unreachable() => {
            context.output.line("octo: not running")?;
            return Err(Failure::Said(Exit::Unreachable));
        }
        Err(failure) => return Err(failure),
    };
    let counts = Counts::of(&connection.sessions().await?);
    if args.short && !context.output.json {
        return context.output.line(&format!("octo: {}", counts.short()));
    }
    let peer = connection.peer().clone();
    let diagnosis: Diagnosis = connection.ask(None, &Command::Doctor {}).await?;
    let wrong: Vec<&Check> = diagnosis.checks.iter().filter(|check| !check.ok).collect();
    if context.output.json {
        return context.output.object(&json!({
            "daemon": {"name": peer.name, "version": peer.version, "protocol": peer.protocol, "socket": context.socket},
            "sessions": counts,
            "problems": wrong,
        }));
    }
    context.output.line(&format!("{} {} at {}", peer.name, peer.version, context.socket.display()))?;
    context.output.line(&format!("{} sessions: {}", counts.total, counts.short()))?;
    for check in wrong {
        context.output.line(&format!("problem: {}: {}", check.name, check.message))?;
    }
    Ok(())
}
