//! Control sequences: moving, erasing, scrolling, modes and what they ask.

use alacritty_terminal::vte::{
    Params,
    ansi::{Attr, ClearMode, Handler, LineClearMode},
};

use super::{
    device::FIRMWARE,
    machine::Machine,
    modes::{Modes, Switch},
    notice::Notice,
    screens::Which,
    sgr,
};

/// Titles kept by a program for later.
const TITLES: usize = 8;

/// The parameters of one sequence, the first of each group.
struct Numbers(Vec<u16>);

impl Numbers {
    fn new(params: &Params) -> Self {
        Self(params.iter().map(|param| param.first().copied().unwrap_or(0)).collect())
    }

    /// A count or position: left out and 0 are 1.
    fn count(&self, at: usize) -> usize {
        usize::from(self.or_zero(at).max(1))
    }

    fn or_zero(&self, at: usize) -> u16 {
        self.0.get(at).copied().unwrap_or(0)
    }
}

impl Machine {
    /// Obeys one control sequence.
    pub(super) fn control(&mut self, params: &Params, intermediates: &[u8], action: char) {
        let numbers = Numbers::new(params);
        match (intermediates, action) {
            ([], 'm') => {
                for attribute in sgr::read(params) {
                    if matches!(attribute, Attr::UnderlineColor(Some(_))) {
                        self.adorn();
                    }
                    self.screens.active_mut().term().terminal_attribute(attribute);
                }
            }
            ([], 'h' | 'l') => self.ansi_modes(&numbers, switch(action)),
            ([b'?'], 'h' | 'l') => self.private_modes(&numbers, switch(action)),
            ([], 'n') | ([b'?'], 'n') => self.status(numbers.or_zero(0), !intermediates.is_empty()),
            ([], 'c') if numbers.or_zero(0) == 0 => self.identify(),
            ([b'>'], 'c') if numbers.or_zero(0) == 0 => self.reply(&format!("\x1b[>0;{FIRMWARE};1c")),
            ([b'='], 'c') if numbers.or_zero(0) == 0 => self.reply("\x1bP!|00000000\x1b\\"),
            ([b'>'], 'q') if numbers.or_zero(0) == 0 => {
                self.reply(concat!("\x1bP>|octo ", env!("CARGO_PKG_VERSION"), "\x1b\\"));
            }
            ([], 'x') if numbers.or_zero(0) < 2 => {
                let kind = numbers.or_zero(0) + 2;
                self.reply(&format!("\x1b[{kind};1;1;128;128;1;0x"));
            }
            ([b'$'], 'p') => self.report_mode(numbers.or_zero(0)),
            ([b'?', b'$'], 'p') => self.report_private_mode(numbers.or_zero(0)),
            ([b'!'], 'p') => self.soft_reset(),
            ([b' '], 'q') if numbers.or_zero(0) <= 6 => self.cursor_style = numbers.or_zero(0),
            ([], 't') => self.window(&numbers),
            ([b'?'], 'J') => self.erase_screen(numbers.or_zero(0)),
            ([b'?'], 'K') => self.erase_line(numbers.or_zero(0)),
            ([b'>' | b'<' | b'=' | b'?'], 'u') => self.keys(intermediates[0], &numbers),
            ([b'>'], 'm') if numbers.or_zero(0) == 4 => {
                self.modes.other_keys = numbers.or_zero(1).min(2);
                self.notices.push(Notice::Input);
            }
            ([b'?'], 'm') if numbers.or_zero(0) == 4 => self.reply(&format!("\x1b[>4;{}m", self.modes.other_keys)),
            ([], _) => self.plain(&numbers, action),
            _ => {}
        }
    }

