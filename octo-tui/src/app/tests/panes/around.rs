//! What stands around panes and leads to them: status line, cursor, palette, lists, and what a terminal names.

use super::*;

#[test]
fn the_cursor_has_the_shape_of_the_pane_that_has_the_keys() {
    let mut stage = Stage::open_in((120, 40));
    open(&mut stage, '|', "1");
    output(&mut stage, "1", 0, "\x1b[5 q");
    assert_eq!(stage.app.cursor_style(), 5);
    stage.ctrl(']');
    stage.press(KeyCode::Char('c'));
    assert_eq!(stage.app.cursor_style(), 0, "the conversation has none of its own");
    stage.click(100, 10);
    assert_eq!(stage.app.cursor_style(), 5);
    stage.ctrl(']');
    stage.press(KeyCode::Char(' '));
    assert_eq!(stage.app.cursor_style(), 0, "the palette is written in");
    stage.press(KeyCode::Esc);
    open(&mut stage, '-', "2");
    assert_eq!(stage.app.cursor_style(), 0);
}

#[test]
fn the_status_line_tells_of_keys_that_do_something_and_shows_where_it_is_cut() {
    let mut stage = Stage::open();
    let line = |stage: &mut Stage| stage.screen().lines().last().unwrap().trim().to_owned();
    assert!(line(&mut stage).ends_with("F1 help"));
    open(&mut stage, '-', "1");
    let terminal = line(&mut stage);
    assert!(terminal.contains("Ctrl+] ?: keys") && !terminal.contains("F1"), "its program gets F1: {terminal}");
    stage.ctrl(']');
    let prefixed = line(&mut stage);
    assert!(prefixed.contains("g changes · Space all · ? keys") && prefixed.ends_with('…'), "{prefixed}");
    stage.press(KeyCode::Char('g'));
    let changes = line(&mut stage);
    assert!(changes.contains("? keys · n p hunks") && changes.ends_with('…'), "{changes}");
    let place = Place { path: "a.png".to_owned(), ..Place::default() };
    stage.app.open_place(place, Showing::File);
    let picture = line(&mut stage);
    assert!(picture.contains("e your editor · R looks again"), "{picture}");
    assert!(!picture.contains("searches"), "{picture}");
}

#[test]
fn what_a_terminal_names_is_opened_by_ctrl_and_click_or_by_letters() {
    let mut stage = Stage::open_in((120, 40));
    open(&mut stage, '|', "1");
    let links = "\x1b]8;;file:///home/ann/work/src/a.rs#7\x1b\\one\x1b]8;;\x1b\\ b.rs:3\r\n\
                 \x1b]8;;https://a.org/\x1b\\two\x1b]8;;\x1b\\\r\n\x1b]8;;file://other/etc/x\x1b\\three\x1b]8;;\x1b\\\r\n";
    output(&mut stage, "1", 0, links);
    let screen = stage.styled();
    assert!(screen.contains("\n1 60-62 UNDERLINED\n"), "{screen}");
    let (column, row) = (60, 1);
    let click = |stage: &mut Stage, modifiers| {
        for kind in [MouseEventKind::Down(MouseButton::Left), MouseEventKind::Up(MouseButton::Left)] {
            stage.input(What::Mouse(MouseEvent { kind, column, row, modifiers }));
        }
    };
    click(&mut stage, KeyModifiers::NONE);
    assert_eq!(stage.app.workspace.panes.len(), 1, "a click alone is not meant");
    // Also where the program wants the mouse.
    output(&mut stage, "1", links.len() as u64, "\x1b[?1000h");
    stage.asked.clear();
    click(&mut stage, KeyModifiers::CONTROL);
    assert_eq!(typed(&mut stage), "");
    let place = |stage: &Stage| {
        stage.app.workspace.panes.values().find_map(|pane| match pane.kept() {
            Some(crate::pane::Kept::File { place }) => Some((place.path, place.line)),
            _ => None,
        })
    };
    assert_eq!(place(&stage), Some(("src/a.rs".to_owned(), Some(7))));

    stage.click(60, 1);
    let label = |stage: &mut Stage, letter: &str| {
        stage.ctrl(']');
        stage.alt('l');
        stage.write(letter);
    };
    stage.ctrl(']');
    stage.alt('l');
    let at = u64::try_from(links.len() + "\x1b[?1000h".len()).unwrap();
    output(&mut stage, "1", at, "\x1b[Hmore\x1b[K");
    assert!(stage.screen().contains("anesb.rs:3"), "it holds still: {}", stage.screen());
    stage.press(KeyCode::Esc);
    assert!(stage.screen().contains("more"));
    output(&mut stage, "1", at + 10, &format!("\x1b[H{links}"));
    label(&mut stage, "s");
    assert_eq!(place(&stage), Some(("b.rs".to_owned(), Some(3))));
    stage.click(60, 5);
    label(&mut stage, "d");
    assert!(stage.effects.contains(&Effect::Copy("https://a.org/".to_owned())));
    assert!(stage.screen().contains("sent to the clipboard: https://a.org/"));
    label(&mut stage, "f");
    assert!(stage.screen().contains("this file is on other"), "{}", stage.screen());
}

