//! The tree, from listings to lines.

use octo_proto::files::{
    ChangeKind, Changes, ChangesSource, EntryKind, FileChange, FileEntry, FilesCommand, Found, FoundFile, Listing,
};

use super::*;
use crate::{
    pane::stage::{PaneStage, body},
    theme::ThemeName,
};

fn entry(path: &str, kind: EntryKind) -> FileEntry {
    FileEntry { path: path.to_owned(), kind, size: Some(10), modified: Some(0) }
}

/// Names that end with a slash are directories.
fn listing(directory: &str, names: &[&str]) -> Listing {
    let entries = names.iter().map(|name| {
        let path = if directory.is_empty() { (*name).to_owned() } else { format!("{directory}/{name}") };
        match path.strip_suffix('/') {
            Some(path) => entry(path, EntryKind::Directory),
            None => entry(&path, EntryKind::File),
        }
    });
    Listing { entries: entries.collect(), next: None }
}

fn change(path: &str, staged: Option<ChangeKind>, unstaged: Option<ChangeKind>) -> FileChange {
    FileChange {
        path: path.to_owned(),
        from: None,
        staged,
        unstaged,
        staged_diff: None,
        unstaged_diff: None,
        cut: false,
    }
}

fn is_tree(wanted: &str) -> impl Fn(&FilesCommand) -> bool {
    move |command| matches!(command, FilesCommand::Tree { path, .. } if path == wanted)
}

fn is_changes(command: &FilesCommand) -> bool {
    matches!(command, FilesCommand::Changes { .. })
}

type Stage = PaneStage<TreePane>;

fn stage_in(size: (u16, u16), names: &[&str]) -> Stage {
    let mut stage = Stage::new(TreePane::new(false, Vec::new(), String::new()), size);
    stage.answer(is_tree(""), body(&listing("", names)));
    stage
}

fn stage() -> Stage {
    stage_in((40, 12), &["docs/", "src/", "Cargo.toml", "README.md"])
}

fn unfold(stage: &mut Stage, path: &str, names: &[&str]) {
    stage.pane.rows.chosen = path.to_owned();
    stage.pane.rows.rebuild(&stage.pane.directories, &stage.pane.marks);
    stage.act(PaneAction::Right);
    stage.answer(is_tree(path), body(&listing(path, names)));
}

fn changes(files: Vec<FileChange>) -> Result<Answer, Error> {
    body(&Changes { source: ChangesSource::Git, branch: Some("main".to_owned()), files, next: None })
}

fn chosen(stage: &Stage) -> &str {
    &stage.pane.rows.chosen
}

#[test]
fn directories_are_read_when_they_are_unfolded_and_forgotten_when_they_are_folded() {
    let mut stage = stage();
    assert!(stage.take_asked().iter().all(|command| !is_tree("src")(command)));
    stage.act(PaneAction::Step(1));
    stage.act(PaneAction::Right);
    assert!(stage.screen().contains("▾ src\n    reading…"), "{}", stage.screen());
    stage.answer(is_tree("src"), body(&listing("src", &["app/", "main.rs"])));
    assert!(stage.screen().contains("▾ src\n  ▸ app\n    main.rs\n  Cargo.toml"), "{}", stage.screen());
    stage.act(PaneAction::Right);
    assert_eq!(chosen(&stage), "src/app");
    stage.act(PaneAction::Left);
    assert_eq!(chosen(&stage), "src");
    stage.act(PaneAction::Left);
    assert!(!stage.screen().contains("main.rs"));
    stage.act(PaneAction::Open);
    assert!(stage.take_asked().iter().any(is_tree("src")), "it is read anew");
}

#[test]
fn a_layout_that_was_kept_comes_back() {
    let open = vec!["src".to_owned(), "src/app".to_owned()];
    let kept = Kept::Tree { hidden: true, open: open.clone(), chosen: "src/app/keys.rs".to_owned() };
    let mut stage = Stage::new(TreePane::new(true, open, "src/app/keys.rs".to_owned()), (40, 10));
    assert_eq!(stage.pane.kept().as_ref(), Some(&kept));
    stage.answer(is_tree(""), body(&listing("", &["src/", "README.md"])));
    stage.answer(is_tree("src"), body(&listing("src", &["app/", "main.rs"])));
    stage.answer(is_tree("src/app"), body(&listing("src/app", &["chat.rs", "keys.rs"])));
    assert_eq!(stage.pane.rows.at, 3);
    assert_eq!(stage.pane.kept().as_ref(), Some(&kept));
}

