//! What is stored, as values.

use octo_proto::{
    Event,
    id::{ProcessId, RequestId, SessionId, TerminalId},
    index::IndexEntry,
    session::{SessionInfo, SessionState},
    terminal::TerminalState,
};

use super::Attachment;
use crate::{harness::SessionSpec, process::Size, requests::Digest};

/// One change. Those that are committed together are there together or not at all.
#[derive(Clone, Debug)]
pub enum Op {
    /// A session is there, or changed.
    PutSession(Box<SessionRow>),
    /// A session, everything that belongs to it, and nothing that others need, is gone for ever.
    DeleteSession(SessionId),
    /// A process is there, or changed.
    PutProcess(Box<ProcessRow>),
    /// Something happened.
    Fact {
        /// To which session.
        session: SessionId,
        /// Its number in the session, without gaps.
        number: u64,
        /// When, ms since 1970.
        ts: i64,
        /// Where in a process's transcript it comes from: the place of the record, and its number among that record's.
        source: Option<(ProcessId, u64, u32)>,
        /// What.
        event: Box<Event>,
    },
    /// How far a transcript was folded, and to what.
    Checkpoint(Box<Checkpoint>),
    /// A mutating request was accepted.
    Accept {
        /// Whose.
        account: String,
        /// Its id.
        request_id: RequestId,
        /// Its session, where it has one.
        session: Option<SessionId>,
        /// What tells it from others of this id.
        digest: Digest,
        /// The command, for its session to go on with after a restart.
        body: Vec<u8>,
        /// When, ms since 1970.
        at: i64,
    },
    /// It has its answer.
    Settle {
        /// Whose.
        account: String,
        /// Its id.
        request_id: RequestId,
        /// The answer.
        reply: Vec<u8>,
        /// When, ms since 1970.
        at: i64,
    },
    /// Nothing more is to be done for it.
    End {
        /// Whose.
        account: String,
        /// Its id.
        request_id: RequestId,
    },
    /// A terminal is there, or its program ended.
    PutTerminal(Box<TerminalRow>),
    /// A terminal is forgotten.
    DeleteTerminal(TerminalId),
    /// Bytes that belong to a session.
    PutAttachment {
        /// Which session.
        session: SessionId,
        /// The bytes.
        attachment: Box<Attachment>,
    },
}

/// A session.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionRow {
    /// What clients see of it.
    pub info: SessionInfo,
    /// What its agent is started with.
    pub spec: SessionSpec,
    /// Its last fact.
    pub facts: u64,
    /// Turns that ended unseen.
    pub unread: u64,
    /// What is wrong with it.
    pub error: Option<String>,
}

/// A session, with what is counted.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredSession {
    /// As it was put.
    pub row: SessionRow,
    /// How many messages it has.
    pub messages: u64,
}

impl StoredSession {
    /// As the index shows it before its agent is heard of.
    #[must_use]
    pub fn into_entry(self) -> IndexEntry {
        let state = self.row.error.map_or(SessionState::Stopped, |message| SessionState::Error { message });
        IndexEntry { info: self.row.info, state, unread: self.row.unread, needs_you: None, messages: self.messages }
    }
}

/// A process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessRow {
    /// Permanent.
    pub id: ProcessId,
    /// Whose agent it is.
    pub session: SessionId,
    /// `agent`.
    pub kind: String,
    /// The runner's generation that started it.
    pub generation: u64,
    /// How far it has come.
    pub state: ProcessState,
    /// The boot in which it was started.
    pub boot_id: String,
    /// ms since 1970.
    pub created_at: i64,
    /// ms since 1970.
    pub ended_at: Option<i64>,
}

/// A terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TerminalRow {
    /// Permanent; the process in it has the same name.
    pub id: TerminalId,
    /// The session that owns it.
    pub session: Option<SessionId>,
    /// Where its program started.
    pub cwd: String,
    /// Program and arguments.
    pub command: Vec<String>,
    /// Its size: at first, and at its end.
    pub size: Size,
    /// The boot in which it was started.
    pub boot_id: String,
    /// What became of its program.
    pub state: TerminalState,
    /// ms since 1970.
    pub created_at: i64,
    /// ms since 1970.
    pub ended_at: Option<i64>,
}

/// How far a process has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessState {
    /// It is about to be started, or lives.
    Spawning,
    /// It is dead, and everything that it said is in the history.
    Ended,
}

/// A place in a transcript, and the state that everything before it folds to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Of which process.
    pub process: ProcessId,
    /// Of which session.
    pub session: SessionId,
    /// The record to go on with.
    pub resume_offset: u64,
    /// How many of its bytes were folded.
    pub skip: u64,
    /// The session's last fact.
    pub last_fact: u64,
    /// The format of the harness's state.
    pub format: u32,
    /// The harness's state.
    pub harness_state: Vec<u8>,
    /// The session's volatile state.
    pub turn_state: Vec<u8>,
}

/// A fact.
#[derive(Clone, Debug, PartialEq)]
pub struct FactRow {
    /// Its number in the session.
    pub number: u64,
    /// When, ms since 1970.
    pub ts: i64,
    /// Where in a transcript it comes from.
    pub source: Option<(ProcessId, u64, u32)>,
    /// What.
    pub event: Event,
}

/// What is known of a mutating request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownRequest {
    /// What tells it from others of its id.
    pub digest: Digest,
    /// Its answer, once it has one.
    pub reply: Option<Vec<u8>>,
}

/// An accepted command that is still to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedRow {
    /// Whose.
    pub account: String,
    /// The command.
    pub body: Vec<u8>,
}
