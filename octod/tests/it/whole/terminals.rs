//! Terminals through everything: `octoctl`, octod, the runner, a shim, a shell; and whatever dies of them.

use std::process::Output;

use serde_json::Value;

use super::{
    house::{House, Victim},
    seat::{Seat, octoctl},
};

fn ran(house: &House, args: &[&str]) -> Output {
    let output = octoctl(house, args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {output:?}");
    output
}

/// Opens a terminal as a script does, and gives its id.
fn open(house: &House, command: &[&str]) -> String {
    let output = ran(house, &[&["term", "open", "--"], command].concat());
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn a_person_attaches_types_leaves_and_comes_back() {
    let house = House::new();
    house.connect().await;
    let id = open(&house, &["sh", "-i"]);
    let mut seat = Seat::attach(&house, &id, (100, 30));
    seat.types(b"stty size; pwd; echo seen-$((6*7))\r");
    seat.sees("30 100").await;
    seat.sees(house.work().to_str().unwrap()).await;
    seat.sees("seen-42").await;
    assert!(!seat.is_usual(), "keys go through as they are");
    seat.resizes(90, 20);
    seat.types(b"stty size\r");
    seat.sees("20 90").await;
    seat.types(b"left=something\r\x1dd");
    seat.sees("[left ").await;
    assert_eq!(seat.ends().await, Some(0));
    let mut seat = Seat::attach(&house, &id[id.len() - 8..], (100, 30));
    seat.sees("seen-42").await;
    seat.types(b"echo $left-$((1+1))\r");
    seat.sees("something-2").await;
    seat.types(format!("{} term attach @last; echo refused-$?\r", env!("CARGO_BIN_EXE_octoctl")).as_bytes());
    seat.sees("show itself in itself").await;
    seat.sees("refused-2").await;
    seat.types(b"exit 3\r");
    seat.sees(": exited 3]").await;
    assert_eq!(seat.ends().await, Some(0));
    let waited = octoctl(&house, &["term", "wait", &id]).output().unwrap();
    assert_eq!((waited.status.code(), waited.stdout), (Some(1), b"exited 3\n".to_vec()));
    ran(&house, &["term", "close", "@last"]);
    let gone = octoctl(&house, &["term", "attach", &id]).output().unwrap();
    assert_eq!(gone.status.code(), Some(2), "without a terminal there is nothing to attach to: {gone:?}");
    let gone = octoctl(&house, &["term", "wait", &id]).output().unwrap();
    assert_eq!(gone.status.code(), Some(3), "{gone:?}");
}

/// What a terminal of this size shows that was written all this.
fn drawn(bytes: &[u8], size: (u16, u16)) -> String {
    let mut emulator = vt100::Parser::new(size.1, size.0, 0);
    emulator.process(bytes);
    let text = emulator.screen().contents();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim_end().to_owned()
}

#[tokio::test]
async fn a_terminal_of_another_size_is_drawn_as_it_is_or_as_much_of_it_as_fits() {
    let house = House::new();
    house.connect().await;
    // A script's terminal is smaller than the window, and has lines above its screen.
    let id = open(&house, &["sh", "-c", "seq 60; exec cat"]);
    let mut seat = Seat::attach(&house, &id, (100, 30));
    seat.sees("60").await;
    seat.types(b"hello\r");
    let shown = || String::from_utf8(ran(&house, &["term", "screen", &id]).stdout).unwrap().trim_end().to_owned();
    let is_shown = |text: &str| text.contains("hello\nhello") && text == shown();
    let whole = seat.until("the runner's screen", |seat| drawn(&seat.whole, (100, 30)), is_shown).await;
    assert!(whole.starts_with("34\n"), "{whole}");
    let lines = |more: &[&str]| {
        let text = String::from_utf8(ran(&house, &[&["term", "screen", &id], more].concat()).stdout).unwrap();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let all = lines(&["--history", "5000"]);
    assert_eq!((all.len(), all[0].as_str(), all[61].as_str()), (62, "1", "hello"));
    assert_eq!(lines(&["--history", "2"])[0], "32");

    // One who only looks, in a smaller one, sees the part around the cursor and that it is a part.
    let mut small = Seat::look(&house, &id, (20, 6));
    let part =
        small.until("a part of it", |seat| drawn(&seat.whole, (20, 6)), |text| text.contains("100x30 here: 20")).await;
    assert!(part.starts_with("59\n60\nhello\nhello\n\n[100x30"), "{part}");
    small.types(b"\x1dd");
    seat.types(b"\x1dd");
    assert_eq!((seat.ends().await, small.ends().await), (Some(0), Some(0)));
}

#[tokio::test]
async fn a_text_is_typed_as_fast_as_the_program_reads_and_with_all_its_line_ends() {
    let house = House::new();
    house.connect().await;
    let id = open(&house, &["sh", "-c", "stty -echo; echo ready; cat >typed"]);
    ran(&house, &["term", "send", &id, "one\n"]);
    let text = "a line of some length that is typed again and again\n".repeat(20_000);
    std::fs::write(house.work().join("text"), &text).unwrap();
    let mut send = octoctl(&house, &["term", "send", &id, "-"]);
    let output = send.stdin(std::fs::File::open(house.work().join("text")).unwrap()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    ran(&house, &["term", "send", &id, "\x04"]);
    assert_eq!(ran(&house, &["term", "wait", &id, "--timeout", "60"]).stdout, b"exited 0\n");
    assert!(std::fs::read_to_string(house.work().join("typed")).unwrap() == format!("one\n{text}"));
}

#[tokio::test]
async fn a_script_opens_types_waits_and_closes() {
    let house = House::new();
    house.connect().await;
    let id = open(&house, &["sh", "-c", "read a; read b; echo $a-$b >file; test $b = two"]);
    let late = octoctl(&house, &["term", "wait", &id, "--timeout", "0.05"]).output().unwrap();
    assert_eq!(late.status.code(), Some(6), "{late:?}");
    ran(&house, &["term", "send", &id, "one\n"]);
    ran(&house, &["term", "send", &id, "--enter", "two"]);
    assert_eq!(ran(&house, &["term", "wait", &id]).stdout, b"exited 0\n");
    let shown = String::from_utf8(ran(&house, &["term", "screen", &id]).stdout).unwrap();
    assert_eq!(shown.lines().map(str::trim).collect::<Vec<_>>(), ["one", "two"], "as they were typed");
    let shown: Value = serde_json::from_slice(&ran(&house, &["term", "screen", &id, "--json"]).stdout).unwrap();
    assert_eq!((&shown["row"], &shown["screen"]["columns"]), (&2.into(), &80.into()));
    assert_eq!(std::fs::read_to_string(house.work().join("file")).unwrap(), "one-two\n");
    let list: Value = serde_json::from_slice(&ran(&house, &["term", "list", "--json"]).stdout).unwrap();
    assert_eq!(list["terminals"][0]["terminal_id"], id);
    let table = String::from_utf8(ran(&house, &["term", "list"]).stdout).unwrap();
    assert!(table.contains("exited 0") && table.contains("80x24"), "{table}");
    let refused = octoctl(&house, &["term", "open", "--", "no-such-program"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(3), "{refused:?}");
    assert!(String::from_utf8(refused.stderr).unwrap().contains("cannot start no-such-program"));
    ran(&house, &["term", "close", &id]);
}

#[tokio::test]
async fn a_question_of_a_program_is_not_asked_of_the_terminal_at_hand() {
    let house = House::new();
    house.connect().await;
    let script = "stty raw -echo; printf '\\033[6n'; head -c 6 | od -An -c; echo; read a; cat";
    let id = open(&house, &["sh", "-c", script]);
    let mut seat = Seat::attach(&house, &id, (80, 24));
    seat.sees("R").await;
    seat.types(b"\x1dd");
    seat.sees("[left ").await;
    assert_eq!(seat.ends().await, Some(0));
    let mut seat = Seat::attach(&house, &id, (80, 24));
    seat.sees("R").await;
    assert!(!seat.whole.windows(4).any(|word| word == b"\x1b[6n"), "{:?}", String::from_utf8_lossy(&seat.whole));
}

#[tokio::test]
async fn vim_is_edited_on_while_everything_of_octo_is_killed() {
    let mut house = House::new();
    house.connect().await;
    let file = house.work().join("text");
    let id = open(&house, &["vim", "-u", "NONE", "-N", "-i", "NONE", "-n", file.to_str().unwrap()]);
    let mut seat = Seat::attach(&house, &id, (80, 24));
    seat.sees("\x1b[?1049h").await;
    seat.types(b"ifirst line");
    seat.sees("first line").await;
    for (number, victim) in [Victim::Runner, Victim::Octod, Victim::Both].into_iter().enumerate() {
        house.kill(victim).await;
        house.runner().await;
        // What is typed while nobody is there is not taken; so it is typed until it is shown.
        let told = format!("after-{number}-");
        let mut shown = false;
        for _ in 0..100 {
            if shown {
                break;
            }
            seat.types(b"\x1b:s/\\(after-.*\\)\\?$//\r");
            seat.types(format!("A{told}").as_bytes());
            shown = tokio::time::timeout(std::time::Duration::from_millis(300), seat.sees(&told)).await.is_ok();
        }
        assert!(shown, "{victim:?}");
    }
    seat.types(b"\x1b:wq\r");
    seat.sees(": exited 0]").await;
    assert_eq!(seat.ends().await, Some(0));
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("first line") && text.trim_end().ends_with("after-2-"), "{text:?}");
}

#[tokio::test]
async fn what_runs_in_a_terminal_may_use_octo_and_what_runs_in_an_agent_may_not() {
    let house = House::new();
    house.connect().await;
    let octoctl = env!("CARGO_BIN_EXE_octoctl");
    let script = format!("{octoctl} term list --json >out 2>&1; echo $? >code");
    let id = open(&house, &["sh", "-c", &script]);
    ran(&house, &["term", "wait", &id]);
    assert_eq!(std::fs::read_to_string(house.work().join("code")).unwrap(), "0\n");
    let list: Value = serde_json::from_slice(&std::fs::read(house.work().join("out")).unwrap()).unwrap();
    assert_eq!(list["terminals"][0]["terminal_id"], id);
    let script = format!("OCTO_PROCESS=prc_1 sh -c '{script}'");
    let id = open(&house, &["sh", "-c", &script]);
    ran(&house, &["term", "wait", &id]);
    assert_ne!(std::fs::read_to_string(house.work().join("code")).unwrap(), "0\n");
}
