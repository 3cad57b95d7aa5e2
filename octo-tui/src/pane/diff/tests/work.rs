//! How it is driven: pages, changes meanwhile, hunks and comments.

use octo_proto::{Code, files::FilesEvent, id::RequestId};

use super::*;
use crate::pane::{Kept, MouseKind, PaneMouse, Place, Showing};

const HUNKS: &str = "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n@@ -11,3 +11,4 @@ fn f\n k\n+new\n l\n m\n";

fn two() -> Vec<FileChange> {
    vec![
        change("a.txt", ChangeKind::Modified, &(head("a.txt") + HUNKS)),
        change("b.txt", ChangeKind::Modified, &(head("b.txt") + "@@ -5 +5 @@\n-x\n+y\n")),
    ]
}

fn second_hunk() -> String {
    HUNKS[HUNKS.find("@@ -11").unwrap()..].to_owned()
}

#[test]
fn pages_are_asked_for_until_the_last() {
    let mut stage = Stage::new(DiffPane::new("src".to_owned(), true), (80, 24));
    assert!(stage.text().contains("Looking for changes"));
    let asks = |offset| FilesCommand::Changes { path: "src".to_owned(), diff: true, offset, limit: None };
    let wished = stage.wished();
    assert!(matches!(&wished[0], Wish::Files(FilesCommand::Watch { .. }, _)));
    assert_eq!(wished[1], Wish::Files(asks(0), bytes::Bytes::new()));
    let page =
        |files: &[FileChange], next| Changes { source: ChangesSource::Git, branch: None, files: files.to_vec(), next };
    stage.page(0, &page(&two()[..1], Some(1)));
    assert_eq!(stage.wished(), [Wish::Files(asks(1), bytes::Bytes::new())]);
    assert!(stage.text().contains("a.txt"), "each page is shown as it comes: {}", stage.text());
    assert_eq!(stage.pane.title(), "changes in src  +2 -1, reading…");
    stage.page(7, &page(&[], None));
    stage.page(1, &page(&two()[1..], None));
    assert!(stage.text().contains("a.txt") && stage.text().contains("b.txt"));
    assert_eq!(stage.pane.title(), "changes in src  +3 -2");
    assert_eq!(stage.pane.kept(), Some(Kept::Diff { path: "src".to_owned(), split: true }));
}

#[test]
fn what_comes_with_a_later_page_moves_nobody() {
    let staged = || FileChange {
        staged: Some(ChangeKind::Modified),
        staged_diff: Some(head("z.txt") + "@@ -1 +1 @@\n-p\n+q\n"),
        ..change("z.txt", ChangeKind::Modified, &(head("z.txt") + "@@ -1 +1 @@\n-q\n+r\n"))
    };
    let page = |files: Vec<FileChange>, next| Changes { source: ChangesSource::Git, branch: None, files, next };
    for moved in [false, true] {
        let mut stage = Stage::new(DiffPane::new(String::new(), false), (80, 10));
        stage.page(0, &page(two(), Some(2)));
        if moved {
            stage.act(PaneAction::File(1));
        }
        stage.page(2, &page(vec![staged()], None));
        stage.wished();
        stage.act(PaneAction::Comment);
        let at = if moved { "@b.txt\n" } else { "@z.txt\n" };
        assert_eq!(stage.wished(), [Wish::Compose(at.to_owned())], "{}", stage.text());
        assert!(moved || stage.text().lines().next().unwrap().contains("taged"), "{}", stage.text());
        // Later looks are shown when they are whole; a new connection begins anew.
        stage.input(PaneInput::Connected);
        stage.page(0, &page(two()[..1].to_vec(), Some(1)));
        assert_eq!(stage.pane.title(), "changes  +5 -4");
        stage.page(1, &page(two()[1..].to_vec(), None));
        assert_eq!(stage.pane.title(), "changes  +3 -2");
    }
    let mut stage = Stage::new(DiffPane::new(String::new(), false), (80, 10));
    stage.page(0, &page(two(), Some(2)));
    stage.input(PaneInput::Connected);
    stage.page(0, &page(two(), None));
    assert_eq!(stage.pane.title(), "changes  +3 -2", "nothing is there twice");
}

