//! Nothing that dies on the way loses a word: octod, the runner, both of them, a client, with real Pi at work.

mod files;
mod follower;
mod house;
mod line;
mod panes;
mod screen;
mod seat;
mod table;
mod terminal;
mod terminals;

use std::{collections::HashSet, process::Stdio, time::Duration};

use octo_proto::{Cursor, Event, id::SessionId};
use serde_json::{Value, json};

use self::{
    follower::{Follower, facts},
    house::{House, Victim, prompt, texts},
};

/// An answer of 2,000 deltas.
const STREAM: &str = "stream 2000 every 1";

/// A tool that tells for about two seconds.
const TOOL: &str = "run: for i in $(seq 400); do echo line $i; sleep 0.005; done";

/// A seeded choice of moments: the same in every run.
struct Moments(u64);

impl Moments {
    fn next(&mut self, below: u64) -> Duration {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Duration::from_millis((self.0 >> 33) % below)
    }
}

/// Twenty kills at random moments, each of them while the agent is at work: where it has finished, it gets more to do.
async fn kills(victim: Victim, work: &str, seed: u64) {
    let mut house = House::new();
    let session = house.session().await;
    let mut follower = Follower::new(house.socket(), session.clone());
    let (mut moments, mut prompts, mut agents) = (Moments(seed), Vec::<String>::new(), Vec::new());
    for _ in 0..20 {
        at_work(&house, &session, (&mut follower, &mut prompts), work).await;
        if agents.is_empty() {
            agents = house.agents();
        }
        tokio::time::sleep(moments.next(100)).await;
        house.kill(victim).await;
    }
    for id in &prompts {
        follower.until("the end of the prompt", |seen| seen.is_over(id)).await;
    }
    assert_eq!((agents.len(), house.agents()), (1, agents), "the agent is the same process");
    compare(&house, &session, &prompts, &mut follower).await;
    assert!(follower.look(|seen| seen.returns > 0) || victim == Victim::Runner, "it was cut off");
}

/// Waits until the agent is seen to work. Where it has finished, it gets the same to do again.
async fn at_work(
    house: &House,
    session: &SessionId,
    (follower, prompts): (&mut Follower, &mut Vec<String>),
    work: &str,
) {
    loop {
        if prompts.last().is_none_or(|id| follower.look(|seen| seen.is_over(id))) {
            let request = prompt(session, work);
            house.insist(&request).await;
            prompts.push(request.id);
        }
        let (before, id) = (follower.look(|seen| seen.moves), prompts.last().unwrap());
        follower.until("the agent's work", |seen| seen.moves > before || seen.is_over(id)).await;
        if follower.look(|seen| seen.moves > before) {
            return;
        }
    }
}

/// Whatever was done to it, a session holds what its agent said, once, and all who watch see the same.
async fn compare(house: &House, session: &SessionId, prompts: &[String], follower: &mut Follower) {
    let (client, mut events) = house.connect().await;
    let stored = facts(&client, &mut events, session).await;
    let numbers: Vec<u64> = stored.iter().map(|(cursor, _)| cursor.fact).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>(), "facts have no gap");
    for id in prompts {
        let of = |kind: fn(&Event) -> Option<&str>| stored.iter().filter(|(_, event)| kind(event) == Some(id)).count();
        let accepted = of(|event| match event {
            Event::PromptAccepted { prompt } => Some(prompt.request_id.as_str()),
            _ => None,
        });
        let ended = of(|event| match event {
            Event::PromptEnded { request_id, .. } => Some(request_id.as_str()),
            _ => None,
        });
        assert_eq!((accepted, ended), (1, 1), "prompt {id}");
    }

    let (history, ids) = history(house, session).await;
    assert_eq!(ids.len(), history.len(), "no message twice");
    assert_eq!(history, house.told_by_pi(), "history is what the agent reported");

    // Who came back again and again was told each fact behind its first snapshot once, and sees what a newcomer sees.
    let told: Vec<Cursor> = follower.look(|seen| seen.facts.iter().map(|(cursor, _)| *cursor).collect());
    assert!(told.windows(2).all(|pair| pair[1].fact == pair[0].fact + 1), "{told:?}");
    let mut fresh = Follower::new(house.socket(), session.clone());
    fresh.until("a snapshot", |seen| seen.view.is_some()).await;
    let (mut stayed, mut late) = (follower.view(), fresh.view());
    while stayed.cursor != late.cursor {
        let ahead = stayed.cursor.max(late.cursor);
        for one in [&mut *follower, &mut fresh] {
            one.until("the other's place", |seen| seen.view.as_ref().is_some_and(|view| view.cursor >= ahead)).await;
        }
        (stayed, late) = (follower.view(), fresh.view());
    }
    // When a session last changed is told together with a change of what it is, and else asked for.
    stayed.info.updated_at = late.info.updated_at;
    assert_eq!(stayed.messages, late.messages);
    assert_eq!(stayed.live, late.live);
    assert_eq!(stayed.info, late.info);
}

