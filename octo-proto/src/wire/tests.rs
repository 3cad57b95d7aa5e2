use proptest::prelude::*;

use super::*;
use crate::frame::{Data, Request};

fn request(message: &str, bytes: &[u8]) -> Frame {
    let body = serde_json::json!({ "cmd": "prompt", "message": message });
    Frame::Request(Request { bytes: Bytes::copy_from_slice(bytes), ..Request::new("agent", "id", &body).unwrap() })
}

fn all(decoder: &mut Decoder) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    while let Some(incoming) = decoder.take().unwrap() {
        match incoming {
            Incoming::Frame(frame) => frames.push(frame.encode()),
            Incoming::Bad(bad) => panic!("{bad}"),
        }
    }
    frames
}

proptest! {
    #[test]
    fn frames_come_back_however_the_bytes_are_cut(
        messages in prop::collection::vec((".{0,40}", prop::collection::vec(any::<u8>(), 0..40)), 1..6),
        cuts in prop::collection::vec(1_usize..50, 1..20),
    ) {
        let frames: Vec<_> = messages.iter().map(|(text, bytes)| request(text, bytes).encode()).collect();
        let stream = frames.concat();
        let mut decoder = Decoder::default();
        let mut seen = Vec::new();
        let (mut rest, mut cuts) = (stream.as_slice(), cuts.iter().cycle());
        while !rest.is_empty() {
            let (now, later) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
            decoder.feed(now);
            seen.extend(all(&mut decoder));
            rest = later;
        }
        prop_assert_eq!(seen, frames);
        prop_assert!(decoder.is_empty());
    }

    #[test]
    fn no_bytes_make_the_decoder_fail_but_by_its_own_errors(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut decoder = Decoder::default();
        decoder.feed(&bytes);
        while let Ok(Some(_)) = decoder.take() {}
    }

    #[test]
    fn a_damaged_message_is_refused_or_is_another_frame(
        text in ".{0,20}",
        bytes in prop::collection::vec(any::<u8>(), 0..20),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        binary in any::<bool>(),
    ) {
        let mut message = request(&text, &bytes).encode();
        for (at, byte) in damage {
            let at = at.index(message.len());
            message[at] = byte;
        }
        if let Ok(frame) = parse_message(&Bytes::from(message), binary) {
            let (again, binary) = encode_message(&frame);
            prop_assert_eq!(parse_message(&Bytes::from(again), binary).unwrap().encode(), frame.encode());
        }
    }

    #[test]
    fn a_message_of_a_websocket_is_the_same_frame(text in ".{0,40}", bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        let frame = request(&text, &bytes);
        let (message, binary) = encode_message(&frame);
        let back = parse_message(&Bytes::from(message), binary).unwrap();
        prop_assert_eq!(back.encode(), frame.encode());
    }
}

#[test]
fn a_bad_line_is_reported_and_the_next_frame_is_read() {
    let mut decoder = Decoder::default();
    decoder.feed(b"garbage\n\n");
    decoder.feed(&request("x", b"").encode());
    assert!(matches!(decoder.take().unwrap(), Some(Incoming::Bad(_))));
    assert_eq!(all(&mut decoder).len(), 1);
}

#[test]
fn sixteen_bad_lines_or_one_endless_line_end_it() {
    let mut decoder = Decoder::default();
    decoder.feed(&b"x\n".repeat(16));
    let last = (0..16).map(|_| decoder.take()).last().unwrap();
    assert!(matches!(last, Err(WireError::TooManyBadLines)));

    let mut decoder = Decoder::default();
    decoder.feed(&vec![b'x'; MAX_LINE]);
    assert!(matches!(decoder.take(), Err(WireError::LineTooLong)));
}

#[test]
fn a_raw_line_feed_cannot_smuggle_a_second_frame() {
    let text = "{\"channel\":\"agent\",\"id\":\"a\",\"body\":{\"cmd\":\n\"abort\"}}";
    let bad = parse_message(&Bytes::from_static(text.as_bytes()), false).unwrap_err();
    assert_eq!((bad.error.code, bad.id.as_deref()), (Code::BadRequest, Some("a")));
}

#[test]
fn a_message_with_other_bytes_than_it_says_is_refused_by_its_id() {
    let line = "{\"channel\":\"agent\",\"id\":\"a\",\"body\":{\"cmd\":\"attachment.put\"},\"bytes\":3}\n";
    for bytes in ["", "12", "1234"] {
        let bad = parse_message(&Bytes::from(format!("{line}{bytes}")), true).unwrap_err();
        assert_eq!((bad.error.code, bad.id.as_deref()), (Code::BadRequest, Some("a")), "{bytes:?}");
    }
    assert!(parse_message(&Bytes::from(format!("{line}123")), true).is_ok());
}

#[test]
fn data_is_binary_even_when_empty() {
    let frame = Frame::Data(Data { terminal_id: "t".to_owned(), offset: 1, bytes: Bytes::new() });
    let (message, binary) = encode_message(&frame);
    assert!(binary);
    assert!(matches!(parse_message(&Bytes::from(message), true), Ok(Frame::Data(_))));
}
