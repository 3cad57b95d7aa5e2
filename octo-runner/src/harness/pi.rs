//! Pi in its RPC mode: JSON lines on stdin and stdout, folded into Octo's events.
//!
//! Commands to Pi run concurrently and lose each other when sent together, so one that changes something is written only
//! when none is open. A turn is over at `agent_settled`, and nowhere else.

mod answers;
mod death;
mod dialogs;
mod launch;
mod lines;
mod oversize;
mod plan;
mod prompts;
mod record;
mod sink;
mod stream;
mod tools;
mod turn;

use octo_proto::{
    Error, Message,
    id::{MessageId, ProcessId, RequestId, ToolCallId, TurnId},
    session::{Capabilities, InputRequest, Model, Phase, SessionUsage, SlashCommand},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Accepted, Deadline, Harness, Installed, Launch, NativeId, Out, Plan, Record, SessionSpec, StopStep, Write,
};

/// The state of one Pi process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pi {
    process: ProcessId,
    capabilities: Capabilities,
    life: Life,
    /// It printed something that was understood.
    spoke: bool,
    /// What the protocol demands to be written, in order; the record of the write takes it away.
    demands: Vec<Demand>,
    /// Commands that were written and not answered, the oldest first.
    open: Vec<Open>,
    /// Prompts that were written and have not ended, the oldest first.
    prompts: Vec<Prompt>,
    /// Pi's two queues, as its last `queue_update` told.
    steering: Vec<QueueEntry>,
    following: Vec<QueueEntry>,
    /// What left a queue and whose echo comes next.
    due: Vec<Option<RequestId>>,
    /// How often a prompt was handed back.
    returned: Vec<(RequestId, u32)>,
    turn: Option<Turn>,
    compacting: bool,
    writing: Option<Writing>,
    tools: Vec<Tool>,
    dialogs: Vec<Dialog>,
    /// When a compaction or question that held up an answer was over, ms since 1970.
    held_until: i64,
    /// The message that a fork leaves out, counted among those of people.
    fork: Option<u64>,
    native: Option<NativeId>,
    model: Option<String>,
    /// None until Pi told them.
    models: Option<Vec<Model>>,
    thinking_level: Option<String>,
    title: String,
    commands: Vec<SlashCommand>,
    /// Commands that extensions handle: they end without a turn.
    extension_commands: Vec<String>,
    usage: SessionUsage,
    /// The last 4 KiB of stderr.
    stderr: String,
}

/// How far the process is in its life.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Life {
    Starting,
    Ready,
    /// It cannot be prompted, and why.
    Failed(Error),
    Ended,
}

/// A line that the protocol demands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Demand {
    key: String,
    body: Value,
}

/// A command that was written and not answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Open {
    key: String,
    /// Pi's name of it.
    command: String,
    /// When it was written, ms since 1970.
    at: i64,
    /// Where it was written.
    place: u64,
    /// What else its answer needs: the model of `set_model`.
    argument: Option<String>,
}

/// A prompt that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Prompt {
    key: RequestId,
    lane: Lane,
    stage: Stage,
    /// It was stopped while an extension handled it.
    aborted: bool,
    /// The extension that handled it failed.
    failed: Option<String>,
}

/// How a prompt reaches Pi.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Lane {
    /// It begins a turn.
    Turn,
    /// Through Pi's steering queue.
    Steer,
    /// Through Pi's follow-up queue, which Octo never uses; transcripts of others have it.
    FollowUp,
    /// An extension handles it, without a turn.
    Extension,
}

/// How far a prompt has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    Written,
    /// Pi answered at this place, and will begin a turn.
    Accepted(u64),
    Queued,
    Delivered,
}

/// An entry of one of Pi's queues; without a key it is an extension's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct QueueEntry {
    key: Option<RequestId>,
    text: String,
}

/// The turn under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Turn {
    id: TurnId,
    phase: Phase,
    /// An abort was written: what Pi says of why a message ended cannot be trusted then.
    aborted: bool,
    /// What the last message of the model failed with.
    error: Option<String>,
}

