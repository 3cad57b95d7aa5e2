//! What is left of a process when somebody dies: nothing.

use std::time::{Duration, Instant};

use octo_runner::process::{BootId, Note, Reaped, is_alive, reap};

use super::super::world::{Held, World, boot, lives, marked, until, within};

/// A pid that the process wrote on a line of its own.
async fn told_pid(held: &Held) -> i32 {
    until("it tells a pid", || held.out().ends_with(b"\n")).await;
    String::from_utf8(held.out()).unwrap().trim().parse().unwrap()
}

/// Starts a process whose grandchild is a session of its own, orphaned, without the mark, and tells its pid.
const DAEMON: &str = "import os, sys, time\n\
    if os.fork():\n    time.sleep(1000)\n\
    os.setsid()\n\
    if os.fork():\n    os._exit(0)\n\
    os.execve('/bin/sh', ['sh', '-c', 'echo $$; exec sleep 1000'], {})\n";

#[tokio::test]
async fn a_killed_shim_leaves_no_process_not_even_with_setsid() {
    let world = World::new();
    let held = world.start("sh", &["-c", "setsid sleep 1000 & setsid setsid sleep 1000 & wait"]).await;
    until("all run", || marked(&held.name).len() >= 3).await;
    let began = Instant::now();
    held.kill_shim();
    assert_eq!(held.reap().await, Reaped::Lost);
    assert_eq!(marked(&held.name), Vec::<i32>::new());
    assert!(began.elapsed() < Duration::from_secs(2));
    assert_eq!(held.last_note(), Some(Note::ShimLost { rebooted: false }));
    let before = held.records();
    assert_eq!(held.reap().await, Reaped::Ended);
    assert_eq!(held.records(), before);
}

#[tokio::test]
async fn a_double_fork_with_an_empty_environment_dies_with_its_cgroup() {
    let world = World::new();
    let held = world.start("python3", &["-c", DAEMON]).await;
    let daemon = told_pid(&held).await;
    assert!(lives(daemon) && !marked(&held.name).contains(&daemon));
    let has_cgroup = held.dir().join("cgroup").exists();
    held.kill_shim();
    assert_eq!(held.reap().await, Reaped::Lost);
    assert_eq!(marked(&held.name), Vec::<i32>::new());
    if has_cgroup {
        until("the daemon is dead", || !lives(daemon)).await;
    } else {
        // The documented limit: without a cgroup nothing ties such a process to us once its shim is dead.
        assert!(lives(daemon));
        let pid = rustix::process::Pid::from_raw(daemon).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    }
}

#[tokio::test]
async fn a_living_shim_kills_even_what_shed_every_mark() {
    let world = World::new();
    let held = world.start("python3", &["-c", DAEMON]).await;
    let daemon = told_pid(&held).await;
    let (_, controller, _announcements) = held.attach(&world, 1).await;
    // Twice at once: both are answered.
    let both = async { tokio::join!(controller.kill_tree(), controller.kill_tree()) };
    let (first, second) = within("the kill", both).await;
    first.unwrap();
    assert!(second.is_ok() || held.ended().await.is_some());
    assert!(!lives(daemon) && marked(&held.name).is_empty());
    assert_eq!(held.ended().await, Some(Note::Signalled { signal: 9 }));
}

#[tokio::test]
async fn a_process_that_ends_takes_what_it_left_behind_with_it() {
    let world = World::new();
    let held = world.start("sh", &["-c", "setsid sh -c 'sleep 1000' & echo bye; exit 4"]).await;
    assert_eq!(held.ended().await, Some(Note::Exited { code: 4 }));
    assert_eq!(held.out(), b"bye\n");
    assert_eq!(marked(&held.name), Vec::<i32>::new());
}

#[tokio::test]
async fn a_living_process_is_not_reaped() {
    let world = World::new();
    let held = world.start("cat", &[]).await;
    assert!(is_alive(held.dir()).unwrap());
    assert_eq!(reap(held.dir(), &held.name, &boot()).await.unwrap(), Reaped::Alive);
    let (_, controller, _announcements) = held.attach(&world, 1).await;
    within("the end", controller.eof()).await.unwrap();
    assert_eq!(held.ended().await, Some(Note::Exited { code: 0 }));
    assert_eq!(held.reap().await, Reaped::Ended);
    let nowhere = held.dir().with_file_name("prc_nowhere");
    assert_eq!(reap(&nowhere, "prc_nowhere", &boot()).await.unwrap(), Reaped::NeverStarted);
}

#[tokio::test]
async fn after_a_reboot_nothing_is_signalled() {
    let world = World::new();
    let held = world.start("sh", &["-c", "setsid sleep 1000 & wait"]).await;
    until("all run", || marked(&held.name).len() >= 2).await;
    held.kill_shim();
    until("the lock is free", || !is_alive(held.dir()).unwrap()).await;
    let earlier = BootId::from_stored("00000000-0000-0000-0000-000000000000");
    assert_eq!(reap(held.dir(), &held.name, &earlier).await.unwrap(), Reaped::Rebooted);
    // A process with the mark of another boot would be a foreign one.
    assert!(!marked(&held.name).is_empty());
    assert_eq!(held.last_note(), Some(Note::ShimLost { rebooted: true }));
    assert_eq!(reap(held.dir(), &held.name, &boot()).await.unwrap(), Reaped::Ended);
}

#[tokio::test]
async fn a_shim_that_dies_around_a_write_tells_what_was_written() {
    for (point, reached) in [("shim-recorded:2", 1), ("agent-written:2", 2)] {
        let world = World::failing_at(point);
        let seen = world.root.path().join("seen");
        let held = world.start("tee", &["-a", seen.to_str().unwrap()]).await;
        let (_, controller, _announcements) = held.attach(&world, 1).await;
        within("the first", controller.write("one", b"one\n")).await.unwrap();
        until("it arrived", || std::fs::read(&seen).unwrap_or_default() == b"one\n").await;
        within("the second", controller.write("two", b"two\n")).await.unwrap_err();
        let keys: Vec<_> = held.written().into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["one", "two"], "{point}");
        assert_eq!(held.reap().await, Reaped::Lost);
        // The process dies with its shim, so what it was given last may not have come out.
        let lines = std::fs::read_to_string(&seen).unwrap().lines().count();
        assert!((1..=reached).contains(&lines), "{point}: {lines}");
    }
}
