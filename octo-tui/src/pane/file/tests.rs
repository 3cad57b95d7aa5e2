//! A file, from pieces to rows.

use bytes::Bytes;
use octo_proto::{
    Code,
    files::{EntryKind, FileEntry, FilePiece, MAX_PIECE, Stat},
};

use super::*;
use crate::{
    pane::stage::{PaneStage, body},
    state::composer::Edit,
    syntax,
    theme::ThemeName,
};

type Stage = PaneStage<FilePane>;

/// Text of several kinds and scripts, in a language that has colours.
const SOURCE: &str = "//! Grüße, 世界: 日本語のコメント\nuse std::fmt;\n\n/// A family: 👩\u{200d}👩\u{200d}👧 and flags 🇩🇪🇯🇵.\npub fn shalom() -> &'static str {\n\t\"שלום עולם\" // e\u{301} is one cell\n}\n\nconst NUMBER: u32 = 42; // مرحبا بالعالم\nconst LONG: &str = \"a line that is longer than eighty columns, 長い長い長い長い長い長い長い長い長い長い長い, and so must be cut or broken\";\nlet tricky = \"\u{202e}evil\u{200b}\u{1b}[31m\"; // NUMBER\n";

fn place(path: &str, line: Option<u64>) -> Place {
    Place { path: path.to_owned(), line, to: None }
}

fn piece(bytes: &[u8], size: u64, version: &str) -> Result<Answer, Error> {
    let piece = FilePiece { size, version: version.to_owned(), binary: bytes.contains(&0) };
    Ok(Answer { bytes: Bytes::copy_from_slice(bytes), ..body(&piece)? })
}

fn is_read(command: &FilesCommand) -> bool {
    matches!(command, FilesCommand::Read { .. })
}

fn is_stat(command: &FilesCommand) -> bool {
    matches!(command, FilesCommand::Stat { .. })
}

fn stat(version: &str) -> Result<Answer, Error> {
    let entry = FileEntry { path: "src/a.rs".to_owned(), kind: EntryKind::File, size: Some(1), modified: Some(0) };
    body(&Stat { entry, version: version.to_owned(), mode: 0o644, target: None })
}

fn showing(text: &str, size: (u16, u16)) -> Stage {
    let mut stage = Stage::new(FilePane::new(place("src/a.rs", None)), size);
    stage.answer(is_read, piece(text.as_bytes(), text.len() as u64, "v1"));
    stage
}

fn numbered(lines: std::ops::Range<usize>) -> String {
    lines.map(|n| format!("line {n}\n")).collect()
}

/// Answers reads of a large text as long as there are any.
fn feed(stage: &mut Stage, text: &[u8]) -> usize {
    let mut count = 0;
    while let Some(FilesCommand::Read { offset, limit, .. }) = stage.asked.iter().find(|it| is_read(it)) {
        let from = usize::try_from(*offset).unwrap();
        let to = (from + usize::try_from(limit.unwrap()).unwrap()).min(text.len());
        stage.answer(is_read, piece(&text[from..to], text.len() as u64, "v1"));
        count += 1;
    }
    count
}

/// Does what was wished to be known of the parts of the text.
fn highlight(stage: &mut Stage) {
    let wishes = std::mem::take(&mut stage.wishes);
    for wish in wishes {
        match wish {
            Wish::Highlight(number, path, text) => {
                stage.input(PaneInput::Highlighted(number, &syntax::tokens(&path, &text)));
            }
            other => stage.wishes.push(other),
        }
    }
}

fn said(stage: &Stage) -> Vec<&str> {
    stage.wishes.iter().filter_map(|wish| if let Wish::Say(text) = wish { Some(text.as_str()) } else { None }).collect()
}

fn source_in(size: (u16, u16)) -> Stage {
    let mut stage = showing(SOURCE, size);
    highlight(&mut stage);
    stage
}

#[test]
fn text_of_every_kind_in_80_by_24() {
    insta::assert_snapshot!(source_in((80, 24)).styled());
}

#[test]
fn broken_lines_in_80_by_24() {
    let mut stage = source_in((80, 24));
    stage.act(PaneAction::Switch);
    stage.act(PaneAction::Find);
    stage.write("長い長");
    insta::assert_snapshot!(stage.styled());
}

