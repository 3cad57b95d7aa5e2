//! Which harnesses this machine has, which release they are, and what to do about one that cannot be used.
//!
//! Asks the machine anew each time; who asks often keeps the answer.

mod node;

use std::{
    ffi::OsString,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use octo_proto::session::HarnessStatus;
use serde_json::Value;
use thiserror::Error;

use super::{Harness, Installed, pi::Pi};

/// The oldest Pi that tells when a turn has settled.
const OLDEST_PI: Version = Version([0, 87, 0]);
/// The Pi that is installed on demand.
const PACKAGE: &str = "@earendil-works/pi-coding-agent";
const RELEASE: &str = "0.87.1";

/// Where to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// Whether Pi is offered at all.
    pub enabled: bool,
    /// The configured program: a name on the PATH, or a path.
    pub executable: String,
    /// The PATH that agents get.
    pub path: OsString,
    /// Octo's data folder, with the private installations below it.
    pub data: PathBuf,
}

/// What was found of one harness.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// For clients.
    pub status: HarnessStatus,
    /// What to start, or why not.
    pub installed: Result<Installed, Problem>,
}

/// Why a harness cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Problem {
    /// Switched off.
    #[error("Pi is switched off in the configuration (`[pi] enabled`)")]
    Disabled,
    /// Not there.
    #[error("Pi is not installed: there is no `{executable}` on the agents' PATH and none in Octo's own folder")]
    Missing {
        /// What was looked for.
        executable: String,
    },
    /// There, but of an old release.
    #[error("Pi {version} in {program} is too old: Octo needs {OLDEST_PI} or newer")]
    TooOld {
        /// Its release.
        version: String,
        /// Where it is.
        program: String,
    },
    /// There, but it does not tell its release.
    #[error("{program} does not look like Pi: {why}")]
    Unknown {
        /// Where it is.
        program: String,
        /// What was expected.
        why: String,
    },
    /// Pi needs Node, and there is none.
    #[error("Pi needs Node.js {} or newer, and there is no `node` on the agents' PATH", node::OLDEST)]
    NodeMissing,
    /// Pi needs a newer Node.
    #[error("Pi needs Node.js {} or newer; {program} is {version}", node::OLDEST)]
    NodeTooOld {
        /// Its release.
        version: String,
        /// Where it is.
        program: String,
    },
}

impl Problem {
    /// The command that helps.
    #[must_use]
    pub fn install(&self, data: &Path) -> String {
        match self {
            Self::NodeMissing | Self::NodeTooOld { .. } => {
                format!("npm install --prefix {} node@22", quoted(&node::private_prefix(data)))
            }
            Self::Disabled | Self::Missing { .. } | Self::TooOld { .. } | Self::Unknown { .. } => install_pi(data),
        }
    }
}

/// A release, as three numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version([u64; 3]);

impl Version {
    /// Reads `v22.19.0` or `0.87.1-beta`.
    fn read(text: &str) -> Option<Self> {
        let text = text.trim().trim_start_matches('v');
        let mut numbers = text.split(['.', '-', '+']).map(|number| number.parse().ok());
        Some(Self([numbers.next()??, numbers.next()??, numbers.next()??]))
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

/// All harnesses of this release.
pub async fn all(search: &Search) -> Vec<Found> {
    vec![pi(search).await]
}

/// Finds Pi: the configured program, `pi` on the PATH, or the one in Octo's own folder, whichever can be used first.
pub async fn pi(search: &Search) -> Found {
    let mut outcome = Err(Problem::Missing { executable: search.executable.clone() });
    let candidates = if search.enabled { candidates(search) } else { Vec::new() };
    if !search.enabled {
        outcome = Err(Problem::Disabled);
    }
    for candidate in candidates {
        let found = examine(&candidate, search).await;
        // The first problem is the one of the program that a person means.
        if found.is_ok() || matches!(outcome, Err(Problem::Missing { .. })) {
            outcome = found;
        }
        if outcome.is_ok() {
            break;
        }
    }
    let problem = outcome.as_ref().err();
    let status = HarnessStatus {
        name: Pi::NAME.to_owned(),
        version: outcome.as_ref().ok().map(|installed| installed.version.clone()),
        program: outcome.as_ref().ok().and_then(|installed| installed.command.last().cloned()),
        usable: outcome.is_ok(),
        problem: problem.map(ToString::to_string),
        install: problem.map_or_else(|| install_pi(&search.data), |problem| problem.install(&search.data)),
        capabilities: Pi::best_capabilities(),
        models: Vec::new(),
    };
    Found { status, installed: outcome }
}

fn install_pi(data: &Path) -> String {
    format!("npm install --prefix {} {PACKAGE}@{RELEASE}", quoted(&private_prefix(data)))
}

fn private_prefix(data: &Path) -> PathBuf {
    data.join("harnesses").join("pi")
}

/// A path as a shell reads it.
fn quoted(path: &Path) -> String {
    let path = path.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@".contains(c);
    if path.chars().all(plain) { path.into_owned() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

fn candidates(search: &Search) -> Vec<PathBuf> {
    let private = private_prefix(&search.data).join("node_modules/.bin/pi");
    let mut candidates = Vec::from_iter(on_path(&search.executable, &search.path));
    // A program that was configured is not replaced by another.
    if search.executable == "pi" && is_program(&private) {
        candidates.push(private);
    }
    candidates
}

/// The program of this name on the PATH; one with a slash is a path already.
fn on_path(name: &str, path: &OsString) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(|program| is_program(program));
    }
    std::env::split_paths(path).map(|folder| folder.join(name)).find(|program| is_program(program))
}

fn is_program(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// Reads what a program is from the package that it belongs to, without running it.
async fn examine(program: &Path, search: &Search) -> Result<Installed, Problem> {
    let shown = program.display().to_string();
    let unknown = |why: &str| Problem::Unknown { program: shown.clone(), why: why.to_owned() };
    let script = tokio::fs::canonicalize(program).await.map_err(|error| unknown(&error.to_string()))?;
    let Some((root, package)) = package_of(&script).await else {
        return Err(unknown("it does not lie in Pi's npm package; give `[pi] executable` the path of Pi's own `pi`"));
    };
    let version = package.get("version").and_then(Value::as_str).unwrap_or_default();
    match Version::read(version) {
        None => return Err(unknown("its package.json has no version")),
        Some(read) if read < OLDEST_PI => {
            return Err(Problem::TooOld { version: version.to_owned(), program: shown });
        }
        Some(_) => {}
    }
    let bin = package.get("bin").and_then(|bin| bin.get("pi")?.as_str()).unwrap_or("dist/cli.js");
    let node = node::find(&search.path, &search.data).await?;
    let command = vec![node.display().to_string(), root.join(bin).display().to_string()];
    Ok(Installed { command, version: version.to_owned() })
}

/// The package of Pi that a script lies in, with its package.json.
async fn package_of(script: &Path) -> Option<(PathBuf, Value)> {
    for folder in script.ancestors().skip(1) {
        let Ok(text) = tokio::fs::read(folder.join("package.json")).await else {
            continue;
        };
        let package = serde_json::from_slice::<Value>(&text).unwrap_or_default();
        if package.get("name").and_then(Value::as_str).is_some_and(|name| name.ends_with("/pi-coding-agent")) {
            return Some((folder.to_owned(), package));
        }
    }
    None
}
