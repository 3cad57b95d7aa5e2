//! What each (channel, cmd) needs. An unknown one needs the highest right, so a new verb is closed until it is known.

use serde::{Deserialize, Serialize};

/// What a caller may do; each right includes the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// Look.
    Read,
    /// Talk to agents.
    Write,
    /// Everything else: stop, delete, configure.
    Control,
}

/// Every verb that this release knows, with the right it needs.
pub const VERBS: &[(&str, &str, Right)] = &[
    ("system", "hello", Right::Read),
    ("system", "ping", Right::Read),
    ("system", "whoami", Right::Read),
    ("system", "runners", Right::Read),
    ("agent", "session.list", Right::Read),
    ("agent", "session.get", Right::Read),
    ("agent", "watch", Right::Read),
    ("agent", "unwatch", Right::Read),
    ("agent", "get_models", Right::Read),
    ("agent", "get_commands", Right::Read),
    ("agent", "get_stats", Right::Read),
    ("agent", "history.page", Right::Read),
    ("agent", "attachment.get", Right::Read),
    ("agent", "harnesses", Right::Read),
    ("agent", "du", Right::Read),
    ("agent", "doctor", Right::Read),
    ("agent", "session.create", Right::Write),
    ("agent", "session.rename", Right::Write),
    ("agent", "session.resume", Right::Write),
    ("agent", "session.fork", Right::Write),
    ("agent", "fork", Right::Write),
    ("agent", "prompt", Right::Write),
    ("agent", "abort", Right::Write),
    ("agent", "queue.clear", Right::Write),
    ("agent", "input_response", Right::Write),
    ("agent", "set_model", Right::Write),
    ("agent", "set_mode", Right::Write),
    ("agent", "set_thinking_level", Right::Write),
    ("agent", "compact", Right::Write),
    ("agent", "attachment.put", Right::Write),
    ("agent", "session.stop", Right::Control),
    ("agent", "session.delete", Right::Control),
    ("agent", "env", Right::Control),
    ("agent", "stop_all", Right::Control),
    ("terminal", "list", Right::Read),
    ("terminal", "attach", Right::Read),
    ("terminal", "detach", Right::Read),
    ("terminal", "screen", Right::Read),
    ("terminal", "wait", Right::Read),
    ("terminal", "open", Right::Write),
    ("terminal", "input", Right::Write),
    ("terminal", "take", Right::Write),
    ("terminal", "resize", Right::Read),
    ("terminal", "close", Right::Control),
    ("history", "list", Right::Read),
    ("history", "get", Right::Read),
    ("history", "page", Right::Read),
    ("files", "tree", Right::Read),
    ("files", "list", Right::Read),
    ("files", "stat", Right::Read),
    ("files", "read", Right::Read),
    ("files", "search", Right::Read),
    ("files", "grep", Right::Read),
    ("files", "cancel", Right::Read),
    ("files", "changes", Right::Read),
    ("files", "watch", Right::Read),
    ("files", "write", Right::Write),
    ("files", "mkdir", Right::Write),
    ("files", "rename", Right::Write),
    ("files", "copy", Right::Write),
    ("files", "apply", Right::Write),
    ("files", "delete", Right::Control),
];

/// The right that a verb needs.
#[must_use]
pub fn needed(channel: &str, cmd: &str) -> Right {
    VERBS.iter().find(|(c, v, _)| *c == channel && *v == cmd).map_or(Right::Control, |(_, _, right)| *right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_verb_needs_control() {
        assert_eq!(needed("agent", "prompt"), Right::Write);
        assert_eq!(needed("agent", "no.such.verb"), Right::Control);
        assert_eq!(needed("no-such-channel", "watch"), Right::Control);
    }
}
