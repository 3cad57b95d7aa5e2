//! The cells of a terminal as cells of our screen. Nothing of them is text that a terminal could take for a command.

use octo_proto::emulator::{Cell, Color, Emulator, Flags, NamedColor};
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Color as Shown, Modifier, Style},
};

/// Paints the part of a screen that begins with a line and a column, in the colours of a terminal. Gives how much of the
/// area it took.
pub(super) fn paint(
    screen: &Emulator,
    emulator: &Emulator,
    (top, left): (i32, usize),
    buffer: &mut Buffer,
) -> (u16, u16) {
    let area = buffer.area;
    let (columns, rows) = screen.size();
    let shown = |cells: usize, room: u16| u16::try_from(cells).unwrap_or(u16::MAX).min(room);
    let taken = (shown(columns.saturating_sub(left), area.width), shown(rows, area.height));
    let ground = emulator.ground().map(|color| color.map_or(Shown::Reset, rgb));
    let reversed = emulator.modes().is(5);
    for row in 0..taken.1 {
        let line = screen.line(top + i32::from(row));
        for column in 0..taken.0 {
            let Some(cell) = line.get(left + usize::from(column)) else { continue };
            let at = &mut buffer[(area.x + column, area.y + row)];
            let mut style = style(cell, emulator, ground);
            if reversed {
                style = style.add_modifier(Modifier::REVERSED);
            }
            at.set_style(style);
            let last = column + 1 == taken.0;
            if cell.flags.intersects(Flags::WIDE_CHAR_SPACER | Flags::LEADING_WIDE_CHAR_SPACER) {
                continue;
            }
            // Half of a wide character cannot be drawn.
            if cell.c.is_control() || cell.flags.contains(Flags::WIDE_CHAR) && last {
                at.set_char(' ');
                continue;
            }
            match cell.zerowidth() {
                Some(marks) => {
                    let text: String = std::iter::once(cell.c).chain(marks.iter().copied()).collect();
                    at.set_symbol(&text);
                }
                None => drop(at.set_char(cell.c)),
            }
        }
    }
    taken
}

/// What is around a terminal that is smaller than its area.
pub(super) fn letterbox(taken: (u16, u16), style: Style, buffer: &mut Buffer) {
    let area = buffer.area;
    let right = Rect { x: area.x + taken.0, width: area.width - taken.0, height: taken.1, ..area };
    let below = Rect { y: area.y + taken.1, height: area.height - taken.1, ..area };
    for position in right.positions().chain(below.positions()) {
        buffer[position].set_symbol("·").set_style(style);
    }
}

fn style(cell: &Cell, emulator: &Emulator, ground: [Shown; 2]) -> Style {
    let mut style = Style::new().fg(color(cell.fg, emulator, ground)).bg(color(cell.bg, emulator, ground));
    if let Some(underline) = cell.underline_color() {
        style = style.underline_color(color(underline, emulator, ground));
    }
    for (flag, modifier) in [
        (Flags::BOLD, Modifier::BOLD),
        (Flags::DIM, Modifier::DIM),
        (Flags::ITALIC, Modifier::ITALIC),
        (Flags::ALL_UNDERLINES, Modifier::UNDERLINED),
        (Flags::INVERSE, Modifier::REVERSED),
        (Flags::HIDDEN, Modifier::HIDDEN),
        (Flags::STRIKEOUT, Modifier::CROSSED_OUT),
    ] {
        if cell.flags.intersects(flag) {
            style = style.add_modifier(modifier);
        }
    }
    // That it can be opened is to be seen.
    if cell.hyperlink().is_some() {
        style = style.add_modifier(Modifier::UNDERLINED);
    }
    style
}

fn color(color: Color, emulator: &Emulator, [foreground, background]: [Shown; 2]) -> Shown {
    let indexed = |index: u8| emulator.palette(index).map_or(Shown::Indexed(index), rgb);
    match color {
        Color::Spec(color) => Shown::Rgb(color.r, color.g, color.b),
        Color::Indexed(index) => indexed(index),
        Color::Named(NamedColor::Background) => background,
        Color::Named(NamedColor::Foreground | NamedColor::BrightForeground | NamedColor::DimForeground) => foreground,
        Color::Named(NamedColor::Cursor) => Shown::Reset,
        Color::Named(named) => match named as usize {
            // The sixteen; behind the others come the dim ones of the first eight.
            index @ 0..16 => indexed(index as u8),
            index => indexed((index.saturating_sub(NamedColor::DimBlack as usize) % 8) as u8),
        },
    }
}

fn rgb([r, g, b]: [u8; 3]) -> Shown {
    Shown::Rgb(r, g, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_below_text_have_their_colour_and_links_have_one() {
        let mut emulator = Emulator::new(10, 1, 0);
        emulator.feed(b"\x1b[4:3;58:2::255:0:9ma\x1b[59mb\x1b[m\x1b]8;;http://a\x1b\\c\x1b]8;;\x1b\\d", 0);
        let mut buffer = Buffer::empty(Rect::new(0, 0, 10, 1));
        paint(&emulator, &emulator, (0, 0), &mut buffer);
        let shown = [0, 1, 2, 3].map(|x| {
            let cell = &buffer[(x, 0)];
            (cell.underline_color, cell.modifier)
        });
        let (plain, red) = (Shown::Reset, Shown::Rgb(255, 0, 9));
        let (line, none) = (Modifier::UNDERLINED, Modifier::empty());
        assert_eq!(shown, [(red, line), (plain, line), (plain, line), (plain, none)]);
    }
}
