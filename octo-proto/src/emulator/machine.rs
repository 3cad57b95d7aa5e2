//! The state of a terminal, and what single characters and escape sequences do to it.

use alacritty_terminal::{
    grid::Cursor,
    term::cell::{Cell, Flags},
    vte::{
        Params, Perform,
        ansi::{CharsetIndex, Color, Handler, NamedColor, StandardCharset},
    },
};

use unicode_width::UnicodeWidthChar;

use super::{
    device::DeviceString,
    keyboard::Keyboard,
    links::Links,
    modes::{Modes, Switch},
    notice::{Notice, Notices},
    osc::Palette,
    screens::{SavedRest, Screens, Size, Which},
};

/// Replies to one piece of output; a program that asks for more in one breath does not read the answers.
const MOST_REPLIES: usize = 16 << 10;

/// Marks, links and colours of underlines that cells may have at a time; those of the oldest go. They take several times
/// what a cell takes.
const ADORNED: usize = 16_000;

/// Columns between the tab stops that nobody set.
const TAB_WIDTH: usize = 8;

/// Everything that the output of a program changes.
pub(super) struct Machine {
    pub(super) screens: Screens,
    pub(super) modes: Modes,
    pub(super) tabs: Vec<bool>,
    pub(super) charset: CharsetIndex,
    keyboards: [Keyboard; 2],
    pub(super) cursor_style: u16,
    pub(super) title: String,
    pub(super) titles: Vec<String>,
    pub(super) directory: String,
    pub(super) palette: Palette,
    pub(super) links: Links,
    pub(super) notices: Notices,
    pub(super) device: DeviceString,
    /// The command that ends now grew too long and is not obeyed.
    pub(super) overlong: bool,
    /// Marks, links and colours of underlines since they were counted last, and those that were there then.
    adorned: usize,
    /// The program has thrown the history away.
    pub(super) erased: bool,
    replies: Vec<u8>,
    last: Option<char>,
}

impl Machine {
    pub(super) fn new(size: Size, scrollback: usize) -> Self {
        Self {
            screens: Screens::new(size, scrollback),
            modes: Modes::default(),
            tabs: default_tabs(0, size.columns).collect(),
            charset: CharsetIndex::G0,
            keyboards: [Keyboard::default(), Keyboard::default()],
            cursor_style: 0,
            title: String::new(),
            titles: Vec::new(),
            directory: String::new(),
            palette: Palette::default(),
            links: Links::default(),
            notices: Notices::default(),
            device: DeviceString::default(),
            overlong: false,
            adorned: 0,
            erased: false,
            replies: Vec::new(),
            last: None,
        }
    }

    pub(super) fn resize(&mut self, size: Size) {
        self.screens.resize(size);
        let had = self.tabs.len();
        self.tabs.truncate(size.columns);
        self.tabs.extend(default_tabs(had, size.columns));
    }

    pub(super) fn keyboard(&self, which: Which) -> &Keyboard {
        &self.keyboards[which as usize]
    }

    pub(super) fn keyboard_mut(&mut self) -> &mut Keyboard {
        &mut self.keyboards[self.screens.shown() as usize]
    }

    /// Answers the program.
    pub(super) fn reply(&mut self, text: &str) {
        if self.replies.len() + text.len() <= MOST_REPLIES {
            self.replies.extend_from_slice(text.as_bytes());
        }
    }