#[test]
fn a_large_directory_is_read_as_far_as_it_is_seen() {
    let mut stage = Stage::new(TreePane::new(false, Vec::new(), String::new()), (40, 10));
    let page = |range: std::ops::Range<u64>| {
        let entries = range.clone().map(|n| entry(&format!("file{n:05}"), EntryKind::File)).collect();
        body(&Listing { entries, next: Some(range.end) })
    };
    stage.answer(is_tree(""), page(0..1000));
    assert!(!stage.asked.iter().any(is_tree("")), "the end is far");
    stage.act(PaneAction::Bottom);
    stage.answer(|command| matches!(command, FilesCommand::Tree { offset: 1000, .. }), page(1000..2000));
    assert_eq!(stage.pane.rows.all.len(), 2001);
    assert!(!stage.asked.iter().any(is_tree("")));
    // Looked at again, it has what it had.
    stage.changed(&["file00001"]);
    stage.answer(is_tree(""), page(0..1000));
    assert_eq!(stage.pane.rows.all.len(), 2001, "the old stays until the new is whole");
    stage.answer(is_tree(""), page(1000..2000));
    assert_eq!(stage.pane.rows.all.len(), 2001);
}

#[test]
fn marks_of_files_show_on_their_directories_too() {
    let mut stage = stage();
    unfold(&mut stage, "src", &["main.rs", "new.rs"]);
    let files = vec![
        change("README.md", Some(ChangeKind::Modified), None),
        change("docs/old.md", None, Some(ChangeKind::Deleted)),
        change("src/gone.rs", Some(ChangeKind::Deleted), None),
        change("src/main.rs", None, Some(ChangeKind::Modified)),
        change("src/new.rs", None, Some(ChangeKind::Untracked)),
    ];
    stage.answer(is_changes, changes(files));
    insta::assert_snapshot!(stage.styled());
    stage.act(PaneAction::Bottom);
    for _ in 0..2 {
        stage.act(PaneAction::Step(-1));
    }
    assert_eq!(chosen(&stage), "src/gone.rs");
    stage.act(PaneAction::Diff);
    let place = Place { path: "src/gone.rs".to_owned(), line: None, to: None };
    assert_eq!(stage.wishes, [Wish::Show(place, Showing::Diff)]);
    stage.act(PaneAction::Open);
    assert!(matches!(stage.wishes.last(), Some(Wish::Say(_))), "it is not there to be opened");
}

#[test]
fn what_changes_is_looked_at_again_where_it_is_seen_and_the_choice_stays() {
    let mut stage = stage();
    unfold(&mut stage, "src", &["main.rs"]);
    stage.answer(is_changes, changes(Vec::new()));
    stage.take_asked();
    stage.act(PaneAction::Bottom);
    assert_eq!(chosen(&stage), "README.md");
    stage.pass(1_000);
    stage.changed(&["src/a.rs", "src/b.rs", "docs/deep/x.md"]);
    assert_eq!(stage.asked.iter().filter(|command| is_tree("src")(command)).count(), 1);
    assert!(!stage.asked.iter().any(is_tree("docs")), "it is folded");
    stage.changed(&["src/c.rs"]);
    stage.answer(is_tree("src"), body(&listing("src", &["a.rs", "b.rs", "main.rs"])));
    stage.answer(is_tree("src"), body(&listing("src", &["a.rs", "b.rs", "c.rs", "main.rs"])));
    assert!(stage.screen().contains("    c.rs"));
    assert_eq!(chosen(&stage), "README.md");
    assert_eq!(stage.pane.rows.get().unwrap().path(&stage.pane.directories), Some("README.md"));
    stage.answer(is_changes, changes(Vec::new()));
    // It was changed again meanwhile; soon, but not at once.
    assert!(!stage.asked.iter().any(is_changes));
    assert_eq!(stage.pane.wake_at(), Some(stage.now + 500));
    stage.pass(500);
    stage.answer(is_changes, changes(Vec::new()));
    assert_eq!(stage.pane.wake_at(), None);
}

#[test]
fn a_directory_that_disappears_takes_with_it_what_was_in_it() {
    let mut stage = stage();
    unfold(&mut stage, "src", &["app/", "main.rs"]);
    unfold(&mut stage, "src/app", &["keys.rs"]);
    stage.changed(&["src"]);
    stage.answer(is_tree(""), body(&listing("", &["docs/", "README.md"])));
    assert_eq!(stage.screen(), "[work]\n▸ docs\n  README.md");
    assert!(stage.pane.directories.get("src/app").is_none());
}

