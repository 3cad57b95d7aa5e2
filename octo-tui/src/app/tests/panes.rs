//! Panes beside the conversation: opened, moved, closed, fed and brought back.

use base64::Engine as _;
mod around;

use bytes::Bytes;
use crossterm::event::{KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use octo_proto::{
    Code, Error,
    frame::Data,
    id::{SessionId, TerminalId},
    terminal::{
        Attached, HistoryLine, TerminalCommand, TerminalEvent, TerminalHistory, TerminalInfo, TerminalReply,
        TerminalState,
    },
};
use serde_json::json;

use super::*;
use crate::{
    app::{
        effect::{Asked, Call, Effect},
        input::{Heard, What},
        mouse::Mouse,
    },
    pane::{Answer, Place, Showing},
};

fn id(name: &str) -> TerminalId {
    TerminalId(format!("ter_{name}"))
}

fn info(name: &str, size: (u16, u16)) -> TerminalInfo {
    TerminalInfo {
        terminal_id: id(name),
        session_id: None,
        command: vec!["/bin/bash".to_owned()],
        cwd: "/home/ann/work".to_owned(),
        cols: size.0,
        rows: size.1,
        state: TerminalState::Running,
        clients: 1,
        writer: Some("me".to_owned()),
        created_at: 0,
        ended_at: None,
    }
}

fn terminals(stage: &Stage) -> Vec<&TerminalCommand> {
    let commands = stage.asked.iter().filter_map(|asked| match &asked.call {
        Call::Terminal(command) => Some(command),
        Call::Agent(_) | Call::Files(_) => None,
    });
    commands.collect()
}

/// Answers the oldest request about terminals that is like this.
fn answer(
    stage: &mut Stage,
    like: impl Fn(&TerminalCommand) -> bool,
    result: Result<serde_json::Value, Error>,
) -> Asked {
    let at = stage.asked.iter().position(|asked| matches!(&asked.call, Call::Terminal(command) if like(command)));
    let asked = stage.asked.remove(at.unwrap_or_else(|| panic!("{:?}", stage.asked)));
    let result = result.map(|body| Answer { body: body.to_string(), bytes: Bytes::new() });
    stage.input(What::Link(Heard::Reply { id: asked.id.clone(), result }));
    asked
}

fn is_open(command: &TerminalCommand) -> bool {
    matches!(command, TerminalCommand::Open { .. })
}

fn is_attach(command: &TerminalCommand) -> bool {
    matches!(command, TerminalCommand::Attach { .. })
}

fn attached(name: &str, size: (u16, u16)) -> serde_json::Value {
    serde_json::to_value(Attached { terminal: info(name, size), client: "me".to_owned() }).unwrap()
}

/// Opens a terminal with the prefix and this key, and says that it runs and is empty.
fn open(stage: &mut Stage, key: char, name: &str) {
    stage.ctrl(']');
    stage.press(KeyCode::Char(key));
    stage.screen();
    let reply = serde_json::to_value(TerminalReply { terminal: info(name, (80, 24)) }).unwrap();
    answer(stage, is_open, Ok(reply));
    let Call::Terminal(TerminalCommand::Attach { cols, rows, .. }) = stage.asked.last().unwrap().call else {
        panic!("{:?}", stage.asked)
    };
    answer(stage, is_attach, Ok(attached(name, (cols, rows))));
    told(stage, TerminalEvent::Screen { terminal_id: id(name), cols, rows, offset: 0, redraw: 0 });
    // Two drawings: the first tells the size that the pane has.
    stage.screen();
    stage.asked.clear();
}

fn told(stage: &mut Stage, event: TerminalEvent) {
    stage.input(What::Link(Heard::Terminal(event)));
}

fn output(stage: &mut Stage, name: &str, offset: u64, bytes: &str) {
    let data = Data { terminal_id: id(name).0, offset, bytes: Bytes::copy_from_slice(bytes.as_bytes()) };
    stage.input(What::Link(Heard::Output(data)));
}

fn typed(stage: &mut Stage) -> String {
    let inputs =
        stage.asked.drain(..).filter(|asked| matches!(asked.call, Call::Terminal(TerminalCommand::Input { .. })));
    inputs.map(|asked| String::from_utf8(asked.bytes.to_vec()).unwrap()).collect()
}

#[test]
fn a_terminal_opens_in_the_folder_of_the_session_and_gets_the_keys() {
    let mut stage = Stage::open_in((120, 40));
    stage.ctrl(']');
    assert!(stage.screen().lines().last().unwrap().contains("Ctrl+] t terminal"), "what can follow is told");
    stage.press(KeyCode::Char('|'));
    let asked = stage.asked.last().unwrap();
    assert_eq!(asked.session, Some(SessionId("ses_a".to_owned())), "the session owns it");
    let Call::Terminal(TerminalCommand::Open { cwd, command, .. }) = &asked.call else { panic!("{asked:?}") };
    assert_eq!((cwd.as_deref(), command.len()), (Some("/home/ann/work"), 0));
    let reply = serde_json::to_value(TerminalReply { terminal: info("1", (80, 24)) }).unwrap();
    answer(&mut stage, is_open, Ok(reply));
    stage.screen();
    answer(&mut stage, is_attach, Ok(attached("1", (80, 24))));
    stage.screen();
    let size = TerminalCommand::Resize { terminal_id: id("1"), cols: 60, rows: 38 };
    assert!(terminals(&stage).contains(&&size), "it takes the size of its pane: {:?}", terminals(&stage));
    stage.asked.clear();
    stage.write("ls");
    stage.press(KeyCode::Enter);
    stage.ctrl('c');
    assert_eq!(typed(&mut stage), "ls\r\x03");
    assert!(stage.app.open.composer.is_empty(), "nothing of it is written elsewhere");
}

#[test]
fn what_is_typed_before_the_program_is_there_reaches_it() {
    let mut stage = Stage::open_in((120, 40));
    stage.ctrl(']');
    stage.press(KeyCode::Char('t'));
    stage.write("ls");
    stage.press(KeyCode::Enter);
    let reply = serde_json::to_value(TerminalReply { terminal: info("1", (80, 24)) }).unwrap();
    answer(&mut stage, is_open, Ok(reply));
    stage.write("pwd");
    answer(&mut stage, is_attach, Ok(attached("1", (80, 24))));
    assert_eq!(typed(&mut stage), "ls\rpwd");
}

#[test]
fn the_screens_of_terminals() {
    let mut screens = Vec::new();
    for size in [(80, 24), (120, 40), (200, 60)] {
        let mut stage = Stage::open_in(size);
        stage.snapshot(
            "a",
            vec![
                user(0, "build it"),
                assistant(1, vec![octo_proto::PartKind::Text { text: "Done.".to_owned(), format: None }]),
            ],
            false,
        );
        open(&mut stage, 't', "1");
        output(&mut stage, "1", 0, "\x1b]0;make\x07plain \x1b[1;31mbold red\x1b[0m \x1b[7mreverse\x1b[0m\r\n");
        output(
            &mut stage,
            "1",
            60,
            "\u{4f60}\u{597d} e\u{301}\u{300} \u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467} \u{1f1e9}\u{1f1ea} \u{5d0}\u{5d1}\u{5d2} end\r\n$ ",
        );
        open(&mut stage, '-', "2");
        output(&mut stage, "2", 0, "\x1b[4mbelow\x1b[0m \x1b[38;2;1;2;3mrgb\x1b[0m");
        screens.push(stage.styled());
    }
    insta::assert_snapshot!(screens.join("\n----\n"));
}

#[test]
fn a_pane_for_which_there_is_no_room_gets_a_tab() {
    let mut stage = Stage::open_in((80, 24));
    for name in 1..27 {
        stage.screen();
        open(&mut stage, '-', &name.to_string());
        stage.screen();
        let layout = &stage.app.workspace.layout;
        let own = stage.app.workspace.places.of(layout.tab().focus).unwrap();
        assert!(own.width >= 8 && own.height >= 3, "{name}: {own:?}");
    }
    assert!(stage.app.workspace.layout.tabs().len() > 1);
}

#[test]
fn panes_are_split_moved_zoomed_and_closed_with_keys() {
    let mut stage = Stage::open_in((120, 40));
    open(&mut stage, '|', "1");
    open(&mut stage, '-', "2");
    let places = |stage: &mut Stage| {
        stage.screen();
        stage.app.workspace.places.panes.iter().map(|(id, area)| (id.0, area.x, area.y)).collect::<Vec<_>>()
    };
    let before = places(&mut stage);
    assert_eq!(before.len(), 3);
    let after_prefix = |stage: &mut Stage, modifiers, code| {
        stage.ctrl(']');
        stage.chord(modifiers, code);
    };
    after_prefix(&mut stage, KeyModifiers::NONE, KeyCode::Char('z'));
    assert_eq!(places(&mut stage).len(), 1);
    after_prefix(&mut stage, KeyModifiers::NONE, KeyCode::Char('z'));
    assert_eq!(places(&mut stage), before);
    after_prefix(&mut stage, KeyModifiers::NONE, KeyCode::Left);
    assert!(stage.app.workspace.focused().is_none(), "the conversation has the keys");
    stage.write("hi");
    assert_eq!(stage.app.open.composer.text(), "hi");
    after_prefix(&mut stage, KeyModifiers::CONTROL, KeyCode::Right);
    assert_eq!(places(&mut stage)[1].1, before[1].1 + 4);
    after_prefix(&mut stage, KeyModifiers::SHIFT, KeyCode::Right);
    assert_ne!(places(&mut stage)[0].0, 0, "it changed places");
    after_prefix(&mut stage, KeyModifiers::NONE, KeyCode::Char('x'));
    assert_eq!(places(&mut stage).len(), 3, "the conversation cannot be closed");
    after_prefix(&mut stage, KeyModifiers::NONE, KeyCode::Char('o'));
    stage.asked.clear();
    after_prefix(&mut stage, KeyModifiers::NONE, KeyCode::Char('x'));
    assert_eq!(places(&mut stage).len(), 2);
    assert!(matches!(terminals(&stage)[0], TerminalCommand::Detach { .. }), "its terminal goes on");
    assert!(!terminals(&stage).iter().any(|command| matches!(command, TerminalCommand::Close { .. })));
    after_prefix(&mut stage, KeyModifiers::NONE, KeyCode::Char('c'));
    assert_eq!(stage.app.workspace.layout.tabs().len(), 2);
    assert!(stage.screen().lines().next().unwrap().contains(" 1 "), "several tabs are shown");
    after_prefix(&mut stage, KeyModifiers::NONE, KeyCode::Char('1'));
    assert_eq!(stage.app.workspace.layout.at(), 0);
}

#[test]
fn only_y_ends_a_terminal_and_the_prefix_twice_reaches_its_program() {
    let mut stage = Stage::open_in((120, 40));
    open(&mut stage, 't', "1");
    stage.ctrl(']');
    stage.ctrl(']');
    assert_eq!(typed(&mut stage), "\x1d");
    stage.ctrl(']');
    stage.press(KeyCode::Char('X'));
    assert!(stage.screen().contains("End the terminal?"));
    stage.press(KeyCode::Enter);
    stage.press(KeyCode::Char('n'));
    assert_eq!(stage.app.workspace.panes.len(), 1);
    stage.ctrl(']');
    stage.press(KeyCode::Char('X'));
    stage.press(KeyCode::Char('y'));
    assert!(terminals(&stage).contains(&&TerminalCommand::Close { terminal_id: id("1") }));
    assert!(stage.app.workspace.is_plain());
}

#[test]
fn a_lost_connection_goes_on_where_it_was_and_what_is_typed_meanwhile_is_not_sent() {
    let mut stage = Stage::open_in((120, 40));
    open(&mut stage, '|', "1");
    output(&mut stage, "1", 0, "before ");
    stage.disconnect();
    stage.write("lost");
    stage.connect();
    let attach = answer(&mut stage, is_attach, Ok(attached("1", (60, 38))));
    let Call::Terminal(TerminalCommand::Attach { after, .. }) = attach.call else { panic!() };
    assert_eq!(after, Some(7), "from where it was");
    assert_eq!(typed(&mut stage), "");
    output(&mut stage, "1", 7, "after");
    assert!(stage.screen().contains("before after"));
}

#[test]
fn a_terminal_is_opened_once_however_often_the_connection_is_lost() {
    let mut stage = Stage::open_in((120, 40));
    stage.ctrl(']');
    stage.press(KeyCode::Char('t'));
    let opens = |stage: &Stage| {
        let opens =
            stage.asked.iter().filter(|asked| matches!(&asked.call, Call::Terminal(command) if is_open(command)));
        opens.map(|asked| asked.id.clone()).collect::<std::collections::HashSet<_>>()
    };
    stage.disconnect();
    stage.connect();
    assert_eq!(opens(&stage).len(), 1, "the same request again, and no other");
    let reply = serde_json::to_value(TerminalReply { terminal: info("1", (80, 24)) }).unwrap();
    answer(&mut stage, is_open, Ok(reply));
    assert!(terminals(&stage).iter().any(|command| is_attach(command)));
}

#[test]
fn a_terminal_whose_pane_was_closed_before_it_was_there_is_ended() {
    let mut stage = Stage::open_in((120, 40));
    stage.ctrl(']');
    stage.press(KeyCode::Char('t'));
    stage.ctrl(']');
    stage.press(KeyCode::Char('x'));
    let reply = serde_json::to_value(TerminalReply { terminal: info("1", (80, 24)) }).unwrap();
    answer(&mut stage, is_open, Ok(reply));
    assert_eq!(terminals(&stage), [&TerminalCommand::Close { terminal_id: id("1") }]);
}

#[test]
fn a_program_that_rings_without_end_is_heard_now_and_then() {
    let mut stage = Stage::open_in((120, 40));
    open(&mut stage, '|', "1");
    stage.effects.clear();
    for at in 0..100 {
        output(&mut stage, "1", at, "\x07");
    }
    assert_eq!(stage.effects.iter().filter(|effect| **effect == Effect::Bell).count(), 1);
    stage.wait(300);
    output(&mut stage, "1", 100, "\x07");
    assert_eq!(stage.effects.iter().filter(|effect| **effect == Effect::Bell).count(), 2);
}

#[test]
fn a_program_that_copies_without_end_is_heeded_now_and_then_and_where_it_is_seen() {
    let mut stage = Stage::open_in((120, 40));
    open(&mut stage, '|', "1");
    stage.effects.clear();
    let mut at = 0;
    let mut copy = |stage: &mut Stage, text: &str| {
        let bytes = format!("\x1b]52;c;{}\x07", base64::engine::general_purpose::STANDARD.encode(text));
        output(stage, "1", at, &bytes);
        at += bytes.len() as u64;
    };
    let copied = |stage: &mut Stage| {
        let texts = stage.effects.drain(..).filter_map(|effect| match effect {
            Effect::Copy(text) => Some(text),
            _ => None,
        });
        texts.collect::<Vec<_>>()
    };
    (0..50).for_each(|number| copy(&mut stage, &format!("text {number}")));
    assert_eq!(copied(&mut stage), ["text 0"]);
    stage.wait(300);
    assert_eq!(copied(&mut stage), ["text 49"], "the last is not lost");
    stage.wait(300);
    stage.ctrl(']');
    stage.press(KeyCode::Char('c'));
    stage.screen();
    copy(&mut stage, "unseen");
    stage.wait(300);
    assert_eq!(copied(&mut stage), [""; 0], "another tab is on the screen");
}

#[test]
fn the_movements_of_the_mouse_are_asked_for_where_a_program_wants_them() {
    let mut stage = Stage::open_in((120, 40));
    open(&mut stage, '|', "1");
    assert_eq!(stage.app.mouse(), Mouse::Buttons);
    output(&mut stage, "1", 0, "\x1b[?1003h");
    assert_eq!(stage.app.mouse(), Mouse::Motion);
    output(&mut stage, "1", 8, "\x1b[?1003l\x1b[?1002h");
    assert_eq!(stage.app.mouse(), Mouse::Buttons);
}

#[test]
fn what_is_pasted_while_a_terminal_opens_is_not_lost() {
    let mut stage = Stage::open_in((120, 40));
    stage.ctrl(']');
    stage.press(KeyCode::Char('|'));
    stage.screen();
    stage.input(What::Paste("echo pasted".to_owned()));
    let reply = serde_json::to_value(TerminalReply { terminal: info("1", (80, 24)) }).unwrap();
    answer(&mut stage, is_open, Ok(reply));
    answer(&mut stage, is_attach, Ok(attached("1", (59, 38))));
    assert_eq!(typed(&mut stage), "echo pasted");
}

#[test]
fn half_a_redraw_is_not_shown_and_is_asked_for_again() {
    let mut stage = Stage::open_in((120, 40));
    open(&mut stage, '|', "1");
    output(&mut stage, "1", 0, "old");
    stage.screen();
    told(&mut stage, TerminalEvent::Screen { terminal_id: id("1"), cols: 60, rows: 38, offset: 500, redraw: 8 });
    output(&mut stage, "1", 500, "new!");
    assert!(stage.screen().contains("old"), "the screen before stays until the next is whole");
    stage.disconnect();
    stage.connect();
    let Call::Terminal(TerminalCommand::Attach { after, .. }) =
        answer(&mut stage, is_attach, Ok(attached("1", (60, 38)))).call
    else {
        panic!()
    };
    assert_eq!(after, None);
    told(&mut stage, TerminalEvent::Screen { terminal_id: id("1"), cols: 60, rows: 38, offset: 500, redraw: 8 });
    output(&mut stage, "1", 500, "new now!");
    assert!(stage.screen().contains("new now!"));
    output(&mut stage, "1", 500, " and on");
    assert!(stage.screen().contains("new now! and on"));
}

#[test]
fn who_does_not_write_is_told_and_can_take_over() {
    let mut stage = Stage::open_in((120, 40));
    open(&mut stage, '|', "1");
    let owner = |client: &str| TerminalEvent::Owner {
        terminal_id: id("1"),
        client: Some(client.to_owned()),
        cols: 30,
        rows: 10,
    };
    told(&mut stage, owner("other"));
    output(&mut stage, "1", 0, "small");
    let screen = stage.screen();
    assert!(screen.contains("another client writes") && screen.contains("····"), "letterboxed: {screen}");
    stage.write("x");
    assert_eq!(typed(&mut stage), "");
    assert!(stage.screen().contains("takes over"));
    stage.ctrl(']');
    stage.press(KeyCode::Char('w'));
    assert_eq!(terminals(&stage), [&TerminalCommand::Take { terminal_id: id("1") }]);
    told(&mut stage, owner("me"));
    stage.write("x");
    assert_eq!(typed(&mut stage), "x");
}

#[test]
fn a_program_that_ends_well_leaves_and_one_that_fails_says_so() {
    let mut stage = Stage::open_in((120, 40));
    open(&mut stage, '|', "1");
    open(&mut stage, '-', "2");
    told(&mut stage, TerminalEvent::Exited { terminal_id: id("2"), state: TerminalState::Exited { code: 0 } });
    assert_eq!(stage.app.workspace.panes.len(), 1);
    assert_eq!(terminals(&stage)[0], &TerminalCommand::Close { terminal_id: id("2") });
    told(&mut stage, TerminalEvent::Exited { terminal_id: id("1"), state: TerminalState::Exited { code: 3 } });
    assert!(stage.screen().contains("ended with 3 · Enter closes"));
    stage.press(KeyCode::Enter);
    assert!(stage.app.workspace.is_plain());
}

#[test]
fn a_terminal_that_cannot_be_opened_says_why_in_its_pane() {
    let mut stage = Stage::open_in((120, 40));
    stage.ctrl(']');
    stage.press(KeyCode::Char('t'));
    let error = Error::new(Code::NotFound, "/home/ann/work is gone").hint("choose another folder");
    answer(&mut stage, is_open, Err(error));
    assert!(stage.screen().contains("/home/ann/work is gone (choose another"), "{}", stage.screen());
    stage.press(KeyCode::Enter);
    assert!(terminals(&stage).iter().any(|command| is_open(command)), "Enter tries again");
    answer(&mut stage, is_open, Err(Error::new(Code::NotFound, "gone")));
    stage.press(KeyCode::Esc);
    assert!(stage.app.workspace.is_plain());
}

#[test]
fn the_layout_comes_back_with_its_terminals() {
    let mut stage = Stage::open_in((120, 40));
    open(&mut stage, '|', "1");
    open(&mut stage, '-', "2");
    stage.wait(2_000);
    let kept = stage.kept.clone();
    assert_eq!(kept.len(), 1);
    let places = stage.app.workspace.places.clone();
    let mut again = Stage::new(crate::app::Start::New, (120, 40));
    again.kept = kept;
    again.connect();
    again.screen();
    assert_eq!(again.app.workspace.places, places);
    let attaches = terminals(&again).iter().filter(|command| is_attach(command)).count();
    assert_eq!(attaches, 2);
    // A terminal that is gone says so; what is kept is not lost with it.
    answer(&mut again, is_attach, Err(Error::new(Code::NotFound, "no such terminal")));
    let screen = again.screen();
    // The keys first: the pane may be narrow.
    assert!(screen.contains("Enter tries again · Esc closes · this terminal is gone"), "{screen}");
    assert!(!screen.contains("····"), "no screen is drawn that there is not: {screen}");
}

#[test]
fn what_cannot_be_read_as_a_layout_is_as_good_as_none() {
    for text in ["", "{}", "[1]", r#"{"version":1,"root":"/home/ann/work","layout":{"tabs":[],"at":3},"panes":[]}"#] {
        let mut stage = Stage::new(crate::app::Start::New, (120, 40));
        stage.kept.insert("/home/ann/work".to_owned(), text.to_owned());
        stage.connect();
        assert!(stage.screen().contains("A new session"), "{text}");
    }
}

#[test]
fn the_mouse_gives_the_keys_moves_borders_and_selects() {
    let mut stage = Stage::open_in((120, 40));
    open(&mut stage, '|', "1");
    output(&mut stage, "1", 0, "one two three\r\nfour");
    stage.screen();
    stage.click(5, 20);
    assert!(stage.app.workspace.focused().is_none());
    let event = |kind, column, row| What::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE });
    let left = MouseButton::Left;
    let border = stage.app.workspace.places.dividers[0].area.x;
    stage.input(event(MouseEventKind::Down(left), border, 9));
    stage.input(event(MouseEventKind::Drag(left), border - 10, 9));
    stage.input(event(MouseEventKind::Drag(left), border - 20, 9));
    stage.input(event(MouseEventKind::Up(left), border - 20, 9));
    stage.screen();
    assert_eq!(stage.app.workspace.places.dividers[0].area.x, border - 20);
    let x = border - 19;
    stage.input(event(MouseEventKind::Down(left), x + 4, 1));
    stage.input(event(MouseEventKind::Drag(left), x + 3, 2));
    stage.screen();
    stage.input(event(MouseEventKind::Up(left), x + 3, 2));
    assert!(stage.effects.contains(&Effect::Copy("two three\nfour".to_owned())), "{:?}", stage.effects);
    assert!(stage.app.workspace.focused().is_some(), "a click gives the keys");
}