#[test]
fn after_a_long_look_there_is_quiet_for_longer() {
    let mut stage = Stage::with(two(), (80, 24));
    stage.act(PaneAction::Refresh);
    stage.at += 4_000;
    stage.changes(two());
    let changed = FilesEvent::Changed { request_id: RequestId("r".to_owned()), paths: Vec::new(), rescan: true };
    stage.input(PaneInput::FilesEvent(&changed));
    let quiet = stage.pane.wake_at().unwrap() - stage.at;
    assert!((11_000..13_000).contains(&quiet), "{quiet}");
}

#[test]
fn what_cannot_be_shown_is_said() {
    let mut stage = Stage::with(Vec::new(), (80, 24));
    assert!(stage.text().contains("Nothing was changed."));
    stage.act(PaneAction::Refresh);
    let command = FilesCommand::Changes { path: String::new(), diff: true, offset: 0, limit: None };
    stage.refuse(&command, Error::new(Code::Unavailable, "git cannot say").hint("`git status` tells more"));
    assert!(stage.text().contains("git cannot say") && stage.text().contains("`git status` tells more"));
    stage.act(PaneAction::Refresh);
    stage.page(0, &Changes::default());
    assert!(stage.text().contains("Nobody knows what was changed here."));
}

#[test]
fn what_happens_meanwhile_is_looked_at_once_and_the_place_is_kept() {
    let mut stage = Stage::with(two(), (80, 24));
    stage.wished();
    for _ in 0..3 {
        stage.act(PaneAction::Hunk(1));
    }
    stage.act(PaneAction::Step(2));
    stage.act(PaneAction::Comment);
    assert_eq!(stage.wished(), [Wish::Compose("@b.txt:5\n> y\n\n".to_owned())]);

    let changed = |path: &str| FilesEvent::Changed {
        request_id: RequestId("r".to_owned()),
        paths: vec![path.to_owned()],
        rescan: false,
    };
    for _ in 0..5 {
        stage.input(PaneInput::FilesEvent(&changed("a.txt")));
    }
    let due = stage.pane.wake_at().unwrap();
    stage.at = due;
    stage.input(PaneInput::Tick);
    assert_eq!(stage.wished().len(), 1);
    // Something happens while the answer is on its way: once more, later.
    stage.input(PaneInput::FilesEvent(&changed("a.txt")));
    let mut files = two();
    files.insert(0, change("a.new", ChangeKind::Untracked, "@@ -0,0 +1,3 @@\n+1\n+2\n+3\n"));
    files[2].unstaged_diff = Some(head("b.txt") + "@@ -1,0 +2 @@\n+first\n@@ -5 +6 @@\n-x\n+y\n");
    stage.changes(files);
    assert!(stage.pane.wake_at().is_some());
    stage.act(PaneAction::Comment);
    assert_eq!(stage.wished(), [Wish::Compose("@b.txt:6\n> y\n\n".to_owned())]);

    let mut stage = Stage::new(DiffPane::new("src".to_owned(), false), (80, 24));
    stage.page(0, &Changes::default());
    stage.input(PaneInput::FilesEvent(&changed("srcs/elsewhere")));
    assert_eq!(stage.pane.wake_at(), None);
    stage.input(PaneInput::FilesEvent(&changed("src/here")));
    assert!(stage.pane.wake_at().is_some());
}

