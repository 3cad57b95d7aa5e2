//! What is done for a terminal as long as its program runs: reach its shim, follow its transcript, hand on what is typed.

use std::time::Duration;

use octo_proto::terminal::TerminalState;
use tokio::{sync::Mutex, time::sleep};

pub(crate) use super::follow::Fresh;
use super::{Terminal, follow::Follower};
use crate::{
    hstry::{Op, TerminalRow},
    process::{self, Announcements, AttachError, BootId, CommandError, Controller, Loss, Reaped, Size},
    runner::Runner,
    transcript::ReadError,
};

/// Between two tries to reach or clear up what does not answer.
const PAUSE: Duration = Duration::from_millis(500);

/// What became of the link to a shim.
enum Linked {
    /// Try again, or clear up.
    Lost,
    /// A newer runner has it.
    Replaced,
}

/// Looks after a terminal whose program runs, until it ends or the runner does.
pub(crate) async fn run(runner: Runner, terminal: Terminal, fresh: Fresh) {
    tokio::select! {
        () = runner.stopping().cancelled() => {}
        ended = follow(&runner, &terminal, fresh) => match ended {
            Ok(true) => finish(&runner, &terminal).await,
            Ok(false) => {}
            Err(error) => {
                tracing::error!(terminal = %terminal.id(), %error, "the output of a terminal cannot be read on");
            }
        },
    }
}

/// Reads what a terminal showed whose program ended.
pub(super) fn load(runner: &Runner, terminal: Terminal) {
    runner.tasks().spawn_blocking(move || {
        let read = Follower::new(terminal.clone(), Fresh::No).and_then(|mut follower| follower.read_left());
        if let Err(error) = read {
            tracing::warn!(terminal = %terminal.id(), %error, "what a terminal showed cannot be read");
            // Its client gets the end all the same.
            let mut shared = terminal.lock();
            let (state, at) = (shared.state.clone(), shared.ended_at.unwrap_or_default());
            shared.end(state, at.cast_unsigned() * 1000);
            shared.ready = true;
            shared.watchers.wake();
        }
    });
}

/// Follows it to its end; false where a newer runner took over.
async fn follow(runner: &Runner, terminal: &Terminal, fresh: Fresh) -> Result<bool, ReadError> {
    let dir = terminal.dir();
    let mut follower = Follower::new(terminal.clone(), fresh)?;
    loop {
        match process::attach(runner.tasks(), dir, runner.epoch()).await {
            Ok((_, controller, told)) => {
                if let Linked::Replaced = link(terminal, &mut follower, controller, told).await? {
                    return Ok(false);
                }
            }
            Err(AttachError::Superseded { .. }) => return Ok(false),
            Err(AttachError::Unreachable { .. } | AttachError::Version { .. } | AttachError::Speechless { .. }) => {}
        }
        let row = &terminal.0.row;
        match process::reap(dir, row.id.as_str(), &BootId::from_stored(&row.boot_id)).await {
            Ok(Reaped::Alive) => sleep(PAUSE).await,
            Ok(Reaped::Ended | Reaped::Lost | Reaped::Rebooted) => {
                follower.read_left()?;
                return Ok(true);
            }
            Ok(Reaped::NeverStarted) => {
                terminal.lock().end(TerminalState::Lost { rebooted: false }, 0);
                return Ok(true);
            }
            Err(error) => {
                tracing::warn!(terminal = %row.id, %error, "a terminal whose shim is lost cannot be cleared up yet");
                sleep(PAUSE).await;
            }
        }
    }
}

/// Follows a shim that is reached, as long as it is.
async fn link(
    terminal: &Terminal,
    follower: &mut Follower,
    controller: Controller,
    told: Announcements,
) -> Result<Linked, ReadError> {
    let mut lost = told.lost.clone();
    let fitted = Mutex::new(None);
    tokio::select! {
        followed = follower.follow(told.end.clone(), |end| controller.took(end)) => followed?,
        () = async {
            let fitting = (&controller, &fitted);
            tokio::join!(type_on(terminal, fitting), fit(terminal, fitting), close_on(terminal, &controller));
        } => {}
    }
    let loss = lost.wait_for(Option::is_some).await.ok().and_then(|loss| *loss);
    Ok(if loss == Some(Loss::Replaced) { Linked::Replaced } else { Linked::Lost })
}

/// A shim, and the size that it was asked for last.
type Fitting<'a> = (&'a Controller, &'a Mutex<Option<Size>>);

/// Hands on what is typed, as much at once as there is.
async fn type_on(terminal: &Terminal, fitting: Fitting<'_>) {
    loop {
        let bytes = std::mem::take(&mut terminal.lock().typed);
        if bytes.is_empty() {
            terminal.0.typed.notified().await;
            continue;
        }
        // Who begins to write brings a size, and what is typed is meant for it.
        resize(terminal, fitting).await;
        match fitting.0.write("", &bytes).await {
            Ok(_) => {}
            Err(CommandError::Lost) => return std::future::pending().await,
            Err(CommandError::Failed(error)) => {
                tracing::debug!(terminal = %terminal.id(), %error, "what was typed did not arrive");
            }
        }
    }
}

/// Gives the terminal the size that it is to have, whenever that changes.
async fn fit(terminal: &Terminal, fitting: Fitting<'_>) {
    let mut wanted = terminal.0.wanted.subscribe();
    loop {
        wanted.mark_unchanged();
        resize(terminal, fitting).await;
        if wanted.changed().await.is_err() {
            return std::future::pending().await;
        }
    }
}

async fn resize(terminal: &Terminal, (controller, fitted): Fitting<'_>) {
    let mut fitted = fitted.lock().await;
    let has = fitted.unwrap_or_else(|| terminal.lock().size);
    let Some(size) = terminal.0.wanted.borrow().filter(|size| *size != has) else { return };
    match controller.resize(size).await {
        Ok(_) => *fitted = Some(size),
        Err(error) => tracing::debug!(terminal = %terminal.id(), %error, "a terminal keeps its size"),
    }
}

/// Kills all that runs in it, when it is to be closed.
async fn close_on(terminal: &Terminal, controller: &Controller) {
    loop {
        terminal.0.closing.cancelled().await;
        match controller.kill_tree().await {
            Ok(_) | Err(CommandError::Lost) => return std::future::pending().await,
            Err(CommandError::Failed(error)) => {
                tracing::warn!(terminal = %terminal.id(), %error, "a terminal is not closed yet");
                sleep(PAUSE).await;
            }
        }
    }
}

/// Its program ended: that is stored, and told to who waits.
async fn finish(runner: &Runner, terminal: &Terminal) {
    let info = terminal.info();
    let size = Size { cols: info.cols, rows: info.rows };
    let row = TerminalRow { size, state: info.state, ended_at: Some(runner.now()), ..terminal.0.row.clone() };
    if let Err(error) = runner.store().commit(vec![Op::PutTerminal(Box::new(row))]).await {
        // The transcript says it again at the next start.
        tracing::warn!(terminal = %terminal.id(), %error, "the end of a terminal could not be stored");
    }
    {
        let mut shared = terminal.lock();
        shared.ready = true;
        shared.watchers.wake();
    }
    terminal.forget_unwatched();
    terminal.0.over.send_replace(true);
}
