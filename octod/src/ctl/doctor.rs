//! `octoctl doctor`: what this side can see, then what the runner says of itself.

use std::{
    os::unix::fs::{FileTypeExt, MetadataExt},
    path::Path,
};

use octo_proto::{
    Command,
    command::{Check, Diagnosis},
    paths::own_folder,
};

use super::{
    Connection, Context, Exit, Failure,
    output::{Color, paint},
};

pub(super) async fn run(context: &Context) -> Result<(), Failure> {
    let mut checks = Vec::new();
    for (name, folder) in [
        ("config folder", &context.paths.config),
        ("data folder", &context.paths.data),
        ("state folder", &context.paths.state),
        ("runtime folder", &context.paths.run),
    ] {
        if folder.exists() {
            checks.push(verdict(name, own_folder(folder).map(|()| folder.display().to_string()), "see the message"));
        }
    }
    daemon(context, "octod", &context.paths.octod_socket(), &mut checks).await;
    daemon(context, "octo-runner", &context.paths.runner_socket(), &mut checks).await;
    tell(context, &Diagnosis { checks })
}

/// Whether a daemon's socket is ours alone, and somebody answers behind it.
async fn daemon(context: &Context, name: &str, socket: &Path, checks: &mut Vec<Check>) {
    if let Ok(found) = std::fs::symlink_metadata(socket) {
        let mode = found.mode() & 0o777;
        let ok = found.file_type().is_socket() && mode & 0o077 == 0;
        let message = format!("{} has mode {mode:o}", socket.display());
        let hint = (!ok).then(|| format!("stop {name}, remove {} and start it again", socket.display()));
        checks.push(Check { name: format!("{name} socket"), ok, message, hint });
    }
    let mut connection = match Connection::open(socket, &context.process).await {
        Ok(connection) => connection,
        Err(failure) => {
            let hint = if name == "octod" { "start it with `octo` or `octod serve`" } else { "octod starts it" };
            checks.push(verdict(name, Err::<String, _>(words(&failure)), hint));
            return;
        }
    };
    let peer = connection.peer().clone();
    let same = peer.version == env!("CARGO_PKG_VERSION");
    let message = format!("{} {}, protocol {} to {}", peer.name, peer.version, peer.protocol[0], peer.protocol[1]);
    let hint = (!same).then(|| format!("octoctl is {}; restart {name} after an update", env!("CARGO_PKG_VERSION")));
    checks.push(Check { name: name.to_owned(), ok: same, message, hint });
    if name == "octo-runner" {
        match connection.ask::<Diagnosis>(None, &Command::Doctor {}).await {
            Ok(diagnosis) => checks.extend(diagnosis.checks),
            Err(failure) => checks.push(verdict("runner's checks", Err::<String, _>(words(&failure)), "see its log")),
        }
    }
}

fn verdict(name: &str, found: Result<String, impl ToString>, hint: &str) -> Check {
    let (ok, message) = match found {
        Ok(message) => (true, message),
        Err(problem) => (false, problem.to_string()),
    };
    Check { name: name.to_owned(), ok, message, hint: (!ok).then(|| hint.to_owned()) }
}

fn words(failure: &Failure) -> String {
    match failure {
        Failure::Told { error, .. } => error.message.clone(),
        Failure::Said(_) | Failure::ReaderGone => String::new(),
    }
}

fn tell(context: &Context, diagnosis: &Diagnosis) -> Result<(), Failure> {
    if context.output.json {
        context.output.object(diagnosis)?;
    } else {
        for check in &diagnosis.checks {
            let (word, color) = if check.ok { ("ok", Color::Green) } else { ("bad", Color::Red) };
            let word = format!("{word:<4}");
            // Painted after the padding, since the colour has no width.
            let word = if context.output.color { paint(&word, color) } else { word };
            context.output.painted(&word)?;
            context.output.line(&format!("{}: {}", check.name, check.message))?;
            if let Some(hint) = check.hint.as_ref().filter(|_| !check.ok) {
                context.output.line(&format!("    hint: {hint}"))?;
            }
        }
    }
    if diagnosis.checks.iter().all(|check| check.ok) { Ok(()) } else { Err(Failure::Said(Exit::Failed)) }
}