#[test]
fn a_hunk_or_a_file_is_staged_and_taken_back() {
    let mut stage = Stage::with(two(), (80, 24));
    stage.act(PaneAction::Top);
    stage.wished();
    stage.act(PaneAction::Stage);
    assert!(matches!(stage.wished().as_slice(), [Wish::Say(_)]), "the heading is no hunk");
    stage.act(PaneAction::Hunk(1));
    stage.act(PaneAction::Hunk(1));
    stage.act(PaneAction::Unstage);
    assert!(matches!(stage.wished().as_slice(), [Wish::Say(text)] if text.contains("not staged")));
    stage.act(PaneAction::Stage);
    stage.act(PaneAction::Stage);
    let stage_a = apply("a.txt", HunkAction::Stage);
    assert_eq!(stage.wished(), [Wish::Files(stage_a.clone(), second_hunk().into())], "not twice");
    stage.input(PaneInput::Files(&stage_a, Ok(Answer { body: "{}".to_owned(), ..Answer::default() })));
    assert!(matches!(stage.wished().as_slice(), [Wish::Files(FilesCommand::Changes { .. }, _)]));

    let mut files = two();
    (files[0].staged, files[0].staged_diff) = (Some(ChangeKind::Modified), Some(head("a.txt") + &second_hunk()));
    files[0].unstaged_diff = Some(head("a.txt") + &HUNKS[..HUNKS.find("@@ -11").unwrap()]);
    stage.changes(files);
    stage.act(PaneAction::Top);
    stage.act(PaneAction::File(1));
    stage.act(PaneAction::Revert);
    assert!(matches!(stage.wished().as_slice(), [Wish::Say(text)] if text.contains("u takes it back")));
    stage.act(PaneAction::Unstage);
    assert_eq!(stage.wished(), [Wish::Files(apply("a.txt", HunkAction::Unstage), second_hunk().into())]);
    stage.refuse(&apply("a.txt", HunkAction::Unstage), Error::new(Code::Conflict, "no such change"));
    assert!(
        matches!(stage.wished().as_slice(), [Wish::Complain(error), Wish::Files(..)] if error.code == Code::Conflict)
    );
}

#[test]
fn after_a_hunk_comes_the_next_one_of_the_file() {
    let hunks = [HUNKS, "@@ -90,2 +91,2 @@\n-y\n+z\n w\n"].concat();
    let mut stage = Stage::with(vec![change("a.txt", ChangeKind::Modified, &(head("a.txt") + &hunks))], (80, 40));
    for steps in [0, 2] {
        stage.changes(vec![change("a.txt", ChangeKind::Modified, &(head("a.txt") + &hunks))]);
        stage.act(PaneAction::Top);
        stage.act(PaneAction::Hunk(1));
        stage.act(PaneAction::Step(steps));
        stage.act(PaneAction::Refresh);
        let rest = &hunks[hunks.find("@@ -11").unwrap()..];
        stage.changes(vec![change("a.txt", ChangeKind::Modified, &(head("a.txt") + rest))]);
        stage.wished();
        stage.act(PaneAction::Revert);
        assert!(stage.text().contains("Revert this hunk"), "{steps}: {}", stage.text());
        stage.act(PaneAction::Back);
        stage.act(PaneAction::Refresh);
    }
}

#[test]
fn a_revert_is_asked_once_more() {
    let mut stage = Stage::with(two(), (80, 24));
    stage.act(PaneAction::Hunk(1));
    stage.act(PaneAction::Hunk(1));
    stage.wished();
    for refused in [PaneInput::Typed('n'), PaneInput::Act(PaneAction::Step(1))] {
        stage.act(PaneAction::Revert);
        assert!(stage.text().contains("Revert this hunk of a.txt") && stage.pane.is_typing());
        stage.input(refused);
        assert!(!stage.pane.is_typing());
        assert!(!stage.text().contains("Revert this hunk"));
    }
    stage.input(PaneInput::Typed('y'));
    assert_eq!(stage.wished(), []);
    stage.act(PaneAction::Revert);
    stage.input(PaneInput::Typed('y'));
    assert_eq!(stage.wished(), [Wish::Files(apply("a.txt", HunkAction::Revert), second_hunk().into())]);
}

