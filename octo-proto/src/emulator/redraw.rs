//! Output that draws a screen again: contents, cursor, modes and all else that decides how it goes on.

mod paint;
mod state;

use alacritty_terminal::grid::Dimensions;

use super::{machine::Machine, screens::Which};
use paint::Detail;
pub(super) use paint::{line_of, part_of};

/// The longest redraw.
pub(crate) const LONGEST: usize = 128 << 10;

/// What is given up to keep a redraw short enough, first for the screen beneath.
const ATTEMPTS: [(Detail, Detail); 7] = [
    (Detail::Whole, Detail::Whole),
    (Detail::Unlinked, Detail::Whole),
    (Detail::Plain, Detail::Whole),
    (Detail::Plain, Detail::Unlinked),
    (Detail::Plain, Detail::Coarse),
    (Detail::Plain, Detail::Plain),
    (Detail::Tail, Detail::Tail),
];

/// Draws the screen, with the primary screen beneath the alternate one.
pub(super) fn screen(machine: &Machine) -> Vec<u8> {
    let mut text = String::new();
    for (beneath, shown) in ATTEMPTS {
        text = draw(machine, 0, beneath, shown);
        if text.len() <= LONGEST {
            break;
        }
    }
    text.into_bytes()
}

/// Draws the last lines of the history too, which then scroll off the screen: as many as a redraw has room for.
pub(super) fn with_scrollback(machine: &Machine, lines: usize) -> Vec<u8> {
    let mut lines = lines.min(machine.screens.screen(Which::Primary).grid().history_size());
    while lines > 0 {
        let text = draw(machine, lines, Detail::Whole, Detail::Whole);
        if text.len() <= LONGEST {
            return text.into_bytes();
        }
        // Lines are of about one length; a little fewer, so that the second try is the last but for odd ones.
        lines = lines * LONGEST / text.len() * 7 / 8;
    }
    screen(machine)
}

fn draw(machine: &Machine, history: usize, beneath: Detail, shown: Detail) -> String {
    let mut text = String::new();
    state::begin(&mut text);
    let primary = machine.screens.screen(Which::Primary);
    state::saved_cursor(&mut text, primary);
    if machine.on_alternate() {
        paint::lines(&mut text, primary.grid(), history, beneath);
        state::enter_alternate(&mut text, primary);
        state::keyboard(&mut text, machine.keyboard(Which::Primary));
        text.push_str("\x1b[?1049h");
        let alternate = machine.screens.screen(Which::Alternate);
        state::saved_cursor(&mut text, alternate);
        paint::lines(&mut text, alternate.grid(), 0, shown);
        state::keyboard(&mut text, machine.keyboard(Which::Alternate));
    } else {
        paint::lines(&mut text, primary.grid(), history, shown);
        state::keyboard(&mut text, machine.keyboard(Which::Primary));
    }
    state::finish(&mut text, machine);
    text
}