#[test]
fn the_wheel_scrolls_the_history_or_is_the_programs() {
    let mut stage = Stage::open_in((120, 40));
    open(&mut stage, '|', "1");
    let lines: String = (0..100).map(|line| format!("line {line}\r\n")).collect();
    output(&mut stage, "1", 0, &lines);
    stage.screen();
    let wheel = |kind| What::Mouse(MouseEvent { kind, column: 90, row: 9, modifiers: KeyModifiers::NONE });
    stage.input(wheel(MouseEventKind::ScrollUp));
    let screen = stage.screen();
    assert!(screen.contains("[3 above]") && !screen.contains("line 99"), "{screen}");
    output(&mut stage, "1", lines.len() as u64, "more\r\n");
    assert_eq!(stage.screen(), screen, "what is read does not move");
    stage.write("x");
    assert!(!stage.screen().contains("above]"), "typing goes to the end");
    output(&mut stage, "1", lines.len() as u64 + 6, "\x1b[?1000;1006h");
    stage.asked.clear();
    stage.input(wheel(MouseEventKind::ScrollDown));
    assert!(typed(&mut stage).starts_with("\x1b[<65;"), "a program that asked for the mouse gets it");
}

/// A page of what was printed, as far above the end as it is asked for.
fn read_back(stage: &mut Stage, lines: std::ops::Range<usize>, has_more: bool) {
    let asked = stage.asked.iter().find_map(|asked| match &asked.call {
        Call::Terminal(TerminalCommand::History { offset, below, .. }) => Some((offset.unwrap(), *below)),
        Call::Agent(_) | Call::Files(_) | Call::Terminal(_) => None,
    });
    let (offset, below) = asked.unwrap_or_else(|| panic!("{:?}", stage.asked));
    let lines = lines.map(|line| HistoryLine { text: format!("\x1b[31mold {line}\x1b[m"), goes_on: false }).collect();
    let page = TerminalHistory { offset, cols: 59, rows: 38, below, lines, has_more };
    answer(
        stage,
        |command| matches!(command, TerminalCommand::History { .. }),
        Ok(serde_json::to_value(page).unwrap()),
    );
}

