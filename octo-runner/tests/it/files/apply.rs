//! Hunks that are staged, unstaged and reverted, with git as it is, and what a request must not make of that.

use std::{
    ffi::OsStr,
    fs::Permissions,
    os::unix::{
        ffi::OsStrExt,
        fs::{PermissionsExt, symlink},
    },
    path::Path,
};

use octo_proto::{
    Code, Error,
    files::{FileChange, HunkAction},
};
use octo_runner::files::changes::{self, Asked, Wanted};

use super::{
    Place,
    changes::{ask, env, git, repository, with_diff},
    code,
};

async fn apply(place: &Place, path: &[u8], action: HunkAction, hunks: &[u8]) -> Result<(), Error> {
    let (root, path) = (place.root(), path.to_vec());
    match changes::apply(&root, env(place), &Wanted { path, action, hunks: hunks.to_vec() }).await? {
        Some(undo) => undo.run(&root),
        None => Ok(()),
    }
}

async fn change(place: &Place, path: &str) -> FileChange {
    let files = ask(place, &with_diff()).await.files;
    files.into_iter().find(|file| file.path == path).unwrap_or_else(|| panic!("{path} is not changed"))
}

/// The hunks of a diff in which no line begins with `@@`.
fn hunks(diff: &str) -> Vec<String> {
    diff.split("\n@@ ").skip(1).map(|rest| format!("@@ {}\n", rest.trim_end_matches('\n'))).collect()
}

async fn unstaged(place: &Place, path: &str) -> Vec<String> {
    hunks(&change(place, path).await.unstaged_diff.unwrap())
}

/// A file of thirty lines in the repository, changed near its beginning and near its end.
fn two_hunks(place: &Place, end: &str) {
    let line = |n: usize| format!("line {n}{end}");
    let before: String = (1..=30).map(line).collect();
    place.put("long.txt", &before);
    git(&place.work, &["add", "."]);
    git(&place.work, &["commit", "--quiet", "-m", "long"]);
    let after = before.replace(&line(3), &format!("three{end}and more{end}")).replace(&line(27), "");
    place.put("long.txt", &after);
}

#[tokio::test]
async fn a_hunk_is_staged_unstaged_and_reverted_and_the_other_stays() {
    for end in ["\n", "\r\n"] {
        let place = repository();
        two_hunks(&place, end);
        let both = unstaged(&place, "long.txt").await;
        assert_eq!(both.len(), 2);

        apply(&place, b"long.txt", HunkAction::Stage, both[0].as_bytes()).await.unwrap();
        let now = change(&place, "long.txt").await;
        assert_eq!(hunks(now.staged_diff.as_ref().unwrap()), both[..1]);
        let rest = hunks(now.unstaged_diff.as_ref().unwrap());
        assert_eq!(rest.len(), 1);

        // It is not there to be staged again, and nothing else is staged in its place.
        let again = apply(&place, b"long.txt", HunkAction::Stage, both[0].as_bytes()).await;
        assert_eq!(code(again), Code::Conflict);

        let text = place.text("long.txt");
        apply(&place, b"long.txt", HunkAction::Unstage, both[0].as_bytes()).await.unwrap();
        assert_eq!(unstaged(&place, "long.txt").await, both);
        assert_eq!(place.text("long.txt"), text);

        apply(&place, b"long.txt", HunkAction::Revert, both[1].as_bytes()).await.unwrap();
        assert_eq!(unstaged(&place, "long.txt").await, both[..1]);
        assert!(
            place.text("long.txt").contains(&format!("line 27{end}")) && place.text("long.txt").contains("and more")
        );
        apply(&place, b"long.txt", HunkAction::Revert, both[0].as_bytes()).await.unwrap();
        assert!(ask(&place, &with_diff()).await.files.is_empty());
    }
}

#[tokio::test]
async fn what_is_converted_is_reverted_as_it_lies_there() {
    let place = repository();
    git(&place.work, &["config", "core.autocrlf", "true"]);
    place.put("kept.txt", "one\r\n2\r\nthree\r\n");
    let hunk = unstaged(&place, "kept.txt").await;
    assert!(hunk[0].contains("\n+2\n"), "{hunk:?}");
    apply(&place, b"kept.txt", HunkAction::Revert, hunk[0].as_bytes()).await.unwrap();
    assert_eq!(place.text("kept.txt"), "one\r\ntwo\r\nthree\r\n");
}

