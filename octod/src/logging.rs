//! The log: lines on stderr, for the journal or a person.

use std::io::IsTerminal;

use octo_proto::config::LogLevel;
use tracing_subscriber::EnvFilter;

use crate::config::Start;

/// Begins to log. Later calls in the same process change nothing.
pub fn begin(level: LogLevel, start: &Start) {
    let wire = if start.trace_wire { "info" } else { "off" };
    let level = level.as_str();
    let filter = EnvFilter::new(format!("warn,octod={level},octo_proto={level},octo::wire={wire}"));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    // A second call finds the first one's log in place, which is what is wanted.
    if start.journal {
        drop(lines.without_time().try_init());
    } else {
        drop(lines.try_init());
    }
}
