//! A runner that was killed makes the screens anew: from the newest key, so of at most 4 MiB of output.

use std::time::Instant;

use anyhow::Result;

use super::{
    flow::line,
    house::{Daemon, House},
    table::{head, row, spread},
    ways::{Hop, Octo, Session, until},
};

/// A little less than what is printed between two keys.
const BYTES: usize = 4_100_000;

const TIMES: usize = 7;

/// Measures, and prints the table.
pub(crate) fn measure() -> Result<()> {
    head("Both daemons ready again to the screen, after 4.1 MB that no key covers", &["output", "median", "aim"]);
    show("lines of a log", |number, text| text.push_str(&line(number).replace('\n', "\r\n")))?;
    show("each word in a colour of its own", |number, text| {
        let (r, g, b) = (number % 256, number / 7 % 256, number / 13 % 256);
        let end = if number % 10 == 0 { "\r\n" } else { " " };
        text.push_str(&format!("\x1b[38;2;{r};{g};{b}mword{end}"));
    })?;
    show("110,000 links", |number, text| {
        let end = if number % 40 == 0 { "\r\n" } else { "" };
        text.push_str(&format!("\x1b]8;;http://h/{number:06}\x1b\\x\x1b]8;;\x1b\\{end}"));
    })
}

fn show(what: &str, add: impl Fn(usize, &mut String)) -> Result<()> {
    let mut house = House::with_both()?;
    let mut text = String::new();
    for number in 0.. {
        add(number, &mut text);
        if text.len() >= BYTES {
            break;
        }
    }
    let file = house.work().join("output");
    std::fs::write(&file, text)?;
    let script =
        format!("/bin/stty -opost; /bin/cat {}; printf '\\033[0m\\r\\nend-%s' 42; exec /bin/cat", file.display());
    let mut octo = Octo::open(&house, &Hop::local(&house), &script)?;
    until(&mut octo, b"end-42")?;
    let id = octo.id.clone();
    drop(octo);
    let mut took = Vec::new();
    for _ in 0..TIMES {
        for daemon in [Daemon::Runner, Daemon::Octod] {
            house.kill(daemon)?;
            house.start(daemon)?;
        }
        let begun = Instant::now();
        Octo::attach(&house, Session::connect(&Hop::local(&house))?, id.clone())?.until_drawn()?;
        took.push(begun.elapsed());
    }
    row(&[what.to_owned(), spread(&took), "100 ms".to_owned()]);
    Ok(())
}
