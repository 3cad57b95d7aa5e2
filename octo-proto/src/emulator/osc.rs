//! Operating system commands: title, directory, colours, links, clipboard, notifications, prompt marks.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{
    machine::Machine,
    notice::{MarkKind, Notice},
    screens::Which,
};

/// Bytes of a title, directory, or part of a notification that are kept.
const LONGEST: usize = 1_024;

/// What answers for the foreground and the cursor, and for the background, when the program set none.
const LIGHT: [u16; 3] = [0xe5e5; 3];
const DARK: [u16; 3] = [0; 3];

/// The colours that the program changed: 0 to 255 of the palette, and beyond it 10, 11 and 12 plus [`DYNAMIC`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Palette(pub(super) BTreeMap<u16, [u8; 3]>);

/// Where the colours that have no place in the palette begin.
pub(super) const DYNAMIC: u16 = 256;

impl Machine {
    /// Obeys one command; `end` ends the answer as it ended the question.
    pub(super) fn command(&mut self, params: &[&[u8]], end: &str) {
        let Some(number) = params.first().and_then(|number| text(number).parse::<u16>().ok()) else { return };
        // Titles and the like may hold what separates parameters.
        let rest = || text(&params[1..].join(&b';'));
        match number {
            0 | 2 if params.len() > 1 => self.set_title(bounded(&rest())),
            4 => self.palette_colors(&params[1..], end),
            7 if params.len() > 1 => {
                self.directory = bounded(&rest());
                self.notices.push(Notice::Directory { uri: self.directory.clone() });
            }
            8 if params.len() > 2 => self.link(&text(params[1]), &text(&params[2..].join(&b';'))),
            9 if params.len() > 1 && !progress(params) => {
                self.notices.push(Notice::Notification { title: String::new(), body: bounded(&rest()) });
            }
            10..=12 => self.dynamic_colors(number, &params[1..], end),
            52 if params.len() > 2 => self.copy(params[2]),
            99 if params.len() > 2 => {
                let body = bounded(&text(&params[2..].join(&b';')));
                self.notices.push(Notice::Notification { title: String::new(), body });
            }
            104 => self.reset_colors(&params[1..]),
            110..=112 => {
                self.palette.0.remove(&(DYNAMIC + number - 100));
            }
            133 if params.len() > 1 => self.mark(params),
            777 if params.get(1) == Some(&b"notify".as_slice()) && params.len() > 2 => {
                let body = bounded(&text(&params[3..].join(&b';')));
                self.notices.push(Notice::Notification { title: bounded(&text(params[2])), body });
            }
            _ => {}
        }
    }

    pub(super) fn set_title(&mut self, title: String) {
        self.title.clone_from(&title);
        self.notices.push(Notice::Title { title });
    }

    fn link(&mut self, options: &str, target: &str) {
        let id = options.split(':').find_map(|option| option.strip_prefix("id=")).filter(|id| !id.is_empty());
        // A link is written again in a redraw, where a control character could end it.
        let link = if target.is_empty() || [options, target].iter().any(|part| part.chars().any(char::is_control)) {
            None
        } else {
            let grids = [Which::Primary, Which::Alternate].map(|which| self.screens.screen(which).grid());
            self.links.get(id, target, grids)
        };
        if link.is_some() {
            self.adorn();
        }
        // Not by way of the parser's type, which would make another of it for each time that it is named.
        self.screens.active_mut().term().grid_mut().cursor.template.set_hyperlink(link);
    }

    fn copy(&mut self, encoded: &[u8]) {
        // A question, `?`, is no base64: what is in the clipboard is nobody's business.
        let Ok(bytes) = STANDARD.decode(encoded) else { return };
        if let Ok(text) = String::from_utf8(bytes) {
            self.notices.push(Notice::Copy { text });
        }
    }