    pub(super) fn take_replies(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.replies)
    }

    /// The row and column that the program would name, from 1.
    pub(super) fn position(&self) -> (usize, usize) {
        let screen = self.screens.active();
        let top = if self.modes.is(6) { self.screens.region().0 } else { 0 };
        (screen.row().saturating_sub(top) + 1, screen.column() + 1)
    }

    /// Goes where the program says, from 0.
    pub(super) fn go(&mut self, row: usize, column: usize) {
        let (top, bottom) = if self.modes.is(6) { self.screens.region() } else { (0, self.screens.size().rows - 1) };
        self.screens.active_mut().go((top + row).min(bottom), column);
    }

    /// Goes up or down, as far as the region reaches if it starts inside.
    pub(super) fn go_vertically(&mut self, up: Switch, count: usize) {
        let (top, bottom) = self.screens.region();
        let rows = self.screens.size().rows;
        let screen = self.screens.active_mut();
        let (row, column) = (screen.row(), screen.column());
        let target = if up == Switch::On {
            let limit = if row >= top { top } else { 0 };
            row.saturating_sub(count).max(limit)
        } else {
            let limit = if row <= bottom { bottom } else { rows - 1 };
            (row + count).min(limit)
        };
        screen.go(target, column);
    }

    pub(super) fn go_column(&mut self, column: usize) {
        let screen = self.screens.active_mut();
        screen.go(screen.row(), column);
    }

    /// The next tab stop to the right; a cursor about to wrap stays so.
    pub(super) fn tab_forward(&mut self, count: usize) {
        let last = self.tabs.len() - 1;
        let mut column = self.screens.active().column();
        if column == last {
            return;
        }
        for _ in 0..count.min(last) {
            column = (column + 1..last).find(|column| self.tabs[*column]).unwrap_or(last);
        }
        self.go_column(column);
    }

    pub(super) fn tab_backward(&mut self, count: usize) {
        let mut column = self.screens.active().column();
        for _ in 0..count.min(self.tabs.len()) {
            column = (0..column).rev().find(|column| self.tabs[*column]).unwrap_or(0);
        }
        self.go_column(column);
    }

    pub(super) fn write(&mut self, character: char) {
        self.last = Some(character);
        let screen = self.screens.active_mut();
        if self.modes.insert {
            screen.insert(character, self.modes.is(7));
        } else if character.is_ascii() {
            screen.term().input(character);
        } else {
            screen.write(character, self.modes.is(7));
            if character.width() == Some(0) {
                self.adorn();
            }
        }
    }

    /// Something that is not in the cells themselves was put on one, or will be on the next.
    pub(super) fn adorn(&mut self) {
        self.adorned += 1;
        if self.adorned > ADORNED {
            self.adorned = self.screens.strip(ADORNED / 2);
        }
    }

    /// Writes the last character again; more than a line of it is nothing a program draws with.
    pub(super) fn repeat(&mut self, count: usize) {
        let Some(last) = self.last else { return };
        for _ in 0..count.min(self.screens.size().columns) {
            self.write(last);
        }
    }

    pub(super) fn save_cursor(&mut self) {
        let rest = SavedRest { origin: self.modes.is(6), charset: self.charset };
        let screen = self.screens.active_mut();
        screen.saved_rest = rest;
        let grid = screen.grid_mut();
        grid.saved_cursor = grid.cursor.clone();
    }

    pub(super) fn restore_cursor(&mut self) {
        let (top, bottom) = self.screens.region();
        let screen = self.screens.active_mut();
        let rest = screen.saved_rest;
        let grid = screen.grid_mut();
        grid.cursor = grid.saved_cursor.clone();
        if rest.origin {
            let (row, column) = (screen.row(), screen.column());
            if row < top || row > bottom {
                screen.go(row.clamp(top, bottom), column);
            }
        }
        screen.settle_cursor();
        self.modes.set(6, if rest.origin { Switch::On } else { Switch::Off });
        self.use_charset(rest.charset);
    }

    pub(super) fn use_charset(&mut self, charset: CharsetIndex) {
        self.charset = charset;
        self.screens.set_charset(charset);
    }

    /// Shows the other screen. The alternate one is always entered empty, so a screen that is not shown holds nothing
    /// that a redraw would miss.
    pub(super) fn show(&mut self, which: Which) {
        self.screens.show(which);
        if which == Which::Primary {
            self.keyboards[Which::Alternate as usize] = Keyboard::default();
        }
        self.notices.push(Notice::Input);
    }

    /// Soft reset: the modes that make a terminal hard to use, not its text.
    pub(super) fn soft_reset(&mut self) {
        for (number, on) in [(1, Switch::Off), (6, Switch::Off), (7, Switch::On), (25, Switch::On), (66, Switch::Off)] {
            self.modes.set(number, on);
        }
        self.modes.insert = false;
        self.screens.set_wrap(true);
        self.screens.set_region(0, self.screens.size().rows - 1);
        self.use_charset(CharsetIndex::G0);
        let screen = self.screens.active_mut();
        screen.saved_rest = SavedRest::default();
        let grid = screen.grid_mut();
        grid.saved_cursor = Cursor::default();
        let link = grid.cursor.template.hyperlink();
        grid.cursor.template = Cell::default();
        grid.cursor.template.set_hyperlink(link);
        grid.cursor.charsets = grid.saved_cursor.charsets;
        self.notices.push(Notice::Input);
    }

    /// Full reset: as it was in the beginning.
    fn reset(&mut self) {
        let notices = std::mem::take(&mut self.notices);
        let replies = self.take_replies();
        *self = Self { notices, replies, erased: true, ..Self::new(self.screens.size(), self.screens.scrollback()) };
        self.notices.push(Notice::Title { title: String::new() });
        self.notices.push(Notice::Input);
    }

    fn align(&mut self) {
        self.screens.set_region(0, self.screens.size().rows - 1);
        self.modes.set(6, Switch::Off);
        let screen = self.screens.active_mut();
        screen.term().decaln();
        screen.go(0, 0);
    }

    fn designate(&mut self, slot: u8, charset: u8) {
        let index = match slot {
            b'(' => CharsetIndex::G0,
            b')' => CharsetIndex::G1,
            b'*' => CharsetIndex::G2,
            _ => CharsetIndex::G3,
        };
        let charset =
            if charset == b'0' { StandardCharset::SpecialCharacterAndLineDrawing } else { StandardCharset::Ascii };
        self.screens.active_mut().term().configure_charset(index, charset);
    }

    /// The line below, scrolling at the end of the region.
    fn index(&mut self) {
        self.screens.active_mut().term().linefeed();
        self.keep_wrap();
    }

    /// Moving to another line ends a pending wrap.
    fn keep_wrap(&mut self) {
        self.screens.active_mut().grid_mut().cursor.input_needs_wrap = false;
    }

    fn set_tab(&mut self) {
        let column = self.screens.active().column();
        self.tabs[column] = true;
    }

    fn execute_c1(&mut self, byte: u8) {
        match byte {
            b'D' => self.index(),
            b'E' => {
                self.index();
                self.go_column(0);
            }
            b'H' => self.set_tab(),
            b'M' => {
                self.screens.active_mut().term().reverse_index();
                self.keep_wrap();
            }
            _ => {}
        }
    }
}

