//! Prompts: sent, queued, steered, refused, taken back; and stopping.

use crossterm::event::{KeyCode, KeyModifiers};
use octo_proto::{
    Code, Command, Error, Event,
    id::RequestId,
    session::{OpenPrompt, Phase, Queue, Queued, When},
};
use serde_json::json;

use super::*;
use crate::app::{Start, effect::Effect, input::What};

fn prompt(message: &str, when: When) -> Command {
    Command::Prompt { message: message.to_owned(), images: Vec::new(), files: Vec::new(), when }
}

fn working(stage: &mut Stage) {
    stage.event(Some("a"), Event::AgentWorking { phase: Phase::Generating, detail: None, turn_id: None });
}

#[test]
fn enter_sends_and_what_is_sent_is_shown_until_the_log_has_it() {
    let mut stage = Stage::open();
    stage.write("hello");
    stage.press(KeyCode::Enter);
    let id = stage.asked[0].id.clone();
    assert!(id.is_ulid());
    assert!(stage.screen().contains("▌ hello\n  sending…"));
    let body = json!({ "turn_id": id.turn_id(), "message_id": id.message_id() });
    stage.reply(&prompt("hello", When::Now), &body);
    assert!(stage.screen().contains("▌ hello\n  waiting…"));
    let mut message = user(0, "hello");
    message.id = id.message_id();
    message.request_id = Some(id.clone());
    let open = OpenPrompt {
        request_id: id.clone(),
        turn_id: id.turn_id(),
        message: Some(message.clone()),
        when: When::Now,
        delivered: false,
    };
    stage.event(Some("a"), Event::PromptAccepted { prompt: Box::new(open) });
    assert_eq!(stage.screen().matches("▌ hello").count(), 1);
    stage.event(Some("a"), Event::PromptDelivered { request_id: id.clone(), turn_id: id.turn_id() });
    assert_eq!(stage.screen().matches("▌ hello").count(), 1, "between delivery and the log it does not vanish");
    stage.event(Some("a"), Event::MessageEnd { message: Box::new(message) });
    let screen = stage.screen();
    assert!(screen.matches("▌ hello").count() == 1 && !screen.contains("waiting…"), "{screen}");
}

#[test]
fn while_the_agent_works_enter_queues_and_alt_s_steers() {
    let mut stage = Stage::open();
    working(&mut stage);
    stage.write("later");
    assert!(stage.screen().contains("Enter queues · Alt+S steers"));
    stage.press(KeyCode::Enter);
    stage.write("now");
    stage.alt('s');
    let ids: Vec<RequestId> = stage.asked.iter().map(|asked| asked.id.clone()).collect();
    assert_eq!(stage.take_asked(), [prompt("later", When::FollowUp), prompt("now", When::Steer)]);
    let queued = |id: &RequestId, text: &str| Queued { request_id: id.clone(), text: text.to_owned() };
    let queue = Queue { steer: vec![queued(&ids[1], "now")], follow_up: vec![queued(&ids[0], "later")] };
    stage.event(Some("a"), Event::QueueUpdated { queue });
    let screen = stage.screen();
    assert!(screen.contains("↳ into this turn: now  Alt+Up takes back"), "{screen}");
    assert!(screen.contains("↳ after this turn: later") && !screen.contains("▌ later"), "{screen}");
    stage.write("draft");
    stage.chord(KeyModifiers::ALT, KeyCode::Up);
    stage.reply(&Command::QueueClear {}, &json!({ "texts": ["now", "later"] }));
    assert_eq!(stage.app.open.composer.text(), "now\n\nlater\n\ndraft");
}

#[test]
fn a_refused_prompt_comes_back_into_the_composer() {
    let mut stage = Stage::open();
    stage.write("first");
    stage.press(KeyCode::Enter);
    stage.write("second");
    stage.refuse(&prompt("first", When::Now), Error::new(Code::Busy, "the disk is full").hint("free some space"));
    assert_eq!(stage.app.open.composer.text(), "first\n\nsecond");
    let screen = stage.screen();
    assert!(screen.contains("the disk is full (free some space)") && !screen.contains("sending…"), "{screen}");
}

