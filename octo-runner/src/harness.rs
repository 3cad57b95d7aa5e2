//! The shape of an agent's protocol: how to launch it, what it can do, and a state that is a fold over its transcript.
//!
//! No I/O, no clock, no randomness; no harness's name outside its own module and the registry.

pub mod any;
pub mod discover;
pub mod pi;

use std::{collections::HashMap, path::PathBuf};

use octo_proto::{
    Error, Event,
    command::Command,
    id::{AttachmentId, ProcessId, RequestId, SessionId},
    message::Message,
    session::{Capabilities, When},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// One agent protocol. State = fold(records); everything else looks at it.
pub trait Harness: Send + Serialize + DeserializeOwned {
    /// As clients name it.
    const NAME: &'static str;
    /// Of the serialised state; a state of another format is not read, and the transcript is folded from its start.
    const FORMAT: u32;

    /// What to start for this session, with the program that was found.
    ///
    /// # Errors
    /// Where this session cannot be started, with what to do about it.
    fn launch(spec: &SessionSpec, found: &Installed) -> Result<Launch, Error>;

    /// The state before the first record of a process.
    fn new(spec: &SessionSpec, process: &ProcessId) -> Self;

    /// What the session can do now.
    fn capabilities(&self) -> &Capabilities;

    /// Takes in one record. The only mutator: live, in recovery, in `translate`.
    fn fold(&mut self, record: &Record<'_>) -> Vec<Out>;

    /// What to do with an accepted command now.
    fn plan(&self, accepted: &Accepted) -> Plan;

    /// Lines that the protocol demands now (handshake steps, refusals of the agent's own requests, clean-up), each with
    /// a key; one whose key was written before is not written again.
    fn reactions(&self) -> Vec<Write>;

    /// What was written and has not been answered: when the time is over the runner has the shim append a note
    /// `timeout KEY`, which comes back as [`What::Timeout`].
    fn deadlines(&self) -> Vec<Deadline>;

    /// How to stop it, in order.
    fn stop(&self) -> Vec<StopStep>;
}

/// What a session is to be started with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionSpec {
    /// Which session.
    pub session_id: SessionId,
    /// The agent's working directory.
    pub cwd: PathBuf,
    /// The model to use, as `set_model` takes it.
    pub model: Option<String>,
    /// The thinking level to use.
    pub thinking_level: Option<String>,
    /// The title, for agents that have one.
    pub title: String,
    /// The harness's own id of the session to go on with, as an earlier process reported it ([`Out::Ready`]).
    pub resume: Option<NativeId>,
    /// The point of another session to begin from.
    pub fork: Option<Fork>,
}

/// The harness's own id of a session, and whatever else it needs to find it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NativeId {
    /// What clients see as `native_id`.
    pub id: String,
    /// The harness's own session file, where it has one.
    pub file: Option<PathBuf>,
}

/// A point of another session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fork {
    /// The other session.
    pub native: NativeId,
    /// How many messages of people stand before the one that the fork leaves out, of those that the agent's own
    /// conversation has ([`Out::PromptDelivered`]).
    pub user_messages_before: u64,
}

/// A program that was found on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installed {
    /// What to execute, with the arguments that come first (an interpreter and its script, for example).
    pub command: Vec<String>,
    /// Its release.
    pub version: String,
}

/// What to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// Variables to add to the agent's environment.
    pub env: Vec<(String, String)>,
}

/// One record of a transcript, as a harness sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Record<'a> {
    /// When, ms since 1970.
    pub at: i64,
    /// Where in the transcript it begins: unique, growing, the same whenever it is read.
    pub place: u64,
    /// What it is.
    pub what: What<'a>,
}

