//! Transcripts of ended processes: compressed first, dropped when there are too many; the history keeps what they said.

use std::path::PathBuf;

use octo_proto::{Event, command::DiskUsage};
use serde_json::{Value, json};

use crate::household::{PATIENCE, Watcher, World, ends, prompt};

async fn eventually(what: &str, is: impl Fn() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !is() {
        assert!(tokio::time::Instant::now() < deadline, "{what}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

async fn say(world: &World, watcher: &mut Watcher, text: &str) {
    let (client, mut events) = world.connect().await;
    watcher.watch(&client).await;
    let request = prompt(&watcher.session, text);
    let id = request.id.clone();
    client.request(request).await.unwrap();
    assert!(watcher.until(&mut events, |_, event| ends(event, &id)).await);
    assert!(!watcher.events.iter().any(|(_, event)| matches!(event, Event::AgentError { .. })));
}

/// A world whose one transcript has ended and is compressed, who said it, and where it lies.
async fn with_an_ended_transcript() -> (World, Watcher, PathBuf) {
    let mut world = World::new();
    let (client, _events) = world.connect().await;
    let session = world.session(&client).await;
    let mut watcher = Watcher::new(session.clone());
    say(&world, &mut watcher, "stream 2000 every 0").await;
    client.ask::<Value>("agent", Some(&session), &json!({ "cmd": "session.stop" })).await.unwrap();
    // Its shim lets go of it a moment after its end is known.
    let entry = loop {
        let usage: DiskUsage = client.ask("agent", None, &json!({ "cmd": "du" })).await.unwrap();
        let [entry] = usage.entries.try_into().unwrap();
        if !entry.live {
            break entry;
        }
    };
    assert!(entry.session_id.as_ref() == Some(&session) && entry.bytes > 0);
    let dir = world.dir.path().join("state/processes").join(&entry.process_id);
    drop(client);
    world.kill();
    world.start();
    let packed = dir.join("0000000000000000.seg.gz");
    eventually("it was not compressed", || packed.exists() && !dir.join("0000000000000000.seg").exists()).await;
    let (client, _events) = world.connect().await;
    let usage: DiskUsage = client.ask("agent", None, &json!({ "cmd": "du" })).await.unwrap();
    assert!(usage.transcript_bytes < entry.bytes / 2, "{} of {}", usage.transcript_bytes, entry.bytes);
    (world, watcher, dir)
}

/// The session goes on without its transcript, and the history has all that it said.
async fn goes_on(world: &World, watcher: &mut Watcher) {
    say(world, watcher, "hello").await;
    let (client, _events) = world.connect().await;
    let page: Value = client.ask("agent", Some(&watcher.session), &json!({ "cmd": "history.page" })).await.unwrap();
    assert_eq!(page["messages"].as_array().unwrap().len(), 4);
}

fn configure(world: &World, text: &str) {
    std::fs::write(world.dir.path().join("config/config.toml"), text).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ended_transcripts_are_compressed_and_the_oldest_dropped_where_there_are_too_many() {
    let (mut world, mut watcher, dir) = with_an_ended_transcript().await;
    world.kill();
    configure(&world, "[transcripts]\nmax_total = \"4 KiB\"\n");
    world.start();
    eventually("it was not dropped", || !dir.exists()).await;
    goes_on(&world, &mut watcher).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ended_transcripts_are_dropped_after_their_days() {
    let (mut world, mut watcher, dir) = with_an_ended_transcript().await;
    world.kill();
    configure(&world, "[transcripts]\nkeep_days = 2\n");
    let database = world.dir.path().join("data/hstry.db");
    let age = |days: i64| {
        let database = rusqlite::Connection::open(&database).unwrap();
        let changed = database.execute("UPDATE processes SET ended_at = ended_at - ?1", [days * 24 * 3600 * 1000]);
        assert_eq!(changed.unwrap(), 1);
    };
    age(1);
    let nobodys = dir.with_file_name("prc_zz");
    std::fs::create_dir(&nobodys).unwrap();
    world.start();
    // The youngest is looked at last.
    eventually("nothing was tidied", || !nobodys.exists()).await;
    assert!(dir.exists(), "it was dropped before its days had passed");
    world.kill();
    age(2);
    world.start();
    eventually("it was not dropped", || !dir.exists()).await;
    goes_on(&world, &mut watcher).await;
}
