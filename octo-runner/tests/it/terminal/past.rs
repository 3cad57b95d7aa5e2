//! What was printed on a terminal, read back line by line.

use octo_proto::{
    Code,
    client::Client,
    emulator::Emulator,
    id::TerminalId,
    terminal::{HistoryLine, MAX_HISTORY_LINES, TerminalHistory},
};
use serde_json::json;

use super::{super::household::World, close, open, pane::Pane};

async fn page(client: &Client, id: &TerminalId, offset: Option<u64>, below: usize) -> TerminalHistory {
    let body = json!({ "cmd": "history", "terminal_id": id, "offset": offset, "below": below,
                       "limit": MAX_HISTORY_LINES, "attributes": true });
    client.ask("terminal", None, &body).await.unwrap()
}

/// All of it, page by page, as it was at one place.
async fn all(client: &Client, id: &TerminalId, offset: Option<u64>) -> (TerminalHistory, Vec<HistoryLine>) {
    let newest = page(client, id, offset, 0).await;
    let mut lines = newest.lines.clone();
    let mut more = newest.has_more;
    while more {
        let next = page(client, id, Some(newest.offset), lines.len()).await;
        assert_eq!((next.offset, next.below as usize), (newest.offset, lines.len()));
        more = next.has_more;
        lines.splice(0..0, next.lines);
    }
    (newest, lines)
}

/// The text of lines, drawn as a client draws them: whole lines of what was printed.
fn drawn(lines: &[HistoryLine], cols: u16) -> Vec<String> {
    let mut text = String::new();
    for line in lines {
        let mut emulator = Emulator::new(cols.into(), 1, 0);
        emulator.feed(line.text.as_bytes(), 0);
        text.push_str(emulator.text().trim_end_matches('\n'));
        if !line.goes_on {
            text.push('\n');
        }
    }
    text.lines().map(str::to_owned).collect()
}

/// Twenty thousand lines: plain, coloured, linked, wide, with blanks in front, and too long for their terminal.
const SCRIPT: &str = r"i=0; while [ $i -lt 4000 ]; do i=$((i+1));
    printf '%d plain\n\033[31m%d red\033[0m\n\033]8;;http://h/%d\033\\%d linked\033]8;;\033\\\n        %d 東京\n%d %0100d\n' \
        $i $i $i $i $i $i 7; done; printf 'printed-%d' 4; exec cat";

fn expected() -> Vec<String> {
    let lines = (1..=4000).flat_map(|i| {
        [
            format!("{i} plain"),
            format!("{i} red"),
            format!("{i} linked"),
            format!("        {i} 東京"),
            format!("{i} {:0>100}", 7),
        ]
    });
    lines.chain(["printed-4".to_owned()]).collect()
}

#[tokio::test]
async fn all_that_was_printed_is_read_back_page_by_page_even_by_the_next_runner() {
    let mut world = World::new();
    let (client, events) = world.connect().await;
    let id = open(&client, &["sh", "-c", SCRIPT]).await;
    let mut pane = Pane::attach(client.clone(), events, &id, 80, true).await;
    pane.until("printed-4").await;
    let (newest, lines) = all(&client, &id, None).await;
    assert_eq!((newest.cols, newest.rows), (80, 24));
    let printed = drawn(&lines, 80);
    assert_eq!(printed.len(), 20_001);
    assert_eq!(printed, expected());
    assert!(lines.iter().any(|line| line.text.contains("31m") && line.text.contains("red")));
    assert!(lines.iter().any(|line| line.text.contains("http://h/4000")));

    world.kill();
    world.start();
    let (client, events) = world.connect().await;
    assert_eq!(drawn(&all(&client, &id, None).await.1, 80), expected());
    // As it was stays as it was, whatever is printed now.
    let mut pane = Pane::attach(client.clone(), events, &id, 80, true).await;
    for typed in ["more", "and yet more"] {
        pane.types(&format!("{typed}\r")).await;
        pane.until(&format!("{typed}\r\n{typed}\r\n")).await;
    }
    assert_eq!(all(&client, &id, Some(newest.offset)).await.1, lines);
    let now = drawn(&all(&client, &id, None).await.1, 80);
    assert_eq!(now[20_000..], ["printed-4more", "more", "and yet more", "and yet more", ""]);
    let ahead = json!({ "cmd": "history", "terminal_id": id, "offset": 1_u64 << 40 });
    assert_eq!(client.ask::<TerminalHistory>("terminal", None, &ahead).await.unwrap_err().code, Code::BadRequest);
    close(&client, &id).await;
}

#[tokio::test]
async fn what_a_program_erased_is_not_read_back_and_another_width_breaks_lines_anew() {
    let world = World::new();
    let (client, events) = world.connect().await;
    let id = open(
        &client,
        &["sh", "-c", "seq 1 500; printf '\\033[H\\033[2J\\033[3J'; seq 1 90; printf 'then-%s\\n' more; exec cat"],
    )
    .await;
    let mut pane = Pane::attach(client.clone(), events, &id, 80, true).await;
    pane.until("then-more\r\n").await;
    let plain = json!({ "cmd": "history", "terminal_id": id, "limit": 1000 });
    let read: TerminalHistory = client.ask("terminal", None, &plain).await.unwrap();
    let text: Vec<_> = read.lines.iter().map(|line| line.text.as_str()).collect();
    let expected: Vec<_> =
        (1..=90).map(|number: i32| number.to_string()).chain(["then-more".to_owned(), String::new()]).collect();
    assert_eq!((text, read.has_more), (expected.iter().map(String::as_str).collect(), false));

    pane.types(&format!("{}\r", "x".repeat(100))).await;
    pane.until("xxx\r\nxxx").await;
    pane.asks(json!({ "cmd": "resize", "terminal_id": id, "cols": 60, "rows": 24 })).await.unwrap();
    pane.until_so("its new width", |pane| pane.owner.as_ref().is_some_and(|owner| owner.1 == 60)).await;
    let read: TerminalHistory = client.ask("terminal", None, &plain).await.unwrap();
    assert_eq!(read.cols, 60);
    let long: Vec<_> = read.lines.iter().filter(|line| line.text.contains('x')).collect();
    assert_eq!(
        long.iter().map(|line| (line.text.len(), line.goes_on)).collect::<Vec<_>>(),
        [(60, true), (40, false)].repeat(2)
    );
    close(&client, &id).await;
}
