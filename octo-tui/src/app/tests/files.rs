//! The tree and files in panes: opened, shown in one place, brought back.

use bytes::Bytes;
use crossterm::event::KeyCode;
use octo_proto::{
    Command, Error,
    files::{EntryKind, FileEntry, FilePiece, FilesCommand, FilesEvent, FilesRequest, Listing, Watching},
    id::RequestId,
    message::Mention,
};
use serde::Serialize;

use super::*;
use crate::{
    app::{
        effect::{Call, Effect},
        input::{Heard, What},
    },
    pane::{Answer, Place, Showing},
    syntax,
};

fn is_read(wanted: &'static str) -> impl Fn(&FilesCommand) -> bool {
    move |command| matches!(command, FilesCommand::Read { path, .. } if path == wanted)
}

fn is_tree(command: &FilesCommand) -> bool {
    matches!(command, FilesCommand::Tree { .. })
}

fn is_watch(command: &FilesCommand) -> bool {
    matches!(command, FilesCommand::Watch { .. })
}

/// Answers the oldest request about files that is like this; its id.
fn answer(stage: &mut Stage, like: impl Fn(&FilesCommand) -> bool, body: &impl Serialize, bytes: &str) -> RequestId {
    let is_it = |call: &Call| matches!(call, Call::Files(FilesRequest { command, .. }) if like(command));
    let at = stage.asked.iter().position(|asked| is_it(&asked.call));
    let asked = stage.asked.remove(at.unwrap_or_else(|| panic!("{:?}", stage.asked)));
    let Call::Files(request) = &asked.call else { panic!("{asked:?}") };
    assert_eq!(request.root.as_deref(), Some("/home/ann/work"));
    let body = serde_json::to_string(body).unwrap();
    let result: Result<Answer, Error> = Ok(Answer { body, bytes: Bytes::copy_from_slice(bytes.as_bytes()) });
    stage.input(What::Link(Heard::Reply { id: asked.id.clone(), result }));
    asked.id
}

fn listing(names: &[&str]) -> Listing {
    let entry =
        |name: &&str| FileEntry { path: (*name).to_owned(), kind: EntryKind::File, size: Some(1), modified: None };
    Listing { entries: names.iter().map(entry).collect(), next: None }
}

fn read(stage: &mut Stage, path: &'static str, text: &str) {
    let piece = FilePiece { size: text.len() as u64, version: "v1".to_owned(), binary: false };
    answer(stage, is_read(path), &piece, text);
}

fn open_tree(stage: &mut Stage) {
    stage.ctrl(']');
    stage.press(KeyCode::Char('f'));
}

fn with_tree(size: (u16, u16)) -> Stage {
    let mut stage = Stage::open_in(size);
    open_tree(&mut stage);
    answer(&mut stage, is_tree, &listing(&["a.rs", "b.rs"]), "");
    stage
}

#[test]
fn the_tree_opens_files_in_one_pane_with_their_colours() {
    let mut stage = with_tree((120, 40));
    stage.screen();
    stage.press(KeyCode::Enter);
    read(&mut stage, "a.rs", "fn a() {}\n");
    stage.screen();
    let wished = stage.effects.iter().find_map(|effect| match effect {
        Effect::Highlight { pane, number, path, text } => Some((*pane, *number, syntax::tokens(path, text))),
        _ => None,
    });
    let (pane, number, tokens) = wished.unwrap();
    stage.input(What::Highlighted { pane, number, tokens });
    insta::assert_snapshot!(stage.screen());
    open_tree(&mut stage);
    stage.press(KeyCode::Char('j'));
    stage.press(KeyCode::Enter);
    read(&mut stage, "b.rs", "fn b() {}\n");
    let screen = stage.screen();
    assert!(screen.contains("fn b()") && !screen.contains("fn a()"), "{screen}");
    stage.press(KeyCode::Enter);
    assert_eq!(stage.app.open.composer.text(), "@b.rs:1 ");
}