#[test]
fn what_is_asked_about_stays_what_is_done() {
    let mut stage = Stage::with(two(), (40, 24));
    stage.act(PaneAction::Hunk(1));
    stage.act(PaneAction::Hunk(1));
    stage.act(PaneAction::Revert);
    let shown = stage.text().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(shown.contains("Revert this hunk of a.txt (lines 11-14)? y: yes, any other key: no"), "{}", stage.text());
    let modifiers = crossterm::event::KeyModifiers::NONE;
    let row =
        |stage: &Stage| u16::try_from(stage.text().lines().position(|line| line.contains("b.txt")).unwrap()).unwrap();
    let wheel = PaneMouse { kind: MouseKind::Wheel(3), column: 5, row: 1, modifiers };
    let before = stage.text();
    stage.input(PaneInput::Mouse(wheel));
    assert_eq!(stage.text(), before);
    let kind = MouseKind::Down(crossterm::event::MouseButton::Left);
    stage.wished();
    let row = row(&stage);
    stage.input(PaneInput::Mouse(PaneMouse { kind, column: 5, row, modifiers }));
    assert!(!stage.pane.is_typing() && !stage.text().contains("any other key"), "{}", stage.text());
    stage.input(PaneInput::Typed('y'));
    assert_eq!(stage.wished(), [], "nothing is reverted");
}

#[test]
fn a_workspace_that_comes_back_is_found_and_followed() {
    let mut stage = Stage::with(two(), (80, 24));
    let command = FilesCommand::Changes { path: String::new(), diff: true, offset: 0, limit: None };
    stage.act(PaneAction::Refresh);
    stage.refuse(&command, Error::not_found("the workspace is not there"));
    for _ in 0..2 {
        stage.at = stage.pane.wake_at().unwrap();
        stage.wished();
        stage.input(PaneInput::Tick);
        let watch = FilesCommand::Watch { path: String::new() };
        stage.refuse(&watch, Error::not_found("the workspace is not there"));
        let wished = stage.wished();
        assert_eq!(wished, [watch, command.clone()].map(|command| Wish::Files(command, bytes::Bytes::new())));
        assert!(stage.text().contains("the workspace is not there"));
        stage.refuse(&command, Error::not_found("the workspace is not there"));
    }
    stage.at = stage.pane.wake_at().unwrap();
    stage.input(PaneInput::Tick);
    stage.changes(two());
    assert!(stage.text().contains("a.txt") && !stage.text().contains("not there"));
    assert_eq!(stage.pane.wake_at(), None);
}

#[test]
fn what_is_cut_is_not_counted_as_whole() {
    let mut cut = change("a.txt", ChangeKind::Modified, &(head("a.txt") + "@@ -1,900 +1,900 @@\n-1\n-2\n-3\n"));
    cut.cut = true;
    let mut stage = Stage::with(vec![cut], (80, 24));
    assert_eq!(stage.pane.title(), "changes on main  +0 -3, and more than are shown");
    assert!(stage.text().contains("a.txt -3 and more"), "{}", stage.text());
    stage.act(PaneAction::Hunk(1));
    stage.act(PaneAction::Step(2));
    stage.wished();
    stage.act(PaneAction::Comment);
    assert_eq!(stage.wished(), [Wish::Compose("@a.txt:2\n> -2\n\n".to_owned())]);
}

#[test]
fn a_file_whose_diff_is_not_whole_goes_as_a_whole() {
    let mut files = two();
    files[0].cut = true;
    files[0].unstaged_diff = Some(head("a.txt") + &HUNKS[..HUNKS.len() - 4]);
    let mut stage = Stage::with(files, (80, 40));
    assert!(stage.text().contains("(not whole)") && stage.text().contains("too long to be shown"));
    stage.wished();
    stage.act(PaneAction::Stage);
    assert_eq!(stage.wished(), [Wish::Files(apply("a.txt", HunkAction::Stage), bytes::Bytes::new())]);
    stage.refuse(&apply("a.txt", HunkAction::Stage), Error::internal("x"));
    stage.act(PaneAction::Hunk(1));
    stage.act(PaneAction::Hunk(1));
    stage.wished();
    stage.act(PaneAction::Stage);
    assert!(matches!(stage.wished().as_slice(), [Wish::Say(text)] if text.contains("not whole")));
}

