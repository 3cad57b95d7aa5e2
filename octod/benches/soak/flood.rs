//! An agent prints a great deal as fast as it is taken; the runner stays small and the session works on.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use octo_proto::{Event, client::Told};
use serde_json::{Value, json};
use tokio::time::{Instant as Clock, timeout};

use super::{
    house::{Daemon, House, PATIENCE, agent::Script, memory::Memory, prompt},
    row,
    witness::Findings,
};

/// The runner's limit under load, in KiB.
const RUNNER_KIB: u64 = 64 * 1024;
/// The longest that a GB may take.
const FLOOD: Duration = Duration::from_secs(600);

/// Whether the end came, whole, and the runner stayed small.
pub(crate) async fn survive(bytes: u64) -> Result<bool> {
    let house = House::with_both()?;
    let (client, mut events) = house.connect().await?;
    let session = house.session(&client).await?;
    client.ask::<Value>("agent", Some(&session), &json!({ "cmd": "watch" })).await?;
    let request = prompt(&session, &Script { messages: 1, deltas: 100, pause_us: 0, flood: bytes })?;
    let id = request.id.clone();
    let begun = Instant::now();
    client.request(request).await?;
    let (mut findings, mut next, mut peak, mut tick) = (Findings::default(), 0, 0, Clock::now());
    loop {
        if Clock::now() >= tick {
            peak = Memory::of(house.pid(Daemon::Runner)?)?.rss.max(peak);
            tick = Clock::now() + Duration::from_millis(100);
        }
        let told = timeout(PATIENCE, events.recv()).await.context("nothing came")?.context("octod is gone")?;
        anyhow::ensure!(begun.elapsed() < FLOOD, "the flood did not end in time");
        let Told::Event(frame) = told else { continue };
        match serde_json::from_str(frame.body.get())? {
            Event::MessageEnd { message } => next = findings.check(next, &message.text()),
            Event::PromptEnded { request_id, .. } if request_id.as_str() == id => break,
            _ => {}
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    let mb = bytes as f64 / 1e6;
    row("an agent that prints", &format!("{mb:.0} MB in {seconds:.1} s, {:.0} MB/s", mb / seconds));
    row("the runner meanwhile, RSS at most", &format!("{:.1} MB", peak as f64 / 1024.0));
    let whole = findings == Findings::default() && next == 100;
    row("the message behind it is whole", if whole { "yes" } else { "NO" });
    Ok(whole && peak <= RUNNER_KIB)
}
