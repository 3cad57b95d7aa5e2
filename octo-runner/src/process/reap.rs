//! Clears up after a shim that died: kills what is left of its tree, then says so at the end of the transcript.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::{Instant, sleep};

use super::note::{Note, SHIM_LOST};
use super::tree::Tree;
use super::{BootId, boot_id, cgroup, dir};
use crate::transcript::{AppendError, Bound, Direction, ReadError, Reader, Writer, segments};

/// How long the tree may take to die.
const DYING: Duration = Duration::from_secs(5);
/// Between two looks at it.
const PASS: Duration = Duration::from_millis(5);
/// How long somebody who only looks at the lock may hold it.
const GLANCE: Duration = Duration::from_millis(100);

/// What clearing up found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaped {
    /// The shim lives: attach.
    Alive,
    /// There is no folder: the process was never started.
    NeverStarted,
    /// The transcript has its last note already.
    Ended,
    /// The shim was lost; the tree is killed and the last note written.
    Lost,
    /// The machine was started anew since: nothing was signalled, the last note is written.
    Rebooted,
}

/// Why clearing up could not be finished: try again.
#[derive(Debug, thiserror::Error)]
pub enum ReapError {
    /// The system refused.
    #[error("cannot clear up {dir}: {source}")]
    Io {
        /// The process folder.
        dir: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something of the tree did not die.
    #[error("something that {process} started cannot be killed; look for OCTO_PROCESS={process} in /proc/*/environ")]
    StillThere {
        /// The process.
        process: String,
    },
    /// The transcript cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The last note cannot be written.
    #[error(transparent)]
    Append(#[from] AppendError),
}

/// Clears up after `process`, which was started in `boot`, if its shim is dead. Repeating it changes nothing.
pub async fn reap(dir: &Path, process: &str, boot: &BootId) -> Result<Reaped, ReapError> {
    let io = |source| ReapError::Io { dir: dir.to_owned(), source };
    if !dir.is_dir() {
        return Ok(Reaped::NeverStarted);
    }
    let until = Instant::now() + GLANCE;
    let _lock = loop {
        match dir::take_lock(dir).map_err(io)? {
            Some(lock) => break lock,
            None if dir::is_alive(dir).map_err(io)? || Instant::now() >= until => return Ok(Reaped::Alive),
            None => sleep(PASS).await,
        }
    };
    if has_ended(dir)? {
        return Ok(Reaped::Ended);
    }
    let rebooted = boot_id().map_err(io)? != *boot;
    if !rebooted {
        kill_tree(dir, process).await?;
    }
    let mut writer = Writer::open(dir)?;
    let at_us = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64);
    let content = format!("{{\"rebooted\":{rebooted}}}");
    writer.append(at_us, Direction::Note, SHIM_LOST, content.as_bytes())?;
    writer.sync().map_err(io)?;
    Ok(if rebooted { Reaped::Rebooted } else { Reaped::Lost })
}

async fn kill_tree(dir: &Path, process: &str) -> Result<(), ReapError> {
    let group = dir::noted_cgroup(dir);
    let mut tree = Tree::default();
    let until = Instant::now() + DYING;
    while !tree.pass(process, group.as_deref(), false) {
        if Instant::now() >= until {
            return Err(ReapError::StillThere { process: process.to_owned() });
        }
        sleep(PASS).await;
    }
    if let Some(group) = group {
        cgroup::remove(&group);
    }
    Ok(())
}

/// Whether the last whole record says that nothing follows.
fn has_ended(dir: &Path) -> Result<bool, ReapError> {
    let found = segments(dir).map_err(|source| ReapError::Io { dir: dir.to_owned(), source })?;
    let Some(newest) = found.last() else {
        return Ok(false);
    };
    let mut reader = Reader::open(dir, newest.base, Bound::LastWhole)?;
    let mut ended = false;
    while let Some(record) = reader.next()? {
        ended = Note::read(&record).is_some_and(|note| note.is_last());
    }
    Ok(ended)
}
