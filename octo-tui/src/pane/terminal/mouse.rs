//! What the mouse is to a program in a terminal, as it asked for it.

use crossterm::event::{KeyModifiers, MouseButton};
use octo_proto::emulator::Modes;

use crate::pane::{MouseKind, PaneMouse};

/// The farthest column and row that the oldest form can tell, from 1.
const OLD: u16 = 223;

/// The farthest that its form in UTF-8 can tell.
const OLD_UTF8: u16 = 2015;

/// The bytes of what the mouse did; empty where the program did not ask for it.
pub(super) fn encode(mouse: PaneMouse, modes: &Modes) -> Vec<u8> {
    let Some((button, released)) = button(mouse, modes.mouse) else { return Vec::new() };
    let held = if modes.mouse == 9 { 0 } else { modifiers(mouse.modifiers) };
    let (column, row) = (mouse.column.saturating_add(1), mouse.row.saturating_add(1));
    match modes.mouse_form {
        1006 | 1016 => {
            format!("\x1b[<{};{column};{row}{}", button + held, if released { 'm' } else { 'M' }).into_bytes()
        }
        1015 => format!("\x1b[{};{column};{row}M", 32 + held + if released { 3 } else { button }).into_bytes(),
        form => {
            let most = if form == 1005 { OLD_UTF8 } else { OLD };
            if column > most || row > most {
                return Vec::new();
            }
            let mut bytes = b"\x1b[M".to_vec();
            for value in [held + if released { 3 } else { button }, column, row] {
                let value = value + 32;
                match (form, u8::try_from(value)) {
                    (1005, _) | (_, Err(_)) => {
                        let c = char::from_u32(u32::from(value)).unwrap_or(' ');
                        bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    }
                    (_, Ok(byte)) => bytes.push(byte),
                }
            }
            bytes
        }
    }
}

/// The number of the button, and whether it went up; none where the mode does not report that.
fn button(mouse: PaneMouse, mode: u16) -> Option<(u16, bool)> {
    let number = |button| match button {
        MouseButton::Left => 0,
        MouseButton::Middle => 1,
        MouseButton::Right => 2,
    };
    match (mouse.kind, mode) {
        (_, 0) => None,
        (MouseKind::Down(button), _) => Some((number(button), false)),
        (MouseKind::Up(button), 1000 | 1002 | 1003) => Some((number(button), true)),
        (MouseKind::Drag(button), 1002 | 1003) => Some((number(button) + 32, false)),
        (MouseKind::Moved, 1003) => Some((35, false)),
        (MouseKind::Wheel(lines), 1000 | 1002 | 1003) => Some((if lines < 0 { 64 } else { 65 }, false)),
        (MouseKind::Up(_) | MouseKind::Drag(_) | MouseKind::Moved | MouseKind::Wheel(_), _) => None,
    }
}

fn modifiers(held: KeyModifiers) -> u16 {
    4 * u16::from(held.contains(KeyModifiers::SHIFT))
        + 8 * u16::from(held.contains(KeyModifiers::ALT))
        + 16 * u16::from(held.contains(KeyModifiers::CONTROL))
}

#[cfg(test)]
mod tests {
    use octo_proto::emulator::Emulator;

    use super::*;

    #[test]
    fn the_mouse_is_told_in_the_form_that_was_asked_for() {
        let table: [(&str, MouseKind, KeyModifiers, &[u8]); 10] = [
            ("", MouseKind::Down(MouseButton::Left), KeyModifiers::NONE, b""),
            ("\x1b[?1000h", MouseKind::Down(MouseButton::Left), KeyModifiers::NONE, b"\x1b[M \x25\x23"),
            ("\x1b[?1000h", MouseKind::Up(MouseButton::Left), KeyModifiers::NONE, b"\x1b[M\x23\x25\x23"),
            ("\x1b[?1000;1006h", MouseKind::Down(MouseButton::Right), KeyModifiers::CONTROL, b"\x1b[<18;5;3M"),
            ("\x1b[?1000;1006h", MouseKind::Up(MouseButton::Left), KeyModifiers::NONE, b"\x1b[<0;5;3m"),
            ("\x1b[?1000;1006h", MouseKind::Drag(MouseButton::Left), KeyModifiers::NONE, b""),
            ("\x1b[?1002;1006h", MouseKind::Drag(MouseButton::Left), KeyModifiers::NONE, b"\x1b[<32;5;3M"),
            ("\x1b[?1003;1006h", MouseKind::Moved, KeyModifiers::NONE, b"\x1b[<35;5;3M"),
            ("\x1b[?1002;1006h", MouseKind::Wheel(-3), KeyModifiers::NONE, b"\x1b[<64;5;3M"),
            ("\x1b[?1000;1015h", MouseKind::Wheel(3), KeyModifiers::NONE, b"\x1b[97;5;3M"),
        ];
        for (set, kind, modifiers, expected) in table {
            let mut emulator = Emulator::new(80, 24, 0);
            emulator.feed(set.as_bytes(), 0);
            let mouse = PaneMouse { kind, column: 4, row: 2, modifiers };
            let told = encode(mouse, emulator.modes());
            assert_eq!(told, expected, "{set:?} {kind:?}: {:?}", String::from_utf8_lossy(&told));
        }
    }
}
