//! What is bounded: watchers that stall, agents' environments, what Octo leaves alone.

use std::collections::BTreeMap;

use octo_proto::{
    Event, View,
    client::Events,
    command::{DiskUsage, Environment},
    session::Outcome,
};
use serde_json::{Value, json};

use crate::household::{Watcher, World, ends, prompt};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_people_have_set_up_for_pi_is_untouched() {
    let world = World::with(|home| {
        std::fs::write(home.join("pi/auth.json"), "{\"other\":{\"type\":\"api_key\",\"key\":\"k\"}}\n").unwrap();
    });
    let settings = || {
        let files = ["settings.json", "models.json", "auth.json"];
        files.map(|name| std::fs::read(world.dir.path().join("pi").join(name)).unwrap())
    };
    let before = settings();
    let (client, mut events) = world.connect().await;
    let session = world.session(&client).await;
    let mut watcher = Watcher::new(session.clone());
    watcher.watch(&client).await;
    for body in [
        json!({ "cmd": "prompt", "message": "hello" }),
        json!({ "cmd": "set_model", "model": "scripted/scripted-thinking" }),
        json!({ "cmd": "set_thinking_level", "level": "high" }),
        json!({ "cmd": "prompt", "message": "think" }),
    ] {
        let mut request = prompt(&session, "");
        request.body = serde_json::value::to_raw_value(&body).unwrap();
        let id = request.id.clone();
        client.request(request).await.unwrap_or_else(|error| panic!("{body}: {error}"));
        match body["cmd"].as_str() {
            Some("prompt") => assert!(watcher.until(&mut events, |_, event| ends(event, &id)).await),
            // Which levels the new model has is told a little later.
            Some("set_model") => {
                let has =
                    |view: &View, _: &Event| view.info.capabilities.thinking_levels.iter().any(|level| level == "high");
                assert!(watcher.until(&mut events, has).await);
            }
            _ => {}
        }
    }
    let info = watcher.view.unwrap().info;
    assert_eq!(info.model.as_deref(), Some("scripted/scripted-thinking"));
    assert_eq!(info.thinking_level.as_deref(), Some("high"));
    client.ask::<Value>("agent", Some(&session), &json!({ "cmd": "session.stop" })).await.unwrap();
    let after = settings();
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(String::from_utf8_lossy(before), String::from_utf8_lossy(after));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_has_the_environment_that_is_shown_and_nothing_unnamed() {
    let mut world = World::unstarted(crate::household::folder());
    let file = world.dir.path().join("config/env");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}MY_API_KEY=secret-of-mine\nPLAIN='two words'\n")).unwrap();
    std::fs::write(world.dir.path().join("config/config.toml"), "[env]\npass = [\"PASSED_ON\"]\n").unwrap();
    let runner = env!("CARGO_BIN_EXE_octo-runner").into();
    world.set_program(runner, &[("PASSED_ON", "yes".to_owned()), ("NOT_NAMED", "no".to_owned())]);
    world.start();
    let (client, mut events) = world.connect().await;
    let session = world.session(&client).await;
    let mut watcher = Watcher::new(session.clone());
    watcher.watch(&client).await;
    let request = prompt(&session, "hello");
    let id = request.id.clone();
    client.request(request).await.unwrap();
    assert!(watcher.until(&mut events, |_, event| ends(event, &id)).await);
    let shown: Environment = client.ask("agent", None, &json!({ "cmd": "env" })).await.unwrap();
    let [agent] = world.agents().try_into().unwrap();
    let environ = std::fs::read_to_string(format!("/proc/{agent}/environ")).unwrap();
    let mut has: BTreeMap<_, _> = environ.split('\0').filter_map(|variable| variable.split_once('=')).collect();
    for variable in &shown.variables {
        let value = has.remove(variable.name.as_str());
        match variable.value.as_str() {
            "********" => assert_eq!((variable.name.as_str(), value), ("MY_API_KEY", Some("secret-of-mine"))),
            shown => assert_eq!(value, Some(shown), "{}", variable.name),
        }
        assert!(!variable.source.is_empty(), "{} comes from somewhere", variable.name);
    }
    let source = |name: &str| &shown.variables.iter().find(|variable| variable.name == name).unwrap().source;
    assert!(source("PLAIN").ends_with("config/env") && source("PASSED_ON").contains("[env] pass"));
    let added: Vec<_> = has.into_keys().collect();
    assert_eq!(added, ["OCTO_PROCESS", "OCTO_SESSION_ID"]);
}