    fn mark(&mut self, params: &[&[u8]]) {
        let kind = match params[1] {
            b"A" => MarkKind::Prompt,
            b"B" => MarkKind::Command,
            b"C" => MarkKind::Output,
            b"D" => MarkKind::End,
            _ => return,
        };
        let exit = params.get(2).filter(|_| kind == MarkKind::End).and_then(|exit| text(exit).parse().ok());
        self.notices.push(Notice::Mark { kind, exit });
    }

    fn palette_colors(&mut self, pairs: &[&[u8]], end: &str) {
        for pair in pairs.chunks_exact(2) {
            let Some(index) = text(pair[0]).parse::<u8>().ok() else { continue };
            if pair[1] == b"?" {
                let color = self.palette.0.get(&index.into()).map_or_else(|| standard(index), |color| wide(*color));
                self.reply(&format!("\x1b]4;{index};{}{end}", spelled(color)));
            } else if let Some(color) = color(&text(pair[1])) {
                self.palette.0.insert(index.into(), color);
            }
        }
    }

    fn dynamic_colors(&mut self, first: u16, values: &[&[u8]], end: &str) {
        for (number, value) in (first..=12).zip(values) {
            if *value == b"?" {
                let default = if number == 11 { DARK } else { LIGHT };
                let color = self.palette.0.get(&(DYNAMIC + number)).map_or(default, |color| wide(*color));
                self.reply(&format!("\x1b]{number};{}{end}", spelled(color)));
            } else if let Some(color) = color(&text(value)) {
                self.palette.0.insert(DYNAMIC + number, color);
            }
        }
    }

    fn reset_colors(&mut self, indexes: &[&[u8]]) {
        if indexes.iter().all(|index| index.is_empty()) {
            self.palette.0.retain(|index, _| *index >= DYNAMIC);
        }
        for index in indexes.iter().filter_map(|index| text(index).parse::<u8>().ok()) {
            self.palette.0.remove(&index.into());
        }
    }
}

/// ConEmu's progress bars share the number of notifications.
fn progress(params: &[&[u8]]) -> bool {
    params.len() > 2 && matches!(params[1], b"4" | b"1" | b"2" | b"3" | b"9")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Without control characters, and not longer than is kept.
fn bounded(text: &str) -> String {
    let mut kept: String = text.chars().filter(|character| !character.is_control()).collect();
    let mut end = kept.len().min(LONGEST);
    while !kept.is_char_boundary(end) {
        end -= 1;
    }
    kept.truncate(end);
    kept
}

/// A colour as programs spell it: `rgb:r/g/b` with one to four digits each, or `#rrggbb`.
fn color(text: &str) -> Option<[u8; 3]> {
    let parts: Vec<&str> = match text.strip_prefix("rgb:") {
        Some(parts) => parts.split('/').collect(),
        None => {
            let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
            vec![&digits[..2], &digits[2..4], &digits[4..]]
        }
    };
    let scaled = |part: &str| {
        let most = 16_u32.checked_pow(u32::try_from(part.len()).ok().filter(|length| (1..=4).contains(length))?)? - 1;
        u8::try_from(u32::from_str_radix(part, 16).ok()? * 255 / most).ok()
    };
    let [r, g, b] = parts[..] else { return None };
    Some([scaled(r)?, scaled(g)?, scaled(b)?])
}

fn wide(color: [u8; 3]) -> [u16; 3] {
    color.map(|part| u16::from(part) * 0x101)
}

fn spelled([r, g, b]: [u16; 3]) -> String {
    format!("rgb:{r:04x}/{g:04x}/{b:04x}")
}

/// The colour of the usual palette of 256.
fn standard(index: u8) -> [u16; 3] {
    let color = match index {
        0..=15 => {
            let on = if index < 8 { 0xcd } else { 0xff };
            [1, 2, 4].map(|bit| if index & bit != 0 { on } else { 0 })
        }
        16..=231 => {
            let index = index - 16;
            [index / 36, index / 6 % 6, index % 6].map(|step| if step == 0 { 0 } else { 55 + 40 * step })
        }
        232..=255 => [8 + 10 * (index - 232); 3],
    };
    wide(color)
}
