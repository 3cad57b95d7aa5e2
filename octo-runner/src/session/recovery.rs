//! Bringing a session back from the store and its process's transcript, as if nobody had been away.
//!
//! Run twice it comes to what it comes to once: facts are known by their place in the transcript, and what the store has
//! is not stored again.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use octo_proto::{Code, Error, View, id::SessionId, session::SessionState};

use super::{
    Session,
    log::Log,
    state::{State, Stored, TurnState},
    task::{Begin, Place, Running, SessionTask, attach, finished},
};
use crate::{
    attachments, failpoint,
    harness::{Accepted, any::AnyHarness},
    hstry::{Checkpoint, FactRow, Op, ProcessRow, ProcessState},
    process::{self, BootId, Reaped},
    records::OwnedRecord,
    runner::Runner,
    sessions,
};

/// Facts that are read from the store at once.
const PAGE: u64 = 1000;

/// How long a living shim is tried to be reached.
const REACH: Duration = Duration::from_secs(5);

/// Brings a session back, and starts its task. What its agent said meanwhile is folded first, so whoever asks for the
/// session gets it as it is.
///
/// # Errors
/// `not_found` where there is none; `unavailable` where its agent lives and cannot be reached; what the store says.
pub async fn recover(runner: Runner, id: SessionId) -> Result<Session, Error> {
    let stored = runner.store().session(&id).await.map_err(|error| error.to_error())?;
    let stored = stored.ok_or_else(|| sessions::unknown(&id))?;
    let (accounts, open) = open_commands(&runner, &id).await?;
    let unread = Arc::new(AtomicU64::new(stored.row.unread));
    let mut state = State::new(
        Stored {
            info: stored.row.info,
            spec: stored.row.spec,
            facts: stored.row.facts,
            messages: stored.messages,
            open,
        },
        runner.epoch(),
    );
    let mut held = hold(&runner, &id).await?;
    let mut rest = Vec::new();
    match &mut held {
        Some((running, checkpoint)) => rest = replay(&runner, &mut state, running, checkpoint).await?,
        None => state.show_waiting(),
    }
    if let (None, Some(message)) = (&held, stored.row.error) {
        state.folded.live.state = SessionState::Error { message };
    }
    failpoint::hit("recovering");
    let mut view = View::new(state.info.clone());
    view.live = state.folded.live.clone();
    view.error.clone_from(&state.folded.error);
    let tail = runner.store().messages_tail(&id, octo_proto::view::WINDOW as u64).await;
    view.messages = tail.map_err(|error| error.to_error())?;
    view.has_more = (view.messages.len() as u64) < stored.messages;
    view.cursor = state.cursor();
    let log = Log::new(view);
    let (session, mailbox) = Session::new(id, log.clone(), unread.clone());
    let running = held.map(|(running, _)| running);
    let mut task = SessionTask::new(runner.clone(), Begin { state, log, mailbox, unread, running, accounts });
    task.catch_up(rest).await;
    runner.tasks().spawn(task.run());
    Ok(session)
}

type Commands = (HashMap<octo_proto::id::RequestId, String>, Vec<Accepted>);

async fn open_commands(runner: &Runner, id: &SessionId) -> Result<Commands, Error> {
    let rows = runner.store().open_accepted(id).await.map_err(|error| error.to_error())?;
    let mut commands = Commands::default();
    for row in rows {
        match serde_json::from_slice::<Accepted>(&row.body) {
            Ok(mut accepted) => {
                if let Some(message) = &accepted.message {
                    match attachments::pictures(runner, message).await {
                        Ok(pictures) => accepted.pictures = pictures,
                        // The agent is not told half of a prompt: it ends with this error.
                        Err(error) => tracing::error!(session = %id, %error, "a prompt's picture cannot be read"),
                    }
                }
                commands.0.insert(accepted.key.clone(), row.account);
                commands.1.push(accepted);
            }
            Err(error) => tracing::error!(session = %id, %error, "an accepted command cannot be read"),
        }
    }
    Ok(commands)
}

