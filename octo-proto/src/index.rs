//! The index: one line per session, what boards, status lines, notifications and scripts stand on.

use serde::{Deserialize, Serialize};

use crate::session::{SessionInfo, SessionState};

/// One session in the index.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct IndexEntry {
    /// What it is.
    pub info: SessionInfo,
    /// Where it is in its life.
    pub state: SessionState,
    /// Turns that ended while nobody watched it.
    #[serde(default)]
    pub unread: u64,
    /// The question it waits on, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs_you: Option<String>,
    /// Messages so far.
    #[serde(default)]
    pub messages: u64,
}
