//! The one error that crosses the wire: a code for programs, a sentence for people, a hint what to do next.

use serde::{Deserialize, Serialize};

/// The closed set of error codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The request cannot be understood, or a field of it is wrong.
    BadRequest,
    /// The caller has not shown who it is.
    Unauthorized,
    /// The caller may not do this.
    Forbidden,
    /// There is no such thing, or none that the caller may know of.
    NotFound,
    /// It contradicts what is there already.
    Conflict,
    /// The session, harness or release cannot do this.
    Unsupported,
    /// Over a size limit.
    TooLarge,
    /// Too many requests; try later.
    RateLimited,
    /// It cannot be done now, since something else is under way.
    Busy,
    /// It did not finish in time; it may still take effect.
    Timeout,
    /// What is needed cannot be reached; it may have taken effect.
    Unavailable,
    /// The agent could not be started, refused or died.
    AgentFailed,
    /// A fault of Octo.
    Internal,
}

/// An error as a reply carries it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[error("{message}")]
pub struct Error {
    /// For programs.
    pub code: Code,
    /// For people: what happened, to what.
    pub message: String,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// When trying again makes sense, in ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// Further facts for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<serde_json::Value>,
}

impl Error {
    /// An error of this code with this sentence.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None, retry_after_ms: None, details: None }
    }

    /// The same error with a hint what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// A `bad_request`.
    #[must_use]
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(Code::BadRequest, message)
    }

    /// A `not_found`.
    #[must_use]
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Code::NotFound, message)
    }

    /// An `internal`.
    #[must_use]
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Code::Internal, message)
    }
}
