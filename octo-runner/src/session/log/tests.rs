use octo_proto::{
    id::PartId,
    message::{Part, Role},
    session::{Capabilities, SessionInfo},
    wire::{Decoder, Incoming},
};
use proptest::prelude::*;

use super::*;

fn info() -> SessionInfo {
    SessionInfo {
        session_id: "ses_1".into(),
        title: String::new(),
        harness: "pi".to_owned(),
        cwd: "/".to_owned(),
        model: None,
        mode: None,
        thinking_level: None,
        capabilities: Capabilities::default(),
        native_id: None,
        process_id: None,
        parent_session_id: None,
        forked_at: None,
        created_at: 0,
        updated_at: 0,
    }
}

fn empty() -> View {
    let mut view = View::new(info());
    view.cursor = Cursor { fact: 0, epoch: 1, n: 0 };
    view
}

/// A stream of messages, each begun, told in deltas and ended, with the cursors a session would give.
fn stream(messages: &[Vec<String>]) -> Vec<(Cursor, i64, Event)> {
    let mut cursor = Cursor { fact: 0, epoch: 1, n: 0 };
    let mut events = Vec::new();
    for (number, deltas) in messages.iter().enumerate() {
        let id = MessageId(format!("msg_{number}"));
        let part: PartId = id.part(0);
        let mut told = vec![Event::MessageStart { message_id: id.clone(), role: Role::Assistant, created_at: 0 }];
        told.extend(deltas.iter().map(|delta| Event::TextDelta {
            message_id: id.clone(),
            part_id: part.clone(),
            delta: delta.clone(),
        }));
        let mut message = Message::new(id, Role::Assistant, 0);
        message.idx = number as u64;
        message.parts = vec![Part::text(part, deltas.concat())];
        told.push(Event::MessageEnd { message: Box::new(message) });
        for event in told {
            if event.is_fact() {
                cursor = Cursor { fact: cursor.fact + 1, n: 0, ..cursor };
            } else {
                cursor.n += 1;
            }
            events.push((cursor, 0, event));
        }
    }
    events
}

fn apply(view: &mut View, frames: &[Bytes]) {
    for frame in frames {
        let mut decoder = Decoder::default();
        decoder.feed(frame);
        let Some(Incoming::Frame(Frame::Event(frame))) = decoder.take().unwrap() else { panic!("an event") };
        view.apply(frame.cursor, &serde_json::from_str(frame.body.get()).unwrap());
    }
}

/// Pulls what there is; resyncs by a snapshot where it must.
fn catch_up(log: &Log, view: &mut View, limit: usize) {
    loop {
        match log.pull(view.cursor, limit) {
            Pulled::Frames(frames, cursor) => {
                apply(view, &frames);
                view.cursor = cursor;
            }
            Pulled::UpToDate => return,
            Pulled::TooFar => apply(view, &[log.snapshot().0]),
        }
    }
}

proptest! {
    #[test]
    fn every_watcher_ends_with_the_same_view(
        messages in prop::collection::vec(prop::collection::vec("[a-z ]{1,12}", 0..30), 1..8),
        steps in prop::collection::vec((1_usize..20, any::<bool>(), 1_usize..600), 1..60),
    ) {
        let log = Log::new(empty());
        let mut events = stream(&messages).into_iter();
        let mut slow = empty();
        for (count, pulls, limit) in steps {
            log.publish(events.by_ref().take(count).collect::<Vec<_>>());
            if pulls && let Pulled::Frames(frames, cursor) = log.pull(slow.cursor, limit) {
                apply(&mut slow, &frames);
                slow.cursor = cursor;
            }
        }
        log.publish(events.collect::<Vec<_>>());
        catch_up(&log, &mut slow, 400);
        let mut late = empty();
        apply(&mut late, &[log.snapshot().0]);
        let truth = log.read(Clone::clone);
        prop_assert_eq!(&slow, &truth);
        prop_assert_eq!(&late, &truth);
    }
}

#[test]
fn neighbouring_deltas_of_one_part_come_as_one() {
    let log = Log::new(empty());
    let mut events = stream(&[vec!["a".to_owned(); 1000]]);
    events.pop();
    log.publish(events);
    let Pulled::Frames(frames, cursor) = log.pull(empty().cursor, 100_000) else { panic!("frames") };
    assert_eq!((frames.len(), cursor), (2, log.cursor()));
}

#[test]
fn what_is_held_is_bounded_and_who_lags_too_far_is_told() {
    let log = Log::new(empty());
    log.publish(stream(&[vec!["x".repeat(1000); 5000]]).into_iter().take(4000));
    assert!(log.lock().held <= HELD_BYTES);
    assert_eq!(log.pull(empty().cursor, 1000), Pulled::TooFar);
    let snapshot = log.snapshot().0;
    assert!(snapshot.len() < octo_proto::frame::MAX_EVENT, "{}", snapshot.len());
}

#[test]
fn deltas_leave_memory_with_the_end_of_their_message() {
    let log = Log::new(empty());
    log.publish(stream(&[vec!["x".to_owned(); 500]]));
    assert_eq!(log.lock().entries.len(), 2);
}
