//! Processes in their shims: nothing said is lost, nothing started is left.

mod full;
mod kill;
mod replace;
mod terminal;

use octo_runner::lines::{LineSplitter, Text};
use octo_runner::process::{
    AttachError, ChildState, CommandError, Failure, Loss, Note, SpawnError, Tail, attach, spawn,
};
use octo_runner::transcript::Direction;

use super::world::{Held, World, launch, until, within};

#[tokio::test]
async fn output_survives_when_nobody_is_attached() {
    let world = World::new();
    let held = world
        .start("sh", &["-c", "echo to-err >&2; i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i+1)); done; exit 3"])
        .await;
    assert_eq!(held.ended().await, Some(Note::Exited { code: 3 }));
    let expected: String = (0..5000).map(|number| format!("line {number}\n")).collect();
    assert_eq!(String::from_utf8(held.out()).unwrap(), expected);
    let errors: Vec<_> = held.records().into_iter().filter(|record| record.direction == Direction::Err).collect();
    assert_eq!(errors[0].bytes, b"to-err\n");
    assert!(!held.dir().join("s").exists());
}

#[tokio::test]
async fn a_conversation_passes_and_is_recorded() {
    let world = World::new();
    let held = world.start("cat", &[]).await;
    let (attached, controller, announcements) = held.attach(&world, 1).await;
    assert_eq!((attached.version, attached.child), (3, ChildState::Running(held.spawned.pid)));
    let mut tail = Tail::new(held.dir(), attached.end, announcements.end.clone()).unwrap();
    let mut splitter = LineSplitter::new();
    let mut heard = Vec::new();
    for number in 0..100 {
        let line = format!("{{\"number\":{number}}}\n");
        let end = within("the write", controller.write(&format!("key-{number}"), line.as_bytes())).await.unwrap();
        assert!(end > attached.end);
        while heard.len() <= number {
            let record = within("the echo", tail.next()).await.unwrap().unwrap();
            if record.direction == Direction::Out {
                heard.extend(splitter.feed(record.offset, record.bytes).map(|line| match line.text {
                    Text::Whole(bytes) => String::from_utf8(bytes.into_owned()).unwrap(),
                    Text::Oversize { len, .. } => panic!("a line of {len} bytes"),
                }));
            }
        }
        assert_eq!(heard[number], line.trim_end());
    }
    within("the note", controller.note("timeout", b"key-7")).await.unwrap();
    within("the end", controller.eof()).await.unwrap();
    assert_eq!(held.ended().await, Some(Note::Exited { code: 0 }));
    while within("the rest", tail.next()).await.unwrap().is_some() {}
    assert_eq!(held.last_note(), Some(Note::Exited { code: 0 }));
    let mut lost = announcements.lost.clone();
    assert_eq!(*within("the loss", lost.wait_for(Option::is_some)).await.unwrap(), Some(Loss::Dead));
    assert_eq!(held.written().len(), 100);
    assert!(held.records().iter().any(|record| record.key == "timeout" && record.bytes == b"key-7"));
    assert!(matches!(attach(&world.tasks, held.dir(), 1).await, Err(AttachError::Unreachable { .. })));
}

#[tokio::test]
async fn a_large_frame_arrives_whole_while_others_are_answered() {
    let world = World::new();
    let held = world.start("sh", &["-c", "read go; exec wc -c"]).await;
    let (_, controller, _announcements) = held.attach(&world, 1).await;
    let frame = vec![b'x'; 5_000_000];
    within("the start", controller.write("", b"go\n")).await.unwrap();
    let (written, noted) =
        within("both", async { tokio::join!(controller.write("big", &frame), controller.note("meanwhile", b"")) })
            .await;
    written.unwrap();
    noted.unwrap();
    within("the end", controller.eof()).await.unwrap();
    assert_eq!(held.ended().await, Some(Note::Exited { code: 0 }));
    assert_eq!(String::from_utf8(held.out()).unwrap().trim(), "5000000");
    assert_eq!(held.written().len(), 2);
}

#[tokio::test]
async fn a_write_that_its_reader_does_not_live_to_see_fails() {
    let world = World::new();
    let held = world.start("sleep", &["1000"]).await;
    let (_, controller, _announcements) = held.attach(&world, 1).await;
    let frame = vec![b'x'; 1_000_000];
    let writing = controller.write("never-read", &frame);
    let killing = async {
        until("it is recorded", || held.written().len() == 1).await;
        controller.signal(9).await.unwrap();
    };
    let (written, ()) = within("both", async { tokio::join!(writing, killing) }).await;
    assert_eq!(written, Err(CommandError::Failed(Failure::ChildGone)));
    assert_eq!(held.ended().await, Some(Note::Signalled { signal: 9 }));
    assert_eq!(held.written(), [("never-read".to_owned(), frame)]);
}

