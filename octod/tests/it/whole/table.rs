//! The table of what terminals do with what programs write, through everything: a program on a PTY, its shim, the runner,
//! octod, and a pane of octo-tui.

use std::{fs::File, io::Write, process::Command, time::Duration};

use octo_proto::{
    channel,
    client::Client,
    hello::Hello,
    terminal::{Attached, TerminalCommand, TerminalReply},
};
use serde::Deserialize;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use super::{
    house::House,
    terminal::{Seen, Terminal},
};

/// The size that the table is written for.
const SIZE: (u16, u16) = (10, 5);

/// Puts the terminal out of the way, drops the answers of the emulator, and prints what comes through a pipe.
const FEEDER: &str = "stty raw -echo; exec 3<&0; cat <&3 >/dev/null & exec cat \"$0\"";

#[derive(Deserialize)]
struct Row {
    name: String,
    input: String,
    screen: String,
    cursor: (u16, u16),
}

impl Row {
    fn bytes(&self) -> Vec<u8> {
        let pairs = self.input.as_bytes().chunks(2);
        pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    }
}

/// A terminal of the size of the table, with a pipe into it, and somebody who writes in it, so that its size stays.
async fn open(house: &House) -> (File, Client) {
    let pipe = house.home().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let (client, mut events) = Client::connect(&house.socket(), &Hello::request("test", "1")).await.unwrap();
    let command = ["sh", "-c", FEEDER, pipe.to_str().unwrap()].map(str::to_owned).to_vec();
    let open = TerminalCommand::Open { cwd: None, command, cols: SIZE.0, rows: SIZE.1 };
    let reply: TerminalReply = client.ask(channel::TERMINAL, None, &open).await.unwrap();
    let terminal_id = reply.terminal.terminal_id;
    let attach =
        TerminalCommand::Attach { terminal_id, after: None, cols: SIZE.0, rows: SIZE.1, write: true, history: None };
    let attached: Attached = client.ask(channel::TERMINAL, None, &attach).await.unwrap();
    assert_eq!(attached.terminal.cols, SIZE.0);
    let tasks = TaskTracker::new();
    tasks.spawn(async move { while events.recv().await.is_some() {} });
    let pipe = tokio::task::spawn_blocking(move || File::options().write(true).open(pipe)).await.unwrap().unwrap();
    (pipe, client)
}

/// What stands in the pane whose first cell is at this column of the second row.
fn pane(seen: &Seen, left: u16) -> String {
    let screen = seen.emulator.screen();
    let row = |row: u16| {
        let cells = (left..left + SIZE.0).filter_map(|column| screen.cell(row + 1, column));
        let shown = cells.filter(|cell| !cell.is_wide_continuation());
        let text: String = shown.map(|cell| if cell.has_contents() { cell.contents() } else { " " }).collect();
        text.trim_end().to_owned()
    };
    (0..SIZE.1).map(row).collect::<Vec<_>>().join("\n").trim_end_matches('\n').to_owned()
}

fn cursor(seen: &Seen, left: u16) -> Option<(u16, u16)> {
    let screen = seen.emulator.screen();
    let (row, column) = screen.cursor_position();
    (!screen.hide_cursor()).then(|| (row, (column + 1).saturating_sub(left)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_of_the_table_holds_in_a_pane() {
    let house = House::new();
    house.connect().await;
    let (mut pipe, _writer) = open(&house).await;
    let mut terminal = Terminal::start(&house, (100, 30), &[]);
    terminal.shows("A new session with pi").await;
    terminal.press("\x1da");
    terminal.shows("stty raw").await;
    terminal.press("\r");
    terminal.shows("··········").await;
    let left = terminal.look(|seen| {
        let screen = seen.emulator.screen();
        (0..100).find(|column| screen.cell(1, *column).is_some_and(|cell| cell.contents() == "·")).unwrap() - SIZE.0
    });
    let table = include_str!("../../../../octo-proto/fixtures/terminal-table.jsonl");
    let rows: Vec<Row> = table.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(rows.len() >= 150, "only {} rows", rows.len());
    let mut wrong = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        // The title says that the screen is as it was at first, so that nothing of the row before is taken for this one.
        write!(pipe, "\x1bc\x1b]2;row-{number}-\x07").unwrap();
        terminal.shows(&format!("row-{number}-")).await;
        pipe.write_all(&row.bytes()).unwrap();
        // The emulator of the test draws no replacement characters.
        let expected = row.screen.replace('\u{fffd}', "");
        let holds =
            |seen: &Seen| pane(seen, left) == expected && cursor(seen, left).is_none_or(|cursor| cursor == row.cursor);
        if timeout(Duration::from_secs(5), terminal.until(&row.name, holds)).await.is_err() {
            let found = terminal.look(|seen| (pane(seen, left), cursor(seen, left)));
            wrong.push(format!("{}: {found:?} instead of {:?} {:?}", row.name, row.screen, row.cursor));
        }
    }
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}