#[test]
fn what_is_not_at_hand_is_read_back_from_the_runner() {
    let mut stage = Stage::open_in((120, 40));
    open(&mut stage, '|', "1");
    output(&mut stage, "1", 0, &(0..30).map(|line| format!("new {line}\r\n")).collect::<String>());
    stage.screen();
    let page_up = |stage: &mut Stage| {
        stage.chord(KeyModifiers::SHIFT, KeyCode::PageUp);
        stage.screen()
    };
    assert!(page_up(&mut stage).contains("new 29"), "nothing is there yet");
    output(&mut stage, "1", 300, "printed meanwhile\r\n");
    read_back(&mut stage, 500..1000, true);
    let screen = stage.screen();
    assert!(screen.contains("old 999") && screen.contains("[37 above]") && !screen.contains("meanwhile"), "{screen}");
    for _ in 0..12 {
        page_up(&mut stage);
    }
    read_back(&mut stage, 0..500, false);
    for _ in 0..20 {
        page_up(&mut stage);
    }
    let screen = stage.screen();
    assert!(screen.contains("old 0") && screen.contains("[1000 above]"), "{screen}");
    assert!(stage.asked.is_empty(), "there is nothing above: {:?}", stage.asked);
    for _ in 0..40 {
        stage.chord(KeyModifiers::SHIFT, KeyCode::PageDown);
    }
    let screen = stage.screen();
    assert!(screen.contains("meanwhile") && !screen.contains("above]"), "{screen}");
}