#[test]
fn what_is_told_of_a_watch_reaches_the_pane_that_watches() {
    let mut stage = with_tree((120, 40));
    let request_id = answer(&mut stage, is_watch, &Watching { directories: 1, complete: true }, "");
    stage.asked.clear();
    let changed = |request_id| FilesEvent::Changed { request_id, paths: vec!["c.rs".to_owned()], rescan: false };
    stage.input(What::Link(Heard::Files(changed(RequestId("01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned())))));
    assert!(stage.asked.is_empty(), "of a watch of nobody");
    stage.input(What::Link(Heard::Files(changed(request_id.clone()))));
    answer(&mut stage, is_tree, &listing(&["a.rs", "b.rs", "c.rs"]), "");
    assert!(stage.screen().contains("c.rs"));
    stage.ctrl(']');
    stage.press(KeyCode::Char('x'));
    let cancels = |call: &Call| matches!(call, Call::Files(FilesRequest { command: FilesCommand::Cancel { request_id: it }, .. }) if *it == request_id);
    assert!(stage.asked.iter().any(|asked| cancels(&asked.call)), "{:?}", stage.asked);
}

#[test]
fn the_tree_and_the_file_come_back() {
    let mut stage = with_tree((120, 40));
    stage.screen();
    stage.press(KeyCode::Enter);
    read(&mut stage, "a.rs", "one\ntwo\nthree\n");
    stage.screen();
    stage.press(KeyCode::Char('j'));
    stage.wait(1_000);
    let mut again = Stage::new(crate::app::Start::New, (120, 40));
    again.kept = stage.kept.clone();
    again.connect();
    answer(&mut again, is_tree, &listing(&["a.rs", "b.rs"]), "");
    read(&mut again, "a.rs", "one\ntwo\nthree\n");
    again.screen();
    assert!(again.screen().contains("a.rs:2"), "{}", again.screen());
}

#[test]
fn a_file_opens_where_there_is_room_also_in_a_tab_that_was_not_drawn_yet() {
    let mut stage = with_tree((120, 40));
    stage.screen();
    stage.ctrl(']');
    stage.press(KeyCode::Char('c'));
    let place = Place { path: "a.rs".to_owned(), line: None, to: None };
    stage.app.open_place(place, Showing::File);
    assert!(stage.screen().contains("a.rs"), "{}", stage.screen());
}

#[test]
fn a_file_outside_is_asked_for_beneath_its_own_folder() {
    let mut stage = Stage::open_in((120, 40));
    let place = Place { path: "/etc/hosts".to_owned(), line: None, to: None };
    stage.app.open_place(place, Showing::File);
    stage.screen();
    let asked = stage.asked.pop().unwrap();
    let Call::Files(FilesRequest { root: Some(root), command }) = &asked.call else { panic!("{asked:?}") };
    assert!(root == "/etc" && is_read("hosts")(command), "{asked:?}");
    let piece = FilePiece { size: 4, version: "v1".to_owned(), binary: false };
    let body = serde_json::to_string(&piece).unwrap();
    let result: Result<Answer, Error> = Ok(Answer { body, bytes: Bytes::from_static(b"one\n") });
    stage.input(What::Link(Heard::Reply { id: asked.id, result }));
    let screen = stage.screen();
    assert!(screen.contains("/etc/hosts:1") && screen.contains("  1 one"), "{screen}");
}

#[test]
fn what_is_typed_into_a_search_goes_nowhere_else() {
    let mut stage = with_tree((120, 40));
    stage.screen();
    stage.press(KeyCode::Char('/'));
    stage.write("qd");
    let searched = stage.asked.iter().any(|asked| {
        matches!(&asked.call, Call::Files(FilesRequest { command: FilesCommand::Search { query, .. }, .. }) if query == "qd")
    });
    assert!(searched, "{:?}", stage.asked);
    stage.press(KeyCode::Esc);
    assert!(stage.screen().contains("a.rs"));
    assert!(stage.app.open.composer.is_empty());
}

#[test]
fn a_comment_goes_with_the_file_that_it_is_about() {
    let mut stage = Stage::open();
    stage.write("hello");
    stage.app.open_place(Place { path: "l/sp ace.txt".to_owned(), line: Some(2), to: None }, Showing::File);
    stage.wait(1);
    read(&mut stage, "l/sp ace.txt", "one\ntwo\n");
    stage.press(KeyCode::Char('c'));
    stage.write("why");
    stage.press(KeyCode::Enter);
    let [.., Command::Prompt { message, files, .. }] = &stage.take_asked()[..] else { panic!("it is sent") };
    assert_eq!(message, "hello @\"l/sp ace.txt\":2 why");
    assert_eq!(files[..], [Mention { path: "l/sp ace.txt".to_owned(), range: Some([2, 2]) }]);
}
