//! A runner that was killed makes the screens anew: from the newest key, so of at most 4 MiB of output.

use std::time::Instant;

use anyhow::Result;

use super::{
    cpu,
    flow::line,
    house::{Daemon, House},
    table::{head, row, spread},
    ways::{END, Hop, Octo, Session, until},
};

/// A little less than what is printed between two keys.
const BYTES: usize = 4_100_000;

const TIMES: usize = 7;

/// Measures, and prints the table.
pub(crate) fn measure() -> Result<()> {
    head(
        "Both daemons ready again to the screen, after 4.1 MB that no key covers",
        &["output", "median", "CPU of the runner since its exec", "aim"],
    );
    show("lines of a log", |number, text| text.push_str(&line(number).replace('\n', "\r\n")))?;
    show("each word in a colour of its own", |number, text| {
        let (r, g, b) = (number % 256, number / 7 % 256, number / 13 % 256);
        let end = if number.is_multiple_of(10) { "\r\n" } else { " " };
        text.push_str(&format!("\x1b[38;2;{r};{g};{b}mword{end}"));
    })?;
    show("110,000 links", |number, text| {
        let end = if number.is_multiple_of(40) { "\r\n" } else { "" };
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
    let script = format!("/bin/stty -opost; /bin/cat {}; printf '\\033[0m\\r\\nQ%s' ED; exec /bin/cat", file.display());
    let mut octo = Octo::open(&house, &Hop::local(&house), &script)?;
    until(&mut octo, END)?;
    let id = octo.id.clone();
    drop(octo);
    let (mut took, mut used) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        for daemon in [Daemon::Runner, Daemon::Octod] {
            house.kill(daemon)?;
            house.start(daemon)?;
        }
        let begun = Instant::now();
        Octo::attach(&house, Session::connect(&Hop::local(&house))?, id.clone())?.until_drawn()?;
        took.push(begun.elapsed());
        used.push(cpu::used(&[house.pid(Daemon::Runner)?]));
    }
    row(&[what.to_owned(), spread(&took), spread(&used), "100 ms".to_owned()]);
    Ok(())
}
