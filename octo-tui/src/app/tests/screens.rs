//! Whole screens, at two sizes.

use crossterm::event::{KeyCode, MouseEvent, MouseEventKind};
use octo_proto::{
    Event, Message, PartKind, Role,
    id::{MessageId, ToolCallId},
    message::ToolStatus,
    session::{Phase, SessionUsage},
};
use serde_json::json;

use super::*;
use crate::app::{Start, input::What};

fn text(text: &str) -> PartKind {
    PartKind::Text { text: text.to_owned(), format: None }
}

fn call(id: &str, command: &str) -> PartKind {
    PartKind::ToolCall {
        tool_call_id: ToolCallId::from(id),
        name: "bash".to_owned(),
        input: json!({ "command": command }),
        status: ToolStatus::Success,
    }
}

fn result(idx: u64, id: &str, output: &str, is_error: bool) -> Message {
    let kind = PartKind::ToolResult {
        tool_call_id: ToolCallId::from(id),
        name: Some("bash".to_owned()),
        output: output.to_owned(),
        is_error,
        duration_ms: Some(1_500),
    };
    let mut message = assistant(idx, vec![kind]);
    message.role = Role::Tool;
    message.tool_call_id = Some(ToolCallId::from(id));
    message
}

fn conversation() -> Vec<Message> {
    let lines: Vec<String> = (1..=20).map(|n| format!("test {n} … ok")).collect();
    vec![
        user(0, "run the tests\nand say what fails"),
        assistant(
            1,
            vec![
                PartKind::Thinking { text: "The tests are in `tests/`.\nI run them all.".to_owned() },
                text("I run **all** of them:"),
                call("c1", "cargo test --workspace"),
                call("c2", "cat no-such-file"),
            ],
        ),
        result(2, "c1", &lines.join("\n"), false),
        result(3, "c2", "cat: no-such-file: \u{1b}[31mNo such file\u{1b}[0m", true),
        assistant(4, vec![text("## Result\n\n- 20 passed\n- 0 failed\n\n日本語 and e\u{301} stay *aligned*.")]),
    ]
}

fn usage(stage: &mut Stage) {
    let mut usage =
        SessionUsage { context_tokens: Some(24_000), context_window: Some(200_000), ..SessionUsage::default() };
    usage.total.cost_usd = Some(0.034);
    stage.event(Some("a"), Event::UsageUpdated { usage });
}

#[test]
fn a_conversation_in_80_by_24() {
    let mut stage = Stage::open();
    stage.snapshot("a", conversation(), false);
    usage(&mut stage);
    insta::assert_snapshot!(stage.screen());
}

#[test]
fn a_conversation_in_120_by_40() {
    let mut stage = Stage::open_in((120, 40));
    let mut other = entry("b", "Write the manual");
    other.needs_you = Some("May it run rm?".to_owned());
    other.unread = 2;
    other.info.created_at -= 1;
    stage.event(None, Event::IndexUpdated { entry: Box::new(other) });
    stage.snapshot("a", conversation(), false);
    stage.event(
        Some("a"),
        Event::AgentWorking { phase: Phase::ToolRunning, detail: Some("bash".to_owned()), turn_id: None },
    );
    stage.alt('t');
    insta::assert_snapshot!(stage.screen());
}

#[test]
fn the_start() {
    let mut stage = Stage::new(Start::New, (80, 24));
    assert!(stage.screen().contains("connecting…"));
    stage.connect();
    insta::assert_snapshot!(stage.screen());
}

#[test]
fn help_lists_every_key() {
    let mut stage = Stage::open_in((100, 200));
    stage.press(KeyCode::Char('?'));
    insta::assert_snapshot!(stage.screen());
}

#[test]
fn help_opens_at_the_keys_that_are_asked_about_and_tells_of_more() {
    let mut stage = Stage::open();
    let first = |stage: &mut Stage| {
        let screen = stage.screen();
        let mut lines = screen.lines().map(|line| line.trim_matches(['│', ' ']).to_owned());
        (lines.next().unwrap(), lines.next().unwrap())
    };
    stage.press(KeyCode::F(1));
    let (title, section) = first(&mut stage);
    assert!(title.contains("Keys · PageDown: more") && section == "Conversation", "{title} {section}");
    assert!(stage.screen().contains("  in your own editor"), "nothing is cut: {}", stage.screen());
    stage.press(KeyCode::PageDown);
    assert!(first(&mut stage).0.contains("PageUp, PageDown: more"));
    (0..20).for_each(|_| stage.press(KeyCode::PageDown));
    let (title, _) = first(&mut stage);
    assert!(title.contains("Keys · PageUp: more"), "{title}");
    stage.press(KeyCode::Esc);

    stage.ctrl(']');
    stage.press(KeyCode::Char('?'));
    assert_eq!(first(&mut stage).1, "Panes: first Ctrl+], then");
    stage.press(KeyCode::Esc);
    for (key, section) in [('f', "Files"), ('g', "Changes")] {
        stage.ctrl(']');
        stage.press(KeyCode::Char(key));
        stage.press(KeyCode::Char('?'));
        assert_eq!(first(&mut stage).1, section);
        stage.press(KeyCode::Esc);
    }
    let mut wide = Stage::open_in((80, 250));
    wide.press(KeyCode::F(1));
    assert!(wide.screen().lines().any(|line| line.contains("╭ Keys ──")), "all of it is there");
}

