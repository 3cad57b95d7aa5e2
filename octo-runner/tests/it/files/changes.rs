//! What git says was changed, and what a hostile repository must not make it do.

use std::{
    ffi::{OsStr, OsString},
    os::unix::{
        ffi::{OsStrExt, OsStringExt},
        fs::PermissionsExt,
    },
    path::Path,
    process::{Command, Stdio},
};

use octo_proto::{
    Code,
    files::{ChangeKind, Changes, HunkAction},
};
use octo_runner::files::{Root, changes};

use super::{Place, code};

/// Git as a person has it, with settings of its own.
pub(super) fn git(at: &Path, args: &[&str]) {
    let mut command = Command::new("git");
    command.args(args).current_dir(at).env_clear().env("PATH", std::env::var("PATH").unwrap()).env("HOME", at);
    for role in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{role}_NAME"), "Ada").env(format!("GIT_{role}_EMAIL"), "ada@example.com");
    }
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    assert!(status.success(), "git {args:?}");
}

pub(super) fn repository() -> Place {
    let place = Place::new();
    place.put("kept.txt", "one\ntwo\nthree\n");
    place.put("moved.txt", &"a line of some length\n".repeat(20));
    place.put("gone.txt", "gone\n");
    place.put("sub/inner.txt", "inner\n");
    git(&place.work, &["init", "--quiet", "--initial-branch", "main"]);
    git(&place.work, &["add", "."]);
    git(&place.work, &["commit", "--quiet", "-m", "first"]);
    place
}

pub(super) fn env(place: &Place) -> Vec<(String, String)> {
    let home = place.outside.display().to_string();
    let path = std::env::var("PATH").unwrap();
    [("HOME", home), ("PATH", path), ("LC_ALL", "C".to_owned())].map(|(name, value)| (name.to_owned(), value)).to_vec()
}

pub(super) async fn ask(place: &Place, asked: &changes::Asked) -> Changes {
    changes::of_git(&place.root(), env(place), asked).await.unwrap().unwrap()
}

pub(super) fn with_diff() -> changes::Asked {
    changes::Asked { diff: true, ..changes::Asked::default() }
}

#[tokio::test]
async fn what_is_staged_and_what_is_not_are_told_apart() {
    let place = repository();
    assert!(ask(&place, &with_diff()).await.files.is_empty());
    place.put("kept.txt", "one\n2\nthree\n");
    git(&place.work, &["add", "kept.txt"]);
    place.put("kept.txt", "one\n2\n3\n");
    git(&place.work, &["mv", "moved.txt", "new name.txt"]);
    std::fs::remove_file(place.work.join("gone.txt")).unwrap();
    place.put("sub/fresh.txt", "fresh\nlast");
    let changes = ask(&place, &with_diff()).await;
    assert_eq!((changes.branch.as_deref(), changes.next), (Some("main"), None));
    let files: Vec<_> = changes.files.iter().map(|file| (file.path.as_str(), file.staged, file.unstaged)).collect();
    assert_eq!(
        files,
        [
            ("gone.txt", None, Some(ChangeKind::Deleted)),
            ("kept.txt", Some(ChangeKind::Modified), Some(ChangeKind::Modified)),
            ("new name.txt", Some(ChangeKind::Renamed), None),
            ("sub/fresh.txt", None, Some(ChangeKind::Untracked)),
        ]
    );
    let [gone, kept, moved, fresh] = changes.files.try_into().unwrap();
    assert!(gone.unstaged_diff.unwrap().contains("\n-gone\n"));
    let staged = kept.staged_diff.unwrap();
    assert!(staged.contains("\n-two\n+2\n") && staged.starts_with("diff --git a/kept.txt b/kept.txt\n"), "{staged}");
    assert!(kept.unstaged_diff.unwrap().contains("\n-three\n+3\n"));
    assert_eq!((moved.from.as_deref(), moved.unstaged_diff), (Some("moved.txt"), None));
    assert!(moved.staged_diff.unwrap().contains("rename from moved.txt\nrename to new name.txt\n"));
    let fresh = fresh.unstaged_diff.unwrap();
    assert!(fresh.ends_with("@@ -0,0 +1,2 @@\n+fresh\n+last\n\\ No newline at end of file\n"), "{fresh}");

    let sub = changes::Asked { path: b"sub".to_vec(), ..changes::Asked::default() };
    let only = ask(&place, &sub).await;
    assert_eq!(only.files.len(), 1);
    assert_eq!(only.files[0].unstaged_diff, None);
}

