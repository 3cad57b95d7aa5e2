//! A terminal goes on whatever dies beside it.

use octo_proto::{emulator::Emulator, terminal::TerminalState};
use rustix::process::{Pid, Signal, kill_process};

use super::{super::household::World, close, open, pane::Pane};
use crate::world::lives;

pub(super) fn parent_of(pid: i32) -> Option<i32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}

/// The pid that a shell says it has.
pub(super) async fn pid_of(pane: &mut Pane) -> i32 {
    pane.types("echo pid-$$-\r").await;
    pane.until_so("its pid", |pane| {
        pane.text().split("pid-").any(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    })
    .await;
    let text = pane.text();
    let rest = text.split("pid-").find(|rest| rest.starts_with(|c: char| c.is_ascii_digit())).unwrap();
    rest.split('-').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_runner_that_is_killed_leaves_the_shell_and_all_it_showed() {
    let mut world = World::new();
    let (client, events) = world.connect().await;
    let id = open(&client, &["sh", "-i"]).await;
    let mut pane = Pane::attach(client, events, &id, 80, true).await;
    let pid = pid_of(&mut pane).await;
    pane.types("variable=kept; seq 1 30000\r").await;
    pane.until("\n30000\r\n").await;
    pane.types("(sleep 0.2; echo said-while-$((1+1))-nobody-was-there) &\r").await;
    pane.until("nobody-was-there").await;
    let end = pane.end();
    world.kill();
    world.start();
    let (client, events) = world.connect().await;
    let mut again = Pane::attach_after(client, events, &id, (80, true, Some(end))).await;
    again.until("said-while-2-nobody-was-there").await;
    assert_eq!((again.screens, again.begin), (0, end), "it goes on exactly where it was");
    again.types("echo $variable-$((2*3))\r").await;
    again.until("kept-6").await;
    assert_eq!(pid_of(&mut again).await, pid);
    // Who has nothing gets the same screen, with what scrolled off it.
    let (client, events) = world.connect().await;
    let mut fresh = Pane::attach(client.clone(), events, &id, 80, false).await;
    fresh.until("kept-6").await;
    assert_eq!(fresh.screens, 1);
    assert!(fresh.text().contains("29500"));
    close(&client, &id).await;
    assert!(!lives(pid));
}

#[tokio::test]
async fn a_shell_that_ended_while_no_runner_was_there_is_seen_to_have_ended() {
    let mut world = World::new();
    let (client, events) = world.connect().await;
    let go = world.dir.path().join("go");
    let script = format!("echo hello; while [ ! -e {} ]; do sleep 0.01; done; echo bye; exit 5", go.display());
    let id = open(&client, &["sh", "-c", &script]).await;
    let mut pane = Pane::attach(client, events, &id, 80, true).await;
    pane.until("hello").await;
    world.kill();
    std::fs::write(&go, b"").unwrap();
    crate::world::until("it has ended", || {
        !octo_runner::process::is_alive(&world.dir.path().join("state/processes").join(id.as_str())).unwrap()
    })
    .await;
    world.start();
    let (client, events) = world.connect().await;
    let mut pane = Pane::attach(client, events, &id, 80, false).await;
    pane.until_exited().await;
    assert_eq!(pane.exited, Some(TerminalState::Exited { code: 5 }));
    assert!(pane.text().contains("bye"));
}

#[tokio::test]
async fn a_shim_that_is_killed_takes_its_shell_with_it_and_that_is_told() {
    let world = World::new();
    let (client, events) = world.connect().await;
    let id = open(&client, &["sh", "-i"]).await;
    let mut pane = Pane::attach(client, events, &id, 80, true).await;
    let pid = pid_of(&mut pane).await;
    kill_process(Pid::from_raw(parent_of(pid).unwrap()).unwrap(), Signal::KILL).unwrap();
    pane.until_exited().await;
    assert_eq!(pane.exited, Some(TerminalState::Lost { rebooted: false }));
    assert!(!lives(pid));
    assert_eq!(pane.tries_to_type("x").await.unwrap_err().code, octo_proto::Code::Conflict);
}

#[tokio::test]
async fn closing_kills_what_was_set_free_too() {
    let world = World::new();
    let (client, events) = world.connect().await;
    let id =
        open(&client, &["sh", "-c", "trap '' HUP TERM; setsid sleep 1000 & echo child-$!-; while :; do sleep 1; done"])
            .await;
    let mut pane = Pane::attach(client.clone(), events, &id, 80, true).await;
    pane.until_so("the child", |pane| pane.text().matches('-').count() >= 2).await;
    let child: i32 = pane.text().split('-').nth(1).unwrap().parse().unwrap();
    close(&client, &id).await;
    assert!(!lives(child));
}

#[tokio::test]
async fn after_a_restart_of_the_machine_nothing_is_signalled_and_the_terminal_is_lost() {
    let mut world = World::new();
    let (client, events) = world.connect().await;
    let id = open(&client, &["sh", "-i"]).await;
    let mut pane = Pane::attach(client.clone(), events, &id, 80, true).await;
    pid_of(&mut pane).await;
    let usage: serde_json::Value = client.ask("agent", None, &serde_json::json!({ "cmd": "du" })).await.unwrap();
    assert_eq!((&usage["entries"][0]["process_id"], &usage["entries"][0]["live"]), (&id.as_str().into(), &true.into()));
    world.kill();
    let dir = world.dir.path().join("state/processes").join(id.as_str());
    let shim = crate::world::marked(id.as_str()).iter().find_map(|pid| parent_of(*pid)).unwrap();
    kill_process(Pid::from_raw(shim).unwrap(), Signal::KILL).unwrap();
    crate::world::until("the shim is gone", || !octo_runner::process::is_alive(&dir).unwrap()).await;
    let history = rusqlite::Connection::open(world.dir.path().join("data/hstry.db")).unwrap();
    assert_eq!(history.execute("UPDATE terminals SET boot_id = 'an earlier one'", []).unwrap(), 1);
    drop(history);
    world.start();
    let (client, events) = world.connect().await;
    let mut pane = Pane::attach(client.clone(), events, &id, 80, false).await;
    pane.until_exited().await;
    assert_eq!(pane.exited, Some(TerminalState::Lost { rebooted: true }));
    assert!(pane.text().contains("pid-"), "what it showed is still there");
    close(&client, &id).await;
}

/// Whether a process has this file open.
fn holds(pid: u32, file: &std::path::Path) -> bool {
    let open = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().flatten();
    open.filter_map(|entry| std::fs::read_link(entry.path()).ok()).any(|target| target == file)
}

#[tokio::test]
async fn what_the_starter_of_the_runner_had_open_is_open_nowhere() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lock");
    let lock = std::fs::File::create(&path).unwrap();
    // As a script's `exec 9>lock`.
    rustix::io::fcntl_setfd(&lock, rustix::io::FdFlags::empty()).unwrap();
    let world = World::new();
    let (client, events) = world.connect().await;
    let id = open(&client, &["sh", "-c", "ls /proc/self/fd | tr '\\n' ' '; echo listed; exec cat"]).await;
    let mut pane = Pane::attach(client.clone(), events, &id, 80, true).await;
    pane.until("listed").await;
    let mut emulator = Emulator::new(80, 24, 0);
    emulator.feed(&[pane.drawn.as_slice(), &pane.bytes].concat(), 0);
    // The fourth is of the listing itself.
    assert_eq!(emulator.text().trim_end(), "0 1 2 3 listed");
    let pid = pid_in(&pane);
    for pid in [world.pid(), pid, u32::try_from(parent_of(i32::try_from(pid).unwrap()).unwrap()).unwrap()] {
        assert!(!holds(pid, &path), "{pid}");
    }
    close(&client, &id).await;
}

/// The process that a terminal runs: the one whose output it is.
fn pid_in(pane: &Pane) -> u32 {
    let mark = format!("OCTO_PROCESS={}", pane.id.0);
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let has_mark = |pid: &u32| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
    };
    pids.filter(has_mark).min().unwrap()
}
