//! The terminal of a program: bytes in, screen, replies and notices out. No I/O, and no clock of its own. The runner's is the
//! authoritative one; a client that shows a terminal has another, which is fed the same bytes.
//!
//! One parser drives the cells (`alacritty_terminal`) and everything that those hide: both screens, scroll region, tab
//! stops, charsets, keyboard flags, titles, colours and synchronized output. So nothing is parsed twice, and nothing
//! can come apart.

mod csi;
mod device;
mod framing;
mod keyboard;
mod links;
mod machine;
mod modes;
mod notice;
mod osc;
mod past;
mod picture;
mod redraw;
mod screens;
mod sgr;
mod sight;
#[cfg(test)]
mod tests;

use alacritty_terminal::{term::MIN_COLUMNS, vte::Parser};

pub use alacritty_terminal::{
    term::cell::{Cell, Flags},
    vte::ansi::{Color, NamedColor},
};
pub use modes::Modes;
pub use notice::{MarkKind, Notice};
pub use picture::Picture;

use crate::terminal::{MAX_CELLS, MAX_COLS, MAX_ROWS};
use framing::{Framing, Piece};
use machine::Machine;
use modes::Switch;
use screens::Size;

/// How long a program may hold back what it draws, in milliseconds.
const SYNCHRONIZED: u64 = 150;

/// A terminal.
pub struct Emulator {
    parser: Parser,
    framing: Framing,
    machine: Machine,
    /// Bytes since the last place where nothing was unfinished.
    unfinished: usize,
    /// When synchronized output ends by itself.
    held_until: Option<u64>,
}

/// What a piece of output led to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// For the program: to be written once, when the output is new.
    pub replies: Vec<u8>,
    /// For whoever looks after the terminal.
    pub notices: Vec<Notice>,
    /// Whether no sequence is half read and no picture half drawn: a redraw taken now is all there is.
    pub at_rest: bool,
}

impl Emulator {
    /// An empty terminal, keeping `scrollback` lines; a size that cannot be is brought to the nearest that can.
    pub fn new(columns: usize, rows: usize, scrollback: usize) -> Self {
        Self {
            parser: Parser::new(),
            framing: Framing::default(),
            machine: Machine::new(size(columns, rows), scrollback),
            unfinished: 0,
            held_until: None,
        }
    }

    /// Takes output of the program.
    pub fn feed(&mut self, mut bytes: &[u8], now_ms: u64) -> Outcome {
        self.expire(now_ms);
        while !bytes.is_empty() {
            let (piece, taken) = self.framing.next(bytes);
            match piece {
                Some(Piece::Bytes(piece)) => self.parser.advance(&mut self.machine, piece),
                Some(Piece::Character(bytes, length)) => self.parser.advance(&mut self.machine, &bytes[..length]),
                Some(Piece::Overlong) => {
                    self.machine.overlong = true;
                    self.parser.advance(&mut self.machine, &[0x18]);
                    self.machine.overlong = false;
                }
                None => {}
            }
            bytes = &bytes[taken..];
            self.unfinished = match self.framing.unfinished() {
                Some(held) => held,
                None => self.unfinished + taken,
            };
        }
        self.held_until = match self.held_until {
            _ if !self.machine.modes.is(2026) => None,
            None => Some(now_ms + SYNCHRONIZED),
            held => held,
        };
        self.outcome()
    }

    /// Lets time pass: synchronized output that its program does not end ends by itself.
    pub fn tick(&mut self, now_ms: u64) -> Outcome {
        self.expire(now_ms);
        self.outcome()
    }

    /// When [`Self::tick`] has something to do, in milliseconds.
    pub fn deadline(&self) -> Option<u64> {
        self.held_until
    }

    /// Gives it another size; lines of the primary screen flow into the new width.
    pub fn resize(&mut self, columns: usize, rows: usize) {
        let size = size(columns, rows);
        if size != self.machine.screens.size() {
            self.machine.resize(size);
        }
    }

    /// What is on the screen, with everything that decides how it goes on.
    pub fn picture(&self) -> Picture {
        Picture::of(&self.machine)
    }

    /// The text on the screen, a line per row, without blanks at their ends.
    pub fn text(&self) -> String {
        picture::text(&self.machine)
    }

    /// Output that gives an empty terminal of this size the same screen; at most [`redraw::LONGEST`] bytes.
    pub fn redraw(&self) -> Vec<u8> {
        redraw::screen(&self.machine)
    }

    /// The same, after the last lines of history: at most `lines`, and what is left of the length.
    pub fn redraw_with_scrollback(&self, lines: usize) -> Vec<u8> {
        redraw::with_scrollback(&self.machine, lines)
    }

    /// Where its output goes on, so that an emulator which was given a redraw comes to the same: so many bytes before the end
    /// of what was fed, since they are a sequence or a character that is not whole. Where they are more than `most`, what
    /// stands for them instead is given.
    #[must_use]
    pub fn unfinished(&self, most: usize) -> (usize, &'static [u8]) {
        if self.unfinished <= most { (self.unfinished, b"") } else { (0, self.framing.opener()) }
    }

    fn expire(&mut self, now_ms: u64) {
        if self.held_until.is_some_and(|until| now_ms >= until) {
            self.held_until = None;
            self.machine.modes.set(2026, Switch::Off);
        }
    }

    fn outcome(&mut self) -> Outcome {
        Outcome {
            replies: self.machine.take_replies(),
            notices: self.machine.notices.take(),
            at_rest: self.framing.at_rest() && self.held_until.is_none(),
        }
    }
}

fn size(columns: usize, rows: usize) -> Size {
    let columns = columns.clamp(MIN_COLUMNS, MAX_COLS.into());
    Size { columns, rows: rows.clamp(1, MAX_ROWS.into()).min(MAX_CELLS / columns) }
}
