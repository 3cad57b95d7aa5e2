//! What a key is to a program in a terminal: xterm's sequences, and those of the kitty keyboard protocol where the program
//! asked for them.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use octo_proto::emulator::Emulator;

/// Flags of the kitty protocol.
const DISAMBIGUATE: u16 = 1;
const ALTERNATES: u16 = 4;
const ALL_KEYS: u16 = 8;
const TEXT: u16 = 16;

/// How the program wants its keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Form {
    /// Cursor keys send application sequences (DECCKM).
    pub(super) application: bool,
    /// Enter sends a line feed too (LNM).
    pub(super) newline: bool,
    /// xterm's modifyOtherKeys.
    pub(super) other_keys: u16,
    /// Flags of the kitty protocol.
    pub(super) kitty: u16,
}

impl Form {
    /// What the program in this terminal asked for.
    pub(super) fn of(emulator: &Emulator) -> Self {
        let modes = emulator.modes();
        Self {
            application: modes.is(1),
            newline: modes.newline,
            other_keys: modes.other_keys,
            kitty: emulator.keyboard(),
        }
    }
}

/// The bytes of a key; none where it means nothing to a program.
pub(super) fn encode(key: KeyEvent, form: Form) -> Vec<u8> {
    let held = modifiers(key.modifiers);
    match key.code {
        KeyCode::Char(c) => character(c, key.modifiers, form),
        KeyCode::Enter => named(13, if form.newline { b"\r\n" } else { b"\r" }, key.modifiers, form),
        KeyCode::Tab => named(9, b"\t", key.modifiers, form),
        KeyCode::BackTab if form.kitty == 0 => b"\x1b[Z".to_vec(),
        KeyCode::BackTab => named(9, b"\x1b[Z", key.modifiers | KeyModifiers::SHIFT, form),
        KeyCode::Backspace if form.kitty == 0 && key.modifiers.contains(KeyModifiers::CONTROL) => b"\x08".to_vec(),
        KeyCode::Backspace => named(127, b"\x7f", key.modifiers, form),
        KeyCode::Esc if form.kitty & (DISAMBIGUATE | ALL_KEYS) != 0 => unicode(27, held),
        KeyCode::Esc if key.modifiers.contains(KeyModifiers::ALT) => b"\x1b\x1b".to_vec(),
        KeyCode::Esc => b"\x1b".to_vec(),
        KeyCode::Up => letter('A', held, form),
        KeyCode::Down => letter('B', held, form),
        KeyCode::Right => letter('C', held, form),
        KeyCode::Left => letter('D', held, form),
        KeyCode::Home => letter('H', held, form),
        KeyCode::End => letter('F', held, form),
        KeyCode::KeypadBegin => letter('E', held, form),
        KeyCode::Insert => number(2, held),
        KeyCode::Delete => number(3, held),
        KeyCode::PageUp => number(5, held),
        KeyCode::PageDown => number(6, held),
        KeyCode::F(key) => function(key, held, form),
        KeyCode::Null => vec![0],
        KeyCode::CapsLock
        | KeyCode::ScrollLock
        | KeyCode::NumLock
        | KeyCode::PrintScreen
        | KeyCode::Pause
        | KeyCode::Menu
        | KeyCode::Media(_)
        | KeyCode::Modifier(_) => Vec::new(),
    }
}

/// xterm's number for what is held: 1 for nothing.
fn modifiers(held: KeyModifiers) -> u8 {
    1 + u8::from(held.contains(KeyModifiers::SHIFT))
        + 2 * u8::from(held.contains(KeyModifiers::ALT))
        + 4 * u8::from(held.contains(KeyModifiers::CONTROL))
        + 8 * u8::from(held.contains(KeyModifiers::SUPER))
}

fn character(c: char, held: KeyModifiers, form: Form) -> Vec<u8> {
    let control = held.contains(KeyModifiers::CONTROL);
    let c = crate::keymap::meant(c, held);
    let alt = held.contains(KeyModifiers::ALT);
    if form.kitty & ALL_KEYS != 0 || form.kitty & DISAMBIGUATE != 0 && (control || alt) {
        return kitty(c, held, form);
    }
    let code = if control { control_code(c) } else { None };
    if form.other_keys > 0 && control && (code.is_none() || form.other_keys > 1) {
        return format!("\x1b[27;{};{}~", modifiers(held), u32::from(c)).into_bytes();
    }
    let mut bytes = if alt { vec![0x1b] } else { Vec::new() };
    match code {
        Some(code) => bytes.push(code),
        None => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
    }
    bytes
}