#[test]
fn errors_stand_where_the_content_would() {
    let mut stage = stage();
    stage.act(PaneAction::Right);
    let error = Error::new(Code::Forbidden, "`docs` may not be read").hint("look at its mode");
    stage.answer(is_tree("docs"), Err(error));
    let inside = stage.styled();
    let mut whole = Stage::new(TreePane::new(false, Vec::new(), String::new()), (40, 12));
    let error = Error::new(Code::NotFound, "there is no directory `/home/ann/work`");
    whole.answer(is_tree(""), Err(error.hint("open the tree of another session, or make it again")));
    insta::assert_snapshot!(format!("{inside}\n----\n{}", whole.styled()));
    stage.act(PaneAction::Refresh);
    stage.answer(is_tree("docs"), body(&listing("docs", &[])));
    assert!(stage.screen().contains("▾ docs\n    empty\n"), "{}", stage.screen());
}

#[test]
fn a_workspace_that_comes_back_is_found_and_followed_anew() {
    let mut stage = stage();
    stage.take_asked();
    stage.changed(&["README.md"]);
    let gone = || Err(Error::new(Code::NotFound, "the workspace is not there"));
    stage.answer(is_tree(""), gone());
    assert_eq!(stage.pane.wake_at(), Some(stage.now + 2_000));
    stage.pass(2_000);
    stage.answer(is_tree(""), gone());
    stage.pass(2_000);
    stage.take_asked().into_iter().filter(|it| is_tree("")(it)).for_each(|command| stage.asked.push(command));
    stage.answer(is_tree(""), body(&listing("", &["back"])));
    assert!(stage.asked.iter().any(|command| matches!(command, FilesCommand::Watch { .. })), "{:?}", stage.asked);
    assert!(stage.screen().contains("  back"));
}

#[test]
fn hidden_files_are_shown_when_they_are_asked_for() {
    let mut stage = stage();
    stage.act(PaneAction::Hidden);
    let hidden =
        |command: &FilesCommand| matches!(command, FilesCommand::Tree { shown, .. } if shown.hidden && shown.ignored);
    stage.answer(hidden, body(&listing("", &[".git/", "docs/", "src/", ".env"])));
    assert!(stage.screen().contains("  .env"));
    stage.act(PaneAction::Hidden);
    let late = FilesCommand::Tree {
        path: String::new(),
        depth: None,
        offset: 0,
        limit: None,
        shown: octo_proto::files::Shown { hidden: true, ignored: true },
    };
    stage.input(PaneInput::Files(&late, body(&listing("", &["late"]))));
    assert!(!stage.screen().contains("late"), "an answer to what is not asked any more");
}

#[test]
fn what_is_typed_ahead_of_the_answer_opens_what_is_found() {
    let mut stage = stage();
    let is_search = |wanted: &'static str| move |command: &FilesCommand| matches!(command, FilesCommand::Search { query, .. } if query == wanted);
    let found = |path: &str| Found {
        files: vec![FoundFile { path: path.to_owned(), score: 1, matched: vec![] }],
        scanned: 9,
        cancelled: false,
    };
    stage.act(PaneAction::Find);
    stage.write("k");
    stage.answer(is_search("k"), body(&found("src/k")));
    stage.write("e");
    stage.act(PaneAction::Open);
    assert_eq!(stage.wishes, [], "what is here was found for something else");
    stage.answer(is_search("ke"), body(&found("src/keymap.rs")));
    let place = Place { path: "src/keymap.rs".to_owned(), line: None, to: None };
    assert_eq!(stage.wishes, [Wish::Show(place, Showing::File)]);
    assert!(!stage.pane.is_typing());
    // Who goes on typing wants something else.
    stage.wishes.clear();
    stage.act(PaneAction::Find);
    stage.write("a");
    stage.act(PaneAction::Open);
    stage.write("b");
    stage.answer(is_search("ab"), body(&found("ab")));
    assert_eq!(stage.wishes, []);
}

