//! A file of 100 MB through `cat`, to a client that takes it as fast as it can.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::Result;

use super::{
    cpu,
    house::House,
    table::{head, row},
    ways::{END, Kind, until},
};

const BYTES: usize = 100_000_000;
const ROUNDS: usize = 3;

/// What one run showed.
struct Flow {
    wall: Duration,
    cpu: Duration,
    received: u64,
}

/// Measures, and prints the table.
pub(crate) fn measure() -> Result<()> {
    head(
        "`cat` of 100 MB",
        &["way", "median wall", "MB/s", "of tmux", "of ttyd", "CPU of all processes", "bytes that the client got"],
    );
    let mut seen: Vec<(Kind, Vec<Flow>)> = Kind::ALL.map(|kind| (kind, Vec::new())).into();
    for _ in 0..ROUNDS {
        for (kind, flows) in &mut seen {
            flows.extend(run(*kind)?);
        }
    }
    seen.iter_mut().for_each(|(_, flows)| flows.sort_by_key(|flow| flow.wall));
    let median = |kind: Kind| seen.iter().find(|(of, _)| *of == kind).and_then(|(_, flows)| flows.get(flows.len() / 2));
    let wall = |kind| median(kind).map(|flow| flow.wall.as_secs_f64());
    for kind in Kind::ALL {
        let Some(Flow { wall: took, cpu, received }) = median(kind) else {
            row(&[kind.name().to_owned(), "not installed".to_owned()]);
            continue;
        };
        let ratio = |other| wall(other).map_or_else(String::new, |wall| format!("{:.2}", wall / took.as_secs_f64()));
        row(&[
            kind.name().to_owned(),
            format!("{:.2} s", took.as_secs_f64()),
            format!("{:.1}", BYTES as f64 / 1e6 / took.as_secs_f64()),
            ratio(Kind::Tmux),
            ratio(Kind::Ttyd),
            format!("{:.2} s", cpu.as_secs_f64()),
            format!("{:.1} MB", *received as f64 / 1e6),
        ]);
    }
    Ok(())
}

fn run(kind: Kind) -> Result<Option<Flow>> {
    let house = House::with_both()?;
    let file = write_file(&house.work(), BYTES)?;
    let Some(mut way) = kind.open(&house, &script(&file))? else { return Ok(None) };
    until(&mut *way, b"ready-42")?;
    let roots = [way.roots(), vec![std::process::id()]].concat();
    let before = cpu::used(&roots);
    let begun = Instant::now();
    way.types(b"\r")?;
    let received = until(&mut *way, END)?;
    Ok(Some(Flow { wall: begun.elapsed(), cpu: cpu::used(&roots).saturating_sub(before), received }))
}

/// Waits for Enter, prints the file, and says when it is through.
pub(crate) fn script(file: &Path) -> String {
    format!("/bin/stty -echo; echo ready-$((6*7)); read go; /bin/cat {}; echo Q''ED; read over", file.display())
}

/// Lines of a log, of different lengths, here and there with a colour.
pub(crate) fn write_file(dir: &Path, bytes: usize) -> Result<PathBuf> {
    let mut text = String::with_capacity(bytes + 200);
    for number in 1.. {
        text.push_str(&line(number));
        if text.len() >= bytes {
            break;
        }
    }
    text.truncate(bytes);
    let path = dir.join("output.log");
    std::fs::write(&path, text)?;
    Ok(path)
}

/// One of them.
pub(crate) fn line(number: usize) -> String {
    let width = number * 7919 % 60;
    let level = if number.is_multiple_of(8) { "\x1b[33mwarning\x1b[0m" } else { "info" };
    format!("{number:>9} {level} {:.<width$} of the run\n", "request")
}
