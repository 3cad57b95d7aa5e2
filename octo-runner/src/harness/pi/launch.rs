//! How Pi is started and stopped, and what it can do.

use std::path::PathBuf;

use octo_proto::{Code, Error, session::Capabilities};
use serde_json::json;

use super::{Pi, lines::write};
use crate::harness::{Fork, Installed, Launch, SessionSpec, StopStep};

const SIGTERM: i32 = 15;

pub(super) fn launch(spec: &SessionSpec, found: &Installed) -> Result<Launch, Error> {
    let mut command = found.command.iter().cloned();
    let Some(program) = command.next().map(PathBuf::from) else {
        return Err(Error::new(Code::Internal, "Pi was found without a program to start"));
    };
    let mut args = command.collect::<Vec<_>>();
    let mut add = |words: &[&str]| args.extend(words.iter().map(|word| (*word).to_owned()));
    add(&["--mode", "rpc"]);
    if let Some(model) = &spec.model {
        let Some((provider, id)) = model.split_once('/') else {
            let error = Error::bad_request(format!("a model of Pi is named `provider/model`, not `{model}`"));
            return Err(error.hint("choose one of the models that this session lists"));
        };
        add(&["--provider", provider, "--model", id]);
    }
    if let Some(level) = &spec.thinking_level {
        add(&["--thinking", level]);
    }
    if !spec.title.trim().is_empty() {
        add(&["--name", &spec.title]);
    }
    match (&spec.resume, fork_source(spec)) {
        // Pi writes the file with the first answer of the model only. Where it is not there yet Pi begins it, under the
        // same path and with a new id.
        (Some(native), _) => match &native.file {
            Some(file) => add(&["--session", &file.to_string_lossy()]),
            None => add(&["--session-id", &native.id]),
        },
        (None, Some(fork)) => match &fork.native.file {
            Some(file) => add(&["--fork", &file.to_string_lossy()]),
            None => return Err(Error::new(Code::Unsupported, "the session to fork has no file of Pi's yet")),
        },
        (None, None) => {}
    }
    let env = [("PI_SKIP_VERSION_CHECK", "1"), ("PI_TELEMETRY", "0")];
    Ok(Launch { program, args, env: env.map(|(name, value)| (name.to_owned(), value.to_owned())).into() })
}

/// A fork that contains something; one before the first message is a fresh session.
fn fork_source(spec: &SessionSpec) -> Option<&Fork> {
    spec.fork.as_ref().filter(|fork| fork.user_messages_before > 0 && spec.resume.is_none())
}

/// The message that is still to be left out, where the process starts as a copy of another session.
pub(super) fn fork_point(spec: &SessionSpec) -> Option<u64> {
    fork_source(spec).map(|fork| fork.user_messages_before)
}

/// What Pi can do before it told its model and thinking levels. Switching its automatic compaction and retries writes
/// the user's settings for all sessions, so it is not offered.
pub(super) fn capabilities() -> Capabilities {
    Capabilities {
        steer: true,
        follow_up: true,
        fork: true,
        compact: true,
        set_model: true,
        modes: Vec::new(),
        thinking_levels: Vec::new(),
        images: true,
        permissions: false,
        plan: false,
        slash_commands: true,
        resume: true,
        rename: true,
        cost: true,
    }
}

/// A turn is stopped by an abort: at the end of its stdin Pi would drop it, and on SIGINT leave its tools running.
pub(super) fn stop(pi: &Pi) -> Vec<StopStep> {
    let mut steps = Vec::new();
    if pi.turn.is_some() || pi.compacting || !pi.dialogs.is_empty() {
        steps.extend(pi.cancellations(|_| true).into_iter().map(StopStep::Write));
        steps.push(StopStep::Write(write("octo:stop", &json!({"type": "abort"}))));
        steps.push(StopStep::WaitSettled(3_000));
    }
    steps.extend([StopStep::Eof(5_000), StopStep::Signal(SIGTERM, 3_000), StopStep::KillTree]);
    steps
}
