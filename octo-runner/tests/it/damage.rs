//! A transcript that is damaged or cut in the middle: the session says so, nothing hangs, and the next prompt goes on.

use std::{
    fs::File,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use octo_proto::{Event, session::Outcome};
use serde_json::{Value, json};

use crate::household::{PATIENCE, Watcher, World, ends, prompt};

/// The only segment of the only process.
fn segment(world: &World) -> PathBuf {
    let dirs = std::fs::read_dir(world.dir.path().join("state/processes")).unwrap();
    let [dir] = dirs.map(|entry| entry.unwrap().path()).collect::<Vec<_>>().try_into().unwrap();
    dir.join("0000000000000000.seg")
}

/// Breaks a transcript, knowing how long it was after the first turn and when the runner was killed in the second.
async fn broken(damage: impl Fn(&Path, [u64; 2])) {
    let mut world = World::new();
    let (client, mut events) = world.connect().await;
    let session = world.session(&client).await;
    let mut watcher = Watcher::new(session.clone());
    watcher.watch(&client).await;
    let first = prompt(&session, "hello");
    let id = first.id.clone();
    client.request(first).await.unwrap();
    assert!(watcher.until(&mut events, |_, event| ends(event, &id)).await);
    let first = std::fs::metadata(segment(&world)).unwrap().len();
    let request = prompt(&session, "stream 1000 every 1");
    let id = request.id.clone();
    client.request(request).await.unwrap();
    assert!(watcher.until(&mut events, |_, event| matches!(event, Event::TextDelta { .. })).await);
    let agents = world.agents();
    drop((client, events));
    world.kill();
    // The agent works on, and says that it is done.
    let path = segment(&world);
    let read = || std::fs::read(&path).unwrap();
    let before = read().len() as u64;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !read().windows(15).any(|word| word == b"\"agent_settled\"") || (read().len() as u64) < before + 8192 {
        assert!(tokio::time::Instant::now() < deadline, "the agent does not end its turn");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    damage(&path, [first, before]);
    world.start();
    let (client, mut events) = world.connect().await;
    watcher.watch(&client).await;
    assert!(watcher.until(&mut events, |_, event| matches!(event, Event::SessionClosed { .. })).await);
    let ended: Vec<_> = watcher.events.iter().filter(|(_, event)| ends(event, &id)).collect();
    let [(_, Event::PromptEnded { outcome: Outcome::Error, message: Some(message), .. })] = &ended[..] else {
        panic!("{ended:?}");
    };
    assert!(message.contains("transcript cannot be read"), "{message}");
    let request = prompt(&session, "hello again");
    let id = request.id.clone();
    client.request(request).await.unwrap();
    assert!(watcher.until(&mut events, |_, event| ends(event, &id)).await);
    let now = world.agents();
    assert!(now.len() == 1 && now != agents, "{now:?} after {agents:?}");
    let page: Value = client.ask("agent", Some(&session), &json!({ "cmd": "history.page" })).await.unwrap();
    let roles: Vec<_> = page["messages"].as_array().unwrap().iter().map(|message| message["role"].clone()).collect();
    assert_eq!(roles, ["user", "assistant", "user", "user", "assistant"]);
}

fn overwrite(path: &Path, at: u64) {
    File::options().write(true).open(path).unwrap().write_all_at(&[0xff; 256], at).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transcript_that_is_damaged_where_it_was_read_already_ends_its_agent_and_says_so() {
    broken(|path, [first, _]| overwrite(path, first + 8)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transcript_that_is_damaged_in_the_middle_ends_its_agent_and_says_so() {
    broken(|path, [_, killed]| overwrite(path, killed + 4096)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transcript_that_was_cut_in_the_middle_ends_its_agent_and_says_so() {
    broken(|path, [_, killed]| File::options().write(true).open(path).unwrap().set_len(killed + 4096).unwrap()).await;
}
