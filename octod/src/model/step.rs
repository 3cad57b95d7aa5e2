//! What the model can do in answer to a request: the closed vocabulary between rules and encoders.

use std::time::Duration;

use serde_json::Value;

/// The answer to one request.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    /// An HTTP error before any output.
    Refuse(Failure),
    /// A message.
    Speak(Speech),
}

/// One assistant message, step by step.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Speech {
    pub(super) steps: Vec<Step>,
    /// Whether it ends because the token limit was reached.
    pub(super) cut: bool,
    /// The usage it claims, where that is not counted from the text.
    pub(super) claims: Option<Usage>,
}

impl Speech {
    pub(super) fn new(steps: Vec<Step>) -> Self {
        Self { steps, cut: false, claims: None }
    }
}

/// One thing said, done or broken.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    Thinking(String),
    Text(Text),
    Call {
        name: String,
        input: Value,
    },
    /// An error inside the stream.
    Break(Failure),
    /// The connection is cut.
    Drop,
}

impl Step {
    pub(super) fn say(text: impl Into<String>) -> Self {
        Self::Text(Text::Plain(text.into()))
    }
}

/// A text and how it is cut into deltas.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Text {
    /// Pieces of a few words, at the server's pace.
    Plain(String),
    /// One character a delta.
    Letters(String),
    /// `word0 word1 …`, one a delta.
    Counted { word: &'static str, count: u32, every: Duration },
    /// This many deltas of 1 KiB.
    Kibibytes(u32),
}

/// A scripted failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) status: u16,
    pub(super) message: String,
}

/// Tokens of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) input: u64,
    pub(super) output: u64,
}

/// Why a message ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    Natural,
    ToolUse,
    Length,
}
