//! What a process holds: memory and descriptors.

use std::fmt;

use anyhow::{Context, Result};

/// The memory of one process, in KiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    /// All of its pages that are in memory.
    pub(crate) rss: u64,
    /// The same, with what it shares counted by its share.
    pub(crate) pss: u64,
    /// What it shares with nobody.
    pub(crate) private: u64,
}

impl Memory {
    /// Asks the kernel.
    pub(crate) fn of(pid: u32) -> Result<Self> {
        let path = format!("/proc/{pid}/smaps_rollup");
        let text = std::fs::read_to_string(&path).with_context(|| path)?;
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            line.split_ascii_whitespace().next().and_then(|number| number.parse::<u64>().ok()).unwrap_or_default()
        };
        let private = field("Private_Clean:") + field("Private_Dirty:");
        Ok(Self { rss: field("Rss:"), pss: field("Pss:"), private })
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mb = |kib: u64| kib as f64 / 1024.0;
        write!(f, "RSS {:.1} MB, PSS {:.1}, private {:.1}", mb(self.rss), mb(self.pss), mb(self.private))
    }
}
