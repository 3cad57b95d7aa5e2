//! octod and the runner are killed at random moments while twenty sessions stream to three clients.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use octo_proto::{Message, Role, client::Client, id::SessionId};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    Moments,
    house::{Daemon, House, PATIENCE, agent::Script, prompt},
    row,
    witness::{Findings, Witness},
};

const SESSIONS: usize = 20;
const CLIENTS: usize = 3;
/// About so many deltas a second from each agent as a quick model writes.
const SCRIPT: Script = Script { messages: 0, deltas: 40, pause_us: 20_000, flood: 0 };
/// A kill comes this much after the start before it, at most.
const LULL_MS: u64 = 200;

#[derive(Deserialize)]
struct Page {
    messages: Vec<Message>,
    has_more: bool,
}

/// Whether nothing was lost, doubled, reordered or started anew.
pub(crate) async fn survive(kills: u64, moments: &mut Moments) -> Result<bool> {
    let mut house = House::with_both()?;
    let (client, events) = house.connect().await?;
    let mut sessions = Vec::new();
    for _ in 0..SESSIONS {
        let session = house.session(&client).await?;
        client.request(prompt(&session, &SCRIPT)?).await?;
        sessions.push(session);
    }
    let (over, watching) = watch::channel(false);
    let mut witnesses = JoinSet::new();
    for _ in 0..CLIENTS {
        witnesses.spawn(Witness::new(&house.socket(), &sessions).watch(watching.clone()));
    }
    // Each agent has begun, and with it its process.
    timeout(PATIENCE, async {
        while house.pids("node").is_ok_and(|pids| pids.len() < SESSIONS) {
            sleep(Duration::from_millis(50)).await;
        }
    })
    .await
    .context("the agents did not start")?;
    let agents = house.pids("node")?;
    drop((client, events));
    let begun = Instant::now();
    for _ in 0..kills {
        for daemon in [Daemon::Octod, Daemon::Runner] {
            sleep(Duration::from_millis(moments.next(LULL_MS))).await;
            house.kill(daemon)?;
            house.start(daemon)?;
        }
    }
    let took = begun.elapsed();
    let same = house.pids("node")? == agents;
    let (client, _events) = house.connect().await?;
    for session in &sessions {
        abort(&client, session).await?;
    }
    over.send(true)?;
    let mut all = Vec::new();
    while let Some(witness) = timeout(PATIENCE, witnesses.join_next()).await.context("a client did not settle")? {
        all.push(witness??);
    }
    let stored = stored(&client, &sessions).await?;
    Ok(report(kills, took, same, &all, &stored))
}

/// What the store has of each session: what was wrong with it, and where it ends.
struct Stored {
    findings: Findings,
    ends: Vec<(SessionId, u64)>,
    deltas: u64,
}

fn report(kills: u64, took: Duration, same: bool, witnesses: &[Witness], stored: &Stored) -> bool {
    row("kills of octod, kills of the runner", &format!("{kills}, {kills} in {:.0} s", took.as_secs_f64()));
    row("sessions, clients", &format!("{SESSIONS}, {CLIENTS}"));
    let mut seen = Findings::default();
    witnesses.iter().for_each(|witness| seen.add(witness.findings));
    let counted = |findings: &Findings| {
        format!("{} lost, {} doubled, {} reordered", findings.lost, findings.doubled, findings.reordered)
    };
    let sum = |count: fn(&Witness) -> u64| witnesses.iter().map(count).sum::<u64>();
    row("events that the clients saw", &sum(|witness| witness.events).to_string());
    row("connections and watches begun again", &sum(|witness| witness.cuts).to_string());
    row("snapshots instead of what was missed", &sum(|witness| witness.snapshots - SESSIONS as u64).to_string());
    row("in what the clients saw", &counted(&seen));
    row(&format!("in the history ({} deltas)", stored.deltas), &counted(&stored.findings));
    let agree = witnesses.iter().all(|witness| {
        let ends = witness.ends();
        stored.ends.iter().all(|(session, end)| ends.get(session) == Some(end))
    });
    row("clients end where the history ends", if agree { "yes" } else { "NO" });
    row("agents are the same processes", if same { "yes" } else { "NO" });
    seen == Findings::default() && stored.findings == Findings::default() && agree && same
}

/// Stops a session's turn; the runner may have to come back first.
async fn abort(client: &Client, session: &SessionId) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match client.ask::<Value>("agent", Some(session), &json!({ "cmd": "abort" })).await {
            Ok(_) => return Ok(()),
            Err(error) if Instant::now() > deadline => return Err(error.into()),
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn stored(client: &Client, sessions: &[SessionId]) -> Result<Stored> {
    let mut stored = Stored { findings: Findings::default(), ends: Vec::new(), deltas: 0 };
    for session in sessions {
        let mut messages = Vec::new();
        let mut before = None;
        loop {
            let body = json!({ "cmd": "history.page", "before": before, "limit": 200 });
            let page: Page = client.ask("agent", Some(session), &body).await?;
            before = page.messages.first().map(|message| message.idx);
            messages.splice(0..0, page.messages);
            if !page.has_more {
                break;
            }
        }
        let answers = messages.iter().filter(|message| message.role == Role::Assistant);
        let end = answers.fold(0, |next, message| stored.findings.check(next, &message.text()));
        stored.deltas += end;
        stored.ends.push((session.clone(), end));
    }
    Ok(stored)
}
