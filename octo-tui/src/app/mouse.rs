//! The mouse: it gives panes the keys, moves borders, scrolls, chooses and selects.

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::{App, effect::Effect};
use crate::{
    pane::{MouseKind, PaneInput, PaneMouse, Showing},
    state::{
        layout::{CHAT, Divider, PaneId},
        overlay::Overlay,
    },
    text::anchor::Target,
    view,
};

/// Lines that one step of the wheel scrolls.
const WHEEL: i8 = 3;

/// How much of the mouse is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mouse {
    /// It is the terminal's own.
    #[default]
    Free,
    /// Its buttons, its wheel, and where it is dragged.
    Buttons,
    /// Each of its movements.
    Motion,
}

/// What a button that is down does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// It moves a border.
    Border(Divider),
    /// It selects text of a pane.
    Text(Selection),
    /// It is the pane's own.
    Pane(PaneId),
}

/// Text that is being selected, by places in the area of a pane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Where.
    pub pane: PaneId,
    /// Its area, without the title.
    pub area: Rect,
    /// Where it began: a line of the pane, or a row of its area, and a column of that.
    pub from: (i64, u16),
    /// Where it is now.
    pub to: (i64, u16),
}

impl Selection {
    /// First and last place, in the order of reading: column and line.
    #[must_use]
    pub fn ends(&self) -> [(u16, i64); 2] {
        let mut ends = [self.from, self.to];
        ends.sort_unstable();
        ends.map(|(line, column)| (column, line))
    }

    /// The line and the column of a place on the screen, whose first row is this line.
    fn place(area: Rect, first: i64, at: Position) -> (i64, u16) {
        let x = at.x.clamp(area.x, area.right().saturating_sub(1).max(area.x));
        let y = at.y.clamp(area.y, area.bottom().saturating_sub(1).max(area.y));
        (first + i64::from(y - area.y), x - area.x)
    }
}

impl App {
    pub(super) fn on_mouse(&mut self, event: MouseEvent) {
        let at = Position::new(event.column, event.row);
        if self.overlay.as_ref().is_some_and(|overlay| !matches!(overlay, Overlay::Sessions { .. })) {
            match event.kind {
                MouseEventKind::ScrollUp => self.scroll(-i32::from(WHEEL)),
                MouseEventKind::ScrollDown => self.scroll(i32::from(WHEEL)),
                _ => self.changed = false,
            }
            return;
        }
        match event.kind {
            MouseEventKind::Down(button) => self.press(button, at, event.modifiers),
            MouseEventKind::Up(button) => self.release(button, at, event.modifiers),
            MouseEventKind::Drag(button) => self.drag(button, at, event.modifiers),
            MouseEventKind::Moved => self.pass(MouseKind::Moved, at, event.modifiers),
            MouseEventKind::ScrollUp => self.wheel(-WHEEL, at, event.modifiers),
            MouseEventKind::ScrollDown => self.wheel(WHEEL, at, event.modifiers),
            MouseEventKind::ScrollLeft | MouseEventKind::ScrollRight => self.changed = false,
        }
    }

    /// Tells a pane what the mouse did in it.
    fn pass(&mut self, kind: MouseKind, at: Position, modifiers: KeyModifiers) {
        let target = match &self.held {
            Some(Held::Pane(id)) => Some(*id),
            Some(Held::Text(selection)) if matches!(kind, MouseKind::Wheel(_)) => Some(selection.pane),
            Some(Held::Border(_) | Held::Text(_)) => None,
            None => self.workspace.places.at(at),
        };
        let area = target.and_then(|id| Some((id, view::panes::inner(self.workspace.places.of(id)?))));
        let Some((id, area)) = area.filter(|(id, _)| *id != CHAT) else {
            self.changed = false;
            return;
        };
        let column = at.x.clamp(area.x, area.right().saturating_sub(1).max(area.x)) - area.x;
        let row = at.y.clamp(area.y, area.bottom().saturating_sub(1).max(area.y)) - area.y;
        self.tell_pane(id, PaneInput::Mouse(PaneMouse { kind, column, row, modifiers }));
    }

    fn wheel(&mut self, lines: i8, at: Position, modifiers: KeyModifiers) {
        if let Some(Held::Text(selection)) = self.held.clone() {
            self.scroll_held(lines, selection, at);
            return;
        }
        match self.workspace.places.at(at) {
            Some(id) if id != CHAT => self.pass(MouseKind::Wheel(lines), at, modifiers),
            _ => self.scroll(lines.into()),
        }
    }

    fn press(&mut self, button: MouseButton, at: Position, modifiers: KeyModifiers) {
        self.selection = None;
        if button == MouseButton::Left && self.choose_session(at) {
            return;
        }
        let divider = self.workspace.places.dividers.iter().find(|divider| divider.area.contains(at)).cloned();
        let Some(id) = self.workspace.places.at(at) else {
            self.held = divider.map(Held::Border);
            return;
        };
        self.focus_pane(id);
        let area = self.workspace.places.of(id).unwrap_or_default();
        let inner = if id == CHAT { area } else { view::panes::inner(area) };
        if let Some(divider) = divider.filter(|_| !inner.contains(at) || id == CHAT && at.y == area.y) {
            self.held = Some(Held::Border(divider));
            return;
        }
        if !inner.contains(at) {
            return;
        }
        if button == MouseButton::Left
            && modifiers.contains(KeyModifiers::CONTROL)
            && let Some(target) = self.link_at(id, inner, at)
        {
            self.open_target(target, Showing::File);
            return;
        }
        let asks = self.workspace.panes.get(&id).is_some_and(|pane| pane.asks_mouse());
        if asks && !modifiers.contains(KeyModifiers::ALT) {
            self.held = Some(Held::Pane(id));
        } else if button == MouseButton::Left {
            if id != CHAT {
                self.tell_pane(id, PaneInput::Held(true));
            }
            let at = Selection::place(inner, self.first_line(id), at);
            self.held = Some(Held::Text(Selection { pane: id, area: inner, from: at, to: at }));
            if id == CHAT {
                return;
            }
        }
        self.pass_to(id, MouseKind::Down(button), at, modifiers);
    }

