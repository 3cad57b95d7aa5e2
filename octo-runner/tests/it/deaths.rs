//! The death of what holds an agent, of the whole machine, and of each program at its most awkward moments.

use std::{path::PathBuf, time::Duration};

use octo_proto::{
    Event, View,
    client::{Client, Events},
    id::SessionId,
    session::Outcome,
};
use octo_runner::{
    process::Note,
    transcript::{Bound, Reader},
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::time::{Instant, timeout};

use crate::{
    household::{Watcher, World, ends, prompt},
    world::{lives, marked, records, until},
};

/// How a prompt ends that nothing happened to.
const DONE: (Outcome, String) = (Outcome::Done, String::new());

/// A session with its watcher, at work on a tool.
struct Working {
    client: Client,
    events: Events,
    watcher: Watcher,
    request: String,
    /// The name of its process.
    process: String,
    dir: PathBuf,
}

impl Working {
    /// Begins with an answer, so that Pi has a session of its own, then runs a tool.
    async fn on(world: &World, tool: &str) -> Self {
        let (client, mut events) = world.connect().await;
        let session = world.session(&client).await;
        let mut watcher = Watcher::new(session.clone());
        watcher.watch(&client).await;
        say(&mut watcher, &client, &mut events, "hello").await;
        let second = prompt(&session, tool);
        let request = second.id.clone();
        client.request(second).await.unwrap();
        assert!(watcher.until(&mut events, |_, event| matches!(event, Event::ToolStart { .. })).await);
        let process = watcher.view.as_ref().unwrap().info.process_id.clone().unwrap().0;
        let dir = world.dir.path().join("state/processes").join(&process);
        Self { client, events, watcher, request, process, dir }
    }

    /// The pids of its shim.
    fn shim(&self) -> Vec<i32> {
        shims(&self.dir)
    }
}

/// Says something and waits for the end of it.
async fn say(watcher: &mut Watcher, client: &Client, events: &mut Events, text: &str) -> (Outcome, String) {
    let request = prompt(&watcher.session, text);
    let id = request.id.clone();
    client.request(request).await.unwrap();
    assert!(watcher.until(events, |_, event| ends(event, &id)).await);
    outcome(watcher, &id)
}

/// How a prompt ended, and why. It ended once.
fn outcome(watcher: &Watcher, id: &str) -> (Outcome, String) {
    let ends = watcher.events.iter().filter_map(|(_, event)| match event {
        Event::PromptEnded { request_id, outcome, message, .. } if request_id.as_str() == id => {
            Some((*outcome, message.clone().unwrap_or_default()))
        }
        _ => None,
    });
    let [end] = ends.collect::<Vec<_>>().try_into().expect("one end");
    end
}

/// Every fact of a session from the first.
async fn from_the_start(client: &Client, events: &mut Events, session: &SessionId) -> Watcher {
    let mut watcher = Watcher::new(session.clone());
    watcher.watch(client).await;
    watcher.until(events, |_, event| matches!(event, Event::SessionSnapshot { .. })).await;
    client.ask::<Value>("agent", Some(session), &serde_json::json!({ "cmd": "unwatch" })).await.unwrap();
    watcher.view.as_mut().unwrap().cursor = octo_proto::Cursor::default();
    watcher.watch(client).await;
    watcher.until(events, |_, event| matches!(event, Event::SessionLive { .. })).await;
    watcher
}

/// The pids of the shims that hold this folder.
fn shims(dir: &std::path::Path) -> Vec<i32> {
    let folder = dir.display().to_string().into_bytes();
    let pids = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid: &i32| {
        let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        command.split(|byte| *byte == 0).nth(1) == Some(folder.as_slice())
    })
    .collect()
}

fn kill(pid: i32) {
    // What is gone already needs no killing.
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).ok();
}