#[test]
fn selected_text_is_what_was_pressed_on_however_it_moves() {
    let mut stage = Stage::open_in((120, 40));
    open(&mut stage, '|', "1");
    let lines: String = (0..100).map(|line| format!("line {line} 日本\r\n")).collect();
    output(&mut stage, "1", 0, &lines);
    let screen = stage.screen();
    let event = |kind, column, row| What::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE });
    let left = MouseButton::Left;
    let line = screen.lines().find(|line| line.contains("line 80 ")).unwrap();
    let x = u16::try_from(line.chars().take_while(|character| *character != '│').count() + 1).unwrap();
    let row = u16::try_from(screen.lines().position(|line| line.contains("line 80 ")).unwrap()).unwrap();
    // On the right half of a wide character.
    stage.input(event(MouseEventKind::Down(left), x + 9, row));
    output(&mut stage, "1", lines.len() as u64, &"more\r\n".repeat(50));
    stage.input(event(MouseEventKind::Drag(left), x + 3, row));
    for _ in 0..20 {
        stage.input(event(MouseEventKind::ScrollUp, x + 3, row));
    }
    let screen = stage.screen();
    assert!(screen.contains("line 20 ") && !screen.contains("line 80 "), "{screen}");
    stage.input(event(MouseEventKind::Up(left), x + 3, row));
    let copied = stage.effects.iter().find_map(|effect| match effect {
        Effect::Copy(text) => Some(text.clone()),
        _ => None,
    });
    let copied = copied.unwrap();
    let copied: Vec<_> = copied.lines().collect();
    assert_eq!((copied.len(), copied[0], copied[1], copied[60]), (61, "e 20 日本", "line 21 日本", "line 80 日"));
}