/// What a record is.
#[derive(Clone, Debug, PartialEq)]
pub enum What<'a> {
    /// A line of the agent's stdout, without its LF.
    Line(&'a [u8]),
    /// A line that was too long to hold.
    Oversize {
        /// Its beginning.
        head: &'a [u8],
        /// Its length in bytes.
        len: u64,
    },
    /// Something on the agent's stderr.
    Stderr(&'a [u8]),
    /// A frame that was recorded to be written to the agent.
    Wrote {
        /// Its key.
        key: &'a str,
        /// What was written.
        line: &'a [u8],
    },
    /// The process was started.
    Spawned {
        /// Its pid.
        pid: u32,
    },
    /// The process ended by itself or was stopped.
    Exited {
        /// Its exit code, if it ended by itself.
        code: Option<i32>,
        /// The signal that ended it.
        signal: Option<i32>,
    },
    /// The shim was lost, and the process with it. `reason` is what people are told.
    ShimLost {
        /// Why, in words.
        reason: &'a str,
    },
    /// The time for an answer to the write with this key is over.
    Timeout {
        /// The key.
        key: &'a str,
    },
    /// Part of the output was not recorded.
    Gap {
        /// How many bytes.
        bytes: u64,
    },
}

/// What a record means.
#[derive(Clone, Debug, PartialEq)]
pub enum Out {
    /// The agent answered: it can be prompted, and this is its own id. May come again when the id changes.
    Ready {
        /// Its own id.
        native: NativeId,
        /// The models it offers, if it said so.
        models: Vec<octo_proto::session::Model>,
    },
    /// Told at once, not stored.
    Volatile(Event),
    /// Stored, then told. Its key is (process, place of the record, its number among the facts of the record).
    Fact(Event),
    /// The answer to an accepted command.
    Reply {
        /// The command's request id, which is the key it was written with.
        key: RequestId,
        /// What the reply carries, or why it failed.
        result: Result<serde_json::Value, Error>,
    },
    /// The agent has taken this prompt; its message stands here in the log. The session adds the facts
    /// `prompt.delivered` and `stream.message_end` of the message that it keeps.
    PromptDelivered {
        /// Which.
        key: RequestId,
        /// The agent's extension took it: the agent's own conversation does not have it, and it does not count in
        /// [`Fork::user_messages_before`].
        handled: bool,
    },
    /// This prompt is over; the session adds `prompt.ended`.
    PromptEnded {
        /// Which.
        key: RequestId,
        /// How.
        outcome: octo_proto::session::Outcome,
        /// Why, where it did not end as it should.
        message: Option<String>,
    },
    /// The agent handed this prompt back undelivered (its queue was cleared, it refused since it was busy): it goes back
    /// to the session's queue, or ends as withdrawn when `withdrawn`.
    PromptReturned {
        /// Which.
        key: RequestId,
        /// A person took it back.
        withdrawn: bool,
    },
    /// The agent's session has another title now.
    Title {
        /// It.
        title: String,
    },
    /// Not understood or of no use to a client; counted, and shown by `translate`.
    Debug {
        /// Why.
        why: String,
    },
}

/// A command that was accepted and has no answer yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Accepted {
    /// Its request id, the key to write it with.
    pub key: RequestId,
    /// The command.
    pub command: Command,
    /// Of a prompt: the message it becomes.
    pub message: Option<Message>,
    /// The bytes of the attachments that the message shows, in base64. The store has them, so they are not kept here.
    #[serde(skip)]
    pub pictures: HashMap<AttachmentId, String>,
    /// Of a prompt: when it is to reach the agent.
    pub when: When,
    /// Whose it is: an account.
    #[serde(default)]
    pub by: String,
}

/// What to do with an accepted command now.
#[derive(Clone, Debug, PartialEq)]
pub enum Plan {
    /// Write these lines, in order. The last has the command's own key; of a prompt that was handed back N times
    /// ([`Out::PromptReturned`]), the key and `#N`, since no key is written twice.
    Write(Vec<Write>),
    /// Not now: ask again when the state has changed.
    Wait,
    /// It is answered without the agent.
    Answer(Result<serde_json::Value, Error>),
}

/// One line to write, LF included, recorded under its key before it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// Never written twice.
    pub key: String,
    /// The bytes.
    pub line: Vec<u8>,
}

/// By when an answer must be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// Of the write.
    pub key: String,
    /// ms since 1970: the record's time plus what the answer may take.
    pub at: i64,
}

/// One step of stopping an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopStep {
    /// Write this.
    Write(Write),
    /// Wait until the turn has settled, at most this many ms.
    WaitSettled(u64),
    /// Close its stdin, and wait this many ms for it to end.
    Eof(u64),
    /// Send it this signal, and wait this many ms for it to end.
    Signal(i32, u64),
    /// Kill everything that it started.
    KillTree,
}