#[tokio::test]
async fn a_file_without_an_end_of_line_keeps_that() {
    let place = repository();
    place.put("kept.txt", "one\ntwo\n3");
    let hunk = unstaged(&place, "kept.txt").await.concat();
    apply(&place, b"kept.txt", HunkAction::Stage, hunk.as_bytes()).await.unwrap();
    let staged = change(&place, "kept.txt").await;
    assert!(staged.unstaged.is_none() && staged.staged_diff.unwrap().ends_with("+3\n\\ No newline at end of file\n"));
    apply(&place, b"kept.txt", HunkAction::Unstage, hunk.as_bytes()).await.unwrap();
    apply(&place, b"kept.txt", HunkAction::Revert, hunk.as_bytes()).await.unwrap();
    assert_eq!(place.text("kept.txt"), "one\ntwo\nthree\n");
}

#[tokio::test]
async fn bytes_that_are_no_text_survive() {
    let place = repository();
    let path = OsStr::from_bytes(b"caf\xe9 \"x\".txt");
    let file = place.work.join(path);
    std::fs::write(&file, b"gr\xfc\xdf\none\n").unwrap();
    git(&place.work, &["add", "."]);
    git(&place.work, &["commit", "--quiet", "-m", "latin"]);
    std::fs::write(&file, b"gr\xfc\xdfe\none\n").unwrap();
    let shown = change(&place, "caf\\xe9 \"x\".txt").await.unstaged_diff.unwrap();
    assert!(shown.contains("\n+gr\u{fffd}\u{fffd}e\n"), "{shown}");
    let hunk = hunks(&shown).concat();
    apply(&place, path.as_bytes(), HunkAction::Stage, hunk.as_bytes()).await.unwrap();
    assert_eq!(change(&place, "caf\\xe9 \"x\".txt").await.unstaged, None);
    apply(&place, path.as_bytes(), HunkAction::Unstage, hunk.as_bytes()).await.unwrap();
    apply(&place, path.as_bytes(), HunkAction::Revert, hunk.as_bytes()).await.unwrap();
    assert_eq!(std::fs::read(&file).unwrap(), b"gr\xfc\xdf\none\n");
}

#[tokio::test]
async fn files_that_are_new_or_gone_or_moved_or_binary_are_taken_whole() {
    let place = repository();
    place.put("new/fresh.sh", "#!/bin/sh\n");
    std::fs::set_permissions(place.work.join("new/fresh.sh"), Permissions::from_mode(0o755)).unwrap();
    let fresh = unstaged(&place, "new/fresh.sh").await.concat();
    apply(&place, b"new/fresh.sh", HunkAction::Stage, fresh.as_bytes()).await.unwrap();
    let staged = change(&place, "new/fresh.sh").await.staged_diff.unwrap();
    assert!(staged.contains("new file mode 100755"), "{staged}");
    apply(&place, b"new/fresh.sh", HunkAction::Unstage, hunks(&staged).concat().as_bytes()).await.unwrap();
    place.put("new/fresh.sh", "something else\n");
    let old = apply(&place, b"new/fresh.sh", HunkAction::Revert, fresh.as_bytes()).await;
    assert_eq!((code(old), place.text("new/fresh.sh").as_str()), (Code::Conflict, "something else\n"));
    let fresh = unstaged(&place, "new/fresh.sh").await.concat();
    apply(&place, b"new/fresh.sh", HunkAction::Revert, fresh.as_bytes()).await.unwrap();
    assert!(!place.work.join("new/fresh.sh").exists());

    std::fs::remove_dir_all(place.work.join("sub")).unwrap();
    let gone = unstaged(&place, "sub/inner.txt").await.concat();
    apply(&place, b"sub/inner.txt", HunkAction::Stage, gone.as_bytes()).await.unwrap();
    apply(&place, b"sub/inner.txt", HunkAction::Unstage, &[]).await.unwrap();
    apply(&place, b"sub/inner.txt", HunkAction::Revert, &[]).await.unwrap();
    assert_eq!(place.text("sub/inner.txt"), "inner\n");

    git(&place.work, &["mv", "moved.txt", "there.txt"]);
    place.put("there.txt", &format!("first\n{}", "a line of some length\n".repeat(20)));
    git(&place.work, &["add", "there.txt"]);
    let moved = hunks(&change(&place, "there.txt").await.staged_diff.unwrap()).concat();
    apply(&place, b"there.txt", HunkAction::Unstage, moved.as_bytes()).await.unwrap();
    let now = change(&place, "there.txt").await;
    assert_eq!((now.from.as_deref(), now.unstaged.is_some()), (Some("moved.txt"), true));
    apply(&place, b"there.txt", HunkAction::Unstage, &[]).await.unwrap();
    assert_eq!(change(&place, "moved.txt").await.staged, None);

    place.put("kept.txt", "\0\x01binary");
    for action in [HunkAction::Stage, HunkAction::Unstage, HunkAction::Revert] {
        apply(&place, b"kept.txt", action, &[]).await.unwrap();
    }
    assert_eq!(place.text("kept.txt"), "one\ntwo\nthree\n");
}