    fn plain(&mut self, numbers: &Numbers, action: char) {
        let count = numbers.count(0);
        match action {
            'A' | 'k' => self.go_vertically(Switch::On, count),
            'B' | 'e' => self.go_vertically(Switch::Off, count),
            'C' | 'a' => self.go_column(self.screens.active().column() + count),
            'D' | 'j' => self.go_column(self.screens.active().column().saturating_sub(count)),
            'E' => {
                self.go_vertically(Switch::Off, count);
                self.go_column(0);
            }
            'F' => {
                self.go_vertically(Switch::On, count);
                self.go_column(0);
            }
            'G' | '`' => self.go_column(count - 1),
            'H' | 'f' => self.go(count - 1, numbers.count(1) - 1),
            'd' => self.go(count - 1, self.screens.active().column()),
            'I' => self.tab_forward(count),
            'Z' => self.tab_backward(count),
            'J' => self.erase_screen(numbers.or_zero(0)),
            'K' => self.erase_line(numbers.or_zero(0)),
            'b' => self.repeat(count),
            'g' => self.clear_tabs(numbers.or_zero(0)),
            'r' => self.set_region(numbers),
            's' => self.save_cursor(),
            'u' => self.restore_cursor(),
            _ => self.edit(count, action),
        }
    }

    fn edit(&mut self, count: usize, action: char) {
        let screen = self.screens.active_mut();
        match action {
            '@' => screen.insert_blanks(count),
            'P' => screen.delete_characters(count),
            'X' => screen.erase_characters(count),
            'L' => screen.term().insert_blank_lines(count),
            'M' => screen.term().delete_lines(count),
            'S' => screen.term().scroll_up(count),
            'T' => screen.term().scroll_down(count),
            _ => {}
        }
    }

    fn erase_screen(&mut self, what: u16) {
        let mode = match what {
            0 => ClearMode::Below,
            1 => ClearMode::Above,
            2 => ClearMode::All,
            3 => ClearMode::Saved,
            _ => return,
        };
        self.erased |= what == 3 && !self.on_alternate();
        self.screens.active_mut().clear_screen(mode);
    }

    fn erase_line(&mut self, what: u16) {
        let mode = match what {
            0 => LineClearMode::Right,
            1 => LineClearMode::Left,
            2 => LineClearMode::All,
            _ => return,
        };
        self.screens.active_mut().clear_line(mode);
    }

    fn clear_tabs(&mut self, what: u16) {
        match what {
            0 => {
                let column = self.screens.active().column();
                self.tabs[column] = false;
            }
            3 => self.tabs.fill(false),
            _ => {}
        }
    }

    fn set_region(&mut self, numbers: &Numbers) {
        let rows = self.screens.size().rows;
        let top = numbers.count(0);
        let bottom = match usize::from(numbers.or_zero(1)) {
            0 => rows,
            bottom => bottom.min(rows),
        };
        if top < bottom {
            self.screens.set_region(top - 1, bottom - 1);
            self.go(0, 0);
        }
    }

    fn ansi_modes(&mut self, numbers: &Numbers, on: Switch) {
        for number in &numbers.0 {
            match number {
                4 => self.modes.insert = on == Switch::On,
                20 => {
                    self.modes.newline = on == Switch::On;
                    self.screens.set_newline(self.modes.newline);
                }
                _ => {}
            }
        }
    }

    fn private_modes(&mut self, numbers: &Numbers, on: Switch) {
        let before = self.modes;
        for number in &numbers.0 {
            self.private_mode(*number, on);
        }
        let drawing = |modes: Modes| {
            let mut modes = modes;
            for number in [5, 6, 7, 12, 25, 40, 2026] {
                modes.set(number, Switch::Off);
            }
            modes
        };
        if drawing(before) != drawing(self.modes) {
            self.notices.push(Notice::Input);
        }
    }

    fn private_mode(&mut self, number: u16, on: Switch) {
        match (number, on) {
            (3, _) if self.modes.is(40) => {
                // The width stays what it is; the rest happens.
                self.screens.set_region(0, self.screens.size().rows - 1);
                self.screens.active_mut().wipe();
                self.go(0, 0);
            }
            (6, _) => {
                self.modes.set(6, on);
                self.go(0, 0);
            }
            (7, _) => {
                self.modes.set(7, on);
                self.screens.set_wrap(on == Switch::On);
            }
            (47 | 1047 | 1049, _) => self.alternate(number, on),
            (1048, Switch::On) => self.save_cursor(),
            (1048, Switch::Off) => self.restore_cursor(),
            _ => self.modes.set(number, on),
        }
    }

