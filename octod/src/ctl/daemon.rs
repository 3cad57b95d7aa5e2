//! Starts octod where nobody listens, so that it outlives whoever started it.

use std::{
    io::{self, BufRead, BufReader},
    path::Path,
    process::{Child, Stdio},
    time::Duration,
};

use octo_proto::Command as Verb;
use tokio::{
    sync::oneshot,
    time::{Instant, sleep, timeout},
};

use super::{Connection, Context, Failure, Process};
use crate::detached;

/// How long octod and its runner may take to be ready.
const READY: Duration = Duration::from_secs(20);

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(50);

/// A connection to octod whose runner answers; octod is started where it does not run.
pub(crate) async fn ensure(context: &Context) -> Result<Connection, Failure> {
    let deadline = Instant::now() + READY;
    start_where_needed(context).await?;
    loop {
        let answered = match context.connect().await {
            Ok(mut connection) => match connection
                .ask::<serde_json::Value>(None, &Verb::SessionList { before: None, limit: Some(1) })
                .await
            {
                Ok(_) => return Ok(connection),
                Err(failure) => failure,
            },
            Err(failure) => failure,
        };
        if !answered.is_unreachable() || Instant::now() > deadline {
            return Err(answered);
        }
        sleep(PAUSE).await;
    }
}

/// Starts octod where nobody answers.
pub(crate) async fn start_where_needed(context: &Context) -> Result<(), Failure> {
    match context.connect().await {
        Err(failure) if failure.is_unreachable() && context.usual => start(context).await,
        done => done.map(drop),
    }
}

/// Starts octod and waits for the line that says it is ready.
async fn start(context: &Context) -> Result<(), Failure> {
    context.paths.prepare().map_err(|error| Failure::failed(error.to_string()))?;
    let log_path = context.paths.state.join("octod.log");
    let program = Process::program("octod")?;
    let child = detached::command(&program, &log_path)
        .and_then(|mut command| command.args(["serve", "--json"]).stdout(Stdio::piped()).spawn())
        .map_err(|error| Failure::failed(format!("{}: {error}", program.display())))?;
    match timeout(READY, first_line(child)).await {
        Ok(Ok(line)) if line.contains("\"ready\":true") => Ok(()),
        // Somebody else was faster: two at once is what the lock is there for.
        Ok(_) if context.connect().await.is_ok() => Ok(()),
        Ok(_) => Err(Failure::unreachable("octod did not start").hint(last_words(&log_path))),
        Err(_) => Err(Failure::timed_out(format!("octod was not ready within {} s", READY.as_secs()))
            .hint(format!("see {}", log_path.display()))),
    }
}

/// What a program wrote last before it ended, and where the rest is.
fn last_words(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    format!("{} (from {})", text.lines().last().unwrap_or("it said nothing"), log.display())
}

/// The first line of a child's stdout, read on a thread of its own.
async fn first_line(mut child: Child) -> io::Result<String> {
    let (line, read) = oneshot::channel();
    let stdout = child.stdout.take();
    std::thread::spawn(move || {
        let mut text = String::new();
        let done = stdout.map_or(Ok(0), |stdout| BufReader::new(stdout).read_line(&mut text));
        // Who waits may have given up.
        drop(line.send(done.map(|_| text)));
    });
    read.await.unwrap_or_else(|_| Err(io::ErrorKind::UnexpectedEof.into()))
}