#[tokio::test]
async fn hunks_that_are_not_there_are_refused_and_change_nothing() {
    let place = repository();
    place.put("kept.txt", "one\n2\nthree\n");
    place.put("sub/inner.txt", "other\n");
    let kept = unstaged(&place, "kept.txt").await.concat();
    let inner = change(&place, "sub/inner.txt").await.unstaged_diff.unwrap();
    let before = ask(&place, &with_diff()).await;
    for action in [HunkAction::Stage, HunkAction::Unstage, HunkAction::Revert] {
        for hunk in [
            // Of another file, with its names and without.
            inner.as_str(),
            &hunks(&inner).concat(),
            &format!("{kept}{inner}"),
            &kept.replace("+2", "+two and a half"),
            &kept.replace("@@ -1,3", "@@ -2,3"),
            "--- a/../outside/secret\n+++ b/../outside/secret\n@@ -1 +1 @@\n-secret\n+told\n",
            "no hunk at all",
        ] {
            assert_eq!(code(apply(&place, b"kept.txt", action, hunk.as_bytes()).await), Code::Conflict, "{hunk}");
        }
        assert_eq!(code(apply(&place, b"gone.txt", action, kept.as_bytes()).await), Code::Conflict);
    }
    assert_eq!(ask(&place, &with_diff()).await, before);
    assert_eq!(std::fs::read_to_string(place.outside.join("secret")).unwrap(), "secret");

    // The file was changed again since it was shown.
    place.put("kept.txt", "one\n2\nthree\nfour\n");
    for action in [HunkAction::Stage, HunkAction::Revert] {
        assert_eq!(code(apply(&place, b"kept.txt", action, kept.as_bytes()).await), Code::Conflict);
    }
    std::fs::write(place.work.join(".git/index.lock"), "").unwrap();
    assert_eq!(code(apply(&place, b"kept.txt", HunkAction::Stage, &[]).await), Code::Busy);
}

#[tokio::test]
async fn no_path_leads_elsewhere() {
    let place = repository();
    std::fs::write(place.outside.join("kept.txt"), "one\n2\nthree\n").unwrap();
    place.put("kept.txt", "one\n2\nthree\n");
    let hunk = unstaged(&place, "kept.txt").await.concat();
    symlink(&place.outside, place.work.join("out")).unwrap();
    symlink(".", place.work.join("here")).unwrap();
    let absolute = place.work.join("kept.txt").display().to_string();
    for action in [HunkAction::Stage, HunkAction::Unstage, HunkAction::Revert] {
        for (path, refused) in [
            ("../outside/kept.txt", Code::BadRequest),
            ("sub/../kept.txt", Code::BadRequest),
            ("./kept.txt", Code::BadRequest),
            ("kept.txt/", Code::BadRequest),
            ("", Code::BadRequest),
            (absolute.as_str(), Code::BadRequest),
            ("out/kept.txt", Code::Forbidden),
            ("here/kept.txt", Code::Forbidden),
        ] {
            assert_eq!(code(apply(&place, path.as_bytes(), action, hunk.as_bytes()).await), refused, "{path}");
        }
    }
    assert_eq!(std::fs::read_to_string(place.outside.join("kept.txt")).unwrap(), "one\n2\nthree\n");

    // A file whose place a link took is not written through it.
    std::fs::remove_file(place.work.join("kept.txt")).unwrap();
    symlink(place.outside.join("kept.txt"), place.work.join("kept.txt")).unwrap();
    for hunks in [hunk.as_bytes(), &[]] {
        assert!(apply(&place, b"kept.txt", HunkAction::Revert, hunks).await.is_err());
    }
    assert_eq!(std::fs::read_to_string(place.outside.join("kept.txt")).unwrap(), "one\n2\nthree\n");
}

