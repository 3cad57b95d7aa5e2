//! Everything of a terminal that is not in its cells, as sequences.

use alacritty_terminal::{
    grid::{Cursor, Dimensions},
    term::cell::{Cell, Flags},
    vte::ansi::{CharsetIndex, StandardCharset},
};

use super::paint;
use crate::emulator::{
    keyboard::Keyboard,
    machine::Machine,
    osc::DYNAMIC,
    screens::{SavedRest, Screen, line},
    sgr,
};

const SETS: [(CharsetIndex, char, &str); 4] = [
    (CharsetIndex::G0, '(', "\x0f"),
    (CharsetIndex::G1, ')', "\x0e"),
    (CharsetIndex::G2, '*', "\x1bn"),
    (CharsetIndex::G3, '+', "\x1bo"),
];

/// Brings any terminal to where painting may begin, without showing it before all is done.
pub(super) fn begin(text: &mut String) {
    text.push_str("\x1b[?2026h\x1b[?1049l\x1b[r");
    ready(text);
}

/// Plain characters, no origin, wrapping, nothing inserted, no link.
fn ready(text: &mut String) {
    text.push_str("\x1b[?6l\x1b[?7h\x1b[4l\x1b[20l\x1b[0m\x1b]8;;\x1b\\");
    for (_, slot, _) in SETS {
        text.extend(['\x1b', slot, 'B']);
    }
    text.push('\x0f');
}

/// Saves the cursor that a screen has saved. Whatever stands in the cells is painted over.
pub(super) fn saved_cursor(text: &mut String, screen: &Screen) {
    ready(text);
    let cursor = &screen.grid().saved_cursor;
    if screen.saved_rest.origin {
        text.push_str("\x1b[?6h");
    }
    go(text, cursor.point.line.0, cursor.point.column.0);
    if cursor.input_needs_wrap {
        text.push('x');
    }
    pen(text, cursor, screen.saved_rest.charset);
    text.push_str("\x1b7");
    ready(text);
}

/// Puts the cursor where entering the alternate screen saves it from.
pub(super) fn enter_alternate(text: &mut String, primary: &Screen) {
    let SavedRest { origin, charset } = primary.saved_rest;
    if origin {
        text.push_str("\x1b[?6h");
    }
    place(text, &primary.grid().saved_cursor, primary, 0);
    pen(text, &primary.grid().saved_cursor, charset);
}

/// The keyboard flags of the screen that is shown.
pub(super) fn keyboard(text: &mut String, keyboard: &Keyboard) {
    text.push_str("\x1b[<99u");
    for (depth, flags) in keyboard.stack().into_iter().enumerate() {
        let sequence = if depth == 0 { format!("\x1b[={flags};1u") } else { format!("\x1b[>{flags}u") };
        text.push_str(&sequence);
    }
}

/// All that remains when the cells are painted, the cursor last.
pub(super) fn finish(text: &mut String, machine: &Machine) {
    tabs(text, machine);
    strings(text, machine);
    text.push_str(&format!("\x1b[{} q\x1b[>4;{}m", machine.cursor_style, machine.modes.other_keys));
    let (top, bottom) = machine.screens.region();
    if (top, bottom) != (0, machine.screens.size().rows - 1) {
        text.push_str(&format!("\x1b[{};{}r", top + 1, bottom + 1));
    }
    for mouse in [1000, 1006] {
        text.push_str(&format!("\x1b[?{mouse}l"));
    }
    for (number, on) in machine.modes.switches() {
        // They move the cursor, change what is painted, or show it.
        if ![7, 2026].contains(&number) {
            text.push_str(&format!("\x1b[?{number}{}", if on { 'h' } else { 'l' }));
        }
    }
    for number in [machine.modes.mouse, machine.modes.mouse_form].into_iter().filter(|number| *number != 0) {
        text.push_str(&format!("\x1b[?{number}h"));
    }
    let screen = machine.screens.active();
    place(text, &screen.grid().cursor, screen, if machine.modes.is(6) { top } else { 0 });
    pen(text, &screen.grid().cursor, machine.charset);
    for (on, sequence) in [
        (!machine.modes.is(7), "\x1b[?7l"),
        (machine.modes.insert, "\x1b[4h"),
        (machine.modes.newline, "\x1b[20h"),
        (!machine.modes.is(2026), "\x1b[?2026l"),
    ] {
        if on {
            text.push_str(sequence);
        }
    }
}

fn tabs(text: &mut String, machine: &Machine) {
    text.push_str("\x1b[3g");
    for column in (0..machine.tabs.len()).filter(|column| machine.tabs[*column]) {
        text.push_str(&format!("\x1b[{}G\x1bH", column + 1));
    }
}

fn strings(text: &mut String, machine: &Machine) {
    text.push_str("\x1b]104\x1b\\\x1b]110\x1b\\\x1b]111\x1b\\\x1b]112\x1b\\");
    for (index, [r, g, b]) in &machine.palette.0 {
        let command = match index.checked_sub(DYNAMIC) {
            Some(number) => number.to_string(),
            None => format!("4;{index}"),
        };
        text.push_str(&format!("\x1b]{command};#{r:02x}{g:02x}{b:02x}\x1b\\"));
    }
    for title in &machine.titles {
        text.push_str(&format!("\x1b]2;{title}\x1b\\\x1b[22;2t"));
    }
    text.push_str(&format!("\x1b]2;{}\x1b\\", machine.title));
    if !machine.directory.is_empty() {
        text.push_str(&format!("\x1b]7;{}\x1b\\", machine.directory));
    }
}

/// Puts the cursor on its row, counted from `top`, about to wrap if it is.
fn place(text: &mut String, cursor: &Cursor<Cell>, screen: &Screen, top: usize) {
    let top = line(top);
    let row = (cursor.point.line - top).0;
    let grid = screen.grid();
    if cursor.input_needs_wrap {
        let wide = grid[cursor.point.line][grid.last_column()].flags.contains(Flags::WIDE_CHAR_SPACER);
        go(text, row, cursor.point.column.0 - usize::from(wide));
        paint::last_cell(text, grid, cursor.point.line);
    } else {
        go(text, row, cursor.point.column.0);
    }
}

fn go(text: &mut String, row: i32, column: usize) {
    text.push_str(&format!("\x1b[{};{}H", row + 1, column + 1));
}

/// The rendition, link and charsets that a cursor writes with.
fn pen(text: &mut String, cursor: &Cursor<Cell>, charset: CharsetIndex) {
    text.push_str(&format!("\x1b[{}m", sgr::write(&cursor.template)));
    text.push_str(&paint::link(&cursor.template));
    for (index, slot, shift) in SETS {
        let drawing = cursor.charsets[index] == StandardCharset::SpecialCharacterAndLineDrawing;
        text.extend(['\x1b', slot, if drawing { '0' } else { 'B' }]);
        if index == charset {
            text.push_str(shift);
        }
    }
}
