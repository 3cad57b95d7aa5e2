//! The Node.js that runs Pi: the one of the agents' PATH, or the one in Octo's own folder.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::process::Command;

use super::{Problem, Version, is_program, on_path};

/// Pi needs `fs.globSync`.
pub(super) const OLDEST: Version = Version([22, 19, 0]);
/// A cold disk and a busy machine need seconds.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn private_prefix(data: &Path) -> PathBuf {
    data.join("harnesses").join("node")
}

/// A Node that is new enough.
pub(super) async fn find(path: &OsString, data: &Path) -> Result<PathBuf, Problem> {
    let private = Some(private_prefix(data).join("node_modules/.bin/node")).filter(|program| is_program(program));
    let mut problem = Problem::NodeMissing;
    for program in on_path("node", path).into_iter().chain(private) {
        let version = version(&program, path).await;
        if version.as_deref().and_then(Version::read).is_some_and(|version| version >= OLDEST) {
            return Ok(program);
        }
        if problem == Problem::NodeMissing {
            let version = version.unwrap_or_else(|| "of a release that it does not tell".to_owned());
            problem = Problem::NodeTooOld { version, program: program.display().to_string() };
        }
    }
    Err(problem)
}

async fn version(program: &Path, path: &OsString) -> Option<String> {
    let mut command = Command::new(program);
    command
        .arg("--version")
        .env_clear()
        .env("PATH", path)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output()).await.ok()?.ok()?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned()).filter(|version| !version.is_empty())
}
