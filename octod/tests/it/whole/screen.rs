//! From key to pixel: octo-tui in a terminal, with real daemons, real Pi and the scripted model behind it.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::{
    house::{House, Victim},
    line::{DELAY, Line},
    terminal::Terminal,
};

/// What stands in an empty session once everything that it needs is known.
const READY: &str = "A new session with pi";

/// Frames in a second at most, and a few that the reader may see late.
const FRAMES: usize = 60 + 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_typed_is_answered_tools_show_their_output_and_work_can_be_stopped() {
    let house = House::new();
    let mut terminal = Terminal::start(&house, (80, 24), &[]);
    terminal.shows(READY).await;
    terminal.press("hello");
    terminal.shows("│ hello").await;
    terminal.press("\r");
    terminal.shows("A good start: run: ls -la").await;
    terminal.shows("● idle").await;

    terminal.press("run: echo tick-$((40 + 2))\r");
    terminal.shows("│ tick-42").await;
    terminal.shows("● idle").await;

    terminal.press("run: echo be''gun; sleep 600\r");
    terminal.shows("│ begun").await;
    terminal.press("\x1b");
    terminal.shows("Esc again stops the agent").await;
    terminal.press("\x1b");
    terminal.shows("● idle").await;
    assert_eq!(house.agents().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pane_goes_on_when_octod_and_the_runner_die_under_a_running_tool() {
    let mut house = House::new();
    let mut terminal = Terminal::start(&house, (80, 24), &[]);
    terminal.shows(READY).await;
    terminal.press("run: echo be''gun; until [ -e go ]; do sleep 0.05; done; echo gone on $((40 + 2))\r");
    terminal.shows("│ begun").await;
    let agents = house.agents();
    for victim in [Victim::Octod, Victim::Runner, Victim::Both] {
        let frames = terminal.look(|seen| seen.frames.len());
        house.kill(victim).await;
        // What is typed meanwhile is not lost.
        terminal.press("kept ");
        terminal.until("a frame", |seen| seen.frames.len() > frames).await;
    }
    terminal.shows("running a tool").await;
    terminal.shows("kept kept kept").await;
    std::fs::write(house.work().join("go"), "").unwrap();
    terminal.shows("│ gone on 42").await;
    terminal.shows("● idle").await;
    assert_eq!(house.agents(), agents, "the agent is the same process");
    // The conversation is there once.
    assert_eq!(terminal.screen().matches("│ begun").count(), 1, "{}", terminal.screen());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_screen_follows_the_size_of_the_terminal() {
    let house = House::new();
    let mut terminal = Terminal::start(&house, (80, 24), &[]);
    terminal.shows(READY).await;
    terminal.press("unicode\r");
    terminal.shows("end").await;
    terminal.shows("● idle").await;
    for (columns, rows) in [(200, 60), (40, 10), (80, 24), (400, 100)] {
        terminal.resize((columns, rows));
        let side = if columns >= 110 { 32 } else { 0 };
        terminal
            .until("the status on the last line", |seen| {
                let lines: Vec<String> = seen.emulator.screen().rows(0, columns).collect();
                let status = &lines[usize::from(rows) - 1];
                let title = &lines[0];
                status.contains("● idle") && (side == 0) != title.contains("Sessions")
            })
            .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_terminal_is_given_back_in_the_middle_of_an_answer() {
    let house = House::new();
    let mut terminal = Terminal::start(&house, (80, 24), &[]);
    terminal.shows(READY).await;
    terminal.press("slow\r");
    terminal.shows("slow3").await;
    terminal.signal(Signal::TERM);
    assert!(terminal.is_given_back().await.success());

    let mut terminal = Terminal::start(&house, (80, 24), &[("OCTO_TUI_TEST_PANIC", "1")]);
    terminal.shows("slow3").await;
    terminal.press("x");
    assert!(!terminal.is_given_back().await.success());
    terminal.shows("as the test asked").await;
    assert_eq!(house.agents().len(), 1, "the agent works on");
}

/// The smallest PNG there is, a grey dot, and as much behind it as a picture of several pieces has.
fn picture() -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\x3a\x7e\x9b\x55".to_vec();
    png.extend_from_slice(b"\0\0\0\nIDAT\x78\x9c\x63\x68\0\0\0\x82\0\x81\x77\xcd\x72\xb6\0\0\0\0IEND\xae\x42\x60\x82");
    png.resize(500_000, 0);
    png
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_reaches_pi_and_its_context_can_be_compacted() {
    let house = House::new();
    std::fs::write(house.work().join("dot.png"), picture()).unwrap();
    let mut terminal = Terminal::start(&house, (120, 40), &[]);
    terminal.shows(READY).await;
    terminal.press("/attach dot.png\r");
    terminal.shows("[dot.png]").await;
    terminal.press("what is this?\r");
    terminal.shows("[image: image/png]").await;
    terminal.shows("You said: what is this?").await;
    terminal.shows("● idle").await;
    assert!(house.written_by_pi().contains("\"mimeType\":\"image/png\""), "Pi has the picture");

    terminal.press("/attach nothing.png\r");
    terminal.shows("nothing.png: No such file").await;

    // Pi says no to what is too short to be compacted, and yes to the rest: either way it is told.
    terminal.press("/compact keep all\r");
    terminal.until("the end of compacting", |seen| seen.has("compacted") || seen.has("ompact")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typing_echoes_at_once_through_a_thin_line_to_octod() {
    let house = House::new();
    let line = Line::to(house.socket(), &house.home().join("thin.sock"));
    let mut terminal = Terminal::through(&house, &line.socket, (80, 24), &[]);
    terminal.shows(READY).await;
    terminal.press("stream 2000 every 1\r");
    terminal.shows("tok9").await;
    let begun = terminal.look(|seen| seen.frames.len());
    let (mut typed, mut echoes) = (String::new(), Vec::new());
    for letter in ('a'..='z').rev() {
        let pressed = Instant::now();
        typed.push(letter);
        terminal.press(&letter.to_string());
        terminal.shows(&format!("│ {typed}")).await;
        echoes.push(pressed.elapsed());
    }
    echoes.sort_unstable();
    // A key that asked octod would take the line twice.
    assert!(echoes[echoes.len() / 2] < DELAY, "{echoes:?}");
    let frames = terminal.look(|seen| seen.frames[begun..].to_vec());
    assert_bounded(&frames, (80, 24), FRAMES * 80 * 24);

    // The order, whatever the machine has to do besides: the echo is there while nothing can arrive.
    line.hold();
    terminal.press("\r");
    terminal.shows("sending…").await;
    assert!(terminal.screen().contains(&format!("▌ {typed}")));
    assert!(!terminal.screen().contains("after this turn"));
    line.let_go();
    terminal.hides("sending…").await;
    terminal.shows("tok1999").await;
    terminal.shows(&format!("You said: {typed}")).await;
}

/// Frames are few, a frame is no larger than what it shows, and a second of them is bounded.
fn assert_bounded(frames: &[(Instant, usize)], (columns, rows): (usize, usize), in_a_second: usize) {
    let seconds = frames.iter().enumerate().map(|(at, (from, _))| {
        let second = frames[at..].iter().take_while(|(time, _)| *time - *from < Duration::from_secs(1));
        second.fold((0, 0), |(count, sum), (_, bytes)| (count + 1, sum + bytes))
    });
    let (most_frames, most_bytes) = seconds.fold((0, 0), |most, second| (most.0.max(second.0), most.1.max(second.1)));
    let largest = frames.iter().map(|(_, bytes)| *bytes).max().unwrap();
    let mean = frames.iter().map(|(_, bytes)| bytes).sum::<usize>() / frames.len();
    assert!(most_frames <= FRAMES, "{most_frames} frames in a second");
    assert!(most_bytes <= in_a_second, "{most_bytes} bytes in a second");
    assert!(largest <= columns * rows * 3 / 2, "a frame of {largest} bytes");
    assert!(mean <= columns * rows, "{mean} bytes in a frame");
}

/// The frames that an answer of 2,000 deltas makes.
async fn streamed(size: (u16, u16), environment: &[(&str, &str)]) -> Vec<(Instant, usize)> {
    let house = House::new();
    let mut terminal = Terminal::start(&house, size, environment);
    terminal.shows(READY).await;
    terminal.press("stream 2000 every 1\r");
    terminal.shows("tok9").await;
    let first = terminal.look(|seen| seen.frames.len());
    terminal.shows("tok1999").await;
    terminal.look(|seen| seen.frames[first..].to_vec())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_streams_is_drawn_in_few_and_small_frames() {
    let small = streamed((80, 24), &[]).await;
    assert_bounded(&small, (80, 24), FRAMES * 80 * 24);
    let large = streamed((120, 40), &[]).await;
    assert_bounded(&large, (120, 40), FRAMES * 120 * 40);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_streams_over_ssh_leaves_room_for_what_is_typed() {
    // One megabit in a second is 125,000 bytes.
    for (columns, rows) in [(80, 24), (120, 40)] {
        let frames = streamed((columns, rows), &[("SSH_CONNECTION", "192.0.2.1 1 192.0.2.2 22")]).await;
        assert_bounded(&frames, (columns.into(), rows.into()), 110_000);
    }
}