/// The control character of a key, as keyboards had them.
fn control_code(c: char) -> Option<u8> {
    Some(match c {
        'a'..='z' | 'A'..='Z' => (c.to_ascii_lowercase() as u8) - b'a' + 1,
        ' ' | '@' | '2' => 0,
        '[' | '3' => 0x1b,
        '\\' | '4' => 0x1c,
        ']' | '5' => 0x1d,
        '^' | '6' | '~' => 0x1e,
        '_' | '/' | '7' => 0x1f,
        '?' | '8' => 0x7f,
        _ => return None,
    })
}

fn kitty(c: char, held: KeyModifiers, form: Form) -> Vec<u8> {
    let plain = c.to_lowercase().next().unwrap_or(c);
    let held = if plain == c { held } else { held | KeyModifiers::SHIFT };
    let mut text = format!("\x1b[{}", u32::from(plain));
    if form.kitty & ALTERNATES != 0 && plain != c {
        text.push_str(&format!(":{}", u32::from(c)));
    }
    let number = modifiers(held);
    let types = form.kitty & TEXT != 0 && !held.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    match (number, types) {
        (1, false) => {}
        (1, true) => text.push_str(&format!(";;{}", u32::from(c))),
        (number, false) => text.push_str(&format!(";{number}")),
        (number, true) => text.push_str(&format!(";{number};{}", u32::from(c))),
    }
    text.push('u');
    text.into_bytes()
}

/// Enter, Tab and Backspace: as ever, unless something is held and the program can be told so.
fn named(code: u32, plain: &[u8], held: KeyModifiers, form: Form) -> Vec<u8> {
    let number = modifiers(held);
    if form.kitty & ALL_KEYS != 0 || form.kitty & DISAMBIGUATE != 0 && number > 1 {
        return unicode(code, number);
    }
    if form.other_keys > 0 && number > 1 && code != 127 {
        return format!("\x1b[27;{number};{code}~").into_bytes();
    }
    let mut bytes = if held.contains(KeyModifiers::ALT) { vec![0x1b] } else { Vec::new() };
    bytes.extend_from_slice(plain);
    bytes
}

fn unicode(code: u32, held: u8) -> Vec<u8> {
    if held == 1 { format!("\x1b[{code}u") } else { format!("\x1b[{code};{held}u") }.into_bytes()
}

fn letter(letter: char, held: u8, form: Form) -> Vec<u8> {
    match held {
        1 if form.application && form.kitty == 0 => format!("\x1bO{letter}"),
        1 => format!("\x1b[{letter}"),
        held => format!("\x1b[1;{held}{letter}"),
    }
    .into_bytes()
}

fn number(number: u8, held: u8) -> Vec<u8> {
    if held == 1 { format!("\x1b[{number}~") } else { format!("\x1b[{number};{held}~") }.into_bytes()
}

