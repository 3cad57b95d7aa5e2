//! What a client asks of a runner on channel `terminal`, what the replies carry, and what a terminal tells.

use serde::{Deserialize, Serialize};

use crate::{
    Error,
    id::{SessionId, TerminalId},
};

/// The most columns of a terminal.
pub const MAX_COLS: u16 = 1000;

/// The most rows of a terminal.
pub const MAX_ROWS: u16 = 1000;

/// The most columns times rows of a terminal: both of its screens are held, whatever is on them.
pub const MAX_CELLS: usize = 200_000;

/// The most bytes of one `input`.
pub const MAX_INPUT: usize = 64 * 1024;

/// The most lines of one page of `history`.
pub const MAX_HISTORY_LINES: u32 = 1000;

/// One command, as the body of a request. `terminal_id` names the terminal; `session_id` of the frame, the session that
/// is to own a new one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "cmd")]
pub enum TerminalCommand {
    /// Starts a program on a new terminal. Reply: [`TerminalReply`].
    #[serde(rename = "open")]
    Open {
        /// Where it starts: an absolute path of a directory; without it the session's, else the home of the user.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cwd: Option<String>,
        /// Program and arguments; without it the user's shell.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        command: Vec<String>,
        /// Its columns.
        cols: u16,
        /// Its rows.
        rows: u16,
    },
    /// Shows it on this connection: what is on it, or its output behind `after`, and then all that comes. Reply:
    /// [`Attached`].
    #[serde(rename = "attach")]
    Attach {
        /// Which.
        terminal_id: TerminalId,
        /// The offset behind the last byte that this client has.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<u64>,
        /// The columns that this client has for it.
        cols: u16,
        /// The rows that this client has for it.
        rows: u16,
        /// Whether to be the one who writes, if nobody is.
        #[serde(default)]
        write: bool,
        /// How many lines that scrolled off the screen come before it, at most; without it 1,000.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        history: Option<u32>,
    },
    /// Shows it no more. Reply: [`Done`](crate::command::Done).
    #[serde(rename = "detach")]
    Detach {
        /// Which.
        terminal_id: TerminalId,
    },
    /// Types the bytes of the request. Reply: [`Done`](crate::command::Done), when they are on their way.
    #[serde(rename = "input")]
    Input {
        /// Which.
        terminal_id: TerminalId,
    },
    /// Becomes the one who writes, whoever was. Reply: [`Done`](crate::command::Done).
    #[serde(rename = "take")]
    Take {
        /// Which.
        terminal_id: TerminalId,
    },
    /// This client has another size for it; where it writes, the terminal follows. Reply:
    /// [`Done`](crate::command::Done).
    #[serde(rename = "resize")]
    Resize {
        /// Which.
        terminal_id: TerminalId,
        /// The columns that this client has for it now.
        cols: u16,
        /// The rows that this client has for it now.
        rows: u16,
    },
    /// Kills all that runs in it and forgets it. Reply: [`Done`](crate::command::Done).
    #[serde(rename = "close")]
    Close {
        /// Which.
        terminal_id: TerminalId,
    },
    /// All terminals, or those of the frame's session, the oldest first. Reply: [`TerminalList`].
    #[serde(rename = "list")]
    List {},
    /// What is on it. Reply: [`TerminalScreen`].
    #[serde(rename = "screen")]
    Screen {
        /// Which.
        terminal_id: TerminalId,
        /// With colours and all else.
        #[serde(default)]
        attributes: bool,
    },
    /// What was printed on it, line by line: what scrolled off the screen, and what is on it. Reply: [`TerminalHistory`].
    #[serde(rename = "history")]
    History {
        /// Which.
        terminal_id: TerminalId,
        /// As it was when so many bytes had been printed; without it, as it is now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        offset: Option<u64>,
        /// How many lines lie below the last that is wanted; without it none, so that it is the last of the screen.
        #[serde(default)]
        below: u32,
        /// At most so many lines; without it 200, and never more than [`MAX_HISTORY_LINES`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u32>,
        /// With the sequences that draw colours, links and attributes, and not only their text.
        #[serde(default)]
        attributes: bool,
    },
    /// Waits for the end of its program. Reply: [`TerminalReply`], as it is then; the error `timeout` where it goes on.
    #[serde(rename = "wait")]
    Wait {
        /// Which.
        terminal_id: TerminalId,
        /// At most this long; without it five minutes, which is also the most.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout_ms: Option<u64>,
    },
}

/// One event, as the body of an event frame on channel `terminal`. It comes in order with the bytes of its terminal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "event")]
pub enum TerminalEvent {
    /// Begin anew: clear everything and take this size; the next `redraw` bytes of data draw what is on the terminal, and
    /// count in no offset; then its output goes on at `offset`.
    #[serde(rename = "terminal.screen")]
    Screen {
        /// Which.
        terminal_id: TerminalId,
        /// Its columns.
        cols: u16,
        /// Its rows.
        rows: u16,
        /// Where its output goes on behind the redraw.
        offset: u64,
        /// Bytes of the redraw.
        redraw: u64,
    },
    /// Who writes, and its size, from here on.
    #[serde(rename = "terminal.owner")]
    Owner {
        /// Which.
        terminal_id: TerminalId,
        /// The client that writes, as the reply of its `attach` named it; none: the next that types.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client: Option<String>,
        /// Its columns.
        cols: u16,
        /// Its rows.
        rows: u16,
    },
    /// Output could not be recorded here, so nobody has it. What is on the screen may be wrong until it is drawn again.
    #[serde(rename = "terminal.gap")]
    Gap {
        /// Which.
        terminal_id: TerminalId,
        /// Bytes that are missing.
        bytes: u64,
    },
    /// Its program ended; nothing more comes.
    #[serde(rename = "terminal.exited")]
    Exited {
        /// Which.
        terminal_id: TerminalId,
        /// How.
        state: TerminalState,
    },
    /// An event of a later release.
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}

