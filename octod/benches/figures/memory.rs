//! What the programs hold: idle, for each attached client, for each session without a process.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use octo_proto::{Event, client::Told, id::SessionId};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::{
    house::{Daemon, House, PATIENCE, agent::Script, memory::Memory, prompt},
    table::{head, row},
};

const CLIENTS: u64 = 200;
const SESSIONS: u64 = 1_000;

/// What is freed after something happened is free by then.
const REST: Duration = Duration::from_secs(2);

/// Measures, and prints the table.
pub(crate) async fn measure() -> Result<()> {
    head("Memory", &["what", "octod", "runner", "shim"]);
    let house = House::with_both()?;
    let (before, runner) = both(&house).await?;
    row(&["idle, nobody attached".to_owned(), before.to_string(), runner.to_string(), String::new()]);
    let (client, _events) = house.connect().await?;
    let session = house.session(&client).await?;
    talk(&house, &session).await?;
    let (octod, runner) = both(&house).await?;
    let shim = *house.pids("octo-shim")?.first().context("the session's shim lives")?;
    let shim = Memory::of(shim)?;
    row(&["one session, idle after a prompt".to_owned(), octod.to_string(), runner.to_string(), shim.to_string()]);
    let held = attach(&house, &session).await?;
    let (many, runner_many) = both(&house).await?;
    row(&[
        format!("each of {CLIENTS} clients that watch it"),
        each(octod, many, CLIENTS),
        each(runner, runner_many, CLIENTS),
        String::new(),
    ]);
    drop(held);

    let house = House::with_both()?;
    let (client, _events) = house.connect().await?;
    let warm = house.session(&client).await?;
    stop(&client, &warm).await?;
    let (octod, runner) = both(&house).await?;
    for _ in 0..SESSIONS {
        // A connection may not ask so much in so short a time.
        let (client, _events) = house.connect().await?;
        let session = house.session(&client).await?;
        stop(&client, &session).await?;
    }
    let (many, runner_many) = both(&house).await?;
    row(&[
        format!("each of {SESSIONS} sessions without a process"),
        each(octod, many, SESSIONS),
        each(runner, runner_many, SESSIONS),
        String::new(),
    ]);
    Ok(())
}

/// Both daemons, at rest.
async fn both(house: &House) -> Result<(Memory, Memory)> {
    sleep(REST).await;
    Ok((Memory::of(house.pid(Daemon::Octod)?)?, Memory::of(house.pid(Daemon::Runner)?)?))
}

fn each(before: Memory, after: Memory, count: u64) -> String {
    format!("{:.1} KiB private", after.private.saturating_sub(before.private) as f64 / count as f64)
}

async fn stop(client: &octo_proto::client::Client, session: &SessionId) -> Result<()> {
    client.ask::<Value>("agent", Some(session), &json!({ "cmd": "session.stop" })).await?;
    Ok(())
}

/// One short prompt, to its end.
pub(crate) async fn talk(house: &House, session: &SessionId) -> Result<()> {
    let (client, mut events) = house.connect().await?;
    client.ask::<Value>("agent", Some(session), &json!({ "cmd": "watch" })).await?;
    client.request(prompt(session, &Script { messages: 1, deltas: 10, ..Script::default() })?).await?;
    loop {
        let told = timeout(PATIENCE, events.recv()).await?.context("octod closed the connection")?;
        let Told::Event(frame) = told else { continue };
        match serde_json::from_str(frame.body.get())? {
            Event::PromptEnded { .. } => return Ok(()),
            Event::AgentError { message, .. } => bail!("the agent failed: {message}"),
            _ => {}
        }
    }
}

/// Clients that watch and have read all there is.
async fn attach(
    house: &House,
    session: &SessionId,
) -> Result<Vec<(octo_proto::client::Client, octo_proto::client::Events)>> {
    let mut held = Vec::new();
    for _ in 0..CLIENTS {
        let (client, events) = house.connect().await?;
        client.ask::<Value>("agent", Some(session), &json!({ "cmd": "watch" })).await?;
        held.push((client, events));
    }
    Ok(held)
}
