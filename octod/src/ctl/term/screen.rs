//! The terminal at which `octoctl term attach` is started: taken as it is, and always given back.

use std::io::{self, Write};

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

/// Undoes what a program may have left set: the alternate screen, keyboard and mouse reports, pasting, focus, margins,
/// colours, a hidden cursor, inserting, line feeds that return, reverse video, other characters. Mouse reports are ended behind the alternate screen, since some terminals keep them per
/// screen.
const SOBER: &str = "\x1b[?1049l\x1b[<99u\x1b[>4;0m\x1b[?9l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?1015l\
                     \x1b[?1016l\x1b[?1004l\x1b[?2004l\x1b[?2026l\x1b[?2031l\x1b[?2048l\x1b[?1l\x1b>\x1b[?6l\x1b[?7h\x1b[?69l\
                     \x1b[?5l\x1b[4l\x1b[20l\x1b[?25h\x1b[r\x0f\x1b(B\x1b)B\x1b[m\x1b[0 q\x1b]8;;\x1b\\";

/// Keeps the title of the window, and gives it back.
const KEEP_TITLE: &str = "\x1b[22;0t";
const TITLE: &str = "\x1b[23;0t";

/// Gives the colours back, of the palette, of text, of what is behind it and of the cursor.
const COLORS: &str = "\x1b]104\x1b\\\x1b]110\x1b\\\x1b]111\x1b\\\x1b]112\x1b\\";

/// The terminal, in raw mode. Dropped, it is as it was.
#[derive(Debug)]
pub(super) struct Screen {
    usual: Termios,
    /// The program changed a colour of the terminal.
    colored: bool,
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
        let screen = Self { usual, colored: false };
        screen.write(KEEP_TITLE.as_bytes())?;
        Ok(screen)
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

    /// The program changed a colour, which is given back.
    pub(super) fn is_colored(&mut self) {
        self.colored = true;
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
        let colors = if self.colored { COLORS } else { "" };
        drop(self.write(format!("{SOBER}{TITLE}{colors}\x1b[{rows};1H\r\n").as_bytes()));
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.usual);
    }
}
