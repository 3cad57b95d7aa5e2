//! The shim's protocol held to a recording: what a runner of the first version said must be understood for ever.

use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

use octo_runner::process::Note;
use octo_runner::shim::protocol::{Answer, ChildState, Failure, frame};

use super::world::{Held, PATIENCE, World};

/// What a version-1 runner sent: attach as generation 3, write `hello` to a `cat`, note a timeout, an unknown signal,
/// close the input. Never rewrite the files: a later version gets its own.
const SENT: &[u8] = include_bytes!("../fixtures/protocol-1/sent.bin");
/// What a version-2 runner sent to a shell on a terminal: attach as generation 3, resize to 132 by 50, type a line.
const SENT_2: &[u8] = include_bytes!("../fixtures/protocol-2/sent.bin");
/// What a version-3 runner sent to a shell on a terminal: attach as generation 3, say that nothing is taken in yet, type a
/// line.
const SENT_3: &[u8] = include_bytes!("../fixtures/protocol-3/sent.bin");
/// What the shim answered, with pid and offsets as they were then.
const ANSWERED: &[u8] = include_bytes!("../fixtures/protocol-1/answered.bin");

fn connect(held: &Held) -> UnixStream {
    let folder = std::fs::File::open(held.dir()).unwrap();
    let link = UnixStream::connect(format!("/proc/self/fd/{}/s", folder.as_raw_fd())).unwrap();
    link.set_read_timeout(Some(PATIENCE)).unwrap();
    link
}

fn answers(mut bytes: &[u8]) -> Vec<Answer> {
    let mut found = Vec::new();
    while let Some((whole, used)) = frame(bytes).unwrap() {
        found.push(Answer::decode(whole).unwrap());
        bytes = &bytes[used..];
    }
    assert!(bytes.is_empty());
    found
}

/// The answers without what differs from run to run.
fn shape(answers: &[Answer]) -> Vec<String> {
    let told = answers.iter().filter(|answer| !matches!(answer, Answer::End(_)));
    told.map(|answer| {
        let mut answer = *answer;
        if let Answer::Done { end, .. } | Answer::Attached { end, .. } = &mut answer {
            *end = 0;
        }
        if let Answer::Attached { child: ChildState::Running(pid), .. } = &mut answer {
            *pid = 0;
        }
        format!("{answer:?}")
    })
    .collect()
}

#[tokio::test]
async fn the_first_protocol_is_spoken_for_ever() {
    let world = World::new();
    let held = world.start("cat", &[]).await;
    let mut link = connect(&held);
    link.write_all(SENT).unwrap();
    let mut bytes = Vec::new();
    link.read_to_end(&mut bytes).unwrap();
    let expected = shape(&[
        Answer::Attached { version: 1, child: ChildState::Running(0), end: 0 },
        Answer::Done { id: 1, end: 0 },
        Answer::Done { id: 2, end: 0 },
        Answer::Failed { id: 3, failure: Failure::Signal },
        Answer::Done { id: 4, end: 0 },
    ]);
    assert_eq!(shape(&answers(ANSWERED)), expected);
    assert_eq!(shape(&answers(&bytes)), expected);
    assert_eq!(held.ended().await, Some(Note::Exited { code: 0 }));
    assert_eq!(held.out(), b"hello\n");
    assert_eq!(held.written(), [("req_1".to_owned(), b"hello\n".to_vec())]);
    assert!(held.records().iter().any(|record| record.key == "timeout" && record.bytes == b"req_1"));
}

#[tokio::test]
async fn the_second_protocol_is_spoken_for_ever() {
    let world = World::new();
    let held = world.start_on_terminal("sh", &["-i"]).await;
    let mut link = connect(&held);
    link.write_all(SENT_2).unwrap();
    let mut bytes = Vec::new();
    link.read_to_end(&mut bytes).unwrap();
    let expected = shape(&[
        Answer::Attached { version: 2, child: ChildState::Running(0), end: 0 },
        Answer::Done { id: 1, end: 0 },
        Answer::Done { id: 2, end: 0 },
    ]);
    assert_eq!(shape(&answers(&bytes)), expected);
    assert_eq!(held.ended().await, Some(Note::Exited { code: 3 }));
    assert!(String::from_utf8(held.out()).unwrap().contains("50 132"));
    assert_eq!(held.written(), [("req_1".to_owned(), b"stty size; exit 3\r".to_vec())]);
    let note = held.records().into_iter().find(|record| record.key == "resize").unwrap();
    assert_eq!(note.bytes, br#"{"cols":132,"rows":50}"#);
}

#[tokio::test]
async fn the_third_protocol_is_spoken_for_ever() {
    let world = World::new();
    let held = world.start_on_terminal("sh", &["-i"]).await;
    let mut link = connect(&held);
    link.write_all(SENT_3).unwrap();
    let mut bytes = Vec::new();
    link.read_to_end(&mut bytes).unwrap();
    let expected = shape(&[
        Answer::Attached { version: 3, child: ChildState::Running(0), end: 0 },
        Answer::Done { id: 1, end: 0 },
    ]);
    assert_eq!(shape(&answers(&bytes)), expected);
    assert_eq!(held.ended().await, Some(Note::Exited { code: 3 }));
}

#[tokio::test]
async fn a_version_from_the_future_is_refused_and_garbage_is_hung_up_on() {
    let world = World::new();
    let held = world.start("cat", &[]).await;
    let mut future = connect(&held);
    future.write_all(&[&13u32.to_le_bytes()[..], &[1], &[200, 0], &[201, 0], &9u64.to_le_bytes()].concat()).unwrap();
    let mut bytes = Vec::new();
    future.read_to_end(&mut bytes).unwrap();
    assert_eq!(answers(&bytes), [Answer::RefusedVersion(1, 3)]);
    for garbage in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0; 64], &[5, 0, 0, 0, 4, 1, 2, 3, 4]] {
        let mut link = connect(&held);
        link.write_all(garbage).unwrap();
        let mut bytes = Vec::new();
        // Closed with bytes unread is a reset: hung up on all the same.
        link.read_to_end(&mut bytes).ok();
        assert!(bytes.is_empty());
    }
    let (_, controller, _announcements) = held.attach(&world, 1).await;
    controller.eof().await.unwrap();
    assert_eq!(held.ended().await, Some(Note::Exited { code: 0 }));
}