impl Perform for Machine {
    fn print(&mut self, character: char) {
        self.write(character);
    }

    fn execute(&mut self, byte: u8) {
        match byte {
            0x07 => self.notices.push(Notice::Bell),
            0x08 => self.screens.active_mut().term().backspace(),
            0x09 => self.tab_forward(1),
            0x0a..=0x0c => {
                self.screens.active_mut().term().newline();
                self.keep_wrap();
            }
            0x0d => self.screens.active_mut().term().carriage_return(),
            0x0e => self.use_charset(CharsetIndex::G1),
            0x0f => self.use_charset(CharsetIndex::G0),
            0x84..=0x8d => self.execute_c1(byte - 0x40),
            _ => {}
        }
    }

    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], ignore: bool, action: char) {
        if !ignore {
            self.control(params, intermediates, action);
        }
    }

    fn esc_dispatch(&mut self, intermediates: &[u8], ignore: bool, byte: u8) {
        if ignore {
            return;
        }
        match (intermediates, byte) {
            ([], b'7') => self.save_cursor(),
            ([], b'8') => self.restore_cursor(),
            ([], b'=') => self.modes.set(66, Switch::On),
            ([], b'>') => self.modes.set(66, Switch::Off),
            ([], b'D' | b'E' | b'H' | b'M') => self.execute_c1(byte),
            ([], b'Z') => self.identify(),
            ([], b'c') => self.reset(),
            ([], b'n') => self.use_charset(CharsetIndex::G2),
            ([], b'o') => self.use_charset(CharsetIndex::G3),
            ([b'#'], b'8') => self.align(),
            ([slot @ (b'(' | b')' | b'*' | b'+')], charset) => self.designate(*slot, charset),
            _ => {}
        }
        if matches!((intermediates, byte), ([], b'=' | b'>')) {
            self.notices.push(Notice::Input);
        }
    }

    fn osc_dispatch(&mut self, params: &[&[u8]], bell_terminated: bool) {
        if !self.overlong {
            self.command(params, if bell_terminated { "\x07" } else { "\x1b\\" });
        }
    }

    fn hook(&mut self, _: &Params, intermediates: &[u8], ignore: bool, action: char) {
        self.device.begin(if ignore { &[] } else { intermediates }, action);
    }

    fn put(&mut self, byte: u8) {
        self.device.put(byte);
    }

    fn unhook(&mut self) {
        self.answer_device_string();
    }
}

fn default_tabs(from: usize, columns: usize) -> impl Iterator<Item = bool> {
    (from..columns).map(|column| column % TAB_WIDTH == 0)
}

/// Whether a cell is as nothing was ever written there.
pub(super) fn is_blank(cell: &Cell) -> bool {
    cell.c == ' '
        && cell.zerowidth().is_none_or(<[char]>::is_empty)
        && cell.underline_color().is_none()
        && cell.hyperlink().is_none()
        && cell.fg == Color::Named(NamedColor::Foreground)
        && cell.bg == Color::Named(NamedColor::Background)
        && (cell.flags - Flags::WRAPLINE - Flags::LEADING_WIDE_CHAR_SPACER).is_empty()
}