/// The process that the session had when it was last heard of: reached where it lives, read to its end where it does
/// not. What is dead without a word is killed and noted first.
async fn hold(runner: &Runner, id: &SessionId) -> Result<Option<(Running, Checkpoint)>, Error> {
    let rows = runner.store().processes(id).await.map_err(|error| error.to_error())?;
    let Some(row) = rows.into_iter().rfind(|row| row.state != ProcessState::Ended) else { return Ok(None) };
    let dir = runner.process_dir(&row.id);
    let checkpoint = runner.store().checkpoint(&row.id).await.map_err(|error| error.to_error())?;
    let boot = BootId::from_stored(&row.boot_id);
    let reaped = process::reap(&dir, row.id.as_str(), &boot).await;
    let reaped = reaped.map_err(|error| Error::internal(error.to_string()))?;
    let (Some(checkpoint), true) = (checkpoint, reaped != Reaped::NeverStarted) else {
        // Its row was stored and its shim never began: nothing was lost, since nothing was.
        give_up(runner, row).await?;
        return Ok(None);
    };
    let turn: TurnState = serde_json::from_slice(&checkpoint.turn_state).unwrap_or_default();
    let from = Place { offset: checkpoint.resume_offset, skip: checkpoint.skip, folded_to: turn.folded_to };
    if reaped != Reaped::Alive {
        let running = finished(runner, &row.id, from).map_err(|error| Error::internal(error.to_string()))?;
        return Ok(Some((running, checkpoint)));
    }
    let reached = tokio::time::timeout(REACH, async {
        loop {
            match attach(runner, &row.id, from).await {
                Ok(running) => return Ok(running),
                Err(error) if !process::is_alive(&dir).unwrap_or(true) => return Err(error),
                Err(error) => {
                    tracing::warn!(process = %row.id, %error, "a shim cannot be reached; trying again");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }
        }
    });
    match reached.await {
        Ok(Ok(running)) => Ok(Some((running, checkpoint))),
        Ok(Err(_)) => Box::pin(hold(runner, id)).await,
        Err(_) => Err(Error::new(Code::Unavailable, "the session's agent lives, and its holder does not answer")
            .hint("`octoctl session stop` ends it; it is tried again with the next request")),
    }
}

async fn give_up(runner: &Runner, row: ProcessRow) -> Result<(), Error> {
    let ended = ProcessRow { state: ProcessState::Ended, ended_at: Some(runner.now()), ..row };
    runner.store().commit(vec![Op::PutProcess(Box::new(ended))]).await.map_err(|error| error.to_error())
}

/// Folds what the store has the facts of already, from the newest checkpoint on. Gives the records that were read and
/// go beyond it.
async fn replay(
    runner: &Runner,
    state: &mut State,
    running: &mut Running,
    checkpoint: &Checkpoint,
) -> Result<Vec<OwnedRecord>, Error> {
    let harness = AnyHarness::restore(&state.info.harness, checkpoint.format, &checkpoint.harness_state)?;
    let (harness, turn) = match harness {
        Some(harness) => (harness, serde_json::from_slice(&checkpoint.turn_state).unwrap_or_default()),
        None => {
            // Another release wrote it: the transcript is folded from its start.
            running.restart().map_err(|error| Error::internal(error.to_string()))?;
            (AnyHarness::new(&state.info.harness, &state.spec, &running.process)?, TurnState::default())
        }
    };
    state.restore(running.process.clone(), harness, turn);
    let mut facts = VecDeque::new();
    let mut after = checkpoint.last_fact;
    loop {
        let page = runner.store().facts_after(&state.info.session_id, after, PAGE).await;
        let page = page.map_err(|error| error.to_error())?;
        let Some(last) = page.last() else { break };
        after = last.number;
        facts.extend(page);
    }
    let process = running.process.clone();
    let place_of =
        |fact: &FactRow| fact.source.as_ref().filter(|(of, _, _)| *of == process).map(|(_, place, _)| *place);
    let last = facts.iter().filter_map(place_of).max();
    let mut rest = Vec::new();
    while let Some(last) = last {
        // What cannot be read is found again, and told, by who goes on from here.
        let Ok(Some(records)) = running.read_known() else { break };
        for record in records {
            if record.place > last {
                rest.push(record);
                continue;
            }
            // Facts that came of nothing in the transcript stand where they were stored.
            while let Some(at) = facts.iter().position(|fact| place_of(fact).is_some())
                && facts.get(at).and_then(place_of).is_some_and(|place| place <= record.place)
            {
                for fact in facts.drain(..=at) {
                    state.apply_stored(fact.number, &fact.event);
                }
            }
            state.refold(&record.as_record());
        }
        if !rest.is_empty() {
            break;
        }
    }
    for fact in facts {
        state.apply_stored(fact.number, &fact.event);
    }
    Ok(rest)
}
