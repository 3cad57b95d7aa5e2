//! Four programs print without end, each to a client of its own; meanwhile keys in a fifth terminal, and Ctrl+C.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use anyhow::{Result, anyhow};

use super::{
    echo::{self, echoes},
    house::House,
    table::{head, ms, percentile, row},
    ways::{END, Kind, Way, rest, until},
};

const FLOODS: usize = 4;
const ROUNDS: usize = 5;
const KEYS: usize = 200;

/// Between two keys.
const PAUSE: Duration = Duration::from_millis(5);

/// How long the others have flooded when the next is stopped.
const BETWEEN: Duration = Duration::from_millis(300);

/// A flood that nobody stops, as when this program is killed, stops by itself.
const SCRIPT: &str = "trap : INT; echo ready-$((6*7)); read go; \
                      /usr/bin/timeout --foreground 120 /usr/bin/yes 'a line that is printed again and again'; \
                      echo Q''ED; read over";

/// A flood with its reader.
struct Flood {
    stop: Arc<AtomicBool>,
    /// Gives how long it took to stop, and the way, which others may still need.
    reader: JoinHandle<Result<(Duration, Box<dyn Way>)>>,
}

/// Measures, and prints the table.
pub(crate) fn measure() -> Result<()> {
    head(
        "Four floods at once",
        &["way", "echo in a fifth terminal, p50", "p99", "Ctrl+C to the end of a flood, p50", "longest"],
    );
    for kind in Kind::ALL {
        let (mut keys, mut stops) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            round(kind, &mut keys, &mut stops)?;
        }
        if keys.is_empty() {
            row(&[kind.name().to_owned(), "not installed".to_owned()]);
            continue;
        }
        let figures = [(&mut keys, [0.5, 0.99]), (&mut stops, [0.5, 1.0])];
        let cells =
            figures.into_iter().flat_map(|(samples, shares)| shares.map(|share| ms(percentile(samples, share))));
        row(&[kind.name().to_owned()].into_iter().chain(cells).collect::<Vec<_>>());
    }
    Ok(())
}

fn round(kind: Kind, keys: &mut Vec<u64>, stops: &mut Vec<u64>) -> Result<()> {
    let house = House::with_both()?;
    let Some(mut quiet) = kind.open(&house, echo::SCRIPT)? else { return Ok(()) };
    until(&mut *quiet, b"ready-42")?;
    let mut floods = Vec::new();
    for _ in 0..FLOODS {
        if let Some(mut way) = kind.open(&house, SCRIPT)? {
            until(&mut *way, b"ready-42")?;
            floods.push(flood(way));
        }
    }
    rest(BETWEEN);
    keys.extend(echoes(&mut *quiet, KEYS, PAUSE)?);
    let mut stopped = Vec::new();
    for Flood { stop, reader } in floods {
        stop.store(true, Ordering::Relaxed);
        let (took, way) = reader.join().map_err(|_| anyhow!("a reader ended"))??;
        stops.push(took.as_micros() as u64);
        stopped.push(way);
        rest(BETWEEN);
    }
    Ok(())
}

/// Floods, and reads it until it is to stop.
fn flood(mut way: Box<dyn Way>) -> Flood {
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let reader = std::thread::spawn(move || {
        way.types(b"\r")?;
        while !stopped.load(Ordering::Relaxed) {
            way.next()?;
        }
        let begun = Instant::now();
        way.types(b"\x03")?;
        until(&mut *way, END)?;
        Ok((begun.elapsed(), way))
    });
    Flood { stop, reader }
}
