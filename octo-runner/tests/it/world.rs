//! A temp folder with processes in it, which die with it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use octo_runner::process::{
    Announcements, Attached, BootId, Controller, Launch, Note, ShimPath, Size, Spawned, attach, boot_id, is_alive,
    reap, spawn,
};
use octo_runner::transcript::{Bound, Direction, Reader, segments};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tokio_util::task::TaskTracker;

/// No test waits longer than this for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A record, owned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) direction: Direction,
    pub(crate) key: String,
    pub(crate) bytes: Vec<u8>,
}

/// The folder of all processes of a test.
pub(crate) struct World {
    pub(crate) root: tempfile::TempDir,
    pub(crate) tasks: TaskTracker,
    shim: ShimPath,
}

/// One process of a test.
pub(crate) struct Held {
    pub(crate) name: String,
    pub(crate) spawned: Spawned,
}

impl World {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        Self { root, tasks: TaskTracker::new(), shim: ShimPath::at(env!("CARGO_BIN_EXE_octo-shim")) }
    }

    /// A world whose shims kill themselves at a fail-point.
    pub(crate) fn failing_at(point: &str) -> Self {
        use std::os::unix::fs::PermissionsExt;
        let mut world = Self::new();
        let wrapper = world.root.path().join("failing-shim");
        let script = format!("#!/bin/sh\nOCTO_FAILPOINT={point} exec {} \"$@\"\n", env!("CARGO_BIN_EXE_octo-shim"));
        std::fs::write(&wrapper, script).unwrap();
        std::fs::set_permissions(&wrapper, std::fs::Permissions::from_mode(0o700)).unwrap();
        world.shim = ShimPath::at(wrapper);
        world
    }

    pub(crate) fn name() -> String {
        use std::sync::atomic::{AtomicU32, Ordering};
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let micros = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_micros();
        format!("prc_test{}x{}x{micros}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn processes(&self) -> PathBuf {
        // Longer than a socket's path may be.
        self.root.path().join("a-folder-with-a-long-name".repeat(6)).join("processes")
    }

    pub(crate) async fn start(&self, program: &str, args: &[&str]) -> Held {
        self.start_in(&self.processes(), program, args).await
    }

    pub(crate) async fn start_in(&self, root: &Path, program: &str, args: &[&str]) -> Held {
        let name = Self::name();
        let spawned = spawn(&self.shim, root, &name, &launch(program, args)).await.unwrap();
        Held { name, spawned }
    }

    /// A program on a terminal of 80 columns and 24 rows.
    pub(crate) async fn start_on_terminal(&self, program: &str, args: &[&str]) -> Held {
        let name = Self::name();
        let terminal = Some(Size { cols: 80, rows: 24 });
        let launch = Launch { terminal, ..launch(program, args) };
        let spawned = spawn(&self.shim, &self.processes(), &name, &launch).await.unwrap();
        Held { name, spawned }
    }

    pub(crate) fn shim(&self) -> &ShimPath {
        &self.shim
    }
}

pub(crate) fn launch(program: &str, args: &[&str]) -> Launch {
    Launch {
        program: program.to_owned(),
        args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        env: vec![("PATH".to_owned(), std::env::var("PATH").unwrap())],
        cwd: PathBuf::from("/"),
        terminal: None,
    }
}

impl Held {
    pub(crate) fn dir(&self) -> &Path {
        &self.spawned.dir
    }

    pub(crate) async fn attach(&self, world: &World, generation: u64) -> (Attached, Controller, Announcements) {
        attach(&world.tasks, self.dir(), generation).await.unwrap()
    }

    pub(crate) fn records(&self) -> Vec<Kept> {
        records(self.dir())
    }

    pub(crate) fn out(&self) -> Vec<u8> {
        let out = self.records().into_iter().filter(|record| record.direction == Direction::Out);
        out.flat_map(|record| record.bytes).collect()
    }

    pub(crate) fn written(&self) -> Vec<(String, Vec<u8>)> {
        let written = self.records().into_iter().filter(|record| record.direction == Direction::In);
        written.map(|record| (record.key, record.bytes)).collect()
    }

    pub(crate) fn last_note(&self) -> Option<Note> {
        let first = segments(self.dir()).unwrap()[0].base;
        let mut reader = Reader::open(self.dir(), first, Bound::LastWhole).unwrap();
        let mut last = None;
        while let Some(record) = reader.next().unwrap() {
            last = Note::read(&record);
        }
        last
    }

    /// Waits until the shim is gone and gives its last note.
    pub(crate) async fn ended(&self) -> Option<Note> {
        until("the shim ends", || !is_alive(self.dir()).unwrap()).await;
        self.last_note()
    }

    pub(crate) fn kill_shim(&self) {
        kill_process(Pid::from_raw(self.spawned.shim_pid as i32).unwrap(), Signal::KILL).unwrap();
    }

    pub(crate) async fn reap(&self) -> octo_runner::process::Reaped {
        until("the lock is free", || !is_alive(self.dir()).unwrap()).await;
        reap(self.dir(), &self.name, &boot()).await.unwrap()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let Ok(entries) = std::fs::read_dir(self.processes()) else {
            return;
        };
        for entry in entries.flatten() {
            kill_marked(&entry.file_name().to_string_lossy());
            if let Ok(group) = std::fs::read_to_string(entry.path().join("cgroup")) {
                // Gone already where the process came to its end; else its members die in a moment.
                let deadline = Instant::now() + Duration::from_secs(2);
                while Path::new(&group).exists() && Instant::now() < deadline {
                    std::fs::remove_dir(&group).ok();
                }
            }
        }
    }
}

pub(crate) fn boot() -> BootId {
    boot_id().unwrap()
}

pub(crate) fn records(dir: &Path) -> Vec<Kept> {
    let first = segments(dir).unwrap()[0].base;
    let mut reader = Reader::open(dir, first, Bound::LastWhole).unwrap();
    let mut found = Vec::new();
    while let Some(record) = reader.next().unwrap() {
        let (direction, key, bytes) = (record.direction, record.key.to_owned(), record.bytes.to_vec());
        found.push(Kept { direction, key, bytes });
    }
    found
}

/// Waits for something that no event tells.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "waited too long until {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("waited too long for {what}"))
}

pub(crate) fn lives(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let dead = stat.is_empty() || stat.contains(") Z ");
    !dead && test_kill_process(Pid::from_raw(pid).unwrap()).is_ok()
}

/// The processes whose environment holds the mark of this process.
pub(crate) fn marked(name: &str) -> Vec<i32> {
    let mark = format!("OCTO_PROCESS={name}");
    let pids =
        std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid: &i32| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        lives(*pid) && environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
    })
    .collect()
}

fn kill_marked(name: &str) {
    for pid in marked(name) {
        // It may have ended meanwhile.
        let _ = kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL);
    }
}