#[test]
fn a_session_is_created_with_its_first_prompt() {
    let mut stage = Stage::new(Start::Folder, (80, 24));
    stage.write("hi");
    stage.press(KeyCode::Enter);
    assert!(
        stage.asked.is_empty() && stage.app.open.composer.text() == "hi",
        "nothing is sent before it is known where"
    );
    stage.connect();
    stage.event(None, Event::IndexSnapshot { entries: Vec::new() });
    stage.asked.clear();
    stage.press(KeyCode::Enter);
    stage.write("more");
    stage.press(KeyCode::Enter);
    let create = Command::SessionCreate {
        harness: "pi".to_owned(),
        cwd: "/home/ann/work".to_owned(),
        model: None,
        title: None,
        thinking_level: None,
    };
    assert!(stage.screen().contains("▌ more\n  sending…"));
    stage.reply(&create, &json!({ "session": entry("n", "") }));
    let asked = stage.take_asked();
    let watch = Command::Watch { after: None };
    assert_eq!(asked, [prompt("hi", When::Now), prompt("more", When::Now), watch]);
}

#[test]
fn a_session_that_cannot_be_created_gives_the_text_back() {
    let mut stage = Stage::new(Start::New, (80, 24));
    stage.connect();
    stage.asked.clear();
    stage.write("hi");
    stage.press(KeyCode::Enter);
    let create = stage::agent(&stage.asked[0]).cloned().unwrap();
    stage.refuse(&create, Error::bad_request("/home/ann/work is not a folder"));
    assert_eq!(stage.app.open.composer.text(), "hi");
    stage.press(KeyCode::Enter);
    assert!(matches!(stage.take_asked()[..], [Command::SessionCreate { .. }]), "and it can be tried again");
}

#[test]
fn stopping_takes_two_escapes_or_one_interrupt_and_quitting_two() {
    let mut stage = Stage::open();
    working(&mut stage);
    stage.press(KeyCode::Esc);
    assert!(stage.screen().contains("Esc again stops the agent"));
    stage.wait(2_000);
    stage.press(KeyCode::Esc);
    assert!(stage.take_asked().is_empty(), "too late for the second");
    stage.press(KeyCode::Esc);
    assert_eq!(stage.take_asked(), [Command::Abort {}]);
    stage.ctrl('c');
    assert_eq!(stage.take_asked(), [Command::Abort {}]);
    stage.event(Some("a"), Event::AgentReady {});
    stage.write("text");
    stage.ctrl('c');
    assert!(stage.app.open.composer.is_empty());
    stage.press(KeyCode::Up);
    assert_eq!(stage.app.open.composer.text(), "text", "what was cleared is in the history");
    stage.ctrl('c');
    stage.wait(2_000);
    stage.ctrl('c');
    assert_eq!(stage.effects, [], "too slow for the second");
    stage.ctrl('c');
    assert_eq!(stage.effects, [Effect::Quit]);
}

#[test]
fn a_large_paste_is_text_and_not_keys() {
    let mut stage = Stage::open();
    let text = "line\nwith\ttab \u{1b}[31m\n".repeat(20_000);
    stage.input(What::Paste(text.clone()));
    assert_eq!(stage.app.open.composer.text(), text);
    assert!(stage.take_asked().is_empty());
    stage.screen();
    stage.press(KeyCode::Enter);
    assert_eq!(stage.take_asked(), [prompt(&text, When::Now)]);
}

#[test]
fn slash_commands_are_completed() {
    let mut stage = Stage::open();
    let command = |name: &str| octo_proto::session::SlashCommand { name: name.to_owned(), description: None };
    stage.event(
        Some("a"),
        Event::CommandsUpdated { commands: vec![command("review"), command("rebase"), command("x")] },
    );
    stage.write("/r");
    stage.press(KeyCode::Tab);
    assert_eq!(stage.app.open.composer.text(), "/re");
    assert!(stage.screen().contains("Tab: /review /rebase"));
    stage.write("v");
    stage.press(KeyCode::Tab);
    assert_eq!(stage.app.open.composer.text(), "/review ");
}

#[test]
fn a_fork_opens_with_the_text_to_be_said_differently() {
    let mut stage = Stage::open();
    stage.snapshot("a", vec![user(0, "one"), user(1, "two")], false);
    stage.asked.clear();
    stage.ctrl('f');
    stage.press(KeyCode::Enter);
    let fork = Command::SessionFork { message_id: "msg_1".into() };
    stage.reply(&fork, &json!({ "session": entry("f", "fork"), "text": "two" }));
    assert_eq!(stage.app.open.composer.text(), "two");
    assert_eq!(stage.take_asked(), [Command::Unwatch {}, Command::Watch { after: None }]);
}
