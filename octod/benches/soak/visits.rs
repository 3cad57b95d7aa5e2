//! Clients come, watch and go, thousands of times; then octod and the runner hold what they held before.

use std::time::Duration;

use anyhow::Result;
use octo_proto::id::SessionId;
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::sleep};

use super::{
    house::{Daemon, House, connect, memory::Memory},
    row,
};

/// So many at once.
const AT_ONCE: u64 = 20;
/// What is freed is given back by then.
const REST: Duration = Duration::from_secs(2);
/// Growth below this is the allocator's.
const SLACK_KIB: u64 = 1024;

/// Whether memory and descriptors are back.
pub(crate) async fn survive(visits: u64) -> Result<bool> {
    let house = House::with_both()?;
    let (client, _events) = house.connect().await?;
    let session = house.session(&client).await?;
    // What is made once is made by these.
    visit(&house, &session, visits / 10).await?;
    let before = held(&house).await?;
    visit(&house, &session, visits).await?;
    let after = held(&house).await?;
    row("connects and disconnects", &visits.to_string());
    let mut well = true;
    for (name, (memory, open), (memory_after, open_after)) in
        [("octod", before[0], after[0]), ("runner", before[1], after[1])]
    {
        row(
            &format!("{name} before, and after"),
            &format!("{memory}, {open} descriptors; {memory_after}, {open_after}"),
        );
        well &= open_after == open && memory_after.rss <= memory.rss + SLACK_KIB;
    }
    row("back to the start", if well { "yes" } else { "NO" });
    Ok(well)
}

async fn visit(house: &House, session: &SessionId, visits: u64) -> Result<()> {
    for _ in 0..visits / AT_ONCE {
        let mut tasks = JoinSet::new();
        for _ in 0..AT_ONCE {
            let (socket, session) = (house.socket(), session.clone());
            tasks.spawn(async move {
                let (client, _events) = connect(&socket).await?;
                client.ask::<Value>("agent", Some(&session), &json!({ "cmd": "watch" })).await
            });
        }
        while let Some(visited) = tasks.join_next().await {
            visited??;
        }
    }
    Ok(())
}

/// Memory and descriptors of octod and of the runner, at rest.
async fn held(house: &House) -> Result<[(Memory, usize); 2]> {
    sleep(REST).await;
    let of = |daemon| -> Result<(Memory, usize)> {
        let pid = house.pid(daemon)?;
        Ok((Memory::of(pid)?, std::fs::read_dir(format!("/proc/{pid}/fd"))?.count()))
    };
    Ok([of(Daemon::Octod)?, of(Daemon::Runner)?])
}
