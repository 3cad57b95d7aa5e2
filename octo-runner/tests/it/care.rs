//! Transcripts of ended processes: compressed first, dropped when there are too many; the history keeps what they said.

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ended_transcripts_are_compressed_and_the_oldest_dropped_where_there_are_too_many() {
    let mut world = World::new();
    let (client, _events) = world.connect().await;
    let session = world.session(&client).await;
    let mut watcher = Watcher::new(session.clone());
    say(&world, &mut watcher, "stream 2000 every 0").await;
    client.ask::<Value>("agent", Some(&session), &json!({ "cmd": "session.stop" })).await.unwrap();
    let usage: DiskUsage = client.ask("agent", None, &json!({ "cmd": "du" })).await.unwrap();
    let [entry] = usage.entries.try_into().unwrap();
    assert!(!entry.live && entry.session_id.as_ref() == Some(&session) && entry.bytes > 0);
    let dir = world.dir.path().join("state/processes").join(&entry.process_id);
    drop(client);
    world.kill();
    world.start();
    let packed = dir.join("0000000000000000.seg.gz");
    eventually("it was not compressed", || packed.exists() && !dir.join("0000000000000000.seg").exists()).await;
    let (client, _events) = world.connect().await;
    let usage: DiskUsage = client.ask("agent", None, &json!({ "cmd": "du" })).await.unwrap();
    assert!(usage.transcript_bytes < entry.bytes / 2, "{} of {}", usage.transcript_bytes, entry.bytes);
    drop(client);
    world.kill();
    let text = "[transcripts]\nmax_total = \"4 KiB\"\n";
    std::fs::write(world.dir.path().join("config/config.toml"), text).unwrap();
    world.start();
    eventually("it was not dropped", || !dir.exists()).await;
    say(&world, &mut watcher, "hello").await;
    let (client, _events) = world.connect().await;
    let page: Value = client.ask("agent", Some(&session), &json!({ "cmd": "history.page" })).await.unwrap();
    assert_eq!(page["messages"].as_array().unwrap().len(), 4);
}