/// What became of a terminal's program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum TerminalState {
    /// It runs.
    Running,
    /// It ended with this code.
    Exited {
        /// The exit code.
        code: i32,
    },
    /// A signal ended it.
    Signalled {
        /// The signal's number.
        signal: i32,
    },
    /// It was lost with what held it.
    Lost {
        /// The machine was started anew.
        rebooted: bool,
    },
}

/// A terminal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TerminalInfo {
    /// Permanent.
    pub terminal_id: TerminalId,
    /// The session that owns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
    /// Program and arguments.
    pub command: Vec<String>,
    /// Where it started.
    pub cwd: String,
    /// Its columns.
    pub cols: u16,
    /// Its rows.
    pub rows: u16,
    /// What became of its program.
    pub state: TerminalState,
    /// The clients that show it.
    pub clients: u32,
    /// The client that writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writer: Option<String>,
    /// ms since 1970.
    pub created_at: i64,
    /// ms since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<i64>,
}

/// One terminal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TerminalReply {
    /// As it is now.
    pub terminal: TerminalInfo,
}

/// Terminals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TerminalList {
    /// Each of them.
    pub terminals: Vec<TerminalInfo>,
}

/// What is on a terminal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TerminalScreen {
    /// As it is now.
    pub terminal: TerminalInfo,
    /// The text, a line per row, without blanks at their ends.
    pub text: String,
    /// What the program calls it.
    pub title: String,
    /// The row of the cursor, from 0.
    pub row: u16,
    /// The column of the cursor, from 0.
    pub col: u16,
    /// So many bytes had been printed then.
    #[serde(default)]
    pub offset: u64,
    /// With `attributes`: the lines in runs of one style, both screens, modes, colours. Its fields may change with each
    /// release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub screen: Option<serde_json::Value>,
}

/// What was printed on a terminal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TerminalHistory {
    /// As it was when so many bytes had been printed: for the next page.
    pub offset: u64,
    /// The columns that it had then.
    pub cols: u16,
    /// The rows that it had then: so many of the newest lines are on the screen.
    pub rows: u16,
    /// How many lines lie below these.
    pub below: u32,
    /// The oldest first.
    pub lines: Vec<HistoryLine>,
    /// Whether there are lines above these.
    pub has_more: bool,
}

/// A line that was printed on a terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HistoryLine {
    /// Its text, without blanks at its end; with `attributes`, what draws it from the first column on.
    pub text: String,
    /// It is as wide as the terminal, and what was printed goes on in the next line.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub goes_on: bool,
}

/// This connection shows a terminal from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Attached {
    /// As it is now.
    pub terminal: TerminalInfo,
    /// What this client is called in `terminal.owner`.
    pub client: String,
}

impl TerminalCommand {
    /// Whether it changes something that outlives the connection, so that its id must be a ULID and is remembered. What is
    /// typed is not: it is never sent again.
    #[must_use]
    pub fn is_mutating(&self) -> bool {
        match self {
            Self::Open { .. } | Self::Close { .. } => true,
            Self::Attach { .. } | Self::Detach { .. } | Self::Input { .. } | Self::Take { .. } => false,
            Self::Resize { .. } | Self::List {} | Self::Screen { .. } | Self::History { .. } | Self::Wait { .. } => {
                false
            }
        }
    }
}

impl TerminalState {
    /// Whether its program runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        *self == Self::Running
    }
}

/// Refuses a size that no terminal has.
///
/// # Errors
/// `bad_request` where there are no columns or rows, or more than [`MAX_COLS`], [`MAX_ROWS`] or [`MAX_CELLS`].
pub fn check_size(cols: u16, rows: u16) -> Result<(), Error> {
    let cells = usize::from(cols) * usize::from(rows);
    if (1..=MAX_COLS).contains(&cols) && (1..=MAX_ROWS).contains(&rows) && cells <= MAX_CELLS {
        return Ok(());
    }
    Err(Error::bad_request(format!("a terminal cannot have {cols} columns and {rows} rows"))
        .hint(format!("it has 1 to {MAX_COLS} columns and 1 to {MAX_ROWS} rows, and at most {MAX_CELLS} cells")))
}

/// Reads the command of a body, or says what is wrong with it.
///
/// # Errors
/// `bad_request` where the body is not an object with a known `cmd` and the fields it needs.
pub fn parse(body: &str) -> Result<TerminalCommand, Error> {
    crate::command::parse_as(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sizes_that_a_terminal_can_have_pass() {
        for (cols, rows, good) in [
            (80, 24, true),
            (1, 1, true),
            (1000, 200, true),
            (200, 1000, true),
            (1000, 201, false),
            (0, 24, false),
            (80, 0, false),
            (1001, 24, false),
        ] {
            assert_eq!(check_size(cols, rows).is_ok(), good, "{cols}x{rows}");
        }
        let error = parse(r#"{"cmd":"open","cols":70000,"rows":24}"#).unwrap_err();
        assert!(error.message.contains("u16"), "{error}");
    }
}
