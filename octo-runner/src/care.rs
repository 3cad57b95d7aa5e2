//! Looking after what a runner holds: the disk, old transcripts, pages of history, and what is wrong.

use std::{path::Path, time::Duration};

use octo_proto::{
    Code, Error,
    command::{Check, Diagnosis, DiskEntry, DiskUsage, Done, HistoryPage},
    id::{ProcessId, SessionId},
};

use crate::{process, runner::Runner, session::SessionMsg, terminals, transcript};

/// Below this share of the disk free, in percent, no new work is taken.
const ROOM_PERCENT: u64 = 5;

/// Messages of a page, where nothing is said.
const PAGE: u64 = 50;

/// So many transcripts are told of one by one.
const LARGEST: usize = 500;

/// Bytes of messages that fit one page.
const PAGE_BYTES: usize = 192 * 1024;

/// How often old transcripts are looked for.
const ROUND: Duration = Duration::from_secs(3600);

impl Runner {
    /// Whether there is room for new work.
    ///
    /// # Errors
    /// `unavailable` where the disk is nearly full.
    pub fn room(&self) -> Result<(), Error> {
        for place in [&self.paths().state, &self.paths().data] {
            let Ok(disk) = rustix::fs::statvfs(place) else { continue };
            if disk.f_blocks > 0 && disk.f_bavail * 100 / disk.f_blocks < ROOM_PERCENT {
                let message = format!("less than {ROOM_PERCENT} % of the disk of {} is free", place.display());
                return Err(Error::new(Code::Unavailable, message)
                    .hint("no new work is taken until there is room; `octoctl du` shows who holds what"));
            }
        }
        Ok(())
    }
}

/// A page of a session's messages.
///
/// # Errors
/// `bad_request` where the limit is none; what the store says.
pub async fn page(
    runner: &Runner,
    session: &SessionId,
    before: Option<u64>,
    limit: Option<u64>,
) -> Result<HistoryPage, Error> {
    let limit = limit.unwrap_or(PAGE);
    if !(1..=200).contains(&limit) {
        return Err(Error::bad_request("`limit` is 1 to 200"));
    }
    runner.store().page(session, before, limit, PAGE_BYTES).await.map_err(|error| error.to_error())
}

/// Who holds how much of the disk.
///
/// # Errors
/// What the store says.
pub async fn disk_usage(runner: &Runner) -> Result<DiskUsage, Error> {
    let owners = runner.store().all_processes().await.map_err(|error| error.to_error())?;
    let terminals = runner.terminals().list(None);
    let terminals: Vec<_> = terminals.into_iter().map(|one| (ProcessId(one.terminal_id.0), one.session_id)).collect();
    let mut entries = Vec::new();
    let ids = process_dirs(&runner.paths().processes()).into_iter();
    for id in ids.chain(terminals.iter().map(|(id, _)| id.clone())) {
        let dir = runner.process_dir(&id);
        let agent = owners.iter().find(|owner| owner.id == id).map(|owner| owner.session.clone());
        let session = agent.or_else(|| terminals.iter().find(|(terminal, _)| *terminal == id)?.1.clone());
        let title = session.as_ref().and_then(|session| runner.index().get(session)).map(|entry| entry.info.title);
        entries.push(DiskEntry {
            process_id: id.0,
            session_id: session,
            title,
            bytes: transcript::usage(&dir).unwrap_or(0),
            live: process::is_alive(&dir).unwrap_or(true),
        });
    }
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.bytes));
    let transcript_bytes = entries.iter().map(|entry| entry.bytes).sum();
    let more = entries.len().saturating_sub(LARGEST) as u64;
    entries.truncate(LARGEST);
    let database = runner.paths().database();
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |found| found.len());
    let disk = rustix::fs::statvfs(&runner.paths().state).map_err(|error| Error::internal(error.to_string()))?;
    Ok(DiskUsage {
        database_bytes: size(&database) + size(&database.with_extension("db-wal")),
        transcript_bytes,
        free_bytes: disk.f_bavail * disk.f_frsize,
        entries,
        more,
    })
}

/// The folders of agents' processes, the oldest process first.
fn process_dirs(root: &Path) -> Vec<ProcessId> {
    let Ok(found) = std::fs::read_dir(root) else { return Vec::new() };
    let names = found.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<_> = names.filter(|name| name.starts_with("prc_")).map(ProcessId).collect();
    names.sort();
    names
}