#[tokio::test]
async fn a_path_that_is_no_text_finds_its_file() {
    let place = repository();
    let odd = Path::new(OsStr::from_bytes(b"d\xfe"));
    std::fs::create_dir(place.work.join(odd)).unwrap();
    std::fs::write(place.work.join(odd).join("file"), "x").unwrap();
    for path in [b"d\xfe".as_slice(), b"d\xfe/file"] {
        let only = changes::Asked { path: path.to_vec(), ..changes::Asked::default() };
        let found: Vec<_> = ask(&place, &only).await.files.into_iter().map(|file| file.path).collect();
        assert_eq!(found, ["d\\xfe/file"]);
    }
}

/// Which commit of it is meant belongs to the repository; what lies changed in it does not.
#[tokio::test]
async fn a_submodule_is_changed_by_another_commit_only() {
    let place = repository();
    let sub = place.work.join("module");
    std::fs::create_dir(&sub).unwrap();
    std::fs::write(sub.join("file"), "one\n").unwrap();
    git(&sub, &["init", "--quiet"]);
    git(&sub, &["add", "."]);
    git(&sub, &["commit", "--quiet", "-m", "one"]);
    git(&place.work, &["add", "module"]);
    git(&place.work, &["commit", "--quiet", "-m", "module"]);
    git(&place.work, &["config", "diff.submodule", "log"]);
    std::fs::write(sub.join("file"), "two\n").unwrap();
    assert!(ask(&place, &with_diff()).await.files.is_empty());

    git(&sub, &["commit", "--quiet", "-a", "-m", "two"]);
    let changes = ask(&place, &with_diff()).await;
    let diff = changes.files[0].unstaged_diff.as_ref().unwrap();
    assert!(changes.files[0].path == "module" && diff.contains("\n+Subproject commit "), "{changes:?}");
    let apply = async |action, hunks: &str| {
        let wanted = changes::Wanted { path: b"module".to_vec(), action, hunks: hunks.into() };
        changes::apply(&place.root(), env(&place), &wanted).await
    };
    let hunk = &diff[diff.find("@@ ").unwrap()..];
    for hunks in [hunk, ""] {
        apply(HunkAction::Stage, hunks).await.unwrap();
        let staged = ask(&place, &with_diff()).await;
        assert_eq!((staged.files[0].unstaged, staged.files[0].staged_diff.as_ref()), (None, Some(diff)));
        apply(HunkAction::Unstage, hunks).await.unwrap();
        assert_eq!(ask(&place, &with_diff()).await, changes);
    }
    assert_eq!(code(apply(HunkAction::Revert, "").await), Code::Unsupported);
    let refused = apply(HunkAction::Revert, hunk).await.unwrap().unwrap().run(&place.root());
    assert_eq!(code(refused), Code::BadRequest);
}

#[tokio::test]
async fn a_workspace_within_a_work_tree_has_paths_of_its_own() {
    let place = repository();
    place.put("kept.txt", "changed\n");
    place.put("sub/inner.txt", "changed\n");
    let root = Root::open(&place.work.join("sub")).unwrap();
    let changes = changes::of_git(&root, env(&place), &with_diff()).await.unwrap().unwrap();
    assert_eq!(changes.files.len(), 1);
    assert_eq!(changes.files[0].path, "inner.txt");
    assert!(changes.files[0].unstaged_diff.as_ref().unwrap().starts_with("diff --git a/inner.txt b/inner.txt\n"));
}

#[tokio::test]
async fn pages_of_changes_fit_a_frame() {
    let place = repository();
    for number in 0..40 {
        place.put(&format!("big{number:02}"), &"a line that is new\n".repeat(2000));
    }
    let (mut paths, mut offset) = (Vec::new(), Some(0));
    while let Some(at) = offset {
        let page = ask(&place, &changes::Asked { offset: at, ..with_diff() }).await;
        assert!(serde_json::to_vec(&page).unwrap().len() < 250 * 1024);
        paths.extend(page.files.iter().map(|file| file.path.clone()));
        offset = page.next;
    }
    assert_eq!(paths, (0..40).map(|number| format!("big{number:02}")).collect::<Vec<_>>());
    place.put("huge", &"\u{1}\n".repeat(200_000));
    let page = ask(&place, &changes::Asked { path: b"huge".to_vec(), ..with_diff() }).await;
    assert!(page.files[0].cut && serde_json::to_vec(&page).unwrap().len() < 250 * 1024);
    let few = ask(&place, &changes::Asked { limit: Some(3), ..changes::Asked::default() }).await;
    assert_eq!((few.files.len(), few.next), (3, Some(3)));
}

