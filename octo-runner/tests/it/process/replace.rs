//! One controller at a time, and each frame exactly once.

use octo_runner::process::{AttachError, CommandError, Loss, Note, attach};

use super::super::world::{World, until, within};

#[tokio::test]
async fn a_controller_replaced_mid_write_leaves_each_frame_once() {
    let world = World::new();
    // Reads nothing before it is told by a file, so that a write stands half done.
    let go = world.root.path().join("go");
    let script = format!("while [ ! -e {} ]; do sleep 0.01; done; exec cat", go.display());
    let held = world.start("sh", &["-c", &script]).await;
    let (_, first, announcements) = held.attach(&world, 1).await;
    let large = vec![b'a'; 300_000];
    let under_way = first.write("recorded", &large);
    let replacing = async {
        until("it is recorded", || held.written().len() == 1).await;
        held.attach(&world, 2).await
    };
    let (written, (attached, second, _second_announcements)) = tokio::join!(under_way, replacing);
    assert_eq!(written, Err(CommandError::Lost));
    let mut lost = announcements.lost;
    assert_eq!(*within("the loss", lost.wait_for(Option::is_some)).await.unwrap(), Some(Loss::Replaced));
    assert_eq!(first.note("too late", b"").await, Err(CommandError::Lost));
    assert!(attached.end > large.len() as u64);
    std::fs::write(&go, b"").unwrap();
    within("the next", async {
        // The former write is completed first: the frame was recorded.
        while second.write("next", b"next").await == Err(CommandError::Failed(octo_runner::process::Failure::Busy)) {}
    })
    .await;
    within("the end", second.eof()).await.unwrap();
    assert_eq!(held.ended().await, Some(Note::Exited { code: 0 }));
    let keys: Vec<_> = held.written().into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["recorded", "next"]);
    assert_eq!(held.out(), [&large[..], b"next"].concat());
}

#[tokio::test]
async fn many_replacements_under_load_lose_and_double_nothing() {
    let world = World::new();
    let held = world.start("cat", &[]).await;
    let mut acknowledged = Vec::new();
    let mut number = 0;
    for generation in 1..30 {
        let (_, controller, _announcements) = held.attach(&world, generation).await;
        for _ in 0..generation % 7 {
            number += 1;
            let key = format!("k{number}");
            match controller.write(&key, format!("{key}\n").as_bytes()).await {
                Ok(_) => acknowledged.push(key),
                Err(error) => panic!("{error}"),
            }
        }
        // Given and not waited for: it is recorded whole, or not at all.
        number += 1;
        let key = format!("k{number}");
        let bytes = format!("{key}\n");
        let write = controller.write(&key, bytes.as_bytes());
        tokio::pin!(write);
        let _ = futures_util::poll!(&mut write);
    }
    let (_, last, _announcements) = held.attach(&world, 100).await;
    within("the end", last.eof()).await.unwrap();
    assert_eq!(held.ended().await, Some(Note::Exited { code: 0 }));
    let written = held.written();
    let mut keys: Vec<_> = written.iter().map(|(key, _)| key.clone()).collect();
    let recorded: Vec<u8> = written.into_iter().flat_map(|(_, bytes)| bytes).collect();
    assert_eq!(held.out(), recorded);
    let count = keys.len();
    keys.dedup();
    assert_eq!(keys.len(), count);
    assert!(acknowledged.iter().all(|key| keys.contains(key)));
}

#[tokio::test]
async fn a_lower_generation_is_refused_and_the_controller_stays() {
    let world = World::new();
    let held = world.start("cat", &[]).await;
    let (_, controller, _announcements) = held.attach(&world, 7).await;
    let refused = attach(&world.tasks, held.dir(), 6).await;
    assert!(matches!(refused, Err(AttachError::Superseded { current: 7 })));
    within("the write", controller.write("", b"still mine\n")).await.unwrap();
    let (_, same, _again) = held.attach(&world, 7).await;
    within("the end", same.eof()).await.unwrap();
    assert_eq!(held.ended().await, Some(Note::Exited { code: 0 }));
}

#[tokio::test]
async fn a_silent_connection_does_not_keep_others_out() {
    let world = World::new();
    let held = world.start("cat", &[]).await;
    let folder = std::fs::File::open(held.dir()).unwrap();
    let path = format!("/proc/self/fd/{}/s", std::os::fd::AsRawFd::as_raw_fd(&folder));
    let _silent = std::os::unix::net::UnixStream::connect(path).unwrap();
    let (_, controller, _announcements) = within("the attach", held.attach(&world, 1)).await;
    within("the kill", controller.kill_tree()).await.unwrap();
    held.ended().await;
}
