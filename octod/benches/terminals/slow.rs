//! A client that takes 200 KB in a second, while the program prints 101 MB.

use std::{
    os::unix::net::UnixStream,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

use super::{
    flow::{script, write_file},
    house::{House, PATIENCE},
    line::{self, SLOW},
    table::{head, row},
    ways::{COLS, Hop, Octo, Pipe, ROWS, Tmux, Way, rest, until},
};

const BYTES: usize = 101_000_000;

/// How often it is looked whether the program is through.
const LOOK: Duration = Duration::from_millis(1);

/// Measures, and prints the table.
pub(crate) fn measure() -> Result<()> {
    head(
        "A client that takes 200 KB/s of a flood of 101 MB",
        &["way", "the flood took", "bytes that it got", "its end to the right screen"],
    );
    let house = House::with_both()?;
    let near = line::to_socket(house.socket(), &house.work().join("line.sock"), SLOW)?;
    show("Octo, local socket", &house, |script| Octo::open(&house, &Hop::Local(near), script))?;
    let house = House::with_both()?;
    let (address, token) = house.web()?;
    let far = address.trim_start_matches("ws://").split('/').next().context("an address")?;
    let near = address.replace(far, &line::to_address(far.to_owned(), SLOW)?);
    show("Octo, WebSocket", &house, |script| Octo::open(&house, &Hop::Web(near, token), script))?;
    let house = House::with_both()?;
    let mut held = None;
    show("tmux", &house, |script| {
        let tmux = held.insert(Tmux::start(&house, script)?.context("tmux is not installed")?);
        let client = tmux.client()?;
        let (near, far) = UnixStream::pair()?;
        line::join((far.try_clone()?, far), (client.terminal.try_clone()?, client.terminal.try_clone()?), SLOW);
        Ok(Pipe::new(near, client))
    })
}

fn show<W: Way>(what: &str, house: &House, open: impl FnOnce(&str) -> Result<W>) -> Result<()> {
    let file = write_file(&house.work(), BYTES)?;
    let over = house.work().join("over");
    let through = format!("{}; echo >{}", script(&file).replace("; read over", ""), over.display());
    let mut way = open(&format!("{through}; exec /bin/cat"))?;
    until(&mut way, b"ready-42")?;
    let expected = expected(&file)?;
    let begun = Instant::now();
    way.types(b"\r")?;
    let watching = std::thread::spawn(move || {
        while !over.exists() && begun.elapsed() < PATIENCE {
            rest(LOOK);
        }
        Instant::now()
    });
    let mut screen = vt100::Parser::new(ROWS, COLS, 0);
    let mut received = 0;
    while screen.screen().contents() != expected {
        let piece = way.next()?;
        received += piece.len();
        screen.process(&piece);
        ensure!(begun.elapsed() < PATIENCE, "the screen is never right:\n{}", screen.screen().contents());
    }
    let right = Instant::now();
    let ended = watching.join().map_err(|_| anyhow::anyhow!("the watch ended"))?;
    row(&[
        what.to_owned(),
        format!("{:.2} s", (ended - begun).as_secs_f64()),
        format!("{:.2} MB", received as f64 / 1e6),
        format!("{:.2} s", right.saturating_duration_since(ended).as_secs_f64()),
    ]);
    Ok(())
}

/// What a terminal shows at the end.
fn expected(file: &Path) -> Result<String> {
    let text = std::fs::read_to_string(file)?;
    let mut screen = vt100::Parser::new(ROWS, COLS, 0);
    let last = &text[text.len() - 100_000..];
    screen.process(last.replace('\n', "\r\n").as_bytes());
    screen.process(b"QED\r\n");
    Ok(screen.screen().contents())
}
