//! A shim is killed while its agent streams: the session says so, nothing of the tree lives on, and the next prompt
//! works.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use octo_proto::{
    Event,
    client::{Events, Told},
    id::SessionId,
    session::Outcome,
};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::{
    Moments,
    house::{House, PATIENCE, agent::Script, kill, prompt},
    row,
};

/// By when the session must have said so.
const SAID_BY: Duration = Duration::from_secs(2);

/// Whether each kill had one end, in time, and left nothing.
pub(crate) async fn survive(kills: u64, moments: &mut Moments) -> Result<bool> {
    let house = House::with_both()?;
    let (client, mut events) = house.connect().await?;
    let session = house.session(&client).await?;
    client.ask::<Value>("agent", Some(&session), &json!({ "cmd": "watch" })).await?;
    let script = Script { messages: 0, deltas: 40, pause_us: 2_000, flood: 0 };
    let (mut longest, mut late, mut left) = (Duration::ZERO, 0, 0);
    for _ in 0..kills {
        let request = prompt(&session, &script)?;
        let id = request.id.clone();
        client.request(request).await?;
        until(&mut events, &session, |event| matches!(event, Event::TextDelta { .. })).await?;
        let agents = house.pids("node")?;
        let shims = house.pids("octo-shim")?;
        sleep(Duration::from_millis(moments.next(50))).await;
        let begun = Instant::now();
        shims.into_iter().for_each(kill);
        let ended = |event: &Event| matches!(event, Event::PromptEnded { request_id, outcome: Outcome::Error, .. } if request_id.as_str() == id);
        until(&mut events, &session, ended).await?;
        longest = longest.max(begun.elapsed());
        late += u64::from(begun.elapsed() > SAID_BY);
        until(&mut events, &session, |event| matches!(event, Event::SessionClosed { .. })).await?;
        left += house.pids("node")?.iter().filter(|pid| agents.contains(pid)).count();
    }
    row("kills of a shim", &kills.to_string());
    row("from the kill to the end of the prompt, longest", &format!("{:.0} ms", longest.as_secs_f64() * 1000.0));
    row("ends after 2 s, processes that lived on", &format!("{late}, {left}"));
    Ok(late == 0 && left == 0)
}

/// Takes in what is told until such an event.
pub(crate) async fn until(events: &mut Events, session: &SessionId, is: impl Fn(&Event) -> bool) -> Result<()> {
    loop {
        let told = timeout(PATIENCE, events.recv()).await.context("it did not come")?.context("octod is gone")?;
        let Told::Event(frame) = told else { continue };
        if frame.session_id.as_ref() == Some(session) && is(&serde_json::from_str(frame.body.get())?) {
            return Ok(());
        }
    }
}
