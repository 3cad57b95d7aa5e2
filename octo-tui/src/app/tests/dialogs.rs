//! Questions take no keys that were typed for something else.

use crossterm::event::KeyCode;
use octo_proto::{
    Command, Event,
    id::RequestId,
    session::{InputKind, InputOption, InputRequest},
};

use super::*;
use crate::app::effect::Effect;

fn question(kind: InputKind) -> InputRequest {
    let option = |value: &str, label: &str| InputOption { value: value.to_owned(), label: label.to_owned() };
    InputRequest {
        request_id: RequestId::from("q1"),
        kind,
        title: "May it run this?".to_owned(),
        message: Some("rm -rf build\u{1b}[2K".to_owned()),
        options: vec![option("allow", "Allow once"), option("deny", "Deny")],
        detail: None,
        prefill: None,
        timeout_ms: None,
        asked_at: 0,
    }
}

fn ask(stage: &mut Stage, kind: InputKind) {
    stage.event(Some("a"), Event::InputNeeded { request: Box::new(question(kind)) });
}

fn response(value: Option<&str>, confirmed: Option<bool>, cancelled: Option<bool>) -> Command {
    Command::InputResponse { request_id: "q1".into(), value: value.map(str::to_owned), confirmed, cancelled }
}

#[test]
fn a_question_takes_the_focus_only_when_nothing_else_has_it() {
    for (text, quiet_ms, focused) in [("", 5_000, true), ("", 400, false), ("half a sen", 5_000, false)] {
        let mut stage = Stage::open();
        stage.write("x");
        stage.press(KeyCode::Backspace);
        stage.write(text);
        stage.wait(quiet_ms);
        ask(&mut stage, InputKind::Permission);
        assert_eq!(stage.app.open.dialog.as_ref().unwrap().focused, focused, "{text:?} {quiet_ms}");
        stage.press(KeyCode::Char('1'));
        let answered = matches!(stage.take_asked()[..], [Command::InputResponse { .. }]);
        assert_eq!(answered, focused);
        if !focused {
            assert_eq!(stage.app.open.composer.text(), format!("{text}1"));
            stage.press(KeyCode::Tab);
            stage.press(KeyCode::Char('2'));
            assert_eq!(stage.take_asked(), [response(Some("deny"), None, None)]);
        }
    }
}

#[test]
fn enter_alone_agrees_to_nothing() {
    let mut stage = Stage::open();
    ask(&mut stage, InputKind::Permission);
    stage.press(KeyCode::Enter);
    assert!(stage.take_asked().is_empty());
    stage.press(KeyCode::Down);
    stage.press(KeyCode::Enter);
    assert_eq!(stage.take_asked(), [response(Some("allow"), None, None)]);
    stage.press(KeyCode::Enter);
    assert!(stage.take_asked().is_empty(), "an answer is given once");
}

#[test]
fn every_kind_is_answered_in_its_way() {
    for (kind, keys, expected) in [
        (InputKind::Confirm, &[KeyCode::Char('y')][..], response(None, Some(true), None)),
        (InputKind::Confirm, &[KeyCode::Char('n')], response(None, Some(false), None)),
        (InputKind::Select, &[KeyCode::Down, KeyCode::Enter], response(Some("deny"), None, None)),
        (InputKind::Input, &[KeyCode::Char('?'), KeyCode::Enter], response(Some("?"), None, None)),
        (
            InputKind::Editor,
            &[KeyCode::Char('a'), KeyCode::Left, KeyCode::Char('b'), KeyCode::Enter],
            response(Some("ba"), None, None),
        ),
    ] {
        let mut stage = Stage::open();
        ask(&mut stage, kind);
        stage.screen();
        keys.iter().for_each(|key| stage.press(*key));
        assert_eq!(stage.take_asked(), [expected], "{kind:?}");
    }
    let mut stage = Stage::open();
    ask(&mut stage, InputKind::Input);
    stage.ctrl('c');
    assert_eq!(stage.take_asked(), [response(None, None, Some(true))]);
}

#[test]
fn a_question_is_shown_above_the_composer() {
    let mut stage = Stage::open();
    stage.write("draft");
    ask(&mut stage, InputKind::Permission);
    let waiting = stage.screen();
    stage.press(KeyCode::Tab);
    stage.press(KeyCode::Down);
    insta::assert_snapshot!(format!("{waiting}\n----\n{}", stage.screen()));
    stage.event(
        Some("a"),
        Event::InputResolved {
            request_id: "q1".into(),
            answer: octo_proto::session::Answer::Value("allow".to_owned()),
            by: "ann".to_owned(),
        },
    );
    assert!(!stage.screen().contains("May it run this?"));
}

#[test]
fn who_looks_elsewhere_hears_the_bell() {
    let mut stage = Stage::open();
    stage.input(crate::app::input::What::Focus(false));
    ask(&mut stage, InputKind::Confirm);
    assert_eq!(stage.effects, [Effect::Bell]);
    let mut other = entry("b", "other");
    other.needs_you = Some("really?".to_owned());
    stage.event(None, Event::IndexUpdated { entry: Box::new(other) });
    assert_eq!(stage.effects, [Effect::Bell, Effect::Bell]);
    assert!(stage.screen().contains("1 session needs you"));
}