/// What is wrong or could be.
pub async fn doctor(runner: &Runner) -> Diagnosis {
    let mut checks = Vec::new();
    let mut check = |name: &str, result: Result<String, Error>| {
        let (ok, message, hint) = match result {
            Ok(message) => (true, message, None),
            Err(error) => (false, error.message, error.hint),
        };
        checks.push(Check { name: name.to_owned(), ok, message, hint });
    };
    check("disk", runner.room().map(|()| "there is room".to_owned()));
    let writable = runner.store().commit(Vec::new()).await;
    check("history", writable.map(|()| "can be written".to_owned()).map_err(|error| error.to_error()));
    let environment = runner.environment().build().await;
    check("environment", environment.map(|all| format!("agents get {} variables", all.len())));
    for found in runner.found().await {
        let status = found.status;
        let result = found.installed.map(|pi| format!("{} ({})", pi.version, pi.command.join(" ")));
        let result = result.map_err(|problem| {
            Error::new(Code::AgentFailed, problem.to_string()).hint(problem.install(&runner.paths().data))
        });
        check(&status.name, result);
    }
    Diagnosis { checks }
}

/// Ends all processes, and with `too` the runner.
///
/// # Errors
/// Where a session's process could not be ended.
pub async fn stop_all(runner: &Runner, too: bool) -> Result<Done, Error> {
    let mut failed = None;
    for session in runner.sessions_at_hand() {
        let reason = "all sessions were stopped".to_owned();
        let stopped = session.ask(|done| SessionMsg::Stop { reason, delete: false, done }).await;
        if let Err(error) = stopped.and_then(|stopped| stopped) {
            failed = Some(error);
        }
    }
    if too {
        let stop = runner.stopping().clone();
        runner.tasks().spawn(async move {
            // The answer goes first.
            tokio::time::sleep(Duration::from_millis(100)).await;
            stop.cancel();
        });
    }
    failed.map_or(Ok(Done {}), Err)
}

/// Looks after finished transcripts from time to time: compresses them, and drops the oldest where they are too old or
/// too many. What is not folded into the history yet is never touched.
pub async fn transcripts(runner: Runner) {
    let mut round = tokio::time::interval(ROUND);
    loop {
        tokio::select! {
            () = runner.stopping().cancelled() => return,
            _ = round.tick() => {
                tidy(&runner).await;
                terminals::tidy(&runner).await;
            }
        }
    }
}

/// One round of [`transcripts`].
pub async fn tidy(runner: &Runner) {
    let Ok(owners) = runner.store().all_processes().await else { return };
    let settings = &runner.config().transcripts;
    let keep = i64::from(settings.keep_days) * 24 * 3600 * 1000;
    let now = runner.now();
    let (mut finished, mut total) = (Vec::new(), 0);
    for id in process_dirs(&runner.paths().processes()) {
        let dir = runner.process_dir(&id);
        let ended = match owners.iter().find(|owner| owner.id == id).map(|owner| owner.ended_at) {
            Some(Some(ended)) if settings.keep_days == 0 || now - ended <= keep => Some(ended),
            Some(Some(_)) => {
                drop_transcript(&dir, "it is old").await;
                continue;
            }
            // Its session was deleted while the folder could not be.
            None if !process::is_alive(&dir).unwrap_or(true) => {
                drop_transcript(&dir, "its session is deleted").await;
                continue;
            }
            Some(None) | None => None,
        };
        if ended.is_some() {
            let folder = dir.clone();
            if let Ok(Err(error)) = tokio::task::spawn_blocking(move || compress(&folder)).await {
                tracing::warn!(%error, dir = %dir.display(), "a finished transcript could not be compressed");
            }
        }
        let bytes = transcript::usage(&dir).unwrap_or(0);
        total += bytes;
        finished.extend(ended.map(|ended| (ended, dir, bytes)));
    }
    finished.sort();
    for (_, dir, bytes) in finished {
        if total > settings.max_total.0 && drop_transcript(&dir, "there are too many").await {
            total -= bytes;
        }
    }
}

/// Whether it is gone.
async fn drop_transcript(dir: &Path, why: &str) -> bool {
    tracing::info!(dir = %dir.display(), why, "a finished transcript is dropped; the history has what it said");
    match tokio::fs::remove_dir_all(dir).await {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(%error, dir = %dir.display(), "a finished transcript could not be dropped");
            false
        }
    }
}

fn compress(dir: &Path) -> std::io::Result<()> {
    for segment in transcript::segments(dir)? {
        if segment.path.extension().is_some_and(|extension| extension != "gz") {
            transcript::compress_segment(&segment.path)?;
        }
    }
    Ok(())
}
