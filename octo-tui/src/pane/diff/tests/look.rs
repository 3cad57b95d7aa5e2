//! How it looks, at three sizes, on one side and on both.

use super::*;

const CODE: &str = "@@ -10,6 +10,7 @@ fn main() {\n     let name = \"octo\";\n-    greet(name, 1);\n+    greet(&name, 2);\n+    wave();\n     done();\n }\n \n \n";

const WORDS: &str = "@@ -1,6 +1,6 @@\n # 日本語のテキスト\n-wide: 全角文字を使う行です and e\u{301}te\u{301} café\n+wide: 全角文字を含む行です and e\u{301}te\u{301} cafe\u{301}\n-family 👩\u{200d}👩\u{200d}👧\u{200d}👦 flag 🇩🇪 hand 👋🏽\n+family 👩\u{200d}👩\u{200d}👧 flag 🇫🇷 hand 👋🏽\n-שלום עולם, this is right to left\n+שלום לכם, this is right to left مرحبا\n tab\tstop and \u{1b}[31mred\u{1b}[0m and \u{202e}bidi\n \n";

fn everything() -> Vec<FileChange> {
    let long = format!(
        "@@ -1 +1 @@\n-{}\n+{}\n\\ No newline at end of file\n",
        "word ".repeat(50).trim_end(),
        "word 日本 ".repeat(40).trim_end()
    );
    let mut both = change("src/main.rs", ChangeKind::Modified, &(head("src/main.rs") + CODE));
    (both.staged, both.staged_diff) =
        (Some(ChangeKind::Modified), Some(head("src/main.rs") + "@@ -1 +1 @@\n-mod a;\n+mod b;\n"));
    let mut moved = change("docs/new name.md", ChangeKind::Modified, "");
    (moved.staged, moved.unstaged, moved.unstaged_diff) = (Some(ChangeKind::Renamed), None, None);
    (moved.from, moved.staged_diff) = (Some("docs/old.md".to_owned()), Some("diff --git a/docs/old.md b/docs/new name.md\nsimilarity index 100%\nrename from docs/old.md\nrename to docs/new name.md\n".to_owned()));
    let mut cut = change("long.txt", ChangeKind::Modified, &(head("long.txt") + &long));
    cut.cut = true;
    vec![
        change(
            "bin/logo.png",
            ChangeKind::Modified,
            "diff --git a/bin/logo.png b/bin/logo.png\nBinary files a/bin/logo.png and b/bin/logo.png differ\n",
        ),
        moved,
        change(
            "gone.sh",
            ChangeKind::Deleted,
            "diff --git a/gone.sh b/gone.sh\ndeleted file mode 100755\n--- a/gone.sh\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-#!/bin/sh\n-exit 1\n",
        ),
        cut,
        change("run.sh", ChangeKind::Modified, "diff --git a/run.sh b/run.sh\nold mode 100644\nnew mode 100755\n"),
        both,
        change("wörter/文字.md", ChangeKind::Modified, &(head("wörter/文字.md") + WORDS)),
        change(
            "zz.txt",
            ChangeKind::Untracked,
            "diff --git a/zz.txt b/zz.txt\nnew file mode 100644\n--- /dev/null\n+++ b/zz.txt\n@@ -0,0 +1 @@\n+new\n",
        ),
    ]
}

#[test]
fn unified_in_80_by_24() {
    let mut stage = Stage::with(everything(), (80, 24));
    let first = stage.screen();
    for _ in 0..3 {
        stage.act(PaneAction::Hunk(1));
    }
    stage.act(PaneAction::Pages(1));
    insta::assert_snapshot!(format!("{first}----\n{}", stage.screen()));
}

#[test]
fn unified_in_120_by_40() {
    let mut stage = Stage::with(everything(), (120, 40));
    stage.act(PaneAction::Bottom);
    insta::assert_snapshot!(stage.screen());
}

#[test]
fn beside_each_other_in_120_by_40() {
    let mut stage = Stage::with(everything(), (120, 40));
    stage.act(PaneAction::Switch);
    stage.act(PaneAction::Bottom);
    insta::assert_snapshot!(stage.screen());
}

#[test]
fn beside_each_other_in_200_by_60() {
    let mut stage = Stage::with(everything(), (200, 60));
    stage.act(PaneAction::Switch);
    insta::assert_snapshot!(stage.screen());
}

#[test]
fn a_narrow_pane_stays_unified_and_says_why() {
    let mut stage = Stage::with(everything(), (50, 30));
    stage.wished();
    stage.act(PaneAction::Switch);
    assert!(matches!(stage.wished().as_slice(), [Wish::Say(text)] if text.contains("100 columns")));
    stage.act(PaneAction::Bottom);
    let narrow = stage.text();
    assert!(narrow.contains("  4 + family") || narrow.contains("+ family"), "{narrow}");
    stage.resize((100, 30));
    assert!(stage.text().contains('│'));
}

#[test]
fn no_size_is_too_small_to_draw() {
    for columns in [0, 1, 2, 9, 20, 59, 60, 99, 100, 101, 400] {
        for rows in [0, 1, 2, 3, 50] {
            let mut stage = Stage::with(everything(), (columns, rows));
            stage.act(PaneAction::Switch);
            for action in
                [PaneAction::Bottom, PaneAction::Hunk(-1), PaneAction::Revert, PaneAction::Back, PaneAction::Left]
            {
                stage.draw();
                stage.act(action);
            }
            stage.draw();
            drop(stage.pane.selected((0, 0), (columns, rows.into())));
        }
    }
}

#[test]
fn a_hostile_diff_reaches_no_terminal() {
    let text = "diff --git a/\u{1b}]0;x\u{7} b/y\nrename from \u{1b}[2Jx\n@@ -1 +1 @@ \u{1b}[31m\n-\u{9b}2J\u{202e}a\n+b\u{7}\n";
    let mut stage = Stage::new(DiffPane::of_text("edit\u{1b}[0m".to_owned(), text), (100, 20));
    for _ in 0..2 {
        let screen = stage.screen();
        assert!(!screen.chars().any(|c| c != '\n' && (c.is_control() || c == '\u{202e}')), "{screen:?}");
        stage.act(PaneAction::Switch);
    }
}