#[test]
fn text_of_every_kind_in_120_by_40() {
    let mut stage = source_in((120, 40));
    stage.act(PaneAction::Find);
    stage.write("NUMBER");
    stage.act(PaneAction::Open);
    insta::assert_snapshot!(stage.styled());
}

#[test]
fn text_of_every_kind_in_200_by_60_without_colours() {
    let mut stage = source_in((200, 60));
    stage.theme = Theme::named(ThemeName::Mono);
    insta::assert_snapshot!(stage.styled());
}

#[test]
fn text_is_there_before_its_colours() {
    let mut stage = showing("fn main() {}\n", (40, 4));
    assert!(stage.screen().contains("fn main() {}"));
    let plain = stage.styled();
    highlight(&mut stage);
    assert_ne!(stage.styled(), plain);
    let wishes = stage.wishes.len();
    stage.act(PaneAction::Step(1));
    assert_eq!(stage.wishes.len(), wishes, "they are asked for once");
}

#[test]
fn a_large_file_is_read_as_far_as_it_is_looked_at() {
    let text = numbered(0..200_000);
    let mut stage = Stage::new(FilePane::new(place("log", None)), (40, 10));
    assert_eq!(feed(&mut stage, text.as_bytes()), 1, "the first piece is enough");
    assert!(stage.screen().contains("  1 line 0"), "{}", stage.screen());
    stage.act(PaneAction::Bottom);
    assert_eq!(stage.pane.kept(), Some(Kept::File { place: place("log", Some(1)) }), "it is not there yet");
    assert!(stage.screen().contains("reading… 192 KiB of 2.2 MiB"), "{}", stage.screen());
    feed(&mut stage, text.as_bytes());
    assert!(stage.screen().contains("200000 line 199999"), "{}", stage.screen());
    assert!(!stage.screen().contains("reading"));
}

#[test]
fn the_line_that_was_asked_for_is_shown_with_what_is_around_it() {
    let text = numbered(0..100_000);
    let mut stage = Stage::new(FilePane::new(place("log", Some(50_000))), (40, 10));
    assert_eq!(stage.pane.kept(), Some(Kept::File { place: place("log", Some(50_000)) }));
    feed(&mut stage, text.as_bytes());
    let screen = stage.screen();
    assert!(screen.starts_with("[log:50000 · "), "{screen}");
    assert!(screen.contains("49998 line 49997\n") && screen.contains("50003 line 50002\n"), "{screen}");
    let mut stage = Stage::new(FilePane::new(place("log", Some(50))), (40, 10));
    feed(&mut stage, b"one\ntwo\n");
    assert_eq!(stage.pane.view.at, 1);
    assert_eq!(said(&stage), ["`log` has only 2 lines here"]);
}

#[test]
fn of_a_huge_file_no_more_than_the_limit_is_held_and_that_is_said() {
    let line = format!("{}\n", "x".repeat(1023));
    let mut stage = Stage::new(FilePane::new(place("huge", Some(u64::MAX))), (80, 5));
    let size = 1_000_000_000;
    let mut read = 0;
    while let Some(FilesCommand::Read { offset, limit, .. }) = stage.asked.iter().find(|it| is_read(it)) {
        assert!(offset + limit.unwrap() <= MOST && limit.unwrap() <= MAX_PIECE);
        read += limit.unwrap();
        let bytes = line.repeat(usize::try_from(limit.unwrap() / 1024).unwrap());
        stage.answer(is_read, piece(bytes.as_bytes(), size, "v1"));
    }
    assert_eq!(read, MOST);
    let screen = stage.screen();
    assert!(screen.contains("the first 8 MiB of 953.7 MiB are shown; e opens all of it"), "{screen}");
    assert!(screen.contains("8192 xxx"), "{screen}");
}

#[test]
fn binary_empty_and_missing_files_say_so() {
    let mut screens = Vec::new();
    let mut stage = Stage::new(FilePane::new(place("a.out", None)), (60, 4));
    screens.push(stage.styled());
    stage.answer(is_read, piece(b"\x7fELF\0", 123_456, "v1"));
    screens.push(stage.styled());
    screens.push(showing("", (60, 4)).styled());
    let mut stage = Stage::new(FilePane::new(place("/dev/sda", None)), (60, 4));
    let error = Error::new(Code::BadRequest, "`/dev/sda` is an absolute path").hint("name it from the workspace");
    stage.answer(is_read, Err(error));
    screens.push(stage.styled());
    insta::assert_snapshot!(screens.join("\n----\n"));
}