#[test]
fn a_program_cannot_reach_beyond_its_pane() {
    let mut stage = Stage::open_in((120, 40));
    open(&mut stage, '|', "1");
    output(
        &mut stage,
        "1",
        0,
        "\x1b]0;\u{1b}[2Jevil\u{9b}31m\u{7}\x1b[999;999Hx\x1b]52;c;aGVsbG8=\x07\x1b[c\x1b[6n\x07",
    );
    // The stage checks that no cell holds a control character.
    let screen = stage.screen();
    assert!(screen.contains("new session") || screen.contains("Fix the build"), "{screen}");
    assert!(stage.effects.contains(&Effect::Copy("hello".to_owned())), "copying out is allowed");
    assert!(stage.effects.contains(&Effect::Bell));
    assert_eq!(typed(&mut stage), "", "questions are answered by the runner alone");
}

#[test]
fn what_is_drawn_piece_by_piece_is_shown_when_it_is_whole_or_its_time_is_up() {
    let mut stage = Stage::open_in((120, 40));
    open(&mut stage, '|', "1");
    output(&mut stage, "1", 0, "first");
    stage.screen();
    output(&mut stage, "1", 5, "\x1b[?2026h\x1b[2Jsecond");
    assert!(stage.screen().contains("first"));
    stage.wait(200);
    assert!(stage.screen().contains("second"));
}
