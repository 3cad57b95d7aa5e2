//! What a person does in a terminal: keys, pastes and the mouse for its program, and looking back.

use bytes::Bytes;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton};
use octo_proto::terminal::{MAX_INPUT, TerminalCommand};

use super::{Stage, TerminalPane, keys, mouse, past::Past};
use crate::pane::{Env, MouseKind, Pane, PaneMouse, Wish};

impl TerminalPane {
    pub(super) fn on_key(&mut self, key: KeyEvent, env: &mut Env<'_>) {
        let page = isize::try_from(self.size.1.saturating_sub(1).max(1)).unwrap_or(1);
        match (&self.stage, key.code, key.modifiers) {
            (Stage::Ended(_), KeyCode::Enter | KeyCode::Esc, _) => self.forget(env),
            (Stage::Failed(_), KeyCode::Esc, _) => env.wishes.push(Wish::Close),
            (Stage::Failed(_), KeyCode::Enter, _) => self.begin(env),
            (Stage::Running | Stage::Ended(_), KeyCode::PageUp, KeyModifiers::SHIFT) => self.scroll(page, env),
            (Stage::Running | Stage::Ended(_), KeyCode::PageDown, KeyModifiers::SHIFT) => self.scroll(-page, env),
            (Stage::Opening | Stage::Running, ..) => {
                let bytes = keys::encode(key, keys::Form::of(&self.emulator));
                self.send(bytes, env);
            }
            (Stage::Ended(_) | Stage::Failed(_), ..) => {}
        }
    }

    pub(super) fn send(&mut self, bytes: Vec<u8>, env: &mut Env<'_>) {
        if bytes.is_empty() {
            return;
        }
        if !self.connected && self.offset.is_none() && self.ahead.len() + bytes.len() <= MAX_INPUT {
            self.ahead.extend(bytes);
            return;
        }
        let Some(id) = self.id.clone() else { return };
        if !self.connected {
            env.say("no connection to this terminal: what you type is not sent");
            return;
        }
        if !self.writes() {
            env.say("another client writes here; the prefix and then w takes over");
            return;
        }
        self.past = None;
        self.fresh = true;
        let bytes = Bytes::from(bytes);
        for begin in (0..bytes.len()).step_by(MAX_INPUT) {
            let piece = bytes.slice(begin..bytes.len().min(begin + MAX_INPUT));
            env.wishes.push(Wish::Terminal(TerminalCommand::Input { terminal_id: id.clone() }, piece));
        }
    }

    pub(super) fn on_paste(&mut self, text: &str, env: &mut Env<'_>) {
        let mut text = text.replace("\r\n", "\r").replace('\n', "\r");
        if self.emulator.modes().is(2004) {
            // Whoever made the text must not end the brackets.
            text = format!("\x1b[200~{}\x1b[201~", text.replace('\x1b', ""));
        }
        if matches!(self.stage, Stage::Opening | Stage::Running) {
            self.send(text.into_bytes(), env);
        }
    }

    pub(super) fn on_mouse(&mut self, mouse: PaneMouse, env: &mut Env<'_>) {
        let modes = self.emulator.modes();
        if self.asks_mouse() && self.past.is_none() {
            let (line, left) = (self.corner.0.max(0), self.corner.1);
            let at = |place: u16, more: usize| place.saturating_add(u16::try_from(more).unwrap_or(u16::MAX));
            let inside = mouse.column < self.taken.0 && mouse.row < self.taken.1;
            let mouse = PaneMouse {
                column: at(mouse.column, left),
                row: at(mouse.row, usize::try_from(line).unwrap_or(0)),
                ..mouse
            };
            if inside && self.writes() {
                let bytes = mouse::encode(mouse, modes);
                self.send(bytes, env);
            }
            return;
        }
        match mouse.kind {
            MouseKind::Wheel(lines) if self.emulator.is_alternate() && modes.is(1007) => {
                let code = if lines < 0 { KeyCode::Up } else { KeyCode::Down };
                let key = keys::encode(KeyEvent::new(code, KeyModifiers::NONE), keys::Form::of(&self.emulator));
                self.send(key.repeat(usize::from(lines.unsigned_abs())), env);
            }
            MouseKind::Wheel(lines) => self.scroll(-isize::from(lines), env),
            MouseKind::Down(MouseButton::Middle | MouseButton::Left | MouseButton::Right)
            | MouseKind::Up(_)
            | MouseKind::Drag(_)
            | MouseKind::Moved => {}
        }
    }

    /// Looks back so many lines more, or fewer.
    pub(super) fn scroll(&mut self, lines: isize, env: &mut Env<'_>) {
        let Some(id) = self.id.clone().filter(|_| self.past.is_some() || lines > 0) else { return };
        if !self.look_back().scroll(lines, &id, env) && !self.held {
            self.past = None;
        }
        self.fresh = true;
    }

    pub(super) fn look_back(&mut self) -> &mut Past {
        let corner = self.corner();
        self.past.get_or_insert_with(|| Past::new(&self.emulator, self.offset, corner, self.size.1))
    }

    /// Text of it is being selected, or not any more.
    pub(super) fn hold(&mut self, held: bool) {
        self.held = held;
        if held {
            self.look_back();
        } else {
            self.past.take_if(|past| !past.is_scrolled());
        }
        self.fresh = true;
    }

    pub(super) fn on_focus(&mut self, focused: bool, env: &mut Env<'_>) {
        self.focused = focused;
        if self.emulator.modes().is(1004) && self.connected && self.writes() && self.stage == Stage::Running {
            let past = self.past.take();
            self.send(if focused { b"\x1b[I".to_vec() } else { b"\x1b[O".to_vec() }, env);
            self.past = past;
        }
    }
}
