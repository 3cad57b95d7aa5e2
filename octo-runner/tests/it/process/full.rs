//! A disk without room: the process waits, what must be said is said, and nothing is missing afterwards.

use std::path::PathBuf;

use octo_runner::process::Note;
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};

use super::super::world::{Held, World, within};

const LINES: usize = 400_000;

async fn overfill(world: &World, held: &Held, give_room: impl FnOnce()) {
    let (_, controller, announcements) = held.attach(world, 1).await;
    let mut stalled = announcements.stalled.clone();
    within("the stall", stalled.wait_for(Option::is_some)).await.unwrap();
    let before = held.out().len();
    // The reserve takes these; the process gets them while its output waits.
    for number in 0..40 {
        let key = format!("in-{number}");
        within("a write", controller.write(&key, &[b'i'; 512])).await.unwrap();
        within("a note", controller.note("timeout", key.as_bytes())).await.unwrap();
    }
    assert_eq!((held.written().len(), held.out().len()), (40, before));
    give_room();
    within("it goes on", stalled.wait_for(Option::is_none)).await.unwrap();
    assert_eq!(held.ended().await, Some(Note::Exited { code: 0 }));
    let expected: String = (1..=LINES).map(|number| format!("{number}\n")).collect();
    assert!(held.out() == expected.as_bytes(), "the output is not what was printed");
}

/// Works everywhere: a limit on the size of the shim's files.
#[tokio::test]
async fn a_file_that_may_not_grow_stalls_and_recovers() {
    by_limit(&World::new()).await;
}

async fn by_limit(world: &World) {
    let go = world.root.path().join("go");
    let script = format!("while [ ! -e {} ]; do sleep 0.01; done; seq {LINES}", go.display());
    let held = world.start("sh", &["-c", &script]).await;
    let shim = Pid::from_raw(held.spawned.shim_pid as i32);
    let usual = getrlimit(Resource::Fsize);
    prlimit(shim, Resource::Fsize, Rlimit { current: Some(1_300_000), ..usual }).unwrap();
    std::fs::write(&go, b"").unwrap();
    overfill(world, &held, || {
        prlimit(shim, Resource::Fsize, usual).unwrap();
    })
    .await;
}

/// A real full file system where we may mount one; elsewhere the limit has to do.
#[tokio::test]
async fn a_full_disk_stalls_and_recovers() {
    let world = World::new();
    let disk = Disk(world.root.path().join("disk"));
    std::fs::create_dir(&disk.0).unwrap();
    if !disk.mount() {
        return by_limit(&world).await;
    }
    let ballast = disk.0.join("ballast");
    std::fs::write(&ballast, vec![0; 4 << 20]).unwrap();
    let held = world.start_in(&disk.0.join("processes"), "seq", &[&LINES.to_string()]).await;
    overfill(&world, &held, || std::fs::remove_file(&ballast).unwrap()).await;
}

/// A file system of 6 MiB, unmounted on drop.
struct Disk(PathBuf);

impl Disk {
    fn mount(&self) -> bool {
        let mut command = std::process::Command::new("mount");
        command.args(["-t", "tmpfs", "-o", "size=6m", "octo-test"]).arg(&self.0);
        command.stderr(std::process::Stdio::null()).status().is_ok_and(|status| status.success())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: after a failure a shim may still be on it.
        let mut command = std::process::Command::new("umount");
        command.arg("-l").arg(&self.0).stderr(std::process::Stdio::null()).status().ok();
    }
}
