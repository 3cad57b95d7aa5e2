//! The terminal at which `octoctl term attach` is started: taken as it is, and always given back.

use std::io::{self, Write};

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

/// Undoes what a program may have left set: the alternate screen, keyboard and mouse reports, pasting, focus, margins,
/// colours, a hidden cursor. Mouse reports are ended behind the alternate screen, since some terminals keep them per
/// screen.
const SOBER: &str = "\x1b[?1049l\x1b[<99u\x1b[>4;0m\x1b[?9l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?1015l\
                     \x1b[?1004l\x1b[?2004l\x1b[?2026l\x1b[?1l\x1b>\x1b[?6l\x1b[?7h\x1b[?25h\x1b[r\x1b(B\x1b[m\x1b[0 q";

/// The terminal, in raw mode. Dropped, it is as it was.
#[derive(Debug)]
pub(super) struct Screen {
    usual: Termios,
}

/// Columns and rows of the terminal that stdout is.
pub(super) fn size() -> Option<(u16, u16)> {
    let size = tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0 && size.ws_row > 0).then_some((size.ws_col, size.ws_row))
}

impl Screen {
    /// Takes the terminal.
    pub(super) fn take() -> io::Result<Self> {
        let usual = tcgetattr(io::stdin())?;
        let mut raw = usual.clone();
        raw.make_raw();
        tcsetattr(io::stdin(), OptionalActions::Now, &raw)?;
        Ok(Self { usual })
    }

    /// Begins anew, on an empty screen.
    pub(super) fn clear(&self) -> io::Result<()> {
        self.write(format!("{SOBER}\x1b[2J\x1b[H").as_bytes())
    }

    /// Shows output.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes)?;
        stdout.flush()
    }

    /// Says something to the person, without a trace in the output.
    pub(super) fn ring(&self) -> io::Result<()> {
        self.write(b"\x07")
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // Below whatever is shown. Where the terminal is gone there is nothing to give back.
        let rows = size().map_or(999, |(_, rows)| rows);
        drop(self.write(format!("{SOBER}\x1b[{rows};1H\r\n").as_bytes()));
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.usual);
    }
}
