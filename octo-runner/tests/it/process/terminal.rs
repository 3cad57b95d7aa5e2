//! Programs on a terminal: they are drawn for its size, never wait for the disk, and what is lost is told.

use octo_runner::process::{CommandError, Failure, Note, Size};
use octo_runner::transcript::{Direction, usage};
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};

use super::super::world::{Held, World, lives, until, within};

fn has(held: &Held, text: &str) -> bool {
    String::from_utf8_lossy(&held.out()).contains(text)
}

fn notes(held: &Held, key: &str) -> Vec<String> {
    let notes = held.records().into_iter().filter(|record| record.direction == Direction::Note && record.key == key);
    notes.map(|note| String::from_utf8(note.bytes).unwrap()).collect()
}

#[tokio::test]
async fn a_shell_has_a_terminal_of_its_own_that_follows_its_size() {
    let world = World::new();
    let held = world.start_on_terminal("sh", &["-i"]).await;
    let (_, controller, _announcements) = held.attach(&world, 1).await;
    within(
        "input",
        controller.write("1", b"PS1='<''ok>'; tty; stty size; stty -a | grep -o iutf8; echo is-$((40+2))\r"),
    )
    .await
    .unwrap();
    until("it answered", || has(&held, "is-42")).await;
    assert!(has(&held, "/dev/pts/") && has(&held, "24 80") && has(&held, "iutf8"));
    within("resize", controller.resize(Size { cols: 132, rows: 50 })).await.unwrap();
    within("input", controller.write("2", b"stty size; sh -c 'echo in-$((0)); exec sleep 1000'\r")).await.unwrap();
    until("it has the new size", || has(&held, "50 132")).await;
    until("something is in front", || has(&held, "in-0")).await;
    assert_eq!(notes(&held, "resize"), [r#"{"cols":132,"rows":50}"#]);
    assert!(notes(&held, "spawned")[0].ends_with(r#","cols":80,"rows":24}"#));
    // Ctrl+C reaches what is in front, Ctrl+D ends the shell.
    within("input", controller.write("3", b"\x03")).await.unwrap();
    let asks_again = |held: &Held| {
        let out = held.out();
        let text = String::from_utf8_lossy(&out).into_owned();
        text.rsplit_once("^C").is_some_and(|(_, rest)| rest.contains("<ok>"))
    };
    until("it asks again", || asks_again(&held)).await;
    within("input", controller.write("4", b"echo a$((1+1))c; exit 7\r")).await.unwrap();
    assert_eq!(held.ended().await, Some(Note::Exited { code: 7 }));
    assert!(has(&held, "a2c"));
}

#[tokio::test]
async fn what_is_typed_where_nothing_is_shown_is_not_recorded() {
    let world = World::new();
    let held = world.start_on_terminal("sh", &["-c", "stty -echo; printf 'password:'; read a; echo got-$a"]).await;
    let (_, controller, _announcements) = held.attach(&world, 1).await;
    until("it asks", || has(&held, "password:")).await;
    within("input", controller.write("secret", b"hunter2\r")).await.unwrap();
    assert_eq!(held.ended().await, Some(Note::Exited { code: 0 }));
    assert_eq!(held.written(), [("secret".to_owned(), Vec::new())]);
    assert!(has(&held, "got-hunter2"));
}

#[tokio::test]
async fn a_program_that_closes_its_terminal_for_a_while_costs_nothing_and_is_heard_again() {
    let world = World::new();
    let script = "t=$(tty); exec <&- >&- 2>&-; sleep 0.3; exec >$t; echo back";
    let held = world.start_on_terminal("sh", &["-c", script]).await;
    assert_eq!(held.ended().await, Some(Note::Exited { code: 0 }));
    assert_eq!(held.out(), b"back\r\n");
}

#[tokio::test]
async fn pipes_have_no_size() {
    let world = World::new();
    let held = world.start("cat", &[]).await;
    let (_, controller, _announcements) = held.attach(&world, 1).await;
    let refused = within("resize", controller.resize(Size { cols: 80, rows: 24 })).await;
    assert_eq!(refused, Err(CommandError::Failed(Failure::NoTerminal)));
    within("the end", controller.eof()).await.unwrap();
    assert_eq!(held.ended().await, Some(Note::Exited { code: 0 }));
}

#[tokio::test]
async fn what_a_shell_started_goes_with_it() {
    let world = World::new();
    let held = world.start_on_terminal("sh", &["-c", "trap '' HUP; sleep 1000 & echo $!; exit 0"]).await;
    assert_eq!(held.ended().await, Some(Note::Exited { code: 0 }));
    let pid = String::from_utf8(held.out()).unwrap().trim().parse().unwrap();
    assert!(!lives(pid));
}

/// Bytes that this process has for itself, by the kernel's count.
fn private_bytes(pid: u32) -> u64 {
    let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
    let of = |name: &str| {
        let line = rollup.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    };
    of("Private_Clean:") + of("Private_Dirty:")
}

#[tokio::test]
async fn a_flood_fills_a_ring_and_no_more() {
    let world = World::new();
    let script = "head -c 200000000 /dev/zero | tr '\\0' x; echo; echo end-of-$((6*7)); read a";
    let held = world.start_on_terminal("sh", &["-c", script]).await;
    let mut largest = 0;
    until("the flood is over", || {
        largest = largest.max(usage(held.dir()).unwrap());
        let records = octo_runner::transcript::segments(held.dir()).unwrap();
        let newest = std::fs::read(&records.last().unwrap().path).unwrap_or_default();
        newest.windows(9).any(|word| word == b"end-of-42")
    })
    .await;
    assert!(largest <= 66 << 20, "the transcript took {largest} bytes");
    assert!(held.out().len() > 50_000_000, "the ring holds the newest output");
    let private = private_bytes(held.spawned.shim_pid);
    // Of the tests' own build, whose pages of code are larger.
    assert!(private < 2 << 20, "the shim has {private} bytes of its own");
    let (_, controller, _announcements) = held.attach(&world, 1).await;
    within("the kill", controller.kill_tree()).await.unwrap();
    held.ended().await;
}

#[tokio::test]
async fn what_cannot_be_recorded_is_a_gap_and_nobody_waits() {
    let world = World::new();
    let script = "while read line; do eval \"$line\"; done";
    let held = world.start_on_terminal("sh", &["-c", script]).await;
    let (_, controller, _announcements) = held.attach(&world, 1).await;
    within("input", controller.write("1", b"seq 10; echo done-$((5+5))\r")).await.unwrap();
    until("it answered", || has(&held, "done-10")).await;
    let shim = Pid::from_raw(held.spawned.shim_pid as i32);
    let usual = getrlimit(Resource::Fsize);
    prlimit(shim, Resource::Fsize, Rlimit { current: Some(300_000), ..usual }).unwrap();
    let marker = world.root.path().join("went-on");
    within("input", controller.write("2", b"seq 200000\r")).await.unwrap();
    // The program goes on all the same, and so does what is typed.
    let line = format!("touch {}\r", marker.display());
    within("input", controller.write("3", line.as_bytes())).await.unwrap();
    within("a resize", controller.resize(Size { cols: 100, rows: 30 })).await.unwrap();
    until("the program has printed it all and gone on", || marker.exists()).await;
    prlimit(shim, Resource::Fsize, usual).unwrap();
    until("the gap is noted", || !notes(&held, "gap").is_empty()).await;
    let found = held.records().iter().find(|record| record.key == "gap").map(|record| record.bytes.clone()).unwrap();
    let found: serde_json::Value = serde_json::from_slice(&found).unwrap();
    assert!(found["bytes"].as_u64().unwrap() > 500_000, "{found}");
    assert_eq!((found["cols"].as_u64(), found["rows"].as_u64()), (Some(100), Some(30)));
    within("input", controller.write("4", b"echo done-$((1+2))\r")).await.unwrap();
    until("it is recorded again", || has(&held, "done-3")).await;
    within("the kill", controller.kill_tree()).await.unwrap();
    held.ended().await;
}

#[tokio::test]
async fn a_flood_is_read_no_faster_than_it_is_taken_in_unless_nobody_takes_it_in() {
    let world = World::new();
    let held = world.start_on_terminal("sh", &["-c", "exec yes"]).await;
    let (_, controller, mut announcements) = held.attach(&world, 1).await;
    // Somebody who is at the beginning, and says so again and again.
    let ahead = 700 * 1024;
    let mut beat = tokio::time::interval(std::time::Duration::from_millis(20));
    for _ in 0..25 {
        beat.tick().await;
        controller.took(0);
        let end = *announcements.end.borrow();
        assert!(end < ahead, "{end} bytes ahead");
    }
    assert!(*announcements.end.borrow() > ahead / 2, "it is read up to there");
    // Who takes in gets more; who says nothing any more is not waited for.
    controller.took(*announcements.end.borrow());
    within("more of the flood", announcements.end.wait_for(|end| *end > ahead)).await.unwrap();
    within("a flood that nobody takes in", announcements.end.wait_for(|end| *end > 8 * ahead)).await.unwrap();
    within("its end", controller.kill_tree()).await.unwrap();
}
