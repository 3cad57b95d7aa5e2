//! Changes are told as they happen, in few words, and only those of the workspace.

use octo_proto::Code;
use octo_runner::files::watch::{Seen, Watch};

use super::{Place, code};
use crate::world::within;

/// The next that is seen, until it holds this path or says to look again.
async fn until(mut watch: Watch, path: &str) -> (Watch, Vec<String>) {
    let mut all = Vec::new();
    loop {
        let (next, seen) = within(path, watch.next()).await.unwrap();
        watch = next;
        assert!(seen.paths.len() <= 256);
        all.extend(seen.paths);
        if all.iter().any(|found| found == path) {
            return (watch, all);
        }
    }
}

#[tokio::test]
async fn what_is_made_changed_moved_and_deleted_is_told() {
    let place = Place::new();
    place.put("src/main.rs", "fn main() {}");
    let watch = Watch::start(place.root(), Vec::new()).await.unwrap();
    assert_eq!((watch.watching().directories, watch.watching().complete), (2, true));
    place.put("src/main.rs", "fn main() { }");
    let (watch, _) = until(watch, "src/main.rs").await;
    place.put("deep/down/below/file", "x");
    let (watch, _) = until(watch, "deep").await;
    place.put("deep/down/below/file", "y");
    let (watch, _) = until(watch, "deep/down/below/file").await;
    std::fs::rename(place.work.join("deep"), place.work.join("renamed")).unwrap();
    let (watch, seen) = until(watch, "renamed").await;
    assert!(seen.contains(&"deep".to_owned()));
    place.put("renamed/down/below/file", "z");
    let (watch, seen) = until(watch, "renamed/down/below/file").await;
    assert!(!seen.iter().any(|path| path.starts_with("deep")), "{seen:?}");
    std::fs::remove_dir_all(place.work.join("renamed")).unwrap();
    let (watch, _) = until(watch, "renamed").await;
    assert_eq!(watch.watching().directories, 2);
}

#[tokio::test]
async fn what_is_ignored_or_outside_is_not_told() {
    let place = Place::new();
    place.put(".gitignore", "target\n*.log\n");
    place.put("target/debug/octo", "x");
    place.put("leaving/file", "x");
    std::os::unix::fs::symlink(&place.outside, place.work.join("link")).unwrap();
    let watch = Watch::start(place.root(), Vec::new()).await.unwrap();
    assert_eq!(watch.watching().directories, 2);
    std::fs::rename(place.work.join("leaving"), place.outside.join("left")).unwrap();
    let (watch, _) = until(watch, "leaving").await;
    place.put("target/debug/octo", "y");
    place.put("noise.log", "y");
    std::fs::write(place.outside.join("secret"), "y").unwrap();
    std::fs::write(place.outside.join("left/file"), "y").unwrap();
    place.put("told", "y");
    let (watch, seen) = until(watch, "told").await;
    assert_eq!(seen, ["told"]);
    assert_eq!(watch.watching().directories, 1);
}

#[tokio::test]
async fn a_flood_is_one_word() {
    let place = Place::new();
    let watch = Watch::start(place.root(), Vec::new()).await.unwrap();
    for number in 0..1000 {
        place.put(&format!("file{number}"), "x");
    }
    let (watch, seen) = within("a flood", watch.next()).await.unwrap();
    assert_eq!(seen, Seen { paths: Vec::new(), rescan: true });
    place.put("after", "x");
    until(watch, "after").await;
}

/// Looks again until it is said to.
async fn again(mut watch: Watch) -> Watch {
    loop {
        let (next, seen) = within("another look", watch.next()).await.unwrap();
        if seen.rescan {
            return next;
        }
        watch = next;
    }
}

#[tokio::test]
async fn a_directory_that_is_gone_is_waited_for() {
    let place = Place::new();
    let above = place.work.clone();
    for (work, below) in [("a/work", ""), ("b/work", "src/deep"), ("c/work", "src")] {
        place.put(&format!("{work}/{below}/file"), "x");
        let root = octo_runner::files::Root::open(&above.join(work)).unwrap();
        let watch = Watch::start(root, below.as_bytes().to_vec()).await.unwrap();
        let gone = above.join(&work[..1]);
        if below == "src" {
            std::fs::rename(gone.join("work/src"), gone.join("moved")).unwrap();
        } else {
            std::fs::remove_dir_all(&gone).unwrap();
        }
        let watch = again(watch).await;
        place.put(&format!("{work}/{below}/file"), "y");
        let watch = again(watch).await;
        place.put(&format!("{work}/{below}/fresh"), "z");
        until(watch, format!("{below}/fresh").trim_start_matches('/')).await;
    }
}

#[tokio::test]
async fn a_workspace_in_whose_place_another_is_put_is_watched() {
    let place = Place::new();
    place.put("file", "x");
    let watch = Watch::start(place.root(), Vec::new()).await.unwrap();
    std::fs::rename(&place.work, place.outside.join("old")).unwrap();
    place.put("file", "y");
    let watch = again(watch).await;
    place.put("fresh", "z");
    until(watch, "fresh").await;
}

#[tokio::test]
async fn other_rules_ask_for_another_look() {
    let place = Place::new();
    place.put("build/out", "x");
    let watch = Watch::start(place.root(), Vec::new()).await.unwrap();
    place.put(".gitignore", "build\n");
    let (watch, seen) = within("the rules", watch.next()).await.unwrap();
    assert!(seen.rescan);
    assert_eq!(watch.watching().directories, 1);
}

#[tokio::test]
async fn commits_and_what_is_staged_are_told() {
    let place = Place::new();
    place.put(".git/index", "1");
    let watch = Watch::start(place.root(), Vec::new()).await.unwrap();
    place.put(".git/config", "x");
    place.put(".git/index", "2");
    let (_, seen) = until(watch, ".git").await;
    assert_eq!(seen, [".git"]);
}

#[tokio::test]
async fn a_watch_is_below_a_directory_of_the_workspace() {
    let place = Place::new();
    place.put("a/file", "x");
    place.put("b/file", "x");
    let watch = Watch::start(place.root(), b"a".to_vec()).await.unwrap();
    place.put("b/file", "y");
    place.put("a/file", "y");
    let (_, seen) = until(watch, "a/file").await;
    assert_eq!(seen, ["a/file"]);
    for path in ["../outside", "nowhere"] {
        let expected = if path == "nowhere" { Code::NotFound } else { Code::Forbidden };
        assert_eq!(code(Watch::start(place.root(), path.as_bytes().to_vec()).await), expected, "{path}");
    }
}