#[test]
fn a_search_finds_the_first_and_goes_on_around_the_text() {
    let mut stage = showing(&numbered(0..40), (40, 10));
    stage.act(PaneAction::Step(20));
    stage.act(PaneAction::Find);
    assert!(stage.pane.is_typing());
    stage.write("LINE");
    assert!(stage.screen().contains("no match"), "{}", stage.screen());
    for _ in 0..4 {
        stage.input(PaneInput::Edit(Edit::Backspace));
    }
    stage.write("ne 3");
    assert_eq!(stage.pane.view.at, 30);
    stage.act(PaneAction::Back);
    assert_eq!((stage.pane.view.at, stage.pane.is_typing()), (20, false), "it goes back to where it began");
    stage.act(PaneAction::Find);
    stage.write("ne 3");
    stage.act(PaneAction::Open);
    let mut found = Vec::new();
    for by in [1, 1, -1, -1, -1] {
        stage.act(PaneAction::FindNext(by));
        found.push(stage.pane.view.at);
    }
    assert_eq!(found, [31, 32, 31, 30, 3]);
    stage.act(PaneAction::FindNext(-1));
    assert_eq!(stage.pane.view.at, 39);
    stage.act(PaneAction::FindNext(1));
    assert_eq!(stage.pane.view.at, 3);
    assert_eq!(said(&stage), ["searched on from the end", "searched on from the beginning"]);
}

#[test]
fn a_search_finds_what_is_behind_the_shown_part_of_a_line() {
    let text = format!("one\n{}FINDME end\nlast\n", "x".repeat(5000));
    let mut stage = showing(&text, (60, 6));
    stage.act(PaneAction::Find);
    stage.write("findme");
    assert!(stage.screen().contains("behind what is shown"), "{}", stage.screen());
    stage.act(PaneAction::Open);
    assert_eq!(stage.pane.view.at, 1);
    assert!(stage.screen().contains("it matches behind what is shown of the line, at byte 5001"), "{}", stage.screen());
    stage.act(PaneAction::Step(1));
    assert!(!stage.screen().contains("it matches"), "{}", stage.screen());
    stage.act(PaneAction::FindNext(-1));
    assert_eq!((stage.pane.view.at, said(&stage)), (1, Vec::new()));
}

#[test]
fn what_a_search_finds_is_in_sight() {
    for wrap in [false, true] {
        let text = format!("one\n{}here{}\n", "日本語 ".repeat(80), "x ".repeat(600));
        let mut stage = showing(&text, (40, 8));
        if wrap {
            stage.act(PaneAction::Switch);
        }
        let before = stage.screen();
        stage.act(PaneAction::Find);
        stage.write("here");
        assert!(stage.screen().contains("here"), "{}", stage.screen());
        stage.write("x x x");
        assert!(stage.screen().contains("herex x x"), "{}", stage.screen());
        stage.write("y");
        assert_eq!(stage.screen().lines().nth(1), before.lines().nth(1), "it goes back where nothing is found");
        stage.input(PaneInput::Edit(Edit::Backspace));
        stage.act(PaneAction::Back);
        assert_eq!(stage.screen(), before);
    }
}

#[test]
fn a_link_is_not_changed_where_only_its_own_version_differs() {
    let mut stage = showing("one\n", (40, 10));
    stage.changed(&["src/a.rs"]);
    let entry = FileEntry { path: "src/a.rs".to_owned(), kind: EntryKind::Link, size: None, modified: Some(0) };
    let link = Stat { entry, version: "of the link".to_owned(), mode: 0o777, target: Some("b.rs".to_owned()) };
    stage.answer(is_stat, body(&link));
    stage.answer(is_read, piece(b"one\n", 4, "v1"));
    assert_eq!(stage.screen(), "[src/a.rs:1 · 4 B]\n  1 one");
    stage.pass(500);
    stage.changed(&["src/a.rs"]);
    stage.answer(is_stat, body(&link));
    stage.answer(is_read, piece(b"two\n", 4, "v2"));
    assert_eq!(stage.screen(), "[src/a.rs:1 · changed · 4 B]\n  1 two");
}

