//! Nothing typed is lost with a connection, and nothing is seen twice.

use crossterm::event::KeyCode;
use octo_proto::{
    Code, Command, Cursor, Error, Event, PartKind,
    id::{MessageId, RequestId},
    session::When,
};

use super::*;
use crate::app::{Start, effect::Effect};

fn hello() -> Command {
    Command::Prompt { message: "hello".to_owned(), images: Vec::new(), files: Vec::new(), when: When::Now }
}

fn prompts(stage: &Stage) -> Vec<RequestId> {
    stage.asked.iter().filter(|asked| asked.call == hello().into()).map(|asked| asked.id.clone()).collect()
}

#[test]
fn a_request_without_an_answer_is_sent_again_with_the_same_id() {
    let mut stage = Stage::open();
    stage.write("hello");
    stage.press(KeyCode::Enter);
    let sent = prompts(&stage);
    stage.asked.clear();
    stage.disconnect();
    let screen = stage.screen();
    assert!(screen.contains("no connection, again in 1 s") && screen.contains("what you sent is kept"), "{screen}");
    let cursor = stage.cursor();
    stage.connect();
    assert_eq!(prompts(&stage), sent);
    let watches: Vec<&Command> = stage
        .asked
        .iter()
        .filter_map(stage::agent)
        .filter(|command| matches!(command, Command::Watch { .. }))
        .collect();
    assert_eq!(watches.len(), 2, "the index and the session");
    assert_eq!(watches[1], &Command::Watch { after: Some(cursor) });
    let body = serde_json::json!({ "turn_id": "t", "message_id": "m" });
    stage.reply(&hello(), &body);
    stage.asked.clear();
    stage.disconnect();
    stage.connect();
    assert_eq!(prompts(&stage), [], "an answered one is not");
}

#[test]
fn a_prompt_written_without_a_connection_is_sent_with_the_next() {
    let mut stage = Stage::open();
    stage.disconnect();
    stage.write("hello");
    stage.press(KeyCode::Enter);
    assert!(stage.asked.is_empty());
    stage.connect();
    assert_eq!(prompts(&stage).len(), 1);
    assert_eq!(stage.asked.iter().filter(|asked| asked.connection == 2).count(), stage.asked.len());
}

#[test]
fn what_the_runner_could_not_take_is_tried_again_and_at_last_given_back() {
    let mut stage = Stage::open();
    stage.write("hello");
    stage.press(KeyCode::Enter);
    let unavailable = || Error::new(Code::Unavailable, "the runner is gone");
    let sent = prompts(&stage);
    for _ in 0..4 {
        assert_eq!(prompts(&stage), sent);
        stage.refuse(&hello(), unavailable());
        assert!(stage.app.open.composer.is_empty());
        stage.wait(10_000);
    }
    stage.refuse(&hello(), unavailable());
    assert_eq!(stage.app.open.composer.text(), "hello");
}

#[test]
fn a_lost_runner_is_watched_again_when_it_is_back() {
    let mut stage = Stage::open();
    stage.write("hello");
    stage.press(KeyCode::Enter);
    let sent = prompts(&stage);
    stage.asked.clear();
    stage.event(None, Event::RunnerLost {});
    assert!(stage.screen().contains("waiting for the runner"));
    stage.event(None, Event::RunnerReady {});
    assert_eq!(prompts(&stage), sent);
    assert!(stage.asked.iter().any(|asked| matches!(stage::agent(asked), Some(Command::Watch { after: Some(_) }))));
}

#[test]
fn an_event_that_was_seen_changes_nothing() {
    let mut stage = Stage::open();
    let id = MessageId::from("msg_0");
    let delta = |text: &str| Event::TextDelta { message_id: id.clone(), part_id: id.part(0), delta: text.to_owned() };
    let base = stage.cursor();
    let at = |n| Cursor { n, ..base };
    stage.event_at(Some("a"), at(1), delta("one "));
    stage.event_at(Some("a"), at(2), delta("two "));
    stage.event_at(Some("a"), at(1), delta("one "));
    stage.event_at(Some("a"), at(2), delta("two "));
    stage.event_at(Some("a"), at(3), delta("three"));
    assert!(stage.screen().contains("  one two three\n"));
}

#[test]
fn what_is_written_stays_with_its_session() {
    let mut stage = Stage::open();
    stage.event(None, Event::IndexUpdated { entry: Box::new(entry("b", "Other")) });
    stage.write("for a");
    stage.asked.clear();
    stage.ctrl('o');
    stage.press(KeyCode::Up);
    stage.press(KeyCode::Enter);
    assert!(stage.screen().contains(" Other  ~/work"));
    assert_eq!(stage.take_asked(), [Command::Unwatch {}, Command::Watch { after: None }]);
    let before = stage.app.index.entries().len();
    stage.ctrl('o');
    stage.press(KeyCode::Down);
    stage.press(KeyCode::Enter);
    assert_eq!(stage.app.open.composer.text(), "for a");
    let [Command::Unwatch {}, Command::Watch { after: Some(_) }] = stage.take_asked()[..] else { panic!() };
    stage.event(None, Event::IndexRemoved { session_id: "ses_a".into() });
    assert_eq!(stage.app.index.entries().len(), before - 1);
    assert_eq!(stage.app.open.composer.text(), "for a", "also when the session is deleted");
    assert!(stage.app.open.id().is_none());
}

#[test]
fn text_typed_before_the_session_is_found_goes_with_it() {
    let mut stage = Stage::new(Start::Folder, (80, 24));
    stage.write("early");
    stage.connect();
    stage.event(None, Event::IndexSnapshot { entries: vec![entry("a", "Found")] });
    assert_eq!(stage.app.open.id().map(|id| id.as_str()), Some("ses_a"));
    assert_eq!(stage.app.open.composer.text(), "early");
}

#[test]
fn an_unchanged_screen_is_not_drawn_and_wakes_nobody() {
    let mut stage = Stage::open();
    stage.screen();
    assert!(!stage.app.is_changed());
    assert_eq!(stage.app.wake_at(), None);
    let text = PartKind::Text { text: "x".to_owned(), format: None };
    stage.event(Some("a"), Event::MessageEnd { message: Box::new(assistant(0, vec![text])) });
    assert!(stage.app.is_changed());
    assert!(!stage.effects.contains(&Effect::Redraw));
}
