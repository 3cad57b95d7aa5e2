//! A step of the clock ends nobody's patience and puts nothing out of order.

use std::{path::PathBuf, time::Duration};

use octo_proto::{Event, session::Outcome};
use serde_json::{Value, json};

use crate::household::{Watcher, World, ends, folder, program, prompt};

/// Ten days.
const STEP: u64 = 10 * 24 * 3600;

/// The library that fakes the time, as the system's package installs it.
fn library() -> PathBuf {
    let places = std::fs::read_dir("/usr/lib").unwrap().flatten().map(|entry| entry.path());
    let mut found = places.map(|place| place.join("faketime/libfaketimeMT.so.1"));
    found.find(|path| path.exists()).expect("libfaketime: `./setup.sh test` installs it")
}

/// A runner and shims whose clock is stepped by writing to the file.
fn world() -> (World, PathBuf) {
    let mut world = World::unstarted(folder());
    let home = world.dir.path().to_owned();
    let (bin, offset) = (home.join("bin"), home.join("offset"));
    std::fs::create_dir(&bin).unwrap();
    std::fs::write(&offset, "+0").unwrap();
    let runner = bin.join("octo-runner");
    std::fs::hard_link(program("octo-runner"), &runner)
        .or_else(|_| std::fs::copy(program("octo-runner"), &runner).map(drop))
        .unwrap();
    let env = [
        ("LD_PRELOAD", library().display().to_string()),
        ("FAKETIME_TIMESTAMP_FILE", offset.display().to_string()),
        ("FAKETIME_NO_CACHE", "1".to_owned()),
        // A step of the wall clock is none of the monotonic one.
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
    ];
    let words: Vec<_> = env.iter().map(|(name, value)| format!("{name}='{value}'")).collect();
    let shim = bin.join("octo-shim");
    let text = format!("#!/bin/sh\n{} exec '{}' \"$@\"\n", words.join(" "), program("octo-shim").display());
    std::fs::write(&shim, text).unwrap();
    std::fs::set_permissions(&shim, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    world.set_program(runner, &env);
    world.start();
    (world, offset)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn steps_of_ten_days_end_no_patience_and_keep_the_order() {
    let (world, offset) = world();
    let (client, mut events) = world.connect().await;
    let session = world.session(&client).await;
    let mut watcher = Watcher::new(session.clone());
    watcher.watch(&client).await;
    for clock in [format!("+{STEP}"), "+0".to_owned(), format!("-{STEP}"), "+0".to_owned()] {
        let request = prompt(&session, "stream 300 every 3");
        let id = request.id.clone();
        client.request(request).await.unwrap();
        assert!(watcher.until(&mut events, |_, event| matches!(event, Event::TextDelta { .. })).await);
        let write = offset.with_extension("new");
        std::fs::write(&write, &clock).unwrap();
        std::fs::rename(&write, &offset).unwrap();
        assert!(watcher.until(&mut events, |_, event| ends(event, &id)).await);
        let outcome = match &watcher.events.last().unwrap().1 {
            Event::PromptEnded { outcome, .. } => *outcome,
            other => panic!("{other:?}"),
        };
        assert_eq!(outcome, Outcome::Done, "{clock}");
    }
    assert!(!watcher.events.iter().any(|(_, event)| matches!(event, Event::AgentError { .. })));
    let page: Value = client.ask("agent", Some(&session), &json!({ "cmd": "history.page" })).await.unwrap();
    let messages = page["messages"].as_array().unwrap();
    let roles: Vec<_> = messages.iter().map(|message| message["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["user", "assistant"].repeat(4));
    let indexes: Vec<_> = messages.iter().map(|message| message["idx"].as_u64().unwrap()).collect();
    assert_eq!(indexes, (0..8).collect::<Vec<_>>());
    // The steps were taken: the answers' times are ten days apart.
    let at = |index: usize| messages[index]["created_at"].as_i64().unwrap();
    assert!(at(2) - at(0) > 9 * 24 * 3_600_000, "{} {}", at(0), at(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_is_slow_over_a_step_has_its_whole_time() {
    let (world, offset) = world();
    let (client, mut events) = world.connect().await;
    let session = world.session(&client).await;
    let mut watcher = Watcher::new(session.clone());
    watcher.watch(&client).await;
    let request = prompt(&session, "hello");
    let id = request.id.clone();
    client.request(request).await.unwrap();
    assert!(watcher.until(&mut events, |_, event| ends(event, &id)).await);
    let [agent] = world.agents().try_into().unwrap();
    let agent = rustix::process::Pid::from_raw(i32::try_from(agent).unwrap()).unwrap();
    rustix::process::kill_process(agent, rustix::process::Signal::STOP).unwrap();
    let request = prompt(&session, "hello again");
    let id = request.id.clone();
    client.request(request).await.unwrap();
    std::fs::write(&offset, format!("+{STEP}")).unwrap();
    // This brings the runner a record of the new time.
    let body = json!({ "cmd": "abort" });
    let abort = client.ask::<Value>("agent", Some(&session), &body);
    let waits = tokio::time::timeout(Duration::from_secs(2), abort).await;
    assert!(waits.is_err(), "nobody gave the agent up: {waits:?}");
    rustix::process::kill_process(agent, rustix::process::Signal::CONT).unwrap();
    assert!(watcher.until(&mut events, |_, event| ends(event, &id)).await);
    assert!(!watcher.events.iter().any(|(_, event)| matches!(event, Event::AgentError { .. })));
}
