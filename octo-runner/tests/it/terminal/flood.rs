//! A program that prints without end costs bounded memory, and a slow client delays nobody.

use std::time::{Duration, Instant};

use octo_proto::{Code, terminal::TerminalHistory};
use serde_json::json;

use super::{super::household::World, close, open, pane::Pane};

/// Bytes of memory that a process holds.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

#[tokio::test]
async fn a_flood_of_a_gigabyte_is_bounded_and_a_client_that_does_not_read_skips() {
    let world = World::new();
    let (client, events) = world.connect().await;
    let script = "read go; head -c 1000000000 /dev/zero | tr '\\0' x; echo; echo end-of-$((6*7))-flood; cat";
    let id = open(&client, &["sh", "-c", script]).await;
    // Shows it and reads nothing.
    let (deaf, deaf_events) = world.connect().await;
    let mut deaf = Pane::attach(deaf, deaf_events, &id, 80, false).await;
    let mut pane = Pane::attach(client, events, &id, 80, true).await;
    let before = resident(world.pid());
    pane.types("\r").await;
    let mut largest = before;
    let begun = Instant::now();
    pane.until_so("the end of the flood", |pane| {
        largest = largest.max(resident(world.pid()));
        let tail = &pane.bytes[pane.bytes.len().saturating_sub(200)..];
        tail.windows(15).any(|word| word == b"end-of-42-flood")
    })
    .await;
    let grown = (largest - before) >> 20;
    assert!(grown < 24, "the runner grew by {grown} MiB in {:?}", begun.elapsed());
    let dir = world.dir.path().join("state/processes").join(id.as_str());
    assert!(octo_runner::transcript::usage(&dir).unwrap() <= 66 << 20);
    deaf.until("end-of-42-flood").await;
    assert!(deaf.received < 5_000_000, "who did not read got {} bytes", deaf.received);
    // What was printed in all is counted through all that was skipped.
    assert!(pane.end() > 1_000_000_000, "{}", pane.end());
    // What is read back is what the ring holds; what it does not is told to be gone.
    let past = |offset: Option<u64>| json!({ "cmd": "history", "terminal_id": id, "offset": offset, "limit": 1000 });
    let read: TerminalHistory = pane.client.ask("terminal", None, &past(None)).await.unwrap();
    assert_eq!((read.lines.len(), read.has_more), (1000, true));
    assert!(read.lines[10].goes_on && read.lines[10].text == "x".repeat(80), "{:?}", read.lines[10]);
    let gone = pane.client.ask::<TerminalHistory>("terminal", None, &past(Some(1000))).await.unwrap_err();
    assert_eq!(gone.code, Code::NotFound);
    close(&pane.client, &id).await;
}

#[tokio::test]
async fn a_flood_can_be_interrupted_and_another_terminal_answers_meanwhile() {
    let world = World::new();
    let (client, events) = world.connect().await;
    let floods = open(&client, &["sh", "-i"]).await;
    let mut pane = Pane::attach(client, events, &floods, 80, true).await;
    pane.types("yes\r").await;
    pane.until_so("a flood", |pane| pane.received > 1_000_000).await;
    let (client, events) = world.connect().await;
    let quiet = open(&client, &["cat"]).await;
    let mut other = Pane::attach(client, events, &quiet, 80, true).await;
    let before = pane.received;
    for number in 0..20 {
        let said = format!("echo-{number}-");
        other.types(&format!("{said}\r")).await;
        let pumping = pane.for_a_while(Duration::from_secs(60));
        tokio::select! {
            () = other.until(&said) => {}
            () = pumping => panic!("no echo"),
        }
    }
    assert!(pane.received > before, "the flood went on meanwhile");
    pane.types("\x03").await;
    pane.types("echo stopped-$((5*5))\r").await;
    pane.until("stopped-25").await;
    for id in [floods, quiet] {
        other.asks(json!({ "cmd": "close", "terminal_id": id })).await.unwrap();
    }
}
