//! What an open terminal holds that has printed 10,000 lines.

use std::time::Duration;

use anyhow::Result;

use super::{
    house::{Daemon, House, memory::Memory},
    table::{head, row},
    ways::{END, Hop, Octo, Pane, Tmux, Way, open, rest, until},
};

const TERMINALS: u32 = 20;

/// Prints 10,000 lines of 70 columns.
pub(crate) const SCRIPT: &str = "i=0; while [ $i -lt 10000 ]; do i=$((i+1)); \
                      echo \"$i ------------------------------------------------------------- end\"; done; \
                      echo Q''ED; exec /bin/cat";

/// What is freed after something happened is free by then.
const REST: Duration = Duration::from_secs(2);

/// Measures, and prints the table.
pub(crate) fn measure() -> Result<()> {
    head("Memory of each open terminal after 10,000 lines (private)", &["program", "of each", "aim"]);
    let house = House::with_both()?;
    let runner = house.pid(Daemon::Runner)?;
    let before = Memory::of(runner)?;
    for _ in 0..TERMINALS {
        let mut octo = Octo::open(&house, &Hop::local(&house), SCRIPT)?;
        until(&mut octo, END)?;
    }
    rest(REST);
    row(&["octo-runner".to_owned(), each(before, Memory::of(runner)?), "12 MB".to_owned()]);
    let shims = house.pids("octo-shim")?;
    let held = shims.iter().map(|shim| Memory::of(*shim)).collect::<Result<Vec<_>>>()?;
    let sum = Memory { private: held.iter().map(|memory| memory.private).sum(), ..Memory::default() };
    row(&["octo-shim".to_owned(), each(Memory::default(), sum), String::new()]);
    drop(house);
    in_a_pane()?;
    let house = House::with_both()?;
    let Some(mut tmux) = Tmux::start(&house, "exec /bin/cat")? else {
        row(&["tmux".to_owned(), "not installed".to_owned()]);
        return Ok(());
    };
    let before = Memory::of(tmux.pid)?;
    for _ in 0..TERMINALS {
        tmux.window(SCRIPT)?;
        until(&mut tmux.client()?, END)?;
    }
    rest(REST);
    row(&[
        "tmux server, with a history of 10,000 lines".to_owned(),
        each(before, Memory::of(tmux.pid)?),
        String::new(),
    ]);
    Ok(())
}

/// What octo-tui holds for the one terminal that it shows.
fn in_a_pane() -> Result<()> {
    let house = House::with_both()?;
    let id = open(&house, &format!("/bin/stty -echo; echo ready-$((6*7)); read go; {SCRIPT}"))?;
    let mut pane = Pane::start(&house)?;
    let before = Memory::of(pane.pid())?;
    pane.show(&id)?;
    pane.types(b"\r")?;
    until(&mut pane, END)?;
    rest(REST);
    let grown = Memory::of(pane.pid())?.private.saturating_sub(before.private);
    row(&["octo-tui, which shows it".to_owned(), megabytes(grown as f64), "12 MB".to_owned()]);
    Ok(())
}

fn each(before: Memory, after: Memory) -> String {
    megabytes(after.private.saturating_sub(before.private) as f64 / f64::from(TERMINALS))
}

fn megabytes(kib: f64) -> String {
    format!("{:.2} MB", kib / 1024.0)
}