/// Each of these programs leaves a mark when it is run.
#[tokio::test]
async fn a_hostile_repository_runs_nothing() {
    let place = repository();
    let (trap, mark) = (place.outside.join("trap"), place.outside.join("sprung"));
    std::fs::write(&trap, format!("#!/bin/sh\necho \"$0 $*\" >> {}\ncat\n", mark.display())).unwrap();
    std::fs::set_permissions(&trap, std::fs::Permissions::from_mode(0o755)).unwrap();
    let program = trap.display().to_string();
    std::fs::create_dir(place.work.join("hooks")).unwrap();
    for hook in ["post-index-change", "fsmonitor-watchman", "post-checkout", "pre-commit"] {
        std::os::unix::fs::symlink(&trap, place.work.join("hooks").join(hook)).unwrap();
    }
    let attributes = b"* filter=evil=name diff=evil\n*.txt filter=plain diff=evil\ngone.txt filter=caf\xe9\n";
    std::fs::write(place.work.join(".gitattributes"), attributes).unwrap();
    let config = format!(
        "[core]\n\tfsmonitor = {program}\n\thooksPath = hooks\n\tpager = {program}\n\tsshCommand = {program}\n\tgitProxy = {program}\n\
         [diff]\n\texternal = {program}\n[diff \"evil\"]\n\tcommand = {program}\n\ttextconv = {program}\n\
         [filter \"plain\"]\n\tclean = {program}\n\tsmudge = {program}\n\trequired = true\n\
         [filter \"evil=name\"]\n\tprocess = {program}\n\trequired = true\n[pager]\n\tstatus = {program}\n\tdiff = {program}\n\
         [include]\n\tpath = more\n[alias]\n\tstatus = !{program}\n"
    );
    let odd = [config.as_bytes(), b"[filter \"caf\xe9\"]\n\tclean = ", program.as_bytes(), b"\n"].concat();
    std::fs::write(place.work.join(".git/config"), odd).unwrap();
    std::fs::write(place.work.join(".git/more"), format!("[filter \"third\"]\n\tclean = {program}\n")).unwrap();
    place.put("sub/.gitattributes", "* filter=third\n");
    place.put("kept.txt", "one\nTWO\nthree\n");
    place.put("sub/inner.txt", "changed\n");
    place.put("gone.txt", "changed\n");
    place.put("fresh", "fresh\n");
    let changes = ask(&place, &with_diff()).await;
    let kept = changes.files.iter().find(|file| file.path == "kept.txt").unwrap();
    assert!(kept.unstaged_diff.as_ref().unwrap().contains("\n-two\n+TWO\n"), "{kept:?}");
    assert!(!mark.exists(), "{}", std::fs::read_to_string(&mark).unwrap());

    // The trap is one: git as it is springs it.
    Command::new("git").args(["diff"]).current_dir(&place.work).stdout(Stdio::null()).status().unwrap();
    assert!(mark.exists(), "the repository of this test is harmless");
}

#[tokio::test]
async fn nothing_is_written_into_the_repository() {
    let place = repository();
    let index = place.work.join(".git/index");
    let before = std::fs::read(&index).unwrap();
    // Another time and the same content: git would note that in its index.
    place.put("kept.txt", "one\ntwo\nthree\n");
    assert!(ask(&place, &with_diff()).await.files.is_empty());
    assert_eq!(std::fs::read(&index).unwrap(), before);
}

#[tokio::test]
async fn a_work_tree_that_is_elsewhere_is_not_told() {
    let place = repository();
    git(&place.work, &["config", "core.worktree", place.outside.to_str().unwrap()]);
    let asked = changes::of_git(&place.root(), env(&place), &with_diff()).await;
    assert_eq!(code(asked), Code::Unavailable);
}

#[tokio::test]
async fn without_a_repository_git_knows_nothing() {
    let place = Place::new();
    assert_eq!(changes::of_git(&place.root(), env(&place), &with_diff()).await.unwrap(), None);
    let nowhere = vec![("PATH".to_owned(), "/nowhere".to_owned())];
    assert_eq!(changes::of_git(&place.root(), nowhere, &with_diff()).await.unwrap(), None);
}

/// What git itself says of one file.
fn alone(place: &Place, more: &[&str], paths: &[&OsStr]) -> String {
    let mut command = Command::new("git");
    command.args(["-c", "core.quotePath=false", "diff", "--diff-algorithm=histogram"]).args(more).arg("--").args(paths);
    String::from_utf8_lossy(&command.current_dir(&place.work).output().unwrap().stdout).into_owned()
}

