//! Device control strings: the questions that come as one, and their answers.

use super::{machine::Machine, screens::Which, sgr};

/// The version by which programs guess what this terminal can do: that of an xterm with everything they ask for.
pub(super) const FIRMWARE: u16 = 400;

/// The longest question that is read; pictures and other strings are passed over.
const LONGEST: usize = 512;

/// The string that is arriving.
#[derive(Debug, Default)]
pub(super) struct DeviceString {
    question: Option<Question>,
    text: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    /// DECRQSS: how a setting is.
    Setting,
    /// XTGETTCAP: what a capability is.
    Capability,
}

impl DeviceString {
    pub(super) fn begin(&mut self, intermediates: &[u8], action: char) {
        self.text.clear();
        self.question = match (intermediates, action) {
            ([b'$'], 'q') => Some(Question::Setting),
            ([b'+'], 'q') => Some(Question::Capability),
            _ => None,
        };
    }

    pub(super) fn put(&mut self, byte: u8) {
        if self.question.is_some() && self.text.len() < LONGEST {
            self.text.push(byte);
        }
    }
}

impl Machine {
    /// Answers the string that has just ended, if it was a question.
    pub(super) fn answer_device_string(&mut self) {
        let text = std::mem::take(&mut self.device.text);
        match self.device.question.take() {
            Some(Question::Setting) => self.answer_setting(&text),
            Some(Question::Capability) => self.answer_capabilities(&text),
            None => {}
        }
    }

    fn answer_setting(&mut self, name: &[u8]) {
        let answer = match name {
            b"m" => format!("{}m", sgr::write(&self.screens.active().grid().cursor.template)),
            b"r" => {
                let (top, bottom) = self.screens.region();
                format!("{};{}r", top + 1, bottom + 1)
            }
            b" q" => format!("{} q", self.cursor_style),
            b"\"p" => "62;1\"p".to_owned(),
            _ => {
                self.reply("\x1bP0$r\x1b\\");
                return;
            }
        };
        self.reply(&format!("\x1bP1$r{answer}\x1b\\"));
    }

    fn answer_capabilities(&mut self, names: &[u8]) {
        for name in names.split(|byte| *byte == b';') {
            let written = String::from_utf8_lossy(name);
            let value = match unhex(name).as_deref() {
                Some(b"TN" | b"name") => Some("xterm-256color"),
                Some(b"Co" | b"colors") => Some("256"),
                Some(b"RGB") => Some("8"),
                _ => None,
            };
            match value {
                Some(value) => {
                    let hex: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
                    self.reply(&format!("\x1bP1+r{written}={hex}\x1b\\"));
                }
                None => self.reply("\x1bP0+r\x1b\\"),
            }
        }
    }

    /// Whether the alternate screen is shown.
    pub(super) fn on_alternate(&self) -> bool {
        self.screens.shown() == Which::Alternate
    }
}

fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    text.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
