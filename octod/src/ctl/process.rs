//! What `octoctl` and `octo` take from the process they run in: the one place here that reads the environment.

use std::{
    io::IsTerminal,
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

use octo_proto::paths::Surroundings;

use super::Failure;

/// The environment and the terminal of this process, read once.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    pub(crate) surroundings: Surroundings,
    /// `OCTO_TRACE` contains `wire`.
    pub(crate) trace_wire: bool,
    pub(crate) no_color: bool,
    pub(crate) ssh_auth_sock: Option<String>,
    /// The terminal of Octo that this runs in.
    pub(crate) terminal: Option<String>,
    pub(crate) stdin_is_terminal: bool,
    pub(crate) stdout_is_terminal: bool,
    /// Columns of the terminal that stdout is.
    pub(crate) columns: Option<usize>,
}

impl Process {
    #[expect(clippy::disallowed_methods, reason = "the one place of these commands that reads the environment")]
    pub(crate) fn read() -> Self {
        let text = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let stdout_is_terminal = std::io::stdout().is_terminal();
        let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok();
        Self {
            surroundings: Surroundings::of_process(),
            trace_wire: text("OCTO_TRACE").is_some_and(|value| value.split(',').any(|word| word == "wire")),
            no_color: text("NO_COLOR").is_some() || text("TERM").is_some_and(|term| term == "dumb"),
            ssh_auth_sock: text("SSH_AUTH_SOCK"),
            terminal: text("OCTO_PROCESS").filter(|process| process.starts_with("trm_")),
            stdin_is_terminal: std::io::stdin().is_terminal(),
            stdout_is_terminal,
            columns: size.map(|size| usize::from(size.ws_col)).filter(|columns| stdout_is_terminal && *columns > 0),
        }
    }

    /// A program of Octo: beside this one.
    pub(crate) fn program(name: &str) -> Result<PathBuf, Failure> {
        let own = std::env::current_exe()?;
        let program = own.with_file_name(name);
        if program.is_file() {
            return Ok(program);
        }
        Err(Failure::failed(format!("{name} is not beside {}", own.display()))
            .hint("build it with `cargo build --release --workspace`, or install with ./setup.sh"))
    }
}

/// Milliseconds since 1970.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
