//! How long it takes to show a terminal that has printed 10,000 lines: at hand, and over a thin line.

use std::{
    os::unix::net::UnixStream,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

use super::{
    held::SCRIPT,
    house::House,
    line::{self, THIN},
    table::{head, row, spread},
    ways::{END, Hop, Octo, Pipe, Session, Tmux, open, rest, until},
};

const TIMES: usize = 15;

/// Over the thin line.
const THIN_TIMES: usize = 5;

/// What was begun before has settled by then.
const PAUSE: Duration = Duration::from_millis(20);

/// Measures, and prints the table.
pub(crate) fn measure() -> Result<()> {
    head("Attaching to a terminal with 10,000 lines", &["way", "median", "bytes"]);
    octo(&House::with_both()?)?;
    let house = House::with_both()?;
    let Some(tmux) = Tmux::start(&house, SCRIPT)? else {
        row(&["tmux".to_owned(), "not installed".to_owned()]);
        return Ok(());
    };
    until(&mut tmux.client()?, END)?;
    show("tmux: exec of its client to the screen", TIMES, || until(&mut tmux.client()?, END))?;
    show("tmux, its client at the far end of a line of 1 Mbit/s and 100 ms", THIN_TIMES, || {
        let client = tmux.client()?;
        let (near, far) = UnixStream::pair()?;
        line::join((far.try_clone()?, far), (client.terminal.try_clone()?, client.terminal.try_clone()?), THIN);
        until(&mut Pipe::new(near, client), END)
    })
}

fn octo(house: &House) -> Result<()> {
    let id = open(house, SCRIPT)?;
    let hop = Hop::local(house);
    let attach = |session: Session| Octo::attach(house, session, id.clone())?.until_drawn();
    let bare = |session: Session| Octo::attach_with(house, session, id.clone(), Some(0))?.until_drawn();
    until(&mut Octo::attach(house, Session::connect(&hop)?, id.clone())?, END)?;
    let mut held = (0..TIMES).map(|_| Session::connect(&hop)).collect::<Result<Vec<_>>>()?;
    show("Octo, a connection that is there: request to the screen", TIMES, || {
        attach(held.pop().context("as many as times")?)
    })?;
    show("Octo, local socket: connect to the screen", TIMES, || attach(Session::connect(&hop)?))?;
    let hop = Hop::web(house)?;
    show("Octo, WebSocket: connect to the screen", TIMES, || attach(Session::connect(&hop)?))?;
    let near = line::to_socket(house.socket(), &house.work().join("line.sock"), THIN)?;
    let hop = Hop::Local(near);
    let mut held = (0..2 * THIN_TIMES).map(|_| Session::connect(&hop)).collect::<Result<Vec<_>>>()?;
    show(
        "Octo, a connection over a line of 1 Mbit/s and 100 ms, without history, as octo-tui: request to the screen",
        THIN_TIMES,
        || bare(held.pop().context("as many as times")?),
    )?;
    show("Octo, the same with 1,000 lines of history", THIN_TIMES, || attach(held.pop().context("as many as times")?))?;
    show("Octo, the same line and history: connect to the screen", THIN_TIMES, || attach(Session::connect(&hop)?))
}

/// Does it so often, and prints the row.
fn show(what: &str, times: usize, mut attach: impl FnMut() -> Result<u64>) -> Result<()> {
    let (mut took, mut bytes) = (Vec::new(), 0);
    for _ in 0..times {
        rest(PAUSE);
        let begun = Instant::now();
        bytes = attach()?;
        took.push(begun.elapsed());
    }
    row(&[what.to_owned(), spread(&took), format!("{:.1} KB", bytes as f64 / 1e3)]);
    Ok(())
}