#[test]
fn a_comment_names_lines_and_quotes_them() {
    let mut stage = Stage::with(two(), (80, 24));
    stage.act(PaneAction::Hunk(1));
    stage.act(PaneAction::Hunk(1));
    stage.act(PaneAction::Step(1));
    stage.act(PaneAction::Extend(1));
    stage.act(PaneAction::Extend(1));
    stage.wished();
    stage.act(PaneAction::Comment);
    assert_eq!(stage.wished(), [Wish::Compose("@a.txt:11-13\n> k\n> new\n> l\n\n".to_owned())]);
    stage.act(PaneAction::Hunk(-1));
    stage.act(PaneAction::Hunk(-1));
    stage.act(PaneAction::Comment);
    assert_eq!(stage.wished(), [Wish::Compose("@a.txt:1-3\n>  a\n> -b\n> +B\n>  c\n\n".to_owned())]);
    for (switch, quoted) in [(false, "@a.txt:2\n> -b\n> +B\n\n"), (true, "@a.txt:2\n> -b\n> +B\n\n")] {
        stage.resize((120, 24));
        if switch {
            stage.act(PaneAction::Switch);
        }
        stage.act(PaneAction::Top);
        stage.act(PaneAction::Hunk(1));
        stage.act(PaneAction::Step(2));
        if !switch {
            stage.act(PaneAction::Mark);
            stage.act(PaneAction::Step(1));
        }
        stage.wished();
        stage.act(PaneAction::Comment);
        assert_eq!(stage.wished(), [Wish::Compose(quoted.to_owned())]);
    }
    stage.act(PaneAction::File(1));
    stage.act(PaneAction::Comment);
    assert_eq!(stage.wished(), [Wish::Compose("@b.txt\n".to_owned())]);
    stage.act(PaneAction::Refresh);
    stage.changes(vec![change("a b.txt", ChangeKind::Modified, HUNKS)]);
    stage.act(PaneAction::Top);
    stage.act(PaneAction::Step(4));
    stage.wished();
    stage.act(PaneAction::Comment);
    assert_eq!(stage.wished(), [Wish::Compose("@\"a b.txt\":2\n> -b\n> +B\n\n".to_owned())]);
}

#[test]
fn a_comment_on_a_line_that_is_gone_names_the_place_where_it_was() {
    let diff = head("a.txt") + "@@ -1,9 +1,7 @@\n 1\n 2\n-3\n+three\n 4\n-5\n-6\n 7\n 8\n-9\n";
    let mut stage = Stage::with(vec![change("a.txt", ChangeKind::Modified, &diff)], (80, 24));
    stage.act(PaneAction::Hunk(1));
    let mut comment = |step, extend| {
        stage.act(PaneAction::Step(step));
        if extend {
            stage.act(PaneAction::Extend(1));
        }
        stage.wished();
        stage.act(PaneAction::Comment);
        let Some(Wish::Compose(text)) = stage.wished().pop() else { panic!("nothing is written") };
        text
    };
    assert_eq!(comment(3, false), "@a.txt:3\n> -3\n\n");
    assert_eq!(comment(3, true), "@a.txt:5\n> -5\n> -6\n\n");
    assert_eq!(comment(3, false), "@a.txt:6\n> -9\n\n", "behind it nothing is left");
}

#[test]
fn a_line_is_opened_where_it_is_now() {
    let mut stage = Stage::with(two(), (80, 24));
    let place = |path: &str, line| Place { path: path.to_owned(), line, to: None };
    stage.act(PaneAction::Hunk(1));
    stage.wished();
    for (steps, line) in [(0, 2), (1, 1), (1, 2), (1, 2), (1, 3), (1, 12)] {
        stage.act(PaneAction::Step(steps));
        stage.act(PaneAction::Open);
        assert_eq!(stage.wished(), [Wish::Show(place("a.txt", Some(line)), Showing::File)]);
    }
    stage.act(PaneAction::File(1));
    stage.act(PaneAction::Edit);
    assert_eq!(stage.wished(), [Wish::Show(place("b.txt", None), Showing::Editor)]);
}

