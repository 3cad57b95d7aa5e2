//! What goes to stdout: text for people and pipes, or JSON.

use std::io::{self, Write};

use octo_proto::plain::without_controls;
use rustix::event::{PollFd, PollFlags, poll};
use serde::Serialize;
use tokio::sync::oneshot;

use super::{Failure, Process, table::Table};

/// How a command prints.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    pub(crate) json: bool,
    pub(crate) terminal: bool,
    pub(crate) color: bool,
    columns: Option<usize>,
}

/// The colours that text may have on a terminal.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Color {
    Red,
    Green,
    Yellow,
}

impl Output {
    pub(crate) fn new(json: bool, process: &Process) -> Self {
        Self {
            json,
            terminal: process.stdout_is_terminal,
            color: process.stdout_is_terminal && !process.no_color && !json,
            columns: process.columns,
        }
    }

    /// Prints as it is, at once.
    pub(crate) fn text(&self, text: &str) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        if self.terminal {
            stdout.write_all(without_controls(text).as_bytes())?;
        } else {
            stdout.write_all(text.as_bytes())?;
        }
        Ok(stdout.flush()?)
    }

    /// Prints a line.
    pub(crate) fn line(&self, line: &str) -> Result<(), Failure> {
        self.text(&format!("{line}\n"))
    }

    /// Prints what has colours in it, so that its controls are ours.
    pub(crate) fn painted(&self, text: &str) -> Result<(), Failure> {
        Ok(io::stdout().lock().write_all(text.as_bytes())?)
    }

    /// Prints one JSON object on a line of its own.
    pub(crate) fn object(&self, value: &impl Serialize) -> Result<(), Failure> {
        let mut line = serde_json::to_vec(value).map_err(|error| Failure::failed(error.to_string()))?;
        line.push(b'\n');
        let mut stdout = io::stdout().lock();
        stdout.write_all(&line)?;
        Ok(stdout.flush()?)
    }

    /// Prints a table, as wide as the terminal at most.
    pub(crate) fn table(&self, table: &Table) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(table.render(self.columns, self.color).as_bytes())?;
        Ok(stdout.flush()?)
    }
}

/// Resolves when nobody reads stdout any more, so that a command that waits for events does not wait in vain.
pub(crate) async fn reader_gone() {
    let (told, gone) = oneshot::channel();
    // A thread of its own: a wait on a descriptor that is no socket cannot be given up, and ends with the process.
    std::thread::spawn(move || {
        let stdout = io::stdout();
        let mut descriptors = [PollFd::new(&stdout, PollFlags::empty())];
        if poll(&mut descriptors, None).is_ok() {
            told.send(()).ok();
        }
    });
    if gone.await.is_err() {
        // It cannot be told: the next write will.
        std::future::pending::<()>().await;
    }
}

/// Colours a text that has no control characters.
pub(crate) fn paint(text: &str, color: Color) -> String {
    let code = match color {
        Color::Red => 31,
        Color::Green => 32,
        Color::Yellow => 33,
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

/// How long ago, in one unit.
pub(crate) fn age(now: i64, then: i64) -> String {
    let seconds = (now - then).max(0) / 1000;
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// Bytes in a unit that fits.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let step = (0..UNITS.len() - 1).take_while(|step| bytes >> (10 * (step + 1)) > 0).count();
    if step == 0 {
        return format!("{bytes} B");
    }
    let tenths = (u128::from(bytes) * 10) >> (10 * step);
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[step])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_and_sizes_have_one_unit() {
        for (ms, text) in [(0, "0s"), (59_999, "59s"), (60_000, "1m"), (7_200_000, "2h"), (172_800_000, "2d")] {
            assert_eq!(age(ms, 0), text);
        }
        assert_eq!(age(0, 5_000), "0s", "a clock that was set back");
        for (bytes, text) in [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (16 << 20, "16.0 MiB")] {
            assert_eq!(size(bytes), text);
        }
    }
}