#[tokio::test]
async fn bad_commands_are_refused_and_harm_nothing() {
    let world = World::new();
    let held = world.start("cat", &[]).await;
    let (_, controller, _announcements) = held.attach(&world, 1).await;
    assert_eq!(within("the signal", controller.signal(9999)).await, Err(CommandError::Failed(Failure::Signal)));
    let huge = vec![0; octo_runner::transcript::MAX_BYTES + 1];
    assert_eq!(within("the frame", controller.write("", &huge)).await, Err(CommandError::Failed(Failure::TooLarge)));
    within("a good one", controller.write("", b"still here\n")).await.unwrap();
    until("it is echoed", || held.out() == b"still here\n").await;
    within("the end", controller.eof()).await.unwrap();
    let late = within("a late one", controller.write("", b"late\n")).await;
    assert!(matches!(late, Err(CommandError::Failed(Failure::ChildGone) | CommandError::Lost)), "{late:?}");
    assert_eq!(held.ended().await, Some(Note::Exited { code: 0 }));
}

#[tokio::test]
async fn a_launch_that_fails_says_why_and_leaves_nothing() {
    let world = World::new();
    let start = async |launch| spawn(world.shim(), &world.processes(), &World::name(), &launch).await.unwrap_err();
    let error = start(launch("no-such-program", &[])).await;
    assert!(matches!(&error, SpawnError::Program { source, .. } if source.raw_os_error() == Some(2)), "{error}");
    assert!(error.to_string().contains("no-such-program"));
    let mut elsewhere = launch("sh", &[]);
    elsewhere.cwd = "/no/such/folder".into();
    assert!(matches!(start(elsewhere).await, SpawnError::Cwd { .. }));
    assert_eq!(std::fs::read_dir(world.processes()).unwrap().count(), 0);
    let missing = octo_runner::process::ShimPath::at("/no/such/octo-shim");
    let error = spawn(&missing, &world.processes(), &World::name(), &launch("sh", &[])).await.unwrap_err();
    assert!(matches!(error, SpawnError::Shim { .. }));
}

#[tokio::test]
async fn secrets_are_in_no_argument_and_in_no_transcript() {
    let world = World::new();
    let name = World::name();
    let mut launch = launch("sh", &["-c", "echo \"$SECRET\" | wc -c; exec cat"]);
    launch.env.push(("SECRET".to_owned(), "hunter2-and-more".to_owned()));
    let spawned = spawn(world.shim(), &world.processes(), &name, &launch).await.unwrap();
    let held = Held { name, spawned };
    until("it has run", || held.out() == b"17\n").await;
    let shim = held.spawned.shim_pid;
    for file in ["cmdline", "environ"] {
        let bytes = std::fs::read(format!("/proc/{shim}/{file}")).unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(!text.contains("hunter2") && !text.contains("SECRET") && !text.contains("wc -c"), "{file}: {text}");
    }
    let first = held.records().remove(0);
    let noted = String::from_utf8(first.bytes).unwrap();
    assert!(noted.contains("\"SECRET\"") && noted.contains("OCTO_PROCESS"));
    for entry in std::fs::read_dir(held.dir()).unwrap().flatten() {
        let bytes = std::fs::read(entry.path()).unwrap_or_default();
        assert!(!bytes.windows(7).any(|window| window == b"hunter2"), "{:?}", entry.path());
    }
    let (_, controller, _announcements) = held.attach(&world, 1).await;
    within("the kill", controller.kill_tree()).await.unwrap();
    assert_eq!(held.ended().await, Some(Note::Signalled { signal: 9 }));
}

#[tokio::test]
async fn the_shim_stays_when_told_to_go_and_its_child_can_be_told() {
    let world = World::new();
    let held =
        world.start("sh", &["-c", "trap 'echo told; exit 0' TERM; echo ready; while :; do sleep 0.01; done"]).await;
    until("it is ready", || held.out() == b"ready\n").await;
    let shim = rustix::process::Pid::from_raw(held.spawned.shim_pid as i32).unwrap();
    for signal in [rustix::process::Signal::TERM, rustix::process::Signal::HUP, rustix::process::Signal::INT] {
        rustix::process::kill_process(shim, signal).unwrap();
    }
    let (_, controller, _announcements) = held.attach(&world, 1).await;
    within("the signal", controller.signal(15)).await.unwrap();
    assert_eq!(held.ended().await, Some(Note::Exited { code: 0 }));
    assert_eq!(held.out(), b"ready\ntold\n");
}
