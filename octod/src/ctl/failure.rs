//! How a command fails: the kind decides the exit code, the hint says what to do next.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use octo_proto::{Code, Error};
use serde_json::json;

/// The exit codes, which never change. 0 is success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// It failed.
    Failed = 1,
    /// The command line is wrong.
    Usage = 2,
    /// There is no such thing.
    NotFound = 3,
    /// The daemon cannot be reached.
    Unreachable = 4,
    /// The daemon refused.
    Refused = 5,
    /// It took too long.
    TimedOut = 6,
    /// The agent waits for an answer.
    Waiting = 7,
}

/// Why a command did not do what was asked.
#[derive(Debug)]
pub enum Failure {
    /// To be told on stderr.
    Told {
        /// What the shell gets.
        exit: Exit,
        /// Message and hint.
        error: Box<Error>,
    },
    /// The output says it already.
    Said(Exit),
    /// Whoever read the output has had enough.
    ReaderGone,
}

impl Failure {
    fn new(exit: Exit, code: Code, message: impl Into<String>) -> Self {
        Self::Told { exit, error: Box::new(Error::new(code, message)) }
    }

    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, Code::Internal, message)
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, Code::BadRequest, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(Exit::NotFound, Code::NotFound, message)
    }

    pub(crate) fn unreachable(message: impl Into<String>) -> Self {
        Self::new(Exit::Unreachable, Code::Unavailable, message)
    }

    pub(crate) fn timed_out(message: impl Into<String>) -> Self {
        Self::new(Exit::TimedOut, Code::Timeout, message)
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        match self {
            Self::Told { exit, error } => Self::Told { exit, error: Box::new(error.hint(hint)) },
            Self::Said(_) | Self::ReaderGone => self,
        }
    }

    /// Whether the daemon could not be reached, so that trying again may help.
    pub(crate) fn is_unreachable(&self) -> bool {
        matches!(self, Self::Told { exit: Exit::Unreachable, .. })
    }

    /// Whether it took too long, so that waiting on may help.
    pub(crate) fn is_timed_out(&self) -> bool {
        matches!(self, Self::Told { exit: Exit::TimedOut, .. })
    }

    /// Whether somebody has too much to do at the moment, so that the same may be tried again.
    pub(crate) fn is_busy(&self) -> bool {
        matches!(self, Self::Told { error, .. } if error.code == Code::Busy)
    }

    /// Tells it on stderr and gives the exit code.
    pub(crate) fn tell(&self, json: bool) -> ExitCode {
        match self {
            Self::Told { exit, error } => {
                let text = if json {
                    format!("{}\n", json!({ "error": error, "exit": *exit as u8 }))
                } else {
                    let hint = error.hint.as_ref().map(|hint| format!("hint: {hint}\n")).unwrap_or_default();
                    format!("error: {}\n{hint}", error.message)
                };
                // Where stderr is closed there is nobody left to tell.
                drop(io::stderr().write_all(text.as_bytes()));
                ExitCode::from(*exit as u8)
            }
            Self::Said(exit) => ExitCode::from(*exit as u8),
            Self::ReaderGone => ExitCode::SUCCESS,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let exit = match error.code {
            Code::NotFound => Exit::NotFound,
            Code::Unavailable => Exit::Unreachable,
            Code::Timeout => Exit::TimedOut,
            Code::BadRequest
            | Code::Unauthorized
            | Code::Forbidden
            | Code::Conflict
            | Code::Unsupported
            | Code::TooLarge
            | Code::RateLimited
            | Code::Busy => Exit::Refused,
            Code::AgentFailed | Code::Internal => Exit::Failed,
        };
        Self::Told { exit, error: Box::new(error) }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::ReaderGone,
            _ => Self::failed(error.to_string()),
        }
    }
}

/// Tells what is wrong with a command line, or prints the help that was asked for.
pub(super) fn usage(error: &clap::Error, json: bool) -> ExitCode {
    if !json || !error.use_stderr() {
        // The same as above: nobody left to tell.
        drop(error.print());
        return ExitCode::from(if error.use_stderr() { Exit::Usage as u8 } else { 0 });
    }
    let text = error.to_string();
    let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    Failure::usage(message).hint("octoctl --help").tell(true)
}