#[test]
fn a_file_whose_place_something_else_took_is_told() {
    let mut stage = showing("one\n", (60, 10));
    stage.changed(&["src/a.rs"]);
    let entry = FileEntry { path: "src/a.rs".to_owned(), kind: EntryKind::Other, size: None, modified: Some(0) };
    stage.answer(is_stat, body(&Stat { entry, version: "v2".to_owned(), mode: 0o644, target: None }));
    assert_eq!(stage.screen(), "[src/a.rs:1 · no file any more · 4 B]\n  1 one");
    stage.take_asked();
    stage.pass(2_000);
    stage.answer(is_stat, stat("v3"));
    stage.answer(is_read, piece(b"two\n", 4, "v3"));
    assert_eq!(stage.screen(), "[src/a.rs:1 · changed · 4 B]\n  1 two");
}

#[test]
fn a_link_out_of_the_workspace_is_for_the_persons_own_editor() {
    let mut stage = Stage::new(FilePane::new(place("hosts", None)), (60, 4));
    let error = Error::new(Code::Forbidden, "`hosts` leads out of the workspace").hint("name another one as `root`");
    stage.answer(is_read, Err(error));
    let screen = stage.screen();
    assert!(screen.contains("leads out of the workspace") && screen.contains("e opens it in your editor"), "{screen}");
}

#[test]
fn a_search_reads_on_where_nothing_was_found_yet() {
    let text = numbered(0..100_000);
    let mut stage = Stage::new(FilePane::new(place("log", None)), (40, 10));
    feed(&mut stage, text.as_bytes());
    stage.act(PaneAction::Find);
    stage.write("line 77777");
    stage.act(PaneAction::Open);
    feed(&mut stage, text.as_bytes());
    assert_eq!(stage.pane.view.at, 77_777);
    stage.act(PaneAction::Find);
    stage.write("not there");
    stage.act(PaneAction::Open);
    feed(&mut stage, text.as_bytes());
    assert_eq!(said(&stage), ["nothing matches `not there`"]);
}

#[test]
fn a_file_that_changes_is_read_again_and_keeps_its_place() {
    let mut stage = showing(&numbered(0..40), (40, 10));
    stage.act(PaneAction::Step(20));
    stage.take_asked();
    stage.changed(&["src/b.rs"]);
    assert!(stage.take_asked().is_empty(), "another file");
    stage.changed(&["src/a.rs"]);
    stage.answer(is_stat, stat("v1"));
    assert!(stage.take_asked().is_empty(), "nothing is new");
    stage.changed(&["src"]);
    assert!(stage.asked.is_empty(), "it was looked at a moment ago");
    stage.pass(500);
    stage.answer(is_stat, stat("v2"));
    let text = format!("{}new\n", numbered(0..40));
    stage.answer(is_read, piece(text.as_bytes(), text.len() as u64, "v2"));
    let title = stage.pane.title();
    assert!(title.starts_with("src/a.rs:21 · changed · "), "{title}");
    stage.act(PaneAction::Bottom);
    assert!(stage.screen().contains(" 41 new"));
    assert!(!stage.pane.title().contains("changed"));
    // At its end, the end is followed.
    stage.pass(500);
    stage.changed(&["src/a.rs"]);
    stage.answer(is_stat, stat("v3"));
    let text = format!("{text}newer\n");
    stage.answer(is_read, piece(text.as_bytes(), text.len() as u64, "v3"));
    assert!(stage.screen().contains(" 42 newer"), "{}", stage.screen());
}

#[test]
fn a_file_that_is_deleted_stays_to_be_read_until_it_is_back() {
    let mut stage = showing("one\n", (40, 10));
    stage.changed(&["src/a.rs"]);
    stage.answer(is_stat, Err(Error::not_found("there is no `src/a.rs`")));
    assert_eq!(stage.screen(), "[src/a.rs:1 · deleted · 4 B]\n  1 one");
    stage.take_asked();
    stage.pass(2_000);
    stage.answer(is_stat, stat("v1"));
    stage.answer(is_read, piece(b"two\n", 4, "v1"));
    assert_eq!(stage.screen(), "[src/a.rs:1 · changed · 4 B]\n  1 two");
    let watches = stage.asked.iter().any(|command| matches!(command, FilesCommand::Watch { .. }));
    assert!(watches, "its directory may be another one: {:?}", stage.asked);
}