#[tokio::test]
async fn a_link_is_staged_and_not_written() {
    let place = repository();
    symlink("kept.txt", place.work.join("link")).unwrap();
    git(&place.work, &["add", "link"]);
    git(&place.work, &["commit", "--quiet", "-m", "link"]);
    std::fs::remove_file(place.work.join("link")).unwrap();
    symlink("moved.txt", place.work.join("link")).unwrap();
    let hunk = unstaged(&place, "link").await.concat();
    for hunks in [hunk.as_bytes(), &[]] {
        assert_eq!(code(apply(&place, b"link", HunkAction::Revert, hunks).await), Code::Unsupported);
    }
    apply(&place, b"link", HunkAction::Stage, hunk.as_bytes()).await.unwrap();
    assert_eq!(change(&place, "link").await.unstaged, None);
}

#[tokio::test]
async fn a_directory_of_the_work_tree_is_a_workspace_too() {
    let mut place = repository();
    place.put("sub/inner.txt", "other\n");
    place.work = place.work.join("sub");
    let hunk = unstaged(&place, "inner.txt").await.concat();
    apply(&place, b"inner.txt", HunkAction::Stage, hunk.as_bytes()).await.unwrap();
    apply(&place, b"inner.txt", HunkAction::Unstage, hunk.as_bytes()).await.unwrap();
    apply(&place, b"inner.txt", HunkAction::Revert, &[]).await.unwrap();
    assert_eq!(place.text("inner.txt"), "inner\n");
}

#[tokio::test]
async fn outside_of_a_work_tree_a_hunk_is_undone_where_it_is() {
    let place = Place::new();
    let hunk = "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n";
    place.put("note.txt", "new above\na\nB\nc\n");
    apply(&place, b"note.txt", HunkAction::Revert, hunk.as_bytes()).await.unwrap();
    assert_eq!(place.text("note.txt"), "new above\na\nb\nc\n");
    assert_eq!(code(apply(&place, b"note.txt", HunkAction::Revert, hunk.as_bytes()).await), Code::Conflict);
    assert_eq!(code(apply(&place, b"note.txt", HunkAction::Revert, &[]).await), Code::BadRequest);
    assert_eq!(code(apply(&place, b"note.txt", HunkAction::Stage, hunk.as_bytes()).await), Code::Unsupported);
    place.put("made.txt", "all\nof it\n");
    apply(&place, b"made.txt", HunkAction::Revert, b"@@ -0,0 +1,2 @@\n+all\n+of it\n").await.unwrap();
    assert!(!place.work.join("made.txt").exists());
}

/// What the repository names as programs is not run when its index is changed either.
#[tokio::test]
async fn a_hostile_repository_runs_nothing_on_the_way() {
    let place = repository();
    let (trap, mark) = (place.outside.join("trap"), place.outside.join("sprung"));
    std::fs::write(&trap, format!("#!/bin/sh\necho \"$0 $*\" >> {}\ncat\n", mark.display())).unwrap();
    std::fs::set_permissions(&trap, Permissions::from_mode(0o755)).unwrap();
    let program = trap.display().to_string();
    std::fs::create_dir_all(place.work.join(".git/hooks")).unwrap();
    for hook in ["post-index-change", "post-checkout", "pre-commit"] {
        symlink(&trap, place.work.join(".git/hooks").join(hook)).unwrap();
    }
    place.put(".gitattributes", "filtered.txt filter=plain\n");
    for (name, value) in [
        ("core.fsmonitor", program.as_str()),
        ("filter.plain.clean", &program),
        ("filter.plain.smudge", &program),
        ("apply.whitespace", "fix"),
        ("diff.external", &program),
    ] {
        git(&place.work, &["config", name, value]);
    }
    place.put("kept.txt", "one  \ntwo\nthree\n");
    place.put("fresh.txt", "fresh\n");
    place.put("filtered.txt", "filtered\n");
    drop(std::fs::remove_file(&mark));
    let hunk = unstaged(&place, "kept.txt").await.concat();
    for action in [HunkAction::Stage, HunkAction::Unstage] {
        apply(&place, b"kept.txt", action, hunk.as_bytes()).await.unwrap();
        apply(&place, b"fresh.txt", action, &[]).await.unwrap();
        assert!(apply(&place, b"filtered.txt", action, &[]).await.is_err());
    }
    apply(&place, b"kept.txt", HunkAction::Revert, &[]).await.unwrap();
    let few = Asked { path: b"kept.txt".to_vec(), ..with_diff() };
    assert!(ask(&place, &few).await.files.is_empty());
    assert!(!mark.exists(), "{}", std::fs::read_to_string(&mark).unwrap());
    git(&place.work, &["add", "filtered.txt"]);
    assert!(mark.exists(), "the repository of this test is harmless");
}

