//! The tree, a file and its changes in panes, while the file is edited in another and everything behind them dies.

use std::{path::Path, process::Command};

use super::{
    house::{House, Victim},
    terminal::Terminal,
};

/// The prefix.
const PREFIX: &str = "\x1d";

fn git(directory: &Path, args: &[&str]) {
    let who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false"];
    let status = Command::new("git").current_dir(directory).args(who).args(args).status().unwrap();
    assert!(status.success(), "git {args:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_found_edited_and_compared_and_its_pane_goes_on_when_octod_and_the_runner_are_killed() {
    let mut house = House::new();
    let work = house.work();
    std::fs::create_dir(work.join("src")).unwrap();
    std::fs::write(work.join("src/clock.rs"), "fn tick() {}\n").unwrap();
    git(&work, &["init", "-q", "-b", "main"]);
    git(&work, &["add", "src"]);
    git(&work, &["commit", "-q", "-m", "Begin"]);

    let mut terminal = Terminal::start(&house, (140, 44), &[]);
    terminal.shows("A new session with pi").await;
    terminal.press(&format!("{PREFIX}f"));
    terminal.shows("▸ src").await;
    terminal.press("l");
    terminal.shows("clock.rs").await;
    terminal.press("j\r");
    terminal.shows("src/clock.rs:1 · 13 B").await;
    terminal.shows("  1 fn tick() {}").await;

    // Somebody else edits it: the file follows, and the tree has its mark.
    terminal.press(&format!("{PREFIX}|"));
    terminal.press("vim -u NONE -N -i NONE -n src/clock.rs\r");
    terminal.shows("~").await;
    terminal.press("ofn tock() {}\x1b:wq\r");
    terminal.shows("  2 fn tock() {}").await;
    terminal.shows("· changed").await;
    terminal.until("the mark of what was changed", |seen| seen.has("clock.rs") && seen.has("M │")).await;
    terminal.press(&format!("{PREFIX}x{PREFIX}f"));
    terminal.press("d");
    terminal.shows("not staged: 1 file").await;
    terminal.shows("fn tock() {}").await;

    house.kill(Victim::Both).await;
    std::fs::write(work.join("src/clock.rs"), "fn tick() {}\nfn tock() {}\nfn again() {}\n").unwrap();
    std::fs::write(work.join("src/second.rs"), "").unwrap();
    terminal.shows("  3 fn again() {}").await;
    terminal.shows("second.rs").await;
    terminal.signal(rustix::process::Signal::HUP);
    terminal.is_given_back().await;
}
