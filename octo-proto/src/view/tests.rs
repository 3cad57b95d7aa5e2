//! The fold holds whatever the answer is, however its stream is cut, merged or joined late.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::id::SessionId;

fn view() -> View {
    View::new(SessionInfo {
        session_id: SessionId::from("ses_1"),
        title: String::new(),
        harness: "pi".to_owned(),
        cwd: "/src".to_owned(),
        model: None,
        mode: None,
        thinking_level: None,
        capabilities: crate::session::Capabilities::default(),
        native_id: None,
        process_id: None,
        parent_session_id: None,
        forked_at: None,
        created_at: 0,
        updated_at: 0,
    })
}

/// What a part of a streamed message is, and the pieces it comes in.
#[derive(Clone, Debug)]
enum Streamed {
    Text(Vec<String>),
    Thinking(Vec<String>),
    Call(Vec<String>),
}

fn part() -> impl Strategy<Value = Streamed> {
    let pieces = || prop::collection::vec("\\PC{0,6}", 1..6);
    prop_oneof![
        pieces().prop_map(Streamed::Text),
        pieces().prop_map(Streamed::Thinking),
        pieces().prop_map(Streamed::Call),
    ]
}

/// The messages of an answer, each with its parts.
fn answer() -> impl Strategy<Value = Vec<Vec<Streamed>>> {
    prop::collection::vec(prop::collection::vec(part(), 0..4), 1..4)
}

/// Message number `number` as it streams, and as it is in the end.
fn stream(number: usize, parts: &[Streamed]) -> (Vec<Event>, Message) {
    let id = MessageId(format!("msg_{number}"));
    let mut message = Message::new(id.clone(), Role::Assistant, 7);
    message.idx = number as u64;
    let mut events = vec![Event::MessageStart { message_id: id.clone(), role: Role::Assistant, created_at: 7 }];
    for (at, part) in parts.iter().enumerate() {
        let (message_id, part_id) = (|| id.clone(), || id.part(at));
        let kind = match part {
            Streamed::Text(pieces) => {
                events.extend(pieces.iter().map(|delta| Event::TextDelta {
                    message_id: message_id(),
                    part_id: part_id(),
                    delta: delta.clone(),
                }));
                PartKind::Text { text: pieces.concat(), format: None }
            }
            Streamed::Thinking(pieces) => {
                events.extend(pieces.iter().map(|delta| Event::ThinkingDelta {
                    message_id: message_id(),
                    part_id: part_id(),
                    delta: delta.clone(),
                }));
                PartKind::Thinking { text: pieces.concat() }
            }
            Streamed::Call(pieces) => {
                let (tool_call_id, name) = (ToolCallId(format!("call_{number}_{at}")), "bash".to_owned());
                let input = json!({ "command": pieces.concat() });
                let start = |tool_call_id, name| Event::ToolCallStart {
                    message_id: message_id(),
                    part_id: part_id(),
                    tool_call_id,
                    name,
                };
                events.push(start(tool_call_id.clone(), name.clone()));
                events.extend(pieces.iter().map(|delta| Event::ToolCallDelta {
                    message_id: message_id(),
                    part_id: part_id(),
                    delta: delta.clone(),
                }));
                events.push(Event::ToolCallEnd {
                    message_id: message_id(),
                    part_id: part_id(),
                    tool_call_id: tool_call_id.clone(),
                    name: name.clone(),
                    input: input.clone(),
                });
                PartKind::ToolCall { tool_call_id, name, input, status: ToolStatus::Pending }
            }
        };
        message.parts.push(Part::new(id.part(at), kind));
    }
    (events, message)
}

/// A whole answer with its messages' ends, each event with its cursor.
fn log(answer: &[Vec<Streamed>]) -> Vec<(Cursor, Event)> {
    let mut cursor = Cursor { fact: 0, epoch: 1, n: 0 };
    let mut log = Vec::new();
    for (number, parts) in answer.iter().enumerate() {
        let (events, message) = stream(number, parts);
        for event in events.into_iter().chain([Event::MessageEnd { message: Box::new(message) }]) {
            cursor = match event.is_fact() {
                true => Cursor { fact: cursor.fact + 1, n: 0, ..cursor },
                false => Cursor { n: cursor.n + 1, ..cursor },
            };
            log.push((cursor, event));
        }
    }
    log
}

fn fold(mut view: View, log: &[(Cursor, Event)]) -> View {
    for (cursor, event) in log {
        view.apply(*cursor, event);
    }
    view
}

/// What a delta is, which message and part it goes to, and its text.
fn delta_of(event: &mut Event) -> Option<(u8, MessageId, PartId, &mut String)> {
    match event {
        Event::TextDelta { message_id, part_id, delta } => Some((0, message_id.clone(), part_id.clone(), delta)),
        Event::ThinkingDelta { message_id, part_id, delta } => Some((1, message_id.clone(), part_id.clone(), delta)),
        Event::ToolCallDelta { message_id, part_id, delta } => Some((2, message_id.clone(), part_id.clone(), delta)),
        _ => None,
    }
}

/// The log with neighbouring deltas of one part made one, with the last one's cursor, where `merge` says so.
fn merged(log: Vec<(Cursor, Event)>, merge: &[bool]) -> Vec<(Cursor, Event)> {
    let mut merge = merge.iter().copied().cycle();
    let mut out: Vec<(Cursor, Event)> = Vec::new();
    for (cursor, mut event) in log {
        if let Some((kind, message, part, more)) = delta_of(&mut event)
            && let Some((last, before)) = out.last_mut()
            && let Some((other, to, same, text)) = delta_of(before)
            && (kind, &message, &part) == (other, &to, &same)
            && merge.next() == Some(true)
        {
            text.push_str(more);
            *last = cursor;
            continue;
        }
        out.push((cursor, event));
    }
    out
}