fn function(key: u8, held: u8, form: Form) -> Vec<u8> {
    match key {
        3 if form.kitty != 0 => number(13, held),
        1..=4 => {
            let letter = char::from(b'P' + key - 1);
            match held {
                1 if form.kitty == 0 => format!("\x1bO{letter}"),
                1 => format!("\x1b[{letter}"),
                held => format!("\x1b[1;{held}{letter}"),
            }
            .into_bytes()
        }
        5 => number(15, held),
        6..=10 => number(11 + key, held),
        11..=14 => number(12 + key, held),
        15..=16 => number(13 + key, held),
        17..=20 => number(14 + key, held),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: KeyModifiers = KeyModifiers::NONE;
    const SHIFT: KeyModifiers = KeyModifiers::SHIFT;
    const CTRL: KeyModifiers = KeyModifiers::CONTROL;
    const ALT: KeyModifiers = KeyModifiers::ALT;

    fn sent(code: KeyCode, held: KeyModifiers, form: Form) -> String {
        String::from_utf8(encode(KeyEvent::new(code, held), form)).unwrap().replace('\x1b', "^[")
    }

    #[test]
    fn keys_are_sent_as_xterm_sends_them() {
        let plain = Form::default();
        let application = Form { application: true, ..plain };
        let table = [
            (KeyCode::Char('a'), NONE, plain, "a"),
            (KeyCode::Char('é'), NONE, plain, "é"),
            (KeyCode::Char('A'), SHIFT, plain, "A"),
            (KeyCode::Char('c'), CTRL, plain, "\x03"),
            (KeyCode::Char(' '), CTRL, plain, "\0"),
            (KeyCode::Char('x'), ALT, plain, "^[x"),
            (KeyCode::Char('x'), ALT | CTRL, plain, "^[\x18"),
            (KeyCode::Enter, NONE, plain, "\r"),
            (KeyCode::Enter, NONE, Form { newline: true, ..plain }, "\r\n"),
            (KeyCode::Enter, ALT, plain, "^[\r"),
            (KeyCode::Tab, NONE, plain, "\t"),
            (KeyCode::BackTab, SHIFT, plain, "^[[Z"),
            (KeyCode::Backspace, NONE, plain, "\x7f"),
            (KeyCode::Backspace, CTRL, plain, "\x08"),
            (KeyCode::Backspace, ALT, plain, "^[\x7f"),
            (KeyCode::Esc, NONE, plain, "^["),
            (KeyCode::Up, NONE, plain, "^[[A"),
            (KeyCode::Up, NONE, application, "^[OA"),
            (KeyCode::Right, CTRL, application, "^[[1;5C"),
            (KeyCode::End, SHIFT, plain, "^[[1;2F"),
            (KeyCode::PageUp, NONE, plain, "^[[5~"),
            (KeyCode::Delete, CTRL | SHIFT, plain, "^[[3;6~"),
            (KeyCode::F(1), NONE, plain, "^[OP"),
            (KeyCode::F(4), ALT, plain, "^[[1;3S"),
            (KeyCode::F(5), NONE, plain, "^[[15~"),
            (KeyCode::F(10), NONE, plain, "^[[21~"),
            (KeyCode::F(12), CTRL, plain, "^[[24;5~"),
            (KeyCode::F(15), NONE, plain, "^[[28~"),
            (KeyCode::F(20), NONE, plain, "^[[34~"),
        ];
        for (code, held, form, expected) in table {
            assert_eq!(sent(code, held, form), expected, "{code:?} {held:?}");
        }
    }

    #[test]
    fn programs_that_ask_for_it_can_tell_keys_apart() {
        let kitty = |flags| Form { kitty: flags, ..Form::default() };
        let other = Form { other_keys: 2, ..Form::default() };
        let table = [
            (KeyCode::Esc, NONE, kitty(1), "^[[27u"),
            (KeyCode::Char('a'), NONE, kitty(1), "a"),
            (KeyCode::Char('i'), CTRL, kitty(1), "^[[105;5u"),
            // As terminals without that protocol tell Ctrl+\ and Ctrl+_.
            (KeyCode::Char('4'), CTRL, kitty(1), "^[[92;5u"),
            (KeyCode::Char('7'), CTRL, other, "^[[27;5;95~"),
            (KeyCode::Char('4'), CTRL | ALT, Form::default(), "^[\x1c"),
            (KeyCode::Char('A'), ALT, kitty(1), "^[[97;4u"),
            (KeyCode::Enter, NONE, kitty(1), "\r"),
            (KeyCode::Enter, SHIFT, kitty(1), "^[[13;2u"),
            (KeyCode::BackTab, NONE, kitty(1), "^[[9;2u"),
            (KeyCode::Backspace, CTRL, kitty(1), "^[[127;5u"),
            (KeyCode::Up, NONE, Form { application: true, ..kitty(1) }, "^[[A"),
            (KeyCode::F(3), NONE, kitty(1), "^[[13~"),
            (KeyCode::Char('a'), NONE, kitty(8), "^[[97u"),
            (KeyCode::Char('A'), SHIFT, kitty(8 | 4), "^[[97:65;2u"),
            (KeyCode::Char('a'), NONE, kitty(8 | 16), "^[[97;;97u"),
            (KeyCode::Enter, NONE, kitty(8), "^[[13u"),
            (KeyCode::Char('i'), CTRL, other, "^[[27;5;105~"),
            (KeyCode::Enter, CTRL, other, "^[[27;5;13~"),
            (KeyCode::Char(';'), CTRL, Form { other_keys: 1, ..Form::default() }, "^[[27;5;59~"),
            (KeyCode::Char('c'), CTRL, Form { other_keys: 1, ..Form::default() }, "\x03"),
        ];
        for (code, held, form, expected) in table {
            assert_eq!(sent(code, held, form), expected, "{code:?} {held:?} {form:?}");
        }
    }
}
