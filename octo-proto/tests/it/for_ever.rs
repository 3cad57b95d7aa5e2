//! What version 1 of the protocol wrote must be read for ever: the files in `fixtures/v1` are never changed, and no
//! test rewrites them. A reading that breaks here breaks neighbouring releases.

use std::{fs, path::PathBuf};

use octo_proto::{
    Command, Cursor, Error, Event, Frame, PROTOCOL,
    command::{self, AttachmentPiece, PromptReply},
    hello::Hello,
    wire::{Decoder, Incoming},
};

/// The frames of a recording, which arrives in pieces of this many bytes.
fn recording(name: &str, piece: usize) -> Vec<Frame> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/v1").join(name);
    let (mut decoder, mut frames) = (Decoder::default(), Vec::new());
    for bytes in fs::read(&path).unwrap().chunks(piece) {
        decoder.feed(bytes);
        while let Some(incoming) = decoder.take().unwrap() {
            match incoming {
                Incoming::Frame(frame) => frames.push(frame),
                Incoming::Bad(bad) => panic!("{name}, after {} frames: {bad}", frames.len()),
            }
        }
    }
    assert!(decoder.is_empty(), "{name} ends within a frame");
    frames
}

const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n\0";

#[test]
fn the_first_hello_and_each_kind_of_frame() {
    for piece in [1, 7, usize::MAX] {
        let frames: [Frame; 10] = recording("hello.jsonl", piece).try_into().unwrap();
        let [hello, welcome, prompt, accepted, refused, event, put, got, data, lost] = frames;

        let hello: Hello = serde_json::from_str(request(&hello, "system").body.get()).unwrap();
        assert_eq!((hello.cmd.as_str(), hello.name.as_str(), hello.negotiate(PROTOCOL)), ("hello", "octoctl", Ok(1)));
        let welcome: Hello = reply(&welcome).unwrap();
        assert_eq!(
            (welcome.name.as_str(), welcome.epoch, welcome.negotiate(PROTOCOL)),
            ("octo-runner", Some(3), Ok(1))
        );

        let prompt = request(&prompt, "agent");
        assert_eq!(prompt.session_id.as_ref().unwrap().as_str(), "ses_01K6V7M3Q4Z8X2C5B9N1D0FGHJ");
        assert!(
            matches!(command::parse(prompt.body.get()).unwrap(), Command::Prompt { images, .. } if images.len() == 1)
        );
        let accepted: PromptReply = reply(&accepted).unwrap();
        assert_eq!(accepted.turn_id.as_str(), format!("trn_{}", prompt.id));
        assert_eq!(reply::<PromptReply>(&refused).unwrap_err().code, octo_proto::Code::NotFound);

        let Frame::Event(event) = event else { panic!("{event:?}") };
        assert_eq!((event.cursor, event.ts), (Cursor { fact: 12, epoch: 3, n: 9 }, 1_759_500_002_160));
        let Event::TextDelta { delta, .. } = serde_json::from_str(event.body.get()).unwrap() else {
            panic!("{event:?}")
        };
        assert_eq!(delta, " Grüße, 東京 👋🏽\n");

        let put = request(&put, "agent");
        assert_eq!(put.bytes, PICTURE);
        assert!(matches!(command::parse(put.body.get()).unwrap(), Command::AttachmentPut { offset: 0, .. }));
        assert_eq!(reply::<AttachmentPiece>(&got).unwrap().size, 9);
        assert!(matches!(&got, Frame::Reply(reply) if reply.bytes == PICTURE));

        let Frame::Data(data) = data else { panic!("{data:?}") };
        assert_eq!((data.offset, data.bytes.as_ref()), (4096, b"\x1b[1mhi\x1b[0m\r\n\0\xff".as_slice()));
        let Frame::Event(lost) = lost else { panic!("{lost:?}") };
        assert_eq!(serde_json::from_str::<Event>(lost.body.get()).unwrap(), Event::RunnerLost {});
    }
}

#[test]
fn the_first_commands() {
    let frames = recording("commands.jsonl", 4096);
    assert_eq!(frames.len(), 38);
    for frame in &frames {
        let request = request(frame, "agent");
        command::parse(request.body.get()).unwrap_or_else(|error| panic!("{}: {error}", request.body));
    }
}

#[test]
fn the_first_events() {
    let frames = recording("events.jsonl", 4096);
    assert_eq!(frames.len(), 67);
    for frame in frames {
        let Frame::Event(frame) = frame else { panic!("{frame:?}") };
        let event: Event =
            serde_json::from_str(frame.body.get()).unwrap_or_else(|error| panic!("{}: {error}", frame.body));
        assert_ne!(event, Event::Unknown, "{}", frame.body);
    }
}

fn request<'a>(frame: &'a Frame, channel: &str) -> &'a octo_proto::frame::Request {
    match frame {
        Frame::Request(request) if request.channel == channel => request,
        other => panic!("not a request on channel {channel}: {other:?}"),
    }
}

fn reply<T: serde::de::DeserializeOwned>(frame: &Frame) -> Result<T, Error> {
    let Frame::Reply(reply) = frame else { panic!("not a reply: {frame:?}") };
    reply.result.clone().map(|ok| serde_json::from_str(ok.get()).unwrap())
}
