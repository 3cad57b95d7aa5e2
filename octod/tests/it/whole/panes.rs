//! Panes of octo-tui with real terminals in them: what a person sees while everything behind the screen dies.

use super::{
    house::{House, Victim},
    terminal::Terminal,
};

/// What stands in an empty session once everything that it needs is known.
const READY: &str = "A new session with pi";

/// The prefix.
const PREFIX: &str = "\x1d";

/// A shell that says what it does and nothing else.
const SHELL: &str = "PS1='rea''dy$ '\r";

/// Opens a terminal to the right, with a plain shell in it.
async fn split(terminal: &mut Terminal) {
    terminal.press(&format!("{PREFIX}|"));
    // What is typed before it is there is not lost.
    terminal.press(SHELL);
    terminal.shows("ready$").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vim_in_a_pane_goes_on_where_it_was_when_octod_and_the_runner_are_killed() {
    let mut house = House::new();
    let mut terminal = Terminal::start(&house, (120, 36), &[]);
    terminal.shows(READY).await;
    split(&mut terminal).await;
    terminal.press("vim -u NONE -N -i NONE -n note\r");
    terminal.shows("~").await;
    terminal.press("ifirst line");
    terminal.shows("first line").await;
    for (number, victim) in [Victim::Octod, Victim::Runner, Victim::Both].into_iter().enumerate() {
        house.kill(victim).await;
        // What was on the screen stays there; and as soon as somebody is there, it goes on.
        terminal.shows("first line").await;
        let frames = terminal.look(|seen| seen.frames.len());
        terminal
            .until("a frame that is connected", |seen| {
                seen.frames.len() > frames && !seen.has("not connected") && !seen.has("connection")
            })
            .await;
        let told = format!(" after-{number}");
        for _ in 0..100 {
            // The pane says where it is not connected yet; what is typed then is not sent.
            terminal.press(&told);
            let shown = tokio::time::timeout(std::time::Duration::from_millis(500), terminal.shows(&told)).await;
            if shown.is_ok() {
                break;
            }
        }
        terminal.shows(&told).await;
    }
    terminal.press("\x1b:wq\r");
    terminal.shows("ready$").await;
    let text = std::fs::read_to_string(house.work().join("note")).unwrap();
    assert!(text.starts_with("first line after-0") && text.contains("after-2"), "{text:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_layout_comes_back_with_what_ran_in_it() {
    let house = House::new();
    let mut terminal = Terminal::start(&house, (120, 36), &[]);
    terminal.shows(READY).await;
    split(&mut terminal).await;
    terminal.press("left=here; echo seen-$((40 + 2))\r");
    terminal.shows("seen-42").await;
    terminal.press(&format!("{PREFIX}d"));
    assert!(terminal.is_given_back().await.success());

    let mut terminal = Terminal::start(&house, (120, 36), &[]);
    terminal.shows("seen-42").await;
    terminal.until("a connected terminal", |seen| !seen.has("not connected")).await;
    terminal.press("echo still-$left\r");
    terminal.shows("still-here").await;
    // A terminal that goes away is told by the signal that a person at the far end of a cut line sends.
    terminal.signal(rustix::process::Signal::HUP);
    terminal.is_given_back().await;

    let mut terminal = Terminal::start(&house, (80, 24), &[]);
    terminal.shows("still-here").await;
    terminal.press("exit\r");
    terminal.shows("Write to the agent").await;
    terminal.until("the conversation alone", |seen| !seen.has("ready$")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_in_one_pane_leaves_room_for_typing_in_another() {
    let house = House::new();
    let mut terminal = Terminal::start(&house, (120, 36), &[]);
    terminal.shows(READY).await;
    split(&mut terminal).await;
    terminal.press("clear; yes floods\r");
    terminal.shows("floods").await;
    terminal.press(&format!("{PREFIX}i"));
    terminal.press("typed beside it");
    terminal.shows("typed beside it").await;
    terminal.press(&format!("{PREFIX}o\x03"));
    terminal.shows("ready$").await;
}