#[test]
fn files_are_folded_by_key_and_mouse_and_long_ones_by_themselves() {
    let mut stage = Stage::with(two(), (80, 24));
    stage.act(PaneAction::Hunk(1));
    stage.act(PaneAction::Left);
    assert!(stage.text().contains("▸ a.txt") && !stage.text().contains("@@ -1,3"));
    let mut files = two();
    files.push(change("c.txt", ChangeKind::Untracked, &format!("@@ -0,0 +1,2000 @@\n{}", "+x\n".repeat(2000))));
    stage.act(PaneAction::Refresh);
    stage.changes(files);
    assert!(stage.text().contains("▸ a.txt") && stage.text().contains("▸ c.txt +2000"));
    stage.act(PaneAction::Right);
    assert!(stage.text().contains("▾ a.txt"));
    let row = u16::try_from(stage.text().lines().position(|line| line.contains("b.txt")).unwrap()).unwrap();
    let click = PaneMouse {
        kind: MouseKind::Down(crossterm::event::MouseButton::Left),
        column: 0,
        row,
        modifiers: crossterm::event::KeyModifiers::NONE,
    };
    stage.input(PaneInput::Mouse(click));
    assert!(stage.text().contains("▸ b.txt"));
    stage.act(PaneAction::Bottom);
    stage.act(PaneAction::Right);
    stage.act(PaneAction::Bottom);
    assert!(stage.text().contains("2000 + x"), "{}", stage.text());
    stage.input(PaneInput::Mouse(PaneMouse {
        kind: MouseKind::Wheel(-3),
        column: 0,
        row: 0,
        modifiers: crossterm::event::KeyModifiers::NONE,
    }));
    assert!(!stage.text().contains("2000 + x"));
}

#[test]
fn what_is_selected_is_the_source() {
    let diff = format!("@@ -1,2 +1,2 @@\n \tlet a;\n-{}\n+日本語 ok\n", "long ".repeat(20).trim_end());
    let mut stage = Stage::new(DiffPane::of_text("edit".to_owned(), &diff), (60, 12));
    let text = stage.text();
    let row = |part: &str| i64::try_from(text.lines().position(|line| line.contains(part)).unwrap()).unwrap();
    let (first, last) = (row("let a"), row("日本語"));
    assert!(last - first > 2, "the long line takes several rows:\n{text}");
    let whole = stage.pane.selected((0, first), (59, last)).unwrap();
    assert_eq!(whole, format!("\tlet a;\n{}\n日本語 ok", "long ".repeat(20).trim_end()));
    let column = u16::try_from(text.lines().nth(last as usize).unwrap().find('日').unwrap()).unwrap();
    assert_eq!(stage.pane.selected((column + 2, last), (column + 4, last)).unwrap(), "本語");
    assert_eq!(stage.pane.selected((0, 0), (5, first)), None, "a heading is taken as it stands there");
    stage.resize((120, 12));
    stage.act(PaneAction::Switch);
    let row = i64::try_from(stage.text().lines().position(|line| line.contains("日本語")).unwrap()).unwrap();
    assert_eq!(stage.pane.selected((62, row), (119, row)).unwrap(), "日本語 ok");
    assert!(stage.pane.selected((0, row), (119, row)).unwrap().starts_with("long long"));
}

#[test]
fn a_text_is_only_looked_at() {
    let text = "--- /home/ann/work/src/a.rs\n+++ /home/ann/work/src/a.rs\n@@ -1 +1 @@\n-a\n+b\n";
    let mut stage = Stage::new(DiffPane::of_text("edit src/a.rs".to_owned(), text), (80, 24));
    assert_eq!((stage.wished(), stage.pane.kept(), stage.pane.wake_at()), (vec![], None, None));
    assert_eq!(stage.pane.title(), "edit src/a.rs  +1 -1");
    stage.act(PaneAction::Hunk(1));
    for action in [PaneAction::Stage, PaneAction::Unstage, PaneAction::Revert] {
        stage.act(action);
        assert!(matches!(stage.wished().as_slice(), [Wish::Say(_)]));
    }
    stage.act(PaneAction::Open);
    let place = Place { path: "src/a.rs".to_owned(), line: Some(1), to: None };
    assert_eq!(stage.wished(), [Wish::Show(place, Showing::File)]);
    stage.act(PaneAction::Mark);
    stage.act(PaneAction::Back);
    assert_eq!(stage.wished(), []);
    stage.act(PaneAction::Back);
    assert_eq!(stage.wished(), [Wish::Close]);
    assert!(Stage::new(DiffPane::of_text("x".to_owned(), ""), (80, 24)).text().contains("no diff"));
}