/// The message that Pi writes now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Writing {
    Assistant(Box<Message>),
    /// The echo of a prompt that Octo keeps itself.
    Echo,
    Other(MessageId),
}

/// A tool that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Tool {
    id: ToolCallId,
    name: String,
    started_at: i64,
}

/// A question that an extension waits on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Dialog {
    /// Pi's id of it.
    native: String,
    request: InputRequest,
    /// It was asked within a turn, and ends with it at the latest.
    in_turn: bool,
}

/// Keys of lines that this module demands begin with it; those of accepted commands are request ids.
const OURS: &str = "octo:";

impl Harness for Pi {
    const NAME: &'static str = "pi";
    const FORMAT: u32 = 1;

    fn launch(spec: &SessionSpec, found: &Installed) -> Result<Launch, Error> {
        launch::launch(spec, found)
    }

    fn new(spec: &SessionSpec, process: &ProcessId) -> Self {
        let fork = launch::fork_point(spec);
        let mut pi = Self {
            process: process.clone(),
            capabilities: launch::capabilities(),
            life: Life::Starting,
            spoke: false,
            demands: Vec::new(),
            open: Vec::new(),
            prompts: Vec::new(),
            steering: Vec::new(),
            following: Vec::new(),
            due: Vec::new(),
            returned: Vec::new(),
            turn: None,
            compacting: false,
            writing: None,
            tools: Vec::new(),
            dialogs: Vec::new(),
            held_until: 0,
            fork,
            native: None,
            model: spec.model.clone(),
            models: None,
            thinking_level: spec.thinking_level.clone(),
            title: spec.title.clone(),
            commands: Vec::new(),
            extension_commands: Vec::new(),
            usage: SessionUsage::default(),
            stderr: String::new(),
        };
        match fork {
            Some(_) => pi.demand("octo:fork-points", json!({"type": "get_fork_messages"})),
            None => pi.introduce(),
        }
        pi
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn fold(&mut self, record: &Record<'_>) -> Vec<Out> {
        self.on_record(record)
    }

    fn plan(&self, accepted: &Accepted) -> Plan {
        plan::plan(self, accepted)
    }

    fn reactions(&self) -> Vec<Write> {
        self.demands.iter().map(|demand| lines::write(&demand.key, &demand.body)).collect()
    }

    fn deadlines(&self) -> Vec<Deadline> {
        self.all_deadlines()
    }

    fn stop(&self) -> Vec<StopStep> {
        launch::stop(self)
    }
}

impl Pi {
    /// What a session can do at best; its model decides about pictures and thinking levels.
    #[must_use]
    pub fn best_capabilities() -> Capabilities {
        launch::capabilities()
    }

    fn demand(&mut self, key: impl Into<String>, body: Value) {
        let key = key.into();
        if self.demands.iter().all(|demand| demand.key != key) && self.open.iter().all(|open| open.key != key) {
            self.demands.push(Demand { key, body });
        }
    }

    /// Asks Pi for all that a client wants to know first.
    fn introduce(&mut self) {
        self.demand("octo:state", json!({"type": "get_state"}));
        self.demand("octo:models", json!({"type": "get_available_models"}));
        self.demand("octo:commands", json!({"type": "get_commands"}));
        self.demand("octo:levels", json!({"type": "get_available_thinking_levels"}));
        self.demand("octo:stats", json!({"type": "get_session_stats"}));
    }

    fn is_open(&self, command: &str) -> bool {
        self.open.iter().any(|open| open.command == command)
    }

    /// A prompt was answered, and its turn has not begun.
    fn awaits_turn(&self) -> bool {
        let waits = |prompt: &Prompt| prompt.lane == Lane::Turn && matches!(prompt.stage, Stage::Accepted(_));
        self.turn.is_none() && self.prompts.iter().any(waits)
    }

    /// The model in use, if Pi told it.
    fn known_model(&self) -> Option<&Model> {
        let id = self.model.as_deref()?;
        self.models.as_deref()?.iter().find(|model| model.id == id)
    }
}