proptest! {
    #[test]
    fn what_streamed_is_what_the_message_says_in_the_end(parts in prop::collection::vec(part(), 0..5)) {
        let (events, message) = stream(0, &parts);
        let mut watched = view();
        for event in &events {
            watched.apply(Cursor::default(), event);
        }
        let streamed = watched.live.in_flight.clone();
        prop_assert_eq!(&streamed, std::slice::from_ref(&message));

        watched.apply(Cursor::default(), &Event::MessageEnd { message: Box::new(message.clone()) });
        prop_assert!(watched.live.in_flight.is_empty());
        prop_assert_eq!(watched.messages, [message]);
    }

    #[test]
    fn who_saw_only_the_facts_ends_with_the_same_view(answer in answer()) {
        let log = log(&answer);
        let facts: Vec<_> = log.iter().filter(|(_, event)| event.is_fact()).cloned().collect();
        prop_assert!(facts.len() < log.len());
        prop_assert_eq!(fold(view(), &facts), fold(view(), &log));
    }

    #[test]
    fn who_comes_in_between_ends_with_the_same_view(answer in answer(), at in any::<prop::sample::Index>()) {
        let log = log(&answer);
        let at = at.index(log.len() + 1);
        let (before, after) = log.split_at(at);
        let then = fold(view(), before);
        let whole = fold(view(), &log);

        let mut late = view();
        late.info.title = "something else".to_owned();
        late.apply(then.cursor, &Event::SessionSnapshot { view: Box::new(then.clone()) });
        prop_assert_eq!(&late, &then);
        prop_assert_eq!(&fold(late, after), &whole);

        // The facts again, and then all that is volatile, as for a watcher that was away for long.
        let facts: Vec<_> = before.iter().filter(|(_, event)| event.is_fact()).cloned().collect();
        let mut back = fold(view(), &facts);
        back.apply(then.cursor, &Event::SessionLive { live: Box::new(then.live.clone()) });
        prop_assert_eq!(&back, &then);
        prop_assert_eq!(fold(back, after), whole);
    }

    #[test]
    fn merged_deltas_say_what_they_said_one_by_one(
        answer in answer(),
        merge in prop::collection::vec(any::<bool>(), 1..12),
    ) {
        let log = log(&answer);
        let merged = merged(log.clone(), &merge);
        let mut fast = view();
        let mut one_by_one = log.iter();
        let mut slow = view();
        for (cursor, event) in &merged {
            slow.apply(*cursor, event);
            while fast.cursor != *cursor {
                let (cursor, event) = one_by_one.next().unwrap();
                fast.apply(*cursor, event);
            }
            prop_assert_eq!(&slow, &fast);
        }
        prop_assert_eq!(one_by_one.next(), None);
    }

    #[test]
    fn an_event_of_a_later_release_moves_the_cursor_only(
        answer in answer(),
        at in any::<prop::sample::Index>(),
        name in "[a-z]{1,8}\\.[a-z]{9,16}",
    ) {
        let log = log(&answer);
        let known = fold(view(), &log[..at.index(log.len())]);
        let event = serde_json::from_value(json!({ "event": name, "deleted": true, "message": "x" })).unwrap();
        let cursor = Cursor { n: known.cursor.n + 1, ..known.cursor };
        let mut after = known.clone();
        after.apply(cursor, &event);
        prop_assert_eq!(after, View { cursor, ..known });
    }

    #[test]
    fn the_last_messages_are_kept_and_that_there_were_more(count in 0_usize..3 * WINDOW) {
        let mut watched = view();
        for number in 0..count {
            let (_, message) = stream(number, &[]);
            watched.apply(Cursor::default(), &Event::MessageEnd { message: Box::new(message) });
        }
        let kept: Vec<_> = watched.messages.iter().map(|message| message.idx as usize).collect();
        let expected: Vec<_> = (count.saturating_sub(WINDOW)..count).collect();
        prop_assert_eq!(kept, expected);
        prop_assert_eq!(watched.has_more, count > WINDOW);
    }
}

#[test]
fn a_message_told_again_stays_in_its_place() {
    let mut watched = view();
    for number in [0, 1, 0] {
        let (_, mut message) = stream(number, &[]);
        message.model = Some("again".to_owned());
        watched.apply(Cursor::default(), &Event::MessageEnd { message: Box::new(message) });
    }
    assert_eq!(watched.messages.iter().map(|message| message.idx).collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn the_status_of_a_call_follows_its_tool() {
    let (_, message) = stream(0, &[Streamed::Call(vec!["ls".to_owned()])]);
    let mut watched = view();
    watched.apply(Cursor::default(), &Event::MessageEnd { message: Box::new(message) });
    let id = || ToolCallId::from("call_0_0");
    let name = || "bash".to_owned();
    let start = Event::ToolStart { tool_call_id: id(), name: name(), input: json!({}), started_at: 9 };
    let end = |is_error| Event::ToolEnd {
        tool_call_id: id(),
        name: name(),
        output: String::new(),
        diff: None,
        is_error,
        duration_ms: 1,
    };
    for (event, expected, running) in [
        (start.clone(), ToolStatus::Running, 1),
        (end(false), ToolStatus::Success, 0),
        (start, ToolStatus::Running, 1),
        (end(true), ToolStatus::Error, 0),
    ] {
        watched.apply(Cursor::default(), &event);
        let PartKind::ToolCall { status, .. } = &watched.messages[0].parts[0].kind else { panic!("a call") };
        assert_eq!((*status, watched.live.tools.len()), (expected, running));
    }
}
