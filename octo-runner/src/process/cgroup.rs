//! A control group per process, where the system lets us make one: the mark that a process cannot shed.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::Pid;

/// Makes a cgroup named for the process below our own; `None` where that is not allowed.
pub(crate) fn make(process: &str) -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let own = fs::read_to_string("/proc/self/cgroup").ok()?;
    candidates(&mounts, &own).into_iter().find_map(|parent| {
        let group = parent.join(format!("octo-{process}"));
        fs::create_dir(&group).ok()?;
        let usable = fs::OpenOptions::new().write(true).open(group.join("cgroup.procs")).is_ok();
        if !usable {
            remove(&group);
        }
        usable.then_some(group)
    })
}

/// Sends SIGKILL to everything in the group. What forks meanwhile is for the next call.
pub(crate) fn kill(group: &Path) {
    if fs::write(group.join("cgroup.kill"), b"1").is_ok() {
        return;
    }
    // Version 1: frozen members can neither fork nor make room for another process of their pid.
    let freezer = group.join("freezer.state");
    // Best effort, as is all of it: the caller looks again until nobody is left.
    fs::write(&freezer, b"FROZEN").ok();
    for pid in members(group) {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
    fs::write(&freezer, b"THAWED").ok();
}

/// The processes in the group.
pub(crate) fn members(group: &Path) -> Vec<Pid> {
    let listed = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
    listed.lines().filter_map(|line| line.parse().ok().and_then(Pid::from_raw)).collect()
}

/// Removes an empty group.
pub(crate) fn remove(group: &Path) {
    // An empty group costs little: where the last member is a zombie for a moment more, it stays.
    fs::remove_dir(group).ok();
}

/// Our own groups that may have children: version 2 first, then the freezer of version 1.
fn candidates(mounts: &str, own: &str) -> Vec<PathBuf> {
    let unified = own.lines().find_map(|line| line.strip_prefix("0::"));
    let freezer = own.lines().find_map(|line| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        controllers.split(',').any(|name| name == "freezer").then_some(path)
    });
    let below = |mount: Option<Mount<'_>>, path: Option<&str>| {
        let (mount, path) = (mount?, path?);
        let inside = path.strip_prefix(mount.root.trim_end_matches('/'))?;
        Some(Path::new(mount.point).join(inside.trim_start_matches('/')))
    };
    let mounts: Vec<Mount<'_>> = mounts.lines().filter_map(Mount::parse).collect();
    let unified_mount = mounts.iter().find(|mount| mount.kind == "cgroup2").copied();
    let freezer_mount = mounts
        .iter()
        .find(|mount| mount.kind == "cgroup" && mount.options.split(',').any(|option| option == "freezer"))
        .copied();
    [below(unified_mount, unified), below(freezer_mount, freezer)].into_iter().flatten().collect()
}

#[derive(Debug, Clone, Copy)]
struct Mount<'a> {
    root: &'a str,
    point: &'a str,
    kind: &'a str,
    options: &'a str,
}

impl<'a> Mount<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (place, source) = line.split_once(" - ")?;
        let mut place = place.split(' ').skip(3);
        let mut source = source.split(' ');
        Some(Self { root: place.next()?, point: place.next()?, kind: source.next()?, options: source.nth(1)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_are_found_where_they_are_mounted() {
        let mounts = "30 24 0:26 / /sys/fs/cgroup/unified rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n\
            31 24 0:27 /docker/ab /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer\n\
            32 24 0:28 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n";
        let own = "9:name=systemd:/\n6:freezer:/docker/ab/c\n0::/user.slice/x.scope\n";
        let expected = ["/sys/fs/cgroup/unified/user.slice/x.scope", "/sys/fs/cgroup/freezer/c"].map(PathBuf::from);
        assert_eq!(candidates(mounts, own), expected);
        assert_eq!(candidates("", own), Vec::<PathBuf>::new());
    }
}
