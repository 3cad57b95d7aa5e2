//! What the conversation names is opened: by a click, by its letters, here or in the person's own editor.

use crossterm::event::{KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use octo_proto::{
    Error, Message, PartKind, Role,
    files::{FilesCommand, FilesRequest},
    id::{TerminalId, ToolCallId},
    message::ToolStatus,
    terminal::TerminalCommand,
};
use serde_json::json;

use super::*;
use crate::{
    app::{
        effect::{Asked, Call, Effect},
        input::{Heard, What},
    },
    editor::{OpenConfig, Words},
    pane::{Kept, Place},
    state::overlay::Overlay,
    text::anchor::Target,
};

const TERMINAL: &str = "trm_01K6V7M41BC9D3E8F2G6H7J0KM";

const DIFF: &str =
    "--- a/src/clock.rs\n+++ b/src/clock.rs\n@@ -12,3 +12,3 @@ fn now() {\n let a = 1;\n-let b = 2;\n+let b = 3;";

fn text(text: &str) -> PartKind {
    PartKind::Text { text: text.to_owned(), format: None }
}

fn call(id: &str, name: &str, input: serde_json::Value) -> PartKind {
    PartKind::ToolCall { tool_call_id: ToolCallId::from(id), name: name.to_owned(), input, status: ToolStatus::Success }
}

fn result(idx: u64, id: &str, output: &str, diff: Option<&str>) -> Message {
    let tool_call_id = ToolCallId::from(id);
    let gave = PartKind::ToolResult {
        tool_call_id: tool_call_id.clone(),
        name: None,
        output: output.to_owned(),
        is_error: false,
        duration_ms: None,
    };
    let changed = diff.map(|unified| PartKind::Diff {
        path: "src/clock.rs".to_owned(),
        unified: unified.to_owned(),
        added: 1,
        removed: 1,
    });
    let mut message = assistant(idx, std::iter::once(gave).chain(changed).collect());
    (message.role, message.tool_call_id) = (Role::Tool, Some(tool_call_id));
    message
}

fn conversation() -> Vec<Message> {
    let mut said = user(0, "what is wrong in @src/clock.rs:12-14?");
    let refers = |range| PartKind::FileRef { uri: "src/clock.rs".to_owned(), label: None, range, quote: None };
    said.parts.push(octo_proto::Part::new(said.id.part(1), refers(Some([12, 14]))));
    vec![
        said,
        assistant(
            1,
            vec![
                text(
                    "The fault is in `src/clock.rs:13`, as in 東京/時計.rs:7; see also **/etc/localtime:1** and @docs/time.md.",
                ),
                call("c1", "bash", json!({ "command": "cargo build" })),
                call("c2", "read", json!({ "path": "/home/ann/work/src/main.rs", "offset": 40 })),
                call("c3", "edit", json!({ "path": "src/clock.rs", "old": "2", "new": "3" })),
            ],
        ),
        result(
            2,
            "c1",
            "error[E0308]: mismatched types\n  --> src/main.rs:41:9\n  File \"tools/gen.py\", line 3, in main",
            None,
        ),
        result(3, "c2", "fn main() {}", None),
        result(4, "c3", "done", Some(DIFF)),
        assistant(5, vec![text(&format!("It runs in {TERMINAL} now; https://example.org:80/a.rs:3 is a page."))]),
    ]
}

fn staged(size: (u16, u16)) -> Stage {
    let mut stage = Stage::open_in(size);
    stage.snapshot("a", conversation(), false);
    stage.app.options.editor.program = Some("vi".to_owned());
    stage.screen();
    stage
}

/// All that can be opened on the screen, from the top.
fn targets(stage: &Stage) -> Vec<Target> {
    let rows = stage.app.open.transcript.window().iter();
    rows.flat_map(|row| row.anchors.iter().map(|anchor| anchor.target.clone())).collect()
}

fn place(path: &str, line: Option<u64>, to: Option<u64>) -> Target {
    Target::Place(Place { path: path.to_owned(), line, to })
}

#[test]
fn everything_that_can_be_opened_is_known_in_messages_tools_and_diffs() {
    let stage = staged((200, 60));
    assert_eq!(
        targets(&stage),
        [
            place("src/clock.rs", Some(12), Some(14)),
            place("src/clock.rs", Some(12), Some(14)),
            place("src/clock.rs", Some(13), None),
            place("東京/時計.rs", Some(7), None),
            place("/etc/localtime", Some(1), None),
            place("docs/time.md", None, None),
            place("src/main.rs", Some(41), None),
            place("tools/gen.py", Some(3), None),
            place("src/main.rs", Some(40), None),
            Target::Diff("c3".into(), Place { path: "src/clock.rs".to_owned(), ..Place::default() }),
            place("src/clock.rs", Some(12), None),
            Target::Terminal(TerminalId(TERMINAL.to_owned())),
        ]
    );
}

#[test]
fn what_can_be_opened_has_letters_in_80_by_24() {
    let mut stage = staged((80, 24));
    stage.alt('l');
    insta::assert_snapshot!(stage.screen());
}

#[test]
fn what_can_be_opened_has_letters_in_120_by_40() {
    let mut stage = staged((120, 40));
    stage.alt('l');
    insta::assert_snapshot!(stage.screen());
}

#[test]
fn what_can_be_opened_has_letters_in_200_by_60() {
    let mut stage = staged((200, 60));
    stage.alt('l');
    insta::assert_snapshot!(stage.screen());
}

#[test]
fn what_is_labelled_holds_still_until_a_key() {
    let mut stage = Stage::open();
    stage.alt('l');
    assert!(stage.screen().contains("nothing in sight can be opened"));
    let mut stage = staged((80, 24));
    for (idx, close) in (0..).zip([KeyCode::Esc, KeyCode::Char('9')]) {
        stage.alt('l');
        assert!(matches!(stage.app.overlay, Some(Overlay::Hints(_))));
        let before = stage.screen();
        let more = assistant(6 + idx, vec![text("more")]);
        stage.event(Some("a"), octo_proto::Event::MessageEnd { message: Box::new(more) });
        assert_eq!(stage.screen(), before);
        stage.press(close);
        assert!(stage.app.overlay.is_none() && stage.screen().contains("  more"));
    }
    assert!(stage.app.open.composer.is_empty());
}

fn click(stage: &mut Stage, target: &Target, modifiers: KeyModifiers) {
    let area = stage.app.areas.transcript;
    let rows = stage.app.open.transcript.window().iter().enumerate();
    let found = rows.flat_map(|(y, row)| row.anchors.iter().map(move |anchor| (y, anchor)));
    let (row, column) = found
        .filter(|(_, anchor)| anchor.target == *target)
        .map(|(y, anchor)| (u16::try_from(y).unwrap(), u16::try_from(anchor.columns.end - 1).unwrap()))
        .next()
        .unwrap();
    let kind = MouseEventKind::Down(MouseButton::Left);
    let (column, row) = (area.x + column, area.y + row);
    stage.input(What::Mouse(MouseEvent { kind, column, row, modifiers }));
    stage.input(What::Mouse(MouseEvent { kind: MouseEventKind::Up(MouseButton::Left), column, row, modifiers }));
}

#[test]
fn a_place_outside_of_the_workspace_is_asked_about() {
    let mut stage = staged((120, 40));
    let outside = place("/etc/localtime", Some(1), None);
    click(&mut stage, &outside, KeyModifiers::NONE);
    let screen = stage.screen();
    assert!(screen.contains("Open it?") && screen.contains("/etc/localtime"), "{screen}");
    stage.press(KeyCode::Enter);
    assert!(stage.app.overlay.is_some(), "Enter comes too easily");
    stage.effects.clear();
    stage.write("n");
    assert!(stage.app.overlay.is_none() && stage.effects.is_empty());
    assert!(stage.app.workspace.is_plain());
    click(&mut stage, &outside, KeyModifiers::NONE);
    stage.asked.clear();
    stage.write("y");
    let requests: Vec<FilesRequest> = asked(&mut stage).into_iter().map(|(_, request)| request).collect();
    assert!(!requests.is_empty());
    for request in &requests {
        assert_eq!(request.root.as_deref(), Some("/"));
        let (FilesCommand::Stat { path } | FilesCommand::Read { path, .. }) = &request.command else {
            panic!("{request:?}: what lies around it is left alone")
        };
        assert_eq!(path, "etc/localtime");
    }
    assert!(stage.screen().contains(" /etc/localtime"), "{}", stage.screen());
    stage.chord(KeyModifiers::CONTROL, KeyCode::Char(']'));
    stage.write("x");
    stage.screen();
    let command = Words::try_from("code -g {path}:{line}".to_owned()).unwrap();
    stage.app.options.editor.config = OpenConfig { command: Some(command), within: None };
    click(&mut stage, &outside, KeyModifiers::CONTROL);
    assert!(stage.screen().contains("Your editor can change it"), "{}", stage.screen());
    stage.write("y");
    let words = ["code", "-g", "/etc/localtime:1"].map(str::to_owned).to_vec();
    assert!(stage.effects.contains(&Effect::Run(words)), "{:?}", stage.effects);
}

/// Requests about files since the last look.
fn asked(stage: &mut Stage) -> Vec<(octo_proto::id::RequestId, FilesRequest)> {
    let files = |call| match call {
        Call::Files(request) => Some(request),
        Call::Agent(_) | Call::Terminal(_) => None,
    };
    stage.asked.drain(..).filter_map(|asked| Some((asked.id, files(asked.call)?))).collect()
}

#[test]
fn what_is_outside_is_answered_as_it_was_asked_for() {
    let mut stage = staged((120, 40));
    click(&mut stage, &place("/etc/localtime", Some(1), None), KeyModifiers::NONE);
    stage.asked.clear();
    stage.write("y");
    for (id, request) in asked(&mut stage) {
        let refused = Error::not_found(format!("there is no such file: {:?}", request.command));
        stage.input(What::Link(Heard::Reply { id, result: Err(refused) }));
    }
    assert!(stage.screen().contains("there is no such file"), "{}", stage.screen());
}

#[test]
fn files_pictures_changes_and_terminals_open_beside_the_conversation() {
    let open = |target: Target| {
        let mut stage = staged((200, 60));
        click(&mut stage, &target, KeyModifiers::NONE);
        let panes = &stage.app.workspace.panes;
        assert_eq!(panes.len(), 1);
        let (title, kept) = panes.values().map(|pane| (pane.title(), pane.kept())).next().unwrap();
        (title, kept, stage.screen())
    };
    let (_, kept, _) = open(place("src/clock.rs", Some(13), None));
    assert!(matches!(kept, Some(Kept::File { place }) if place.path == "src/clock.rs"));
    let edit = Target::Diff("c3".into(), Place { path: "src/clock.rs".to_owned(), ..Place::default() });
    let (title, _, screen) = open(edit);
    assert!(title.contains("src/clock.rs"), "{title}");
    assert!(screen.contains("let b = 3;"), "{screen}");
    let (_, kept, _) = open(Target::Terminal(TerminalId(TERMINAL.to_owned())));
    assert!(matches!(kept, Some(Kept::Terminal { terminal_id }) if terminal_id == TERMINAL));

    let mut stage = Stage::open_in((120, 40));
    stage.snapshot("a", vec![assistant(0, vec![text("drawn: @docs/plan.svg")])], false);
    stage.screen();
    click(&mut stage, &place("docs/plan.svg", None, None), KeyModifiers::NONE);
    let kept = stage.app.workspace.panes.values().next().unwrap().kept();
    assert_eq!(kept, Some(Kept::Image { path: "docs/plan.svg".to_owned() }));
    // Without the editor of the environment it would be complained; with it, a terminal is opened for it.
    stage.app.options.editor.program = Some("vi".to_owned());
    stage.write("e");
    assert_eq!(stage.app.workspace.panes.len(), 2);
    let open = |asked: &Asked| matches!(&asked.call, Call::Terminal(TerminalCommand::Open { command, .. }) if *command == ["vi", "/home/ann/work/docs/plan.svg"]);
    assert!(stage.asked.iter().any(open), "{:?}", stage.asked);
}

#[test]
fn a_capital_letter_opens_the_persons_own_editor_and_its_failure_is_told() {
    let mut stage = staged((120, 40));
    stage.app.options.editor.neovim = Some("/run/nvim.0".to_owned());
    stage.alt('l');
    // The second that can be opened: `src/clock.rs:13`.
    stage.write("S");
    let run = stage.effects.iter().find_map(|effect| if let Effect::Run(words) = effect { Some(words) } else { None });
    let words = run.unwrap();
    assert_eq!(words[..4], ["nvim", "--server", "/run/nvim.0", "--remote-expr"]);
    assert!(words[4].contains("'/home/ann/work/src/clock.rs'), '13'"), "{}", words[4]);
    stage.input(What::Ran(Err("nvim failed (exit status: 2) connection refused".to_owned())));
    assert!(stage.screen().contains("connection refused"));
    stage.app.options.editor = crate::editor::Editor::default();
    click(&mut stage, &place("src/clock.rs", Some(13), None), KeyModifiers::CONTROL);
    assert!(stage.screen().contains("no editor is known"));
}

#[test]
fn a_click_beside_a_place_folds_as_before() {
    let mut stage = staged((120, 40));
    let area = stage.app.areas.transcript;
    let rows = stage.app.open.transcript.window();
    let head = rows.iter().position(|row| row.anchors.iter().any(|it| matches!(it.target, Target::Diff(..)))).unwrap();
    let before = stage.screen();
    let (column, row) = (area.x, area.y + u16::try_from(head).unwrap());
    for kind in [MouseEventKind::Down(MouseButton::Left), MouseEventKind::Up(MouseButton::Left)] {
        stage.input(What::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
    }
    assert_ne!(stage.screen(), before, "its arguments are shown");
}
