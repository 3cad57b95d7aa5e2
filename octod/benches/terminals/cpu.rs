//! What processes have used of the processors.

use std::{collections::HashMap, fs::read_to_string, time::Duration};

/// The kernel counts in hundredths of a second.
const TICK: Duration = Duration::from_millis(10);

/// What all of these have used, with all that descend from them.
pub(crate) fn used(roots: &[u32]) -> Duration {
    let all: HashMap<u32, (u32, u32)> = processes().map(|(pid, parent, ticks)| (pid, (parent, ticks))).collect();
    let belongs = |mut pid: u32| loop {
        if roots.contains(&pid) {
            return true;
        }
        match all.get(&pid) {
            Some((parent, _)) => pid = *parent,
            None => return false,
        }
    };
    all.iter().filter(|(pid, _)| belongs(**pid)).map(|(_, (_, ticks))| TICK * *ticks).sum()
}

/// Every process: itself, its parent, and what it and its ended children have used.
fn processes() -> impl Iterator<Item = (u32, u32, u32)> {
    std::fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        // One that has ended meanwhile has nothing to read.
        let stat = read_to_string(entry.path().join("stat")).ok()?;
        let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
        let number = |at: usize| fields.get(at).and_then(|field| field.parse::<u32>().ok());
        Some((pid, number(1)?, number(11)? + number(12)? + number(13)? + number(14)?))
    })
}
