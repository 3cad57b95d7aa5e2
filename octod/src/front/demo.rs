//! `octo demo`: a real agent and a scripted model in a folder of their own, all ended at the end.

use std::path::{Path, PathBuf};

use octo_proto::{
    Command as Verb,
    command::{HarnessList, SessionReply},
    id::SessionId,
};
use tokio::{
    process::Command,
    signal::unix::{SignalKind, signal},
};

use super::{
    home::Home,
    script,
    staff::{Program, end_runner, terminate},
};
use crate::ctl::{Connection, Context, Failure, Process, ensure_daemon};

/// The agent that is shown.
const HARNESS: &str = "pi";

/// Between two pieces of an answer, so that a person sees it being written.
const PACE_MS: u64 = 15;

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Leave the demo's folder behind, and say where it is
    #[arg(long)]
    keep: bool,
    /// Use this folder, and leave it behind
    #[arg(long, value_name = "DIR")]
    home: Option<PathBuf>,
    /// Hold one scripted conversation instead of opening octo-tui; so it is without a terminal
    #[arg(long)]
    script: bool,
}

pub(super) async fn run(process: &Process, args: &Args) -> Result<(), Failure> {
    let home = Home::new(args.home.as_deref())?;
    let shown = show(process, &home, args.script || !process.stdout_is_terminal).await;
    let kept = args.keep || !home.is_temporary();
    if kept {
        let path = home.keep();
        Context::of(process, process.surroundings.clone())?.output.line(&format!("kept: {}", path.display()))?;
    } else {
        home.remove()?;
    }
    shown
}

/// Starts everything, shows it, and ends everything, whatever came of it.
async fn show(process: &Process, home: &Home, scripted: bool) -> Result<(), Failure> {
    let model = Program::model(if scripted { 0 } else { PACE_MS }).await?;
    let url = model.ready["url"].as_str().unwrap_or_default().to_owned();
    home.prepare(&url, &process.surroundings)?;
    let context = Context::of(process, home.surroundings())?;
    let octod = Program::octod(home, &context.paths).await?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let shown = tokio::select! {
        shown = converse(process, &context, home, scripted) => shown,
        _ = interrupt.recv() => Err(Failure::failed("interrupted")),
        _ = terminate.recv() => Err(Failure::failed("terminated")),
        _ = hangup.recv() => Err(Failure::failed("the terminal is gone")),
    };
    // octod first: it would start the runner anew. What cannot be ended must not keep the rest from being ended.
    let ended = [octod.end().await, end_runner(&context.paths.runner_socket(), process).await, model.end().await];
    shown?;
    ended.into_iter().collect()
}

async fn converse(process: &Process, context: &Context, home: &Home, scripted: bool) -> Result<(), Failure> {
    let mut connection = ensure_daemon(context).await?;
    check_agent(&mut connection, home, process).await?;
    let session = new_session(&mut connection, &home.work()).await?;
    if scripted {
        return script::hold(context, connection, &session, &home.work()).await;
    }
    let mut child = Command::new(Process::program("octo-tui")?)
        .args(["--session", session.as_str()])
        .env("OCTO_HOME", &home.path)
        .current_dir(home.work())
        .spawn()
        .map_err(|error| Failure::failed(format!("octo-tui: {error}")))?;
    let guard = Closing(&mut child);
    let status = guard.0.wait().await?;
    if status.success() { Ok(()) } else { Err(Failure::failed(format!("octo-tui ended with {status}"))) }
}

/// Asks octo-tui to end, and so to give the terminal back, where a signal ends the demo first.
struct Closing<'a>(&'a mut tokio::process::Child);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        terminate(self.0);
    }
}

/// Whether Pi can be started; if not, how to install it for good and not into the demo's folder.
async fn check_agent(connection: &mut Connection, home: &Home, process: &Process) -> Result<(), Failure> {
    let list: HarnessList = connection.ask(None, &Verb::Harnesses {}).await?;
    let pi = list.harnesses.into_iter().find(|harness| harness.name == HARNESS);
    let pi = pi.ok_or_else(|| Failure::failed(format!("the runner knows no agent '{HARNESS}'")))?;
    if pi.usable {
        return Ok(());
    }
    let problem = pi.problem.unwrap_or_else(|| format!("{HARNESS} cannot be used"));
    Err(Failure::failed(problem).hint(home.for_good(&pi.install, &process.surroundings)))
}

async fn new_session(connection: &mut Connection, work: &Path) -> Result<SessionId, Failure> {
    let cwd = work.to_str().ok_or_else(|| Failure::usage(format!("{} is not UTF-8", work.display())))?;
    let create = Verb::SessionCreate {
        harness: HARNESS.to_owned(),
        cwd: cwd.to_owned(),
        model: None,
        title: Some("Octo demo".to_owned()),
        thinking_level: None,
    };
    let reply: SessionReply = connection.ask(None, &create).await?;
    Ok(reply.session.info.session_id)
}