/// Prompts, and waits for the end of it.
async fn ask(client: &octo_proto::client::Client, events: &mut Events, watcher: &mut Watcher, text: &str) -> Outcome {
    let request = prompt(&watcher.session, text);
    let id = request.id.clone();
    client.request(request).await.unwrap();
    assert!(watcher.until(events, |_, event| ends(event, &id)).await);
    match &watcher.events.last().unwrap().1 {
        Event::PromptEnded { outcome, .. } => *outcome,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transcript_over_its_cap_loses_its_oldest_part_and_the_session_nothing() {
    let mut world = World::with(|home| {
        let text = "[transcripts]\nmax_per_process = \"80 MiB\"\n";
        std::fs::write(home.join("config/config.toml"), text).unwrap();
    });
    let (client, mut events) = world.connect().await;
    let session = world.session(&client).await;
    let mut watcher = Watcher::new(session.clone());
    watcher.watch(&client).await;
    // More than a segment of 64 MiB on the agent's standard error, in the middle of a turn.
    let noise = "run: head -c 100000000 /dev/zero | tr '\\0' x | fold -w 4000 > /proc/$PPID/fd/2";
    assert_eq!(ask(&client, &mut events, &mut watcher, noise).await, Outcome::Done);
    let told = |event: &Event| matches!(event, Event::Notify { message, .. } if message.contains("max_per_process"));
    if !watcher.events.iter().any(|(_, event)| told(event)) {
        assert!(watcher.until(&mut events, |_, event| told(event)).await);
    }
    let usage: DiskUsage = client.ask("agent", None, &json!({ "cmd": "du" })).await.unwrap();
    let [entry] = usage.entries.try_into().unwrap();
    assert!(entry.bytes < 80 * 1024 * 1024, "{} bytes are kept", entry.bytes);
    assert!(entry.live && entry.session_id.as_ref() == Some(&session) && usage.transcript_bytes == entry.bytes);
    let agents = world.agents();
    drop((client, events));
    world.kill();
    world.start();
    let (client, mut events) = world.connect().await;
    watcher.watch(&client).await;
    assert_eq!(ask(&client, &mut events, &mut watcher, "hello").await, Outcome::Done);
    assert_eq!(world.agents(), agents);
    let page: Value = client.ask("agent", Some(&session), &json!({ "cmd": "history.page" })).await.unwrap();
    assert_eq!(page["messages"].as_array().unwrap().len(), 6);
}

/// A line of a process's status, in KiB.
fn memory(pid: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watcher_that_stops_reading_costs_little_delays_nobody_and_ends_with_the_same_view() {
    const STALLED: u64 = 4;
    let world = World::new();
    let (client, mut events) = world.connect().await;
    let session = world.session(&client).await;
    let mut watcher = Watcher::new(session.clone());
    watcher.watch(&client).await;
    assert_eq!(ask(&client, &mut events, &mut watcher, "stream 50000 every 0").await, Outcome::Done);
    let alone = memory(world.pid(), "VmHWM");
    let mut stalled = Vec::new();
    for _ in 0..STALLED {
        let (client, events) = world.connect().await;
        let late = Watcher::new(session.clone());
        late.watch(&client).await;
        stalled.push((client, events, late));
    }
    // They read nothing until it is over.
    assert_eq!(ask(&client, &mut events, &mut watcher, "stream 50000 every 0").await, Outcome::Done);
    let beside = memory(world.pid(), "VmHWM");
    assert!(beside < 64 * 1024, "{beside} KiB at most");
    assert!(beside < alone + STALLED * 2 * 1024, "{beside} KiB, {alone} KiB alone");
    let view = watcher.view.unwrap();
    for (_client, mut events, mut late) in stalled {
        // It has got facts and not yet the present when its connection is lost.
        assert!(late.until(&mut events, |late, _| late.cursor.epoch == 0 || late.cursor == view.cursor).await);
        let (client, mut events) = world.connect().await;
        late.watch(&client).await;
        assert!(late.until(&mut events, |late, _| late.cursor == view.cursor).await);
        let late = late.view.unwrap();
        assert_eq!(late.messages, view.messages);
        assert_eq!((late.live, late.info), (view.live.clone(), view.info.clone()));
    }
}