    /// What a pane names at this place of its area.
    fn link_at(&self, id: PaneId, area: Rect, at: Position) -> Option<Target> {
        let (column, row) = (usize::from(at.x - area.x), at.y - area.y);
        let links = self.workspace.panes.get(&id)?.links(&self.workspace.root);
        let mut here = links.into_iter().filter(|(line, anchor)| *line == row && anchor.columns.contains(&column));
        here.next().map(|(_, anchor)| anchor.target)
    }

    fn pass_to(&mut self, id: PaneId, kind: MouseKind, at: Position, modifiers: KeyModifiers) {
        let held = self.held.replace(Held::Pane(id));
        self.pass(kind, at, modifiers);
        self.held = held;
    }

    fn drag(&mut self, button: MouseButton, at: Position, modifiers: KeyModifiers) {
        match self.held.clone() {
            Some(Held::Border(divider)) => {
                let body = self.areas.body;
                self.workspace.layout.tab_mut().drag(&divider, at, body);
                // The border is elsewhere now, and is moved from there.
                let places = self.workspace.layout.tab().places(body);
                let moved = places.dividers.into_iter().find(|other| other.is_same(&divider));
                self.held = moved.map(Held::Border);
                self.keep_soon();
            }
            Some(Held::Text(selection)) => {
                let lines = match at.y {
                    y if y < selection.area.y => -1,
                    y if y >= selection.area.bottom() => 1,
                    _ => 0,
                };
                self.scroll_held(lines, selection, at);
            }
            Some(Held::Pane(_)) => self.pass(MouseKind::Drag(button), at, modifiers),
            None => self.changed = false,
        }
    }

    fn release(&mut self, button: MouseButton, at: Position, modifiers: KeyModifiers) {
        match self.held.clone() {
            Some(Held::Pane(_)) => {
                self.pass(MouseKind::Up(button), at, modifiers);
                self.held = None;
            }
            Some(Held::Text(selection)) => {
                self.held = None;
                let pane = selection.pane;
                match self.selection.take() {
                    Some(selected) => self.copy_selection(&selected),
                    None if selection.pane == CHAT => self.click_chat(at, modifiers),
                    None => self.pass_to(selection.pane, MouseKind::Up(button), at, modifiers),
                }
                if pane != CHAT {
                    self.tell_pane(pane, PaneInput::Held(false));
                }
            }
            Some(Held::Border(_)) | None => self.held = None,
        }
    }

    /// The number of the line in the first row of a pane.
    fn first_line(&self, id: PaneId) -> i64 {
        self.workspace.panes.get(&id).and_then(|pane| pane.first_line()).unwrap_or(0)
    }

    /// The mouse is here while text is selected; a pane whose text stays selected scrolls.
    fn scroll_held(&mut self, lines: i8, mut selection: Selection, at: Position) {
        let id = selection.pane;
        let scrolls = self.workspace.panes.get(&id).is_some_and(|pane| pane.first_line().is_some());
        if lines != 0 && scrolls {
            self.pass(MouseKind::Wheel(lines), at, KeyModifiers::NONE);
        }
        selection.to = Selection::place(selection.area, self.first_line(id), at);
        self.selection = Some(selection.clone());
        self.held = Some(Held::Text(selection));
    }

    fn copy_selection(&mut self, selection: &Selection) {
        let [from, to] = selection.ends();
        let own = self.workspace.panes.get(&selection.pane).and_then(|pane| pane.selected(from, to));
        let text = own.unwrap_or_else(|| view::panes::text_of(self, selection));
        if !text.trim().is_empty() {
            let count = text.chars().count();
            self.say(format!("{count} characters sent to the clipboard"));
            self.effects.push(Effect::Copy(text));
        }
    }

    /// Opens the session that was clicked, if one was.
    fn choose_session(&mut self, at: Position) -> bool {
        let Some(id) = view::sessions::at(self, at.x, at.y) else { return false };
        if let Some(entry) = self.index.get(&id).cloned() {
            self.overlay = None;
            self.open_entry(&entry);
        }
        true
    }

    fn click_chat(&mut self, at: Position, modifiers: KeyModifiers) {
        let area = self.areas.transcript;
        if self.overlay.is_none() && area.contains(at) {
            let (column, row) = (usize::from(at.x - area.x), usize::from(at.y - area.y));
            match self.open.transcript.target(column, row).cloned() {
                Some(target) if modifiers.contains(KeyModifiers::CONTROL) => self.open_target(target, Showing::Editor),
                Some(target) => self.open_target(target, Showing::File),
                None => {
                    self.open.transcript.toggle(row);
                }
            }
        }
    }
}