    fn alternate(&mut self, number: u16, on: Switch) {
        let shown = self.screens.shown();
        match (on, shown) {
            (Switch::On, Which::Primary) => {
                if number == 1049 {
                    self.save_cursor();
                }
                self.show(Which::Alternate);
                if number == 1049 {
                    self.screens.active_mut().wipe();
                }
            }
            (Switch::Off, Which::Alternate) => {
                self.show(Which::Primary);
                if number == 1049 {
                    self.restore_cursor();
                }
            }
            (Switch::On, Which::Alternate) | (Switch::Off, Which::Primary) => {}
        }
    }

    fn status(&mut self, number: u16, private: bool) {
        let (row, column) = self.position();
        match (number, private) {
            (5, false) => self.reply("\x1b[0n"),
            (6, false) => self.reply(&format!("\x1b[{row};{column}R")),
            (6, true) => self.reply(&format!("\x1b[?{row};{column}R")),
            // No printer, keys not locked, a keyboard of an unknown nation, a dark theme.
            (15, true) => self.reply("\x1b[?13n"),
            (25, true) => self.reply("\x1b[?20n"),
            (26, true) => self.reply("\x1b[?27;1;0;0n"),
            (996, true) => self.reply("\x1b[?997;1n"),
            _ => {}
        }
    }

    /// Says what kind of terminal this is: a VT220 with colours and a clipboard to write to.
    pub(super) fn identify(&mut self) {
        self.reply("\x1b[?62;22;52c");
    }

    fn report_mode(&mut self, number: u16) {
        let state = match number {
            4 => report(Some(self.modes.insert)),
            20 => report(Some(self.modes.newline)),
            _ => report(None),
        };
        self.reply(&format!("\x1b[{number};{state}$y"));
    }

    fn report_private_mode(&mut self, number: u16) {
        let state = match number {
            47 | 1047 | 1049 => report(Some(self.screens.shown() == Which::Alternate)),
            _ => report(self.modes.get(number)),
        };
        self.reply(&format!("\x1b[?{number};{state}$y"));
    }

    fn window(&mut self, numbers: &Numbers) {
        let size = self.screens.size();
        match (numbers.or_zero(0), numbers.or_zero(1)) {
            (18, _) => self.reply(&format!("\x1b[8;{};{}t", size.rows, size.columns)),
            (19, _) => self.reply(&format!("\x1b[9;{};{}t", size.rows, size.columns)),
            (22, 0 | 2) => {
                if self.titles.len() == TITLES {
                    self.titles.remove(0);
                }
                self.titles.push(self.title.clone());
            }
            (23, 0 | 2) => {
                if let Some(title) = self.titles.pop() {
                    self.set_title(title);
                }
            }
            _ => {}
        }
    }

    fn keys(&mut self, kind: u8, numbers: &Numbers) {
        match kind {
            b'>' => self.keyboard_mut().push(numbers.or_zero(0)),
            b'<' => self.keyboard_mut().pop(numbers.or_zero(0).max(1)),
            b'=' => self.keyboard_mut().set(numbers.or_zero(0), numbers.or_zero(1)),
            _ => {
                let flags = self.keyboard(self.screens.shown()).flags();
                self.reply(&format!("\x1b[?{flags}u"));
                return;
            }
        }
        self.notices.push(Notice::Input);
    }
}

fn switch(action: char) -> Switch {
    if action == 'h' { Switch::On } else { Switch::Off }
}

/// Not known, set or reset, as a report says it.
fn report(state: Option<bool>) -> u8 {
    match state {
        None => 0,
        Some(true) => 1,
        Some(false) => 2,
    }
}