#[test]
fn a_file_outside_the_workspace_is_looked_at_from_time_to_time() {
    let mut stage = Stage::new(FilePane::new(place("/etc/hosts", None)), (40, 10));
    assert!(stage.asked.iter().all(is_read), "nothing is watched there: {:?}", stage.asked);
    stage.answer(is_read, piece(b"one\n", 4, "v1"));
    for _ in 0..2 {
        stage.now = stage.pane.wake_at().unwrap().max(stage.now);
        stage.pass(0);
        stage.answer(is_stat, stat("v1"));
        assert_eq!(stage.pane.wake_at(), Some(stage.now + 2_000));
    }
    stage.pass(2_000);
    stage.answer(is_stat, stat("v2"));
    stage.answer(is_read, piece(b"two\n", 4, "v2"));
    assert!(stage.screen().contains("  1 two"));
    assert!(stage.pane.wake_at().is_some());
}

#[test]
fn a_new_connection_only_looks_whether_it_was_changed() {
    let mut stage = showing("one\n", (40, 10));
    stage.take_asked();
    stage.input(PaneInput::Connected);
    let asked = stage.take_asked();
    assert!(asked.iter().any(is_stat) && !asked.iter().any(is_read), "{asked:?}");
}

#[test]
fn what_is_selected_is_the_source_without_numbers() {
    let mut stage = source_in((80, 24));
    let line = |n: usize| SOURCE.lines().nth(n).unwrap();
    assert_eq!(stage.pane.selected((0, 1), (79, 1)).as_deref(), Some(line(1)));
    assert_eq!(stage.pane.selected((8, 1), (10, 1)).as_deref(), Some("std"));
    let lines = format!("{}\n{}", line(5), line(6));
    assert_eq!(stage.pane.selected((79, 6), (0, 5)).as_deref(), Some(lines.as_str()), "tabs are kept");
    assert_eq!(stage.pane.selected((14, 0), (14, 0)).as_deref(), Some(" "));
    assert_eq!(stage.pane.selected((18, 0), (18, 0)).as_deref(), Some("界"), "either half of a wide one");
    stage.act(PaneAction::Switch);
    assert_eq!(stage.pane.selected((0, 9), (79, 10)).as_deref(), Some(line(9)), "a broken line is one");
}

#[test]
fn a_line_can_be_written_about_opened_and_compared() {
    let mut stage = showing(&numbered(0..40), (40, 10));
    stage.wishes.clear();
    stage.click(4);
    for action in [PaneAction::Comment, PaneAction::Open, PaneAction::Edit, PaneAction::Diff] {
        stage.act(action);
    }
    let at = || place("src/a.rs", Some(5));
    let wanted = [
        Wish::Compose("@src/a.rs:5 ".to_owned()),
        Wish::Compose("@src/a.rs:5 ".to_owned()),
        Wish::Show(at(), Showing::Editor),
        Wish::Show(at(), Showing::Diff),
    ];
    assert_eq!(stage.wishes, wanted);
}

#[test]
fn long_lines_scroll_to_the_side() {
    let mut stage = showing("日本語 abcdefghijklmnopqrstuvwxyz\nshort\n", (20, 3));
    assert!(stage.screen().contains("  1 日本語 abcdefgh…\n"), "{}", stage.screen());
    stage.act(PaneAction::Right);
    assert!(stage.screen().contains("  1 bcdefghijklmnop…\n"), "{}", stage.screen());
    stage.pane.view.left = 1;
    assert!(stage.screen().contains("  1  本語 abcdefghi…\n"), "{}", stage.screen());
    stage.act(PaneAction::Left);
    stage.act(PaneAction::Switch);
    assert!(stage.screen().contains("  1 日本語 abcdefghi\n    jklmnopqrstuvwxy\n"), "{}", stage.screen());
}

#[test]
fn no_size_is_too_small_to_draw() {
    for columns in [0, 1, 2, 3, 5, 19] {
        for rows in [0, 1, 2, 7] {
            let mut stage = source_in((columns, rows));
            for action in [PaneAction::Bottom, PaneAction::Switch, PaneAction::Pages(-1), PaneAction::Find] {
                stage.act(action);
                stage.screen();
            }
            stage.pane.selected((0, 0), (columns, rows.into()));
        }
    }
}
