//! What dies on the way loses no word: a real runner, a real shim, real Pi, real `kill -9`.

use std::{collections::HashSet, time::Duration};

use octo_proto::{Event, Role, session::Outcome};
use serde_json::{Value, json};

use crate::household::{Watcher, World, ends, prompt};

/// A seeded choice of moments: the same in every run.
struct Moments(u64);

impl Moments {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prompt_reaches_pi_and_comes_back() {
    let world = World::new();
    let (client, mut events) = world.connect().await;
    let session = world.session(&client).await;
    let mut watcher = Watcher::new(session.clone());
    watcher.watch(&client).await;
    let request = prompt(&session, "run: echo from-the-shell");
    let id = request.id.clone();
    let reply = client.request(request.clone()).await.unwrap();
    assert!(watcher.until(&mut events, |_, event| ends(event, &id)).await);
    let view = watcher.view.clone().unwrap();
    let roles: Vec<_> = view.messages.iter().map(|message| message.role).collect();
    assert_eq!(roles, [Role::User, Role::Assistant, Role::Tool, Role::Assistant]);
    assert_eq!(view.messages[0].text(), "run: echo from-the-shell");
    let page: Value = client.ask("agent", Some(&session), &json!({ "cmd": "history.page" })).await.unwrap();
    assert!(page["messages"][2].to_string().contains("from-the-shell"));
    // The same id again: the same answer, and no second effect.
    let again = client.request(request.clone()).await.unwrap();
    assert_eq!(again.result.unwrap().get(), reply.result.unwrap().get());
    let mut other = request;
    other.body = serde_json::value::to_raw_value(&json!({ "cmd": "prompt", "message": "other" })).unwrap();
    assert_eq!(client.request(other).await.unwrap_err().code, octo_proto::Code::Conflict);
}

/// Streams an answer of 2,000 deltas while the runner is killed at random moments, and looks at everything afterwards.
async fn stream_through(kills: u32, seed: u64) {
    let mut world = World::new();
    let mut moments = Moments(seed);
    let (client, mut events) = world.connect().await;
    let session = world.session(&client).await;
    let mut watcher = Watcher::new(session.clone());
    watcher.watch(&client).await;
    let request = prompt(&session, "stream 2000 every 2");
    let id = request.id.clone();
    client.request(request).await.unwrap();
    let started = |_: &octo_proto::View, event: &Event| matches!(event, Event::TextDelta { .. });
    assert!(watcher.until(&mut events, started).await);
    let agents = world.agents();
    assert_eq!(agents.len(), 1);
    drop((client, events));
    for _ in 0..kills {
        tokio::time::sleep(Duration::from_millis(moments.next(150))).await;
        world.kill();
        world.start();
    }
    let (client, mut events) = world.connect().await;
    watcher.watch(&client).await;
    if watcher.view.as_ref().is_some_and(|view| !view.live.prompts.is_empty()) {
        watcher.until(&mut events, |view, event| ends(event, &id) || view.live.prompts.is_empty()).await;
    }
    assert_eq!(world.agents(), agents, "the agent is the same process");
    let mut fresh = Watcher::new(session.clone());
    drop((client, events));
    let (client, mut events) = world.connect().await;
    fresh.watch(&client).await;
    fresh.until(&mut events, |_, event| matches!(event, Event::SessionSnapshot { .. })).await;
    let (stayed, late) = (watcher.view.unwrap(), fresh.view.unwrap());
    assert_eq!(stayed.messages, late.messages);
    assert_eq!(stayed.live, late.live);
    let facts: Value = client.ask("agent", Some(&session), &json!({ "cmd": "history.page" })).await.unwrap();
    let messages = facts["messages"].as_array().unwrap();
    let ids: HashSet<_> = messages.iter().map(|message| message["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), messages.len(), "no message twice");
    assert_eq!(messages.len(), 2, "{messages:#?}");
    let answer = messages[1]["parts"][0]["text"].as_str().unwrap();
    let words = answer.split_whitespace().count();
    assert!(words >= 2000, "{words} words of the answer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_of_the_runner_while_an_answer_streams() {
    stream_through(20, 7).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_at_each_named_point_has_one_effect() {
    for point in ["accepted", "before-commit:4", "committed:3", "recovering"] {
        let mut world = World::new();
        let (client, events) = world.connect().await;
        let session = world.session(&client).await;
        drop((client, events));
        world.kill();
        world.set_failpoint(Some(point));
        world.start();
        let request = prompt(&session, "run: echo once >> count.txt; cat count.txt");
        let id = request.id.clone();
        // It may be killed before or after it answers: the same request again comes to the same.
        for _ in 0..3 {
            let Ok((client, events)) = world.try_connect().await else { break };
            let lost = client.request(request.clone()).await.is_err();
            drop(events);
            if lost {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        world.wait_killed();
        world.set_failpoint(None);
        world.start();
        let (client, mut events) = world.connect().await;
        client.request(request).await.unwrap();
        let mut watcher = Watcher::new(session.clone());
        watcher.watch(&client).await;
        let over = |view: &octo_proto::View, event: &Event| {
            ends(event, &id) || (view.messages.len() == 4 && view.live.prompts.is_empty())
        };
        assert!(watcher.until(&mut events, over).await, "{point}");
        let count = std::fs::read_to_string(world.work().join("count.txt")).unwrap();
        assert_eq!(count, "once\n", "{point}: the prompt had one effect");
        assert_eq!(watcher.view.unwrap().messages.len(), 4, "{point}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_is_killed_says_so_and_the_next_prompt_goes_on() {
    let world = World::new();
    let (client, mut events) = world.connect().await;
    let session = world.session(&client).await;
    let mut watcher = Watcher::new(session.clone());
    watcher.watch(&client).await;
    let first = prompt(&session, "hello");
    let id = first.id.clone();
    client.request(first).await.unwrap();
    watcher.until(&mut events, |_, event| ends(event, &id)).await;
    let native = watcher.view.as_ref().unwrap().info.native_id.clone();
    let second = prompt(&session, "run: sleep 30");
    let id = second.id.clone();
    client.request(second).await.unwrap();
    watcher.until(&mut events, |_, event| matches!(event, Event::ToolStart { .. })).await;
    let [pid] = world.agents().try_into().unwrap();
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    watcher.until(&mut events, |_, event| matches!(event, Event::SessionClosed { .. })).await;
    let outcome = watcher.events.iter().find_map(|(_, event)| match event {
        Event::PromptEnded { request_id, outcome, .. } if request_id.as_str() == id => Some(*outcome),
        _ => None,
    });
    assert_eq!(outcome, Some(Outcome::Error));
    assert!(watcher.events.iter().any(|(_, event)| matches!(event, Event::AgentError { .. })));
    let third = prompt(&session, "hello");
    let id = third.id.clone();
    client.request(third).await.unwrap();
    watcher.until(&mut events, |_, event| ends(event, &id)).await;
    let view = watcher.view.unwrap();
    assert_eq!(view.info.native_id, native, "the same session of Pi");
    assert!(view.messages.last().unwrap().role == Role::Assistant && view.live.prompts.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_steer_that_an_abort_strands_is_said_once() {
    let world = World::new();
    let (client, mut events) = world.connect().await;
    let session = world.session(&client).await;
    let mut watcher = Watcher::new(session.clone());
    watcher.watch(&client).await;
    let first = prompt(&session, "stream 200 every 20");
    let first_id = first.id.clone();
    client.request(first).await.unwrap();
    watcher.until(&mut events, |_, event| matches!(event, Event::TextDelta { .. })).await;
    let body = json!({ "cmd": "prompt", "message": "think", "when": "steer" });
    let steer = octo_proto::frame::Request::new("agent", octo_proto::id::RequestId::draw().0, &body).unwrap();
    let steer = steer.about(session.clone());
    let steer_id = steer.id.clone();
    client.request(steer).await.unwrap();
    client.ask::<Value>("agent", Some(&session), &json!({ "cmd": "abort" })).await.unwrap();
    let none_open = |view: &octo_proto::View, _: &Event| view.live.prompts.is_empty();
    assert!(watcher.until(&mut events, none_open).await);
    for id in [&first_id, &steer_id] {
        let ended = watcher.events.iter().filter(|(_, event)| ends(event, id)).count();
        assert_eq!(ended, 1, "each prompt ends once");
    }
    let view = watcher.view.unwrap();
    let said = view.messages.iter().filter(|message| message.role == Role::User && message.text() == "think").count();
    assert_eq!(said, 1, "{:?}", view.messages);
}
