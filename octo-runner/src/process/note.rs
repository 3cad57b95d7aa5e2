//! What the notes of a transcript mean.

use serde::Deserialize;

use crate::shim::{BASE, EXITED, GAP, RESIZE, SPAWNED, STDIN_CLOSED, Size};
use crate::transcript::{Direction, Record};

/// The key of the note that ends the transcript of a process whose shim died.
pub const SHIM_LOST: &str = "shim-lost";

/// A note of the shim, or of the runner for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// The process was started.
    Spawned {
        /// Its pid.
        pid: i32,
        /// Program and arguments.
        argv: Vec<String>,
        /// The names of its environment variables.
        env: Vec<String>,
        /// The folder it started in.
        cwd: String,
        /// The size of its terminal, where it has one.
        size: Option<Size>,
    },
    /// The process ended with a code, and nothing of its tree is left. The last record.
    Exited {
        /// The exit code.
        code: i32,
    },
    /// The process was ended by a signal, and nothing of its tree is left. The last record.
    Signalled {
        /// The signal's number.
        signal: i32,
    },
    /// Its standard input was closed, by it or by us.
    StdinClosed,
    /// Its terminal has another size from here on.
    Resized {
        /// The size.
        size: Size,
    },
    /// A segment of a terminal's transcript begins.
    Base {
        /// Bytes that were printed before it.
        printed: u64,
        /// The size of the terminal.
        size: Size,
    },
    /// What passed here was not recorded.
    Gap {
        /// Bytes that are missing.
        bytes: u64,
        /// The size of the terminal behind it.
        size: Size,
    },
    /// The shim died, and nothing of the tree is left. The last record.
    ShimLost {
        /// The machine was started anew meanwhile.
        rebooted: bool,
    },
    /// A note that the runner wrote through the shim.
    Other {
        /// Its kind.
        key: String,
        /// Its content.
        bytes: Vec<u8>,
    },
}

#[derive(Deserialize)]
struct Spawned {
    pid: i32,
    argv: Vec<String>,
    env: Vec<String>,
    cwd: String,
    cols: Option<u16>,
    rows: Option<u16>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Ended {
    Code { code: i32 },
    Signal { signal: i32 },
}

#[derive(Deserialize)]
struct Cells {
    cols: u16,
    rows: u16,
}

#[derive(Deserialize)]
struct Begun {
    printed: u64,
    cols: u16,
    rows: u16,
}

#[derive(Deserialize)]
struct Missing {
    bytes: u64,
    cols: u16,
    rows: u16,
}

#[derive(Deserialize)]
struct Lost {
    rebooted: bool,
}

impl Note {
    /// Reads a note record; a note whose content does not fit its key is [`Note::Other`].
    pub fn read(record: &Record<'_>) -> Option<Self> {
        if record.direction != Direction::Note {
            return None;
        }
        let known = match record.key {
            SPAWNED => parse(record.bytes).map(|Spawned { pid, argv, env, cwd, cols, rows }| {
                let size = cols.zip(rows).map(|(cols, rows)| Size { cols, rows });
                Self::Spawned { pid, argv, env, cwd, size }
            }),
            EXITED => parse(record.bytes).map(|ended| match ended {
                Ended::Code { code } => Self::Exited { code },
                Ended::Signal { signal } => Self::Signalled { signal },
            }),
            STDIN_CLOSED => Some(Self::StdinClosed),
            BASE => parse(record.bytes)
                .map(|Begun { printed, cols, rows }| Self::Base { printed, size: Size { cols, rows } }),
            RESIZE => parse(record.bytes).map(|Cells { cols, rows }| Self::Resized { size: Size { cols, rows } }),
            GAP => {
                parse(record.bytes).map(|Missing { bytes, cols, rows }| Self::Gap { bytes, size: Size { cols, rows } })
            }
            SHIM_LOST => parse(record.bytes).map(|Lost { rebooted }| Self::ShimLost { rebooted }),
            _ => None,
        };
        Some(known.unwrap_or_else(|| Self::Other { key: record.key.to_owned(), bytes: record.bytes.to_vec() }))
    }

    /// Whether nothing comes behind this note.
    pub fn is_last(&self) -> bool {
        match self {
            Self::Exited { .. } | Self::Signalled { .. } | Self::ShimLost { .. } => true,
            Self::Spawned { .. } | Self::StdinClosed | Self::Other { .. } => false,
            Self::Resized { .. } | Self::Base { .. } | Self::Gap { .. } => false,
        }
    }
}

fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Option<T> {
    serde_json::from_slice(bytes).ok()
}