/// A repository with changes of every kind, in many files and in files with odd names. And how many.
fn every_kind() -> (Place, usize) {
    let place = repository();
    let plain = |number: usize| format!("many/{number:03}.txt");
    let odd = [
        "a \"b\".txt",
        "tab\t.txt",
        "back\\slash",
        "new\nline",
        "end ",
        "b/x b/x",
        "-dash",
        "ü:*?[x]",
        "\u{1b}[2J\u{7}",
    ];
    let odd: Vec<OsString> =
        odd.map(OsString::from).into_iter().chain([OsString::from_vec(b"caf\xe9".to_vec())]).collect();

    std::fs::create_dir_all(place.work.join("b/x b")).unwrap();
    let forged = "diff --git a/kept.txt b/kept.txt\n* Unmerged path kept.txt\n";
    for number in 0..90 {
        place.put(&plain(number), &format!("{number}\n{forged}"));
    }
    odd.iter().for_each(|name| std::fs::write(place.work.join(name), "odd\n").unwrap());
    for name in ["moved 1", "moved b/moved", "dir", "link"] {
        place.put(name, &format!("{name}\n").repeat(30));
    }
    git(&place.work, &["add", "--all"]);
    git(&place.work, &["commit", "--quiet", "-m", "second"]);
    for number in 0..90 {
        place.put(&plain(number), &format!("{forged}{number}\nmore {number}"));
        if number % 3 == 0 {
            git(&place.work, &["add", &plain(number)]);
            place.put(&plain(number), "twice\n");
        }
    }
    odd.iter().for_each(|name| std::fs::write(place.work.join(name), "changed\n").unwrap());
    std::fs::create_dir(place.work.join("1 b")).unwrap();
    git(&place.work, &["mv", "moved 1", "1 b/moved"]);
    git(&place.work, &["mv", "moved b/moved", "2"]);
    std::fs::remove_file(place.work.join("dir")).unwrap();
    std::fs::remove_file(place.work.join("link")).unwrap();
    place.put("dir/inner", "inner\n");
    std::os::unix::fs::symlink("kept.txt", place.work.join("link")).unwrap();
    (place, 90 + odd.len() + 5)
}

#[tokio::test]
async fn what_is_asked_for_together_is_each_files_own() {
    let (place, count) = every_kind();
    let changes = ask(&place, &with_diff()).await;
    assert_eq!((changes.files.len(), changes.next), (count, None));
    for file in &changes.files {
        let name = |path: &str| OsString::from_vec(octo_proto::files::name::unescape(path).unwrap());
        let paths: Vec<_> =
            [Some(&file.path), file.from.as_ref()].into_iter().flatten().map(|path| name(path)).collect();
        let paths: Vec<_> = paths.iter().map(OsString::as_os_str).collect();
        if file.unstaged == Some(ChangeKind::Untracked) {
            continue;
        }
        let unstaged = file.unstaged.map(|_| alone(&place, &[], &paths));
        let staged = file.staged.map(|_| alone(&place, &["--cached"], &paths));
        assert_eq!((&file.unstaged_diff, &file.staged_diff), (&unstaged, &staged), "{}", file.path);
        assert!(
            [&unstaged, &staged].into_iter().flatten().all(|diff| diff.starts_with("diff --git ")),
            "{}",
            file.path
        );
    }
    let link = changes.files.iter().find(|file| file.path == "link").unwrap();
    assert_eq!(link.unstaged_diff.as_ref().unwrap().matches("diff --git a/link b/link\n").count(), 2);
}

#[tokio::test]
async fn many_files_take_few_gits() {
    let place = repository();
    for number in 0..1000 {
        place.put(&format!("many/{number:04}"), "before\n");
    }
    git(&place.work, &["add", "."]);
    git(&place.work, &["commit", "--quiet", "-m", "second"]);
    for number in 0..1000 {
        place.put(&format!("many/{number:04}"), "after\n");
    }
    // Each git that is run leaves a line.
    let (bin, log) = (place.outside.join("bin"), place.outside.join("log"));
    let path = std::env::var("PATH").unwrap();
    std::fs::create_dir(&bin).unwrap();
    let script = format!("#!/bin/sh\necho git >> '{}'\nPATH='{path}' exec git \"$@\"\n", log.display());
    std::fs::write(bin.join("git"), script).unwrap();
    std::fs::set_permissions(bin.join("git"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut env = env(&place);
    env.iter_mut()
        .filter(|(name, _)| name == "PATH")
        .for_each(|(_, value)| *value = format!("{}:{path}", bin.display()));
    let page = changes::of_git(&place.root(), env, &with_diff()).await.unwrap().unwrap();
    assert_eq!((page.files.len(), page.next), (500, Some(500)));
    assert!(page.files.iter().all(|file| file.unstaged_diff.as_ref().unwrap().ends_with("\n-before\n+after\n")));
    let gits = std::fs::read_to_string(&log).unwrap().lines().count();
    assert!(gits < 10, "{gits} gits for a page");
}