/// A file in the repository that a filter has made unreadable, and changed.
fn filtered(place: &Place, config: &Path) {
    let config = config.display().to_string();
    for (name, value) in [("clean", "sed s/^/ENC:/"), ("smudge", "sed s/^ENC://"), ("required", "true")] {
        git(&place.work, &["config", "--file", &config, &format!("filter.hidden.{name}"), value]);
    }
    let lines = |last: &str| format!("one\ntwo\nthree\n{last}\n");
    place.put(".gitattributes", "secret* filter=hidden\n");
    place.put("secret", &lines("old"));
    place.put("secret gone", "gone\n");
    let hidden = ["-c", "filter.hidden.clean=sed s/^/ENC:/", "add", "."];
    git(&place.work, &hidden);
    git(&place.work, &["commit", "--quiet", "-m", "secret"]);
    assert_eq!(staged(place, "secret").lines().next(), Some("ENC:one"));
    place.put("secret", &lines("new"));
    std::fs::remove_file(place.work.join("secret gone")).unwrap();
}

/// What git would commit of a file.
fn staged(place: &Place, path: &str) -> String {
    let mut command = std::process::Command::new("git");
    let output = command.args(["cat-file", "-p", &format!(":{path}")]).current_dir(&place.work).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn nothing_passes_by_a_filter_that_is_not_run() {
    let place = repository();
    filtered(&place, &place.work.join(".git/config"));
    let hunk = unstaged(&place, "secret").await.concat();
    let before = place.text("secret");
    for action in [HunkAction::Stage, HunkAction::Revert] {
        for hunks in [hunk.as_bytes(), &[]] {
            assert_eq!(code(apply(&place, b"secret", action, hunks).await), Code::Unsupported, "{action:?}");
        }
    }
    assert!(staged(&place, "secret").ends_with("ENC:old\n") && place.text("secret") == before);
    assert_eq!(code(apply(&place, b"secret gone", HunkAction::Revert, &[]).await), Code::Unsupported);
    place.put("secret fresh", "fresh\n");
    assert_eq!(code(apply(&place, b"secret fresh", HunkAction::Stage, &[]).await), Code::Unsupported);

    // What git has is unstaged as it is, and what goes has no content.
    git(&place.work, &["add", "secret"]);
    apply(&place, b"secret", HunkAction::Unstage, &[]).await.unwrap();
    assert!(staged(&place, "secret").ends_with("ENC:old\n") && place.text("secret") == before);
    apply(&place, b"secret gone", HunkAction::Stage, &[]).await.unwrap();
    apply(&place, b"secret fresh", HunkAction::Revert, &[]).await.unwrap();
    assert!(!place.work.join("secret fresh").exists());
}

#[tokio::test]
async fn a_filter_of_the_user_is_run() {
    let place = repository();
    filtered(&place, &place.outside.join(".gitconfig"));
    let hunk = unstaged(&place, "secret").await.concat();
    assert!(hunk.contains("\n-ENC:old\n+ENC:new\n"), "{hunk}");
    let part = apply(&place, b"secret", HunkAction::Revert, hunk.as_bytes()).await;
    assert_eq!(code(part), Code::Unsupported, "its lines are not those of the file");
    for hunks in [hunk.as_bytes(), &[]] {
        apply(&place, b"secret", HunkAction::Stage, hunks).await.unwrap();
        assert!(staged(&place, "secret").ends_with("ENC:new\n"));
        apply(&place, b"secret", HunkAction::Unstage, hunks).await.unwrap();
    }
    apply(&place, b"secret", HunkAction::Revert, &[]).await.unwrap();
    assert!(place.text("secret").starts_with("one\n") && place.text("secret").ends_with("old\n"));
}
