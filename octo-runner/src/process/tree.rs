//! Finds and kills everything that belongs to a process: by cgroup, by mark in the environment, by descent.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;

use rustix::process::{Pid, PidfdFlags, Signal, getpid, pidfd_open, pidfd_send_signal};

use super::cgroup;
use crate::shim::MARKER;

/// Counts the passes that found nothing: a single one may have looked past a fork.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    empty: u8,
}

/// What `/proc/PID/stat` says of interest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stat {
    parent: i32,
    dead: bool,
    started: u64,
}

impl Tree {
    /// Kills what is left; true when for the second time running nothing was.
    ///
    /// With `descent` everything below the calling process counts, marked or not: for a shim, the subreaper of its tree.
    pub(crate) fn pass(&mut self, process: &str, group: Option<&Path>, descent: bool) -> bool {
        let all = list();
        let mark = format!("{MARKER}={process}");
        let own = getpid().as_raw_nonzero().get();
        let mut members: HashSet<i32> = all.keys().copied().filter(|pid| is_marked(*pid, &mark)).collect();
        if let Some(group) = group {
            members.extend(cgroup::members(group).iter().map(|pid| pid.as_raw_nonzero().get()));
        }
        if descent {
            members.insert(own);
        }
        while include_children(&all, &mut members) {}
        members.remove(&own);
        let alive: Vec<_> =
            members.iter().filter_map(|pid| Some((*pid, all.get(pid).filter(|stat| !stat.dead)?))).collect();
        if alive.is_empty() {
            self.empty += 1;
            return self.empty >= 2;
        }
        self.empty = 0;
        if let Some(group) = group {
            cgroup::kill(group);
        }
        for (pid, stat) in alive {
            kill(pid, stat.started);
        }
        false
    }
}

fn include_children(all: &HashMap<i32, Stat>, members: &mut HashSet<i32>) -> bool {
    let before = members.len();
    let children: Vec<i32> =
        all.iter().filter(|(_, stat)| members.contains(&stat.parent)).map(|(pid, _)| *pid).collect();
    members.extend(children);
    members.len() > before
}

/// Kills the process that has this pid, if it is still the one that was looked at.
fn kill(pid: i32, started: u64) {
    let Some(handle) = Pid::from_raw(pid).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok()) else {
        return;
    };
    if stat(pid).is_some_and(|stat| stat.started == started) {
        // It may have ended by itself; the next pass says.
        let _ = pidfd_send_signal(&handle, Signal::KILL);
    }
}

fn list() -> HashMap<i32, Stat> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid| Some((pid, stat(pid)?))).collect()
}

fn stat(pid: i32) -> Option<Stat> {
    let text = fs::read(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything, even parentheses.
    let behind = text.iter().rposition(|byte| *byte == b')')?;
    let text = std::str::from_utf8(&text[behind + 1..]).ok()?;
    let mut fields = text.split_ascii_whitespace();
    let dead = matches!(fields.next()?, "Z" | "X" | "x");
    let parent = fields.next()?.parse().ok()?;
    let started = fields.nth(17)?.parse().ok()?;
    Some(Stat { parent, dead, started })
}

fn is_marked(pid: i32, mark: &str) -> bool {
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
}