#[test]
fn pickers_and_fields() {
    let mut stage = Stage::open();
    stage.ctrl('p');
    let models = json!({ "models": [
        { "id": "acme/large", "name": "Large", "context_window": 200_000, "reasoning": true },
        { "id": "acme/small", "name": "Small", "context_window": 32_000 },
    ] });
    stage.reply(&octo_proto::Command::GetModels { harness: None }, &models);
    let picker = stage.screen();
    stage.press(KeyCode::Esc);
    stage.ctrl('n');
    let new = stage.screen();
    stage.press(KeyCode::Esc);
    stage.ctrl('o');
    stage.press(KeyCode::Char('d'));
    insta::assert_snapshot!(format!("{picker}\n----\n{new}\n----\n{}", stage.screen()));
}

#[test]
fn no_size_is_too_small_to_draw() {
    for columns in [1, 5, 19, 20, 21, 33, 80, 400] {
        for rows in [1, 4, 5, 6, 11, 12, 100] {
            let mut stage = Stage::open_in((columns, rows));
            stage.snapshot("a", conversation(), false);
            stage.write("日本語 text that is longer than a narrow line");
            stage.ctrl('j');
            for code in [KeyCode::F(1), KeyCode::F(2)] {
                stage.screen();
                stage.press(code);
                stage.screen();
                stage.press(KeyCode::Esc);
            }
            stage.ctrl('n');
            stage.screen();
        }
    }
    assert!(Stage::open_in((19, 9)).screen().contains("too small"));
}

#[test]
fn the_view_of_deltas_is_the_view_of_the_message() {
    let whole = "# Plan\n\nFirst *this*, then `that`:\n\n1. one\n2. two\n\n```rust\nfn a() {}\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n";
    let mut stage = Stage::open();
    let id = MessageId::from("msg_9");
    stage.event(Some("a"), Event::MessageStart { message_id: id.clone(), role: Role::Assistant, created_at: 0 });
    for (at, c) in whole.char_indices() {
        let delta = Event::TextDelta { message_id: id.clone(), part_id: id.part(0), delta: c.to_string() };
        stage.event(Some("a"), delta);
        if at % 7 == 0 {
            stage.screen();
        }
    }
    let streamed = stage.screen();
    stage.event(Some("a"), Event::MessageEnd { message: Box::new(assistant(9, vec![text(whole)])) });
    assert_eq!(stage.screen(), streamed);
    insta::assert_snapshot!(streamed);
}

#[test]
fn a_running_tool_shows_what_it_says_and_then_what_it_gave() {
    let mut stage = Stage::open();
    stage.event(Some("a"), Event::MessageEnd { message: Box::new(assistant(0, vec![call("c1", "make")])) });
    let start = Event::ToolStart {
        tool_call_id: ToolCallId::from("c1"),
        name: "bash".to_owned(),
        input: json!({}),
        started_at: 0,
    };
    stage.event(Some("a"), start);
    stage.event(Some("a"), Event::ToolProgress { tool_call_id: ToolCallId::from("c1"), output: "10%\r20%".to_owned() });
    let screen = stage.screen();
    assert!(screen.contains("◐ bash  make") && screen.contains("│ 20%") && !screen.contains("10%"), "{screen}");
    let end = Event::ToolEnd {
        tool_call_id: ToolCallId::from("c1"),
        name: "bash".to_owned(),
        output: "made".to_owned(),
        diff: None,
        is_error: false,
        duration_ms: 2_000,
    };
    stage.event(Some("a"), end);
    let screen = stage.screen();
    assert!(screen.contains("● bash  make  2.0 s") && screen.contains("│ made"), "{screen}");
    stage.event(Some("a"), Event::MessageEnd { message: Box::new(result(1, "c1", "made it", false)) });
    let screen = stage.screen();
    assert!(screen.contains("│ made it") && screen.matches("bash").count() == 1, "{screen}");
}

#[test]
fn the_window_stays_where_it_is_while_more_is_written_and_earlier_messages_come() {
    let mut stage = Stage::open();
    let messages =
        |range: std::ops::Range<u64>| -> Vec<Message> { range.map(|n| user(n, &format!("message {n}"))).collect() };
    stage.snapshot("a", messages(100..164), true);
    assert!(stage.screen().contains("message 163"));
    stage.press(KeyCode::PageUp);
    let before = stage.screen();
    assert!(!before.contains("message 163"));
    stage.event(Some("a"), Event::MessageEnd { message: Box::new(user(164, "message 164")) });
    let after = stage.screen();
    assert!(after.contains("new below"), "{after}");
    let top = |screen: &str| screen.lines().skip(1).take(10).collect::<Vec<_>>().join("\n");
    assert_eq!(top(&after), top(&before));
    for _ in 0..40 {
        let scroll = MouseEvent {
            kind: MouseEventKind::ScrollUp,
            column: 1,
            row: 5,
            modifiers: crossterm::event::KeyModifiers::NONE,
        };
        stage.input(What::Mouse(scroll));
    }
    let top_screen = stage.screen();
    assert!(top_screen.contains("message 100"), "{top_screen}");
    let page = octo_proto::Command::HistoryPage { before: Some(100), limit: Some(50) };
    assert_eq!(stage.asked.last().and_then(stage::agent).cloned(), Some(page.clone()));
    stage.reply(&page, &json!({ "messages": messages(50..100), "has_more": false }));
    assert_eq!(stage.screen(), top_screen, "what is read does not move");
    stage.press(KeyCode::PageUp);
    assert!(stage.screen().contains("message 99"));
    stage.chord(crossterm::event::KeyModifiers::CONTROL, KeyCode::End);
    assert!(stage.screen().contains("message 164"));
}

#[test]
fn a_click_unfolds_what_is_folded() {
    let mut stage = Stage::open();
    stage.snapshot("a", conversation(), false);
    let screen = stage.screen();
    let row = screen.lines().position(|line| line.contains("more lines")).unwrap();
    stage.click(8, u16::try_from(row).unwrap());
    stage.screen();
    stage.press(KeyCode::PageUp);
    assert!(stage.screen().contains("test 9 … ok"));
}