#[test]
fn the_palette_does_what_keys_do() {
    let mut stage = Stage::open_in((120, 40));
    stage.ctrl(']');
    stage.press(KeyCode::Char(' '));
    stage.write("terminal below");
    assert!(stage.screen().contains("Ctrl+] - s"));
    stage.press(KeyCode::Enter);
    assert!(terminals(&stage).iter().any(|command| is_open(command)));
    let stop = |stage: &mut Stage| {
        stage.asked.clear();
        stage.ctrl(']');
        stage.press(KeyCode::Char(' '));
        stage.write("stop the agent");
        stage.press(KeyCode::Enter);
    };
    stop(&mut stage);
    assert!(stage.take_asked().is_empty() && stage.screen().contains("nothing that could be stopped"));
    let working =
        octo_proto::Event::AgentWorking { phase: octo_proto::session::Phase::Generating, detail: None, turn_id: None };
    stage.event(Some("a"), working);
    stop(&mut stage);
    assert_eq!(stage.take_asked(), [octo_proto::Command::Abort {}]);
}

#[test]
fn panes_leave_the_keys_about_the_whole_screen_as_they_are() {
    let mut stage = Stage::open_in((120, 40));
    stage.ctrl(']');
    stage.press(KeyCode::Char('f'));
    let status = stage.screen().lines().last().unwrap().to_owned();
    assert!(status.contains("● idle · ? keys · Enter opens"), "{status}");
    stage.press(KeyCode::F(1));
    assert!(stage.screen().contains("Keys"));
    stage.press(KeyCode::Esc);
    stage.ctrl('o');
    assert!(stage.screen().contains("Enter opens · n new"));
}

#[test]
fn a_terminal_that_runs_is_shown_once() {
    let mut stage = Stage::open_in((120, 40));
    open(&mut stage, '|', "1");
    stage.ctrl(']');
    stage.press(KeyCode::Char('a'));
    let list = json!({ "terminals": [info("1", (80, 24)), info("9", (80, 24))] });
    answer(&mut stage, |command| matches!(command, TerminalCommand::List {}), Ok(list));
    let screen = stage.screen();
    assert!(screen.contains("shown here · /home/ann/work · "), "{screen}");
    assert!(screen.contains("/bin/bash") && screen.contains("w · …ter_9"), "{screen}");
    stage.press(KeyCode::Enter);
    assert_eq!(stage.app.workspace.panes.len(), 1, "it is there already");
    stage.ctrl(']');
    stage.press(KeyCode::Char('a'));
    let list = json!({ "terminals": [info("1", (80, 24)), info("9", (80, 24))] });
    answer(&mut stage, |command| matches!(command, TerminalCommand::List {}), Ok(list));
    stage.press(KeyCode::Down);
    stage.press(KeyCode::Enter);
    assert_eq!(stage.app.workspace.panes.len(), 2);
    stage.ctrl(']');
    stage.press(KeyCode::Char('x'));
    assert!(stage.screen().contains("the terminal goes on: Ctrl+] a shows it again"));
}