#[test]
fn a_file_is_found_by_parts_of_its_name_and_revealed() {
    let mut stage = stage();
    let is_search = |wanted: &'static str| move |command: &FilesCommand| matches!(command, FilesCommand::Search { query, .. } if query == wanted);
    stage.act(PaneAction::Find);
    assert!(stage.pane.is_typing());
    assert!(stage.screen().contains("type a part of a name"));
    stage.write("ke");
    let found = |path: &str, matched: &[u32]| FoundFile { path: path.to_owned(), score: 1, matched: matched.to_vec() };
    stage.answer(is_search("k"), body(&Found::default()));
    assert!(stage.screen().contains("looking…"), "the answer to what was typed before");
    let early = Found { files: vec![found("src/key", &[4])], scanned: 1, cancelled: false };
    stage.input(PaneInput::FilesEvent(&FilesEvent::Found {
        request_id: octo_proto::id::RequestId("01".to_owned()),
        found: early,
    }));
    assert!(stage.screen().contains("src/key"));
    let files = vec![found("src/keymap.rs", &[4, 5]), found("src/app/keys.rs", &[8, 9])];
    stage.answer(is_search("ke"), body(&Found { files, scanned: 9, cancelled: false }));
    insta::assert_snapshot!(stage.styled());
    stage.input(PaneInput::Edit(Edit::Down));
    stage.act(PaneAction::Open);
    let place = Place { path: "src/app/keys.rs".to_owned(), line: None, to: None };
    assert_eq!(stage.wishes, [Wish::Show(place, Showing::File)]);
    stage.answer(is_tree("src"), body(&listing("src", &["app/", "keymap.rs"])));
    stage.answer(is_tree("src/app"), body(&listing("src/app", &["chat.rs", "keys.rs"])));
    assert_eq!(stage.pane.rows.get().unwrap().path(&stage.pane.directories), Some("src/app/keys.rs"));
    assert!(!stage.pane.is_typing());
}

#[test]
fn a_click_chooses_and_a_second_opens() {
    let mut stage = stage();
    stage.click(3);
    assert_eq!(chosen(&stage), "README.md");
    assert_eq!(stage.wishes, []);
    stage.now += 200;
    stage.click(3);
    assert!(matches!(&stage.wishes[..], [Wish::Show(place, Showing::File)] if place.path == "README.md"));
    stage.now += 200;
    stage.click(1);
    stage.now += 2_000;
    stage.click(1);
    assert!(!stage.asked.iter().any(is_tree("src")), "these are two first clicks");
    stage.mouse(MouseKind::Wheel(3), (0, 0));
    assert_eq!(chosen(&stage), "src");
}

#[test]
fn a_new_connection_asks_for_all_that_is_seen() {
    let mut stage = stage();
    unfold(&mut stage, "src", &["main.rs"]);
    stage.act(PaneAction::Refresh);
    stage.take_asked();
    stage.input(PaneInput::Connected);
    let asked = stage.take_asked();
    assert!(asked.iter().any(is_tree("")) && asked.iter().any(is_tree("src")) && asked.iter().any(is_changes));
    assert!(asked.iter().any(|command| matches!(command, FilesCommand::Watch { .. })));
    assert!(stage.screen().contains("main.rs"), "meanwhile it shows what it knew");
}

/// A tree with names of every kind.
fn names(size: (u16, u16)) -> Stage {
    let names = [
        "日本語の長い名前のディレクトリ/",
        "עברית/",
        "e\u{301}clair.txt",
        "👩\u{200d}👩\u{200d}👧 family.md",
        "🇩🇪🇯🇵 flags.md",
        "caf\\xe9.txt",
        "\\x1b[31mred",
        "a name that is much longer than any pane is wide, so that it must be cut somewhere before its end, 長い長い長い.rs",
        "קובץ בעברית.txt",
        "ملف عربي.txt",
        "tricky\u{202e}txt.exe",
    ];
    let mut stage = stage_in(size, &names);
    unfold(&mut stage, "日本語の長い名前のディレクトリ", &["中/", "ファイル.txt"]);
    unfold(&mut stage, "日本語の長い名前のディレクトリ/中", &[]);
    let files = vec![
        change("日本語の長い名前のディレクトリ/ファイル.txt", None, Some(ChangeKind::Modified)),
        change("🇩🇪🇯🇵 flags.md", Some(ChangeKind::Added), None),
        change("קובץ בעברית.txt", None, Some(ChangeKind::Untracked)),
        change("caf\\xe9.txt", None, Some(ChangeKind::Unmerged)),
    ];
    stage.answer(is_changes, changes(files));
    stage
}

#[test]
fn names_of_every_kind_in_80_by_24() {
    insta::assert_snapshot!(names((80, 24)).styled());
}

#[test]
fn names_of_every_kind_in_120_by_40() {
    insta::assert_snapshot!(names((120, 40)).styled());
}

#[test]
fn names_of_every_kind_in_200_by_60_without_colours() {
    let mut stage = names((200, 60));
    stage.theme = Theme::named(ThemeName::Mono);
    insta::assert_snapshot!(stage.styled());
}

#[test]
fn no_size_is_too_small_to_draw() {
    for columns in [0, 1, 2, 3, 5, 19] {
        for rows in [0, 1, 2, 7] {
            let mut stage = names((columns, rows));
            stage.screen();
            stage.act(PaneAction::Bottom);
            stage.act(PaneAction::Find);
            stage.write("a long query 日本語");
            stage.screen();
        }
    }
}