fn last_notes(dir: &std::path::Path) -> Vec<Note> {
    let mut reader = Reader::open(dir, 0, Bound::LastWhole).unwrap();
    let mut notes = Vec::new();
    while let Some(record) = reader.next().unwrap() {
        notes.extend(Note::read(&record).filter(Note::is_last));
    }
    notes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_shim_closes_its_session_and_leaves_no_process() {
    let world = World::new();
    let mut working = Working::on(&world, "run: setsid sleep 300 & sleep 300").await;
    let native = working.watcher.view.as_ref().unwrap().info.native_id.clone();
    until("the tools run", || marked(&working.process).len() >= 3).await;
    let [shim] = working.shim().try_into().unwrap();
    let began = Instant::now();
    kill(shim);
    let closed = |_: &View, event: &Event| matches!(event, Event::SessionClosed { .. });
    assert!(working.watcher.until(&mut working.events, closed).await);
    assert!(began.elapsed() < Duration::from_secs(2), "it took {:?}", began.elapsed());
    assert_eq!(last_notes(&working.dir), [Note::ShimLost { rebooted: false }]);
    assert_eq!(marked(&working.process), Vec::<i32>::new());
    let (end, why) = outcome(&working.watcher, &working.request);
    assert_eq!(end, Outcome::Error);
    assert!(why.contains("holder was lost"), "{why}");
    let next = say(&mut working.watcher, &working.client, &mut working.events, "hello").await;
    assert_eq!(next, DONE);
    assert_eq!(working.watcher.view.unwrap().info.native_id, native, "the same session of Pi");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_reboot_nothing_foreign_is_touched_and_sessions_resume() {
    let mut world = World::new();
    let working = Working::on(&world, "run: sleep 300").await;
    let native = working.watcher.view.as_ref().unwrap().info.native_id.clone();
    let Working { client, events, mut watcher, request, process, dir } = working;
    drop((client, events));
    world.kill();
    // What the end of the machine ends; what is just being forked, too.
    until("all is dead", || {
        let left: Vec<i32> = shims(&dir).into_iter().chain(marked(&process)).collect();
        left.iter().for_each(|pid| kill(*pid));
        left.is_empty()
    })
    .await;
    let database = rusqlite::Connection::open(world.dir.path().join("data/hstry.db")).unwrap();
    let changed = database.execute("UPDATE processes SET boot_id = 'another boot' WHERE id = ?1", [&process]).unwrap();
    assert_eq!(changed, 1);
    drop(database);
    // Somebody else's, which looks like ours.
    let decoy = std::process::Command::new("sleep").arg("300").env("OCTO_PROCESS", &process).spawn();
    let mut decoy = decoy.unwrap();
    world.start();
    let (client, mut events) = world.connect().await;
    watcher.watch(&client).await;
    if watcher.view.as_ref().is_some_and(|view| !view.live.prompts.is_empty()) {
        watcher.until(&mut events, |_, event| matches!(event, Event::SessionLive { .. })).await;
    }
    let (end, why) = outcome(&watcher, &request);
    assert_eq!(end, Outcome::Error);
    assert!(why.contains("host was restarted"), "{why}");
    assert_eq!(last_notes(&dir), [Note::ShimLost { rebooted: true }]);
    assert_eq!(say(&mut watcher, &client, &mut events, "hello").await, DONE);
    assert_eq!(watcher.view.as_ref().unwrap().info.native_id, native, "the same session of Pi");
    let spared = lives(decoy.id().cast_signed());
    decoy.kill().unwrap();
    decoy.wait().unwrap();
    assert!(spared, "a process that is not ours was killed");
}

/// The runner dies at a named point in the middle of a turn; nothing is lost and nothing doubled.
async fn runner_dies_at(point: &str, text: &str, check: impl Fn(&View)) {
    let mut world = World::new();
    world.kill();
    world.set_failpoint(Some(point));
    world.start();
    let (client, mut events) = world.connect().await;
    let session = world.session(&client).await;
    let mut watcher = Watcher::new(session.clone());
    watcher.watch(&client).await;
    let request = prompt(&session, text);
    let id = request.id.clone();
    // Its answer may be lost with the runner.
    client.request(request.clone()).await.ok();
    assert!(!watcher.until(&mut events, |_, event| ends(event, &id)).await, "{point}: it was passed too late");
    drop((client, events));
    world.wait_killed();
    let agents = world.agents();
    world.set_failpoint(None);
    world.start();
    let (client, mut events) = world.connect().await;
    watcher.watch(&client).await;
    client.request(request).await.unwrap();
    let over = |view: &View, event: &Event| ends(event, &id) || is_over(view);
    assert!(is_over(watcher.view.as_ref().unwrap()) || watcher.until(&mut events, over).await);
    assert!(agents.is_empty() || agents == world.agents(), "{point}: the agent is the same process");
    let (newcomer, mut told) = world.connect().await;
    let mut whole = from_the_start(&newcomer, &mut told, &session).await;
    assert_eq!(outcome(&whole, &id).0, Outcome::Done, "{point}");
    while watcher.cursor() != whole.cursor() {
        let behind =
            if watcher.cursor() < whole.cursor() { (&mut watcher, &mut events) } else { (&mut whole, &mut told) };
        assert!(behind.0.until(behind.1, |_, _| true).await);
    }
    let (stayed, fresh) = (watcher.view.unwrap(), whole.view.unwrap());
    assert_eq!(stayed.messages, fresh.messages, "{point}");
    assert_eq!(stayed.live, fresh.live, "{point}");
    check(&stayed);
}

fn is_over(view: &View) -> bool {
    view.live.prompts.is_empty() && view.messages.last().is_some_and(|message| message.idx > 0)
}

/// Points by how often they are passed: while the prompt is taken in, while the agent
/// answers, towards the end of the turn.
const POINTS: [&str; 6] =
    ["accepted", "before-commit:3", "before-commit:4", "before-commit:5", "committed:4", "committed:5"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_runner_dies_at_named_points_while_an_answer_streams() {
    let expected: String = (0..300).map(|n| format!("tok{n} ")).collect();
    for point in POINTS {
        runner_dies_at(point, "stream 300 every 1", |view| {
            let texts: Vec<_> = view.messages.iter().map(octo_proto::message::Message::text).collect();
            assert_eq!(texts, ["stream 300 every 1", expected.as_str()], "{point}");
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_runner_dies_at_named_points_while_a_tool_runs() {
    for point in POINTS {
        runner_dies_at(point, "run: echo once >> count.txt; sleep 0.2; cat count.txt", |view| {
            assert_eq!(view.messages.len(), 4, "{point}");
            let result = serde_json::to_string(&view.messages[2]).unwrap();
            assert_eq!(result.matches("once").count(), 1, "{point}: {result}");
        })
        .await;
    }
}

/// A shim that dies takes its agent along: the prompt ends with the error, once, and the next one goes on.
async fn shim_dies_at(point: &str) {
    let mut world = World::new();
    let (client, mut events) = world.connect().await;
    let session = world.session(&client).await;
    let mut watcher = Watcher::new(session.clone());
    watcher.watch(&client).await;
    let first = prompt(&session, "hello");
    let id = first.id.clone();
    client.request(first).await.unwrap();
    watcher.until(&mut events, |_, event| ends(event, &id)).await;
    // How many writes come before a first prompt, and it itself.
    let process = watcher.view.as_ref().unwrap().info.process_id.clone().unwrap().0;
    let all = records(&world.dir.path().join("state/processes").join(process));
    let mut written = all.iter().filter(|record| record.direction == octo_runner::transcript::Direction::In);
    let place = 1 + written.position(|record| record.key == id).unwrap();
    drop((client, events));
    world.kill();
    world.set_failpoint(Some(&format!("{point}:{place}")));
    world.start();

    let (client, mut events) = world.connect().await;
    let session = world.session(&client).await;
    let mut watcher = Watcher::new(session.clone());
    watcher.watch(&client).await;
    let text = "run: echo once >> count.txt; sleep 1; cat count.txt";
    assert_eq!(say(&mut watcher, &client, &mut events, text).await.0, Outcome::Error, "{point}");
    let closed = |_: &View, event: &Event| matches!(event, Event::SessionClosed { .. });
    timeout(Duration::from_secs(2), watcher.until(&mut events, closed)).await.unwrap();
    let process = watcher.view.as_ref().unwrap().info.process_id.clone().unwrap().0;
    assert_eq!(marked(&process), Vec::<i32>::new(), "{point}");
    let dir = world.dir.path().join("state/processes").join(&process);
    assert_eq!(last_notes(&dir), [Note::ShimLost { rebooted: false }], "{point}");
    let record = records(&dir).into_iter().filter(|record| record.direction == octo_runner::transcript::Direction::In);
    assert_eq!(record.count(), place, "{point}: the prompt was recorded");
    drop((client, events));
    world.kill();
    world.set_failpoint(None);
    world.start();
    let (client, mut events) = world.connect().await;
    watcher.watch(&client).await;
    assert_eq!(say(&mut watcher, &client, &mut events, "hello").await, DONE, "{point}");
    assert!(std::fs::read_to_string(world.work().join("count.txt")).unwrap_or_default().len() <= "once\n".len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shim_that_dies_once_it_recorded_ends_the_prompt() {
    shim_dies_at("shim-recorded").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shim_that_dies_once_it_wrote_ends_the_prompt() {
    shim_dies_at("agent-written").await;
}
