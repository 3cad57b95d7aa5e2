//! A key to a program that gives it back, and back.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::{
    house::House,
    table::{head, ms, percentile, row},
    ways::{Kind, Way, rest, until},
};

const KEYS: usize = 2_000;

/// Between two keys.
const PAUSE: Duration = Duration::from_millis(2);

/// Gives each byte back.
pub(crate) const SCRIPT: &str = "/bin/stty raw -echo; echo ready-$((6*7)); exec /bin/cat";

/// Measures, and prints the table.
pub(crate) fn measure() -> Result<()> {
    head("From a key to its echo", &["way", "p50", "p99", "p50 above bare", "p99 above bare"]);
    let mut bare = (0, 0);
    for kind in Kind::ALL {
        let house = House::with_both()?;
        let Some(mut way) = kind.open(&house, SCRIPT)? else {
            row(&[kind.name().to_owned(), "not installed".to_owned()]);
            continue;
        };
        until(&mut *way, b"ready-42")?;
        let mut took = echoes(&mut *way, KEYS, PAUSE)?;
        let (half, most) = (percentile(&mut took, 0.5), percentile(&mut took, 0.99));
        if kind == Kind::Bare {
            bare = (half, most);
        }
        let above = [half.saturating_sub(bare.0), most.saturating_sub(bare.1)];
        row(&[vec![kind.name().to_owned()], [half, most, above[0], above[1]].map(ms).to_vec()].concat());
    }
    Ok(())
}

/// Types so many keys, one after the other; how long each took, in microseconds.
pub(crate) fn echoes(way: &mut dyn Way, keys: usize, pause: Duration) -> Result<Vec<u64>> {
    // Letters that end no sequence with which a screen is drawn; and each line has others in its columns than the one before,
    // so that who draws only what is new draws each of them.
    let letters = b"vwz".iter().cycle();
    let mut took = Vec::new();
    for letter in letters.take(keys) {
        rest(pause);
        let begun = Instant::now();
        way.types(&[*letter])?;
        until(way, &[*letter])?;
        took.push(begun.elapsed().as_micros() as u64);
    }
    Ok(took)
}