/// Role and text of each message, and the ids of them.
async fn history(house: &House, session: &SessionId) -> (Vec<(String, String)>, HashSet<String>) {
    let (client, _events) = house.connect().await;
    let (mut all, mut ids, mut before) = (Vec::new(), HashSet::new(), Value::Null);
    loop {
        let body = json!({ "cmd": "history.page", "before": before });
        let page: Value = client.ask("agent", Some(session), &body).await.unwrap();
        let messages = page["messages"].as_array().unwrap();
        ids.extend(messages.iter().map(|message| message["id"].as_str().unwrap().to_owned()));
        all.splice(0..0, messages.iter().map(said));
        if page["has_more"] != true {
            return (all, ids);
        }
        before = messages[0]["idx"].clone();
    }
}

/// A message in Pi's words: its role and its texts.
fn said(message: &Value) -> (String, String) {
    let role = message["role"].as_str().unwrap();
    let role = if role == "tool" { "toolResult" } else { role };
    let parts = message["parts"].as_array().unwrap();
    let output = parts.iter().find(|part| part["type"] == "tool_result").map(|part| match &part["output"] {
        Value::String(text) => text.clone(),
        other => texts(other.get("content").unwrap_or(other)),
    });
    (role.to_owned(), output.unwrap_or_else(|| texts(&message["parts"])))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_of_octod_while_an_answer_streams() {
    kills(Victim::Octod, STREAM, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_of_octod_while_a_tool_runs() {
    kills(Victim::Octod, TOOL, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_of_the_runner_while_an_answer_streams() {
    kills(Victim::Runner, STREAM, 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_of_the_runner_while_a_tool_runs() {
    kills(Victim::Runner, TOOL, 4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_of_octod_and_the_runner_while_an_answer_streams() {
    kills(Victim::Both, STREAM, 5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_of_octod_and_the_runner_while_a_tool_runs() {
    kills(Victim::Both, TOOL, 6).await;
}

/// Real clients, programs of their own, are killed while the agent works; nobody else notices.
async fn kills_of_a_client(work: &str, seed: u64) {
    let house = House::new();
    let session = house.session().await;
    let mut follower = Follower::new(house.socket(), session.clone());
    let (mut moments, mut prompts) = (Moments(seed), Vec::<String>::new());
    for _ in 0..20 {
        at_work(&house, &session, (&mut follower, &mut prompts), work).await;
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_octoctl"));
        command.args(["watch", session.as_str(), "--json"]).env("OCTO_HOME", house.home());
        let mut client = command.stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut first = [0];
        let stdout = client.stdout.as_mut().unwrap();
        tokio::io::AsyncReadExt::read_exact(stdout, &mut first).await.unwrap();
        tokio::time::sleep(moments.next(50)).await;
        client.kill().await.unwrap();
    }
    for id in &prompts {
        follower.until("the end of the prompt", |seen| seen.is_over(id)).await;
    }
    assert_eq!(house.agents().len(), 1);
    compare(&house, &session, &prompts, &mut follower).await;
    assert_eq!(follower.look(|seen| seen.returns), 0, "the other client noticed nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_of_a_client_while_an_answer_streams() {
    kills_of_a_client(STREAM, 7).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_of_a_client_while_a_tool_runs() {
    kills_of_a_client(TOOL, 8).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_request_across_a_restart_of_octod_has_one_effect() {
    let mut house = House::new();
    let session = house.session().await;
    let request = prompt(&session, "run: echo once >> count.txt; cat count.txt");
    let first = house.insist(&request).await;
    house.kill(Victim::Octod).await;
    assert_eq!(house.insist(&request).await, first);
    let mut follower = Follower::new(house.socket(), session.clone());
    follower
        .until("the answer", |seen| {
            seen.view.as_ref().is_some_and(|view| view.messages.len() == 4 && view.live.prompts.is_empty())
        })
        .await;
    house.kill(Victim::Both).await;
    assert_eq!(house.insist(&request).await, first);
    let mut other = request.clone();
    other.body = serde_json::value::to_raw_value(&json!({ "cmd": "prompt", "message": "other" })).unwrap();
    let (client, _events) = house.connect().await;
    assert_eq!(client.request(other).await.unwrap_err().code, octo_proto::Code::Conflict);
    assert_eq!(std::fs::read_to_string(house.work().join("count.txt")).unwrap(), "once\n");
    compare(&house, &session, &[request.id], &mut follower).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_logout_stops_no_agent_and_cuts_none_off() {
    let house = House::new();
    let session = house.session().await;
    let mut follower = Follower::new(house.socket(), session.clone());
    let request = prompt(&session, "run: until [ -e go ]; do sleep 0.05; done; echo gone on");
    house.insist(&request).await;
    follower.until("the tool", |seen| seen.view.as_ref().is_some_and(|view| !view.live.tools.is_empty())).await;
    let agents = house.agents();
    drop(follower);
    std::fs::remove_dir_all(house.home().join("run")).unwrap();
    // All sockets come back by themselves, and a new login finds what goes on.
    let runner = house.runner().await;
    assert_eq!(house.answers("hstry.sock").await, runner);
    let mut follower = Follower::new(house.socket(), session.clone());
    follower.until("the tool", |seen| seen.view.as_ref().is_some_and(|view| !view.live.tools.is_empty())).await;
    assert_eq!(house.agents(), agents);
    std::fs::write(house.work().join("go"), "").unwrap();
    follower.until("the end", |seen| seen.is_over(&request.id)).await;
    compare(&house, &session, &[request.id], &mut follower).await;
}
