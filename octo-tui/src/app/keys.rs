//! Keys, pastes and the mouse.

use crossterm::event::{KeyEvent, KeyEventKind};
use octo_proto::{Command, session::Answer};

use super::{App, effect::Effect};
use crate::{
    keymap::{self, Action, Context},
    pane::PaneInput,
    state::{
        composer::{Composer, Edit},
        overlay::{Deed, Overlay},
    },
    view::help::Page,
};

impl App {
    /// Where keys go now.
    #[must_use]
    pub fn context(&self) -> Context {
        match &self.overlay {
            Some(Overlay::Help { .. }) => Context::Help,
            Some(Overlay::Sessions { .. }) => Context::Sessions,
            Some(Overlay::Hints(_)) => Context::Hints,
            Some(
                Overlay::Picker(_)
                | Overlay::New { .. }
                | Overlay::Rename { .. }
                | Overlay::Confirm { .. }
                | Overlay::End { .. }
                | Overlay::Outside { .. },
            ) => Context::Overlay,
            None => match self.workspace.focused() {
                Some(pane) => pane.context(),
                None if self.open.dialog.as_ref().is_some_and(|dialog| dialog.focused) => Context::Dialog,
                None => Context::Chat,
            },
        }
    }

    pub(super) fn on_key(&mut self, key: KeyEvent) {
        if key.kind == KeyEventKind::Release {
            return;
        }
        if self.is_prefixed(key) {
            self.last_key = self.now;
            return;
        }
        let offered = keymap::action(Context::Offers, key).is_some_and(|action| self.act_on_offers(action));
        let typed = !offered && self.on_other_key(key);
        self.follow_offers(typed);
        self.last_key = self.now;
    }

    /// A key that chooses no offer; whether it typed something.
    fn on_other_key(&mut self, key: KeyEvent) -> bool {
        let context = self.context();
        let pane = self.workspace.layout.tab().focus;
        if context == Context::Terminal {
            self.tell_pane(pane, PaneInput::Key(key));
        } else if self.pane_is_typing() {
            self.type_into_pane(pane, key);
        } else if let Some(action) = keymap::action(context, key) {
            self.perform(action);
        } else if let Some(action) = self.beside_pane(key) {
            self.perform(action);
        } else if let Some(Action::Edit(edit)) = keymap::action(Context::Text, key) {
            self.edit(edit);
        } else if let Some(c) = keymap::typed(key) {
            self.on_typed(c);
            return true;
        }
        false
    }

    fn on_typed(&mut self, c: char) {
        if self.overlay.is_none() && self.workspace.focused().is_some() {
            if c == '?' {
                self.open_help(self.context());
            }
            return;
        }
        if c == '?' && self.context() == Context::Chat && self.open.composer.is_empty() {
            self.open_help(self.context());
            return;
        }
        match self.overlay.clone() {
            Some(Overlay::Hints(hints)) => return self.on_hint(hints, c),
            Some(question @ (Overlay::Confirm { .. } | Overlay::End { .. } | Overlay::Outside { .. })) => {
                self.overlay = None;
                if matches!(c, 'y' | 'Y') {
                    self.agree(question);
                }
                return;
            }
            _ => {}
        }
        match self.field() {
            Some(field) => field.insert(c.encode_utf8(&mut [0; 4])),
            None => {
                let focused = self.open.dialog.as_mut().filter(|dialog| dialog.focused && !dialog.answered);
                if let Some(answer) = focused.and_then(|dialog| dialog.choose(c)) {
                    self.answer(answer);
                }
            }
        }
        self.reset_picker();
    }

    /// What was asked about is meant.
    fn agree(&mut self, question: Overlay) {
        match question {
            Overlay::Confirm { session, deed } => self.do_deed(&session, deed),
            Overlay::End { pane } => self.end_terminal(pane),
            Overlay::Outside { place, showing } => self.open_place(place, showing),
            _ => {}
        }
    }

    pub(super) fn on_paste(&mut self, text: &str) {
        self.last_key = self.now;
        if self.overlay.is_none() && self.workspace.focused().is_some() {
            let pane = self.workspace.layout.tab().focus;
            self.tell_pane(pane, PaneInput::Paste(text));
            return;
        }
        if self.context() == Context::Chat
            && let Some(path) = self.pasted_picture(text)
        {
            self.attach(&path, Some(text.to_owned()));
            return;
        }
        // Into a field of one line, line ends would be keys that nobody pressed.
        let one_line = self.overlay.is_some();
        if let Some(field) = self.field() {
            if one_line {
                field.insert(text.lines().collect::<Vec<_>>().join(" ").trim());
            } else {
                field.insert(text);
            }
        }
        self.reset_picker();
    }

    /// The text that keys go to.
    fn field(&mut self) -> Option<&mut Composer> {
        match &mut self.overlay {
            Some(Overlay::Picker(picker)) => Some(&mut picker.filter),
            Some(Overlay::New { directory, .. }) => Some(directory),
            Some(Overlay::Rename { title, .. }) => Some(title),
            Some(
                Overlay::Help { .. }
                | Overlay::Sessions { .. }
                | Overlay::Confirm { .. }
                | Overlay::End { .. }
                | Overlay::Outside { .. }
                | Overlay::Hints(_),
            ) => None,
            None if self.workspace.focused().is_some() => None,
            None => match self.open.dialog.as_mut().filter(|dialog| dialog.focused) {
                Some(dialog) => dialog.is_text().then_some(&mut dialog.editor),
                None => Some(&mut self.open.composer),
            },
        }
    }

    fn edit(&mut self, edit: Edit) {
        if edit == Edit::Up && self.context() == Context::Chat && !self.open.composer.has_history() {
            for text in self.open.said() {
                self.open.composer.remember(&text);
            }
        }
        if edit == Edit::Backspace && self.context() == Context::Chat && self.open.composer.is_empty() {
            self.open.pictures.pop();
        }
        if let Some(field) = self.field() {
            field.edit(edit);
        }
        self.reset_picker();
    }

    fn reset_picker(&mut self) {
        if let Some(Overlay::Picker(picker)) = &mut self.overlay {
            picker.step(0);
        }
    }

    pub(super) fn perform(&mut self, action: Action) {
        match action {
            Action::Submit => self.submit(),
            Action::Steer => self.steer(),
            Action::TakeBack => self.take_back(),
            Action::Edit(edit) => self.edit(edit),
            Action::Back => self.back(),
            Action::Interrupt => match self.context() {
                Context::Dialog => self.answer(Answer::Cancelled(true)),
                _ => self.interrupt(),
            },
            Action::Leave if self.open.composer.is_empty() => self.effects.push(Effect::Quit),
            Action::Leave => self.edit(Edit::Delete),
            Action::Switch => self.switch(),
            Action::Sessions => self.overlay = Some(Overlay::Sessions { at: self.first_choice() }),
            Action::New => self.ask_new(),
            Action::Rename => self.ask_rename(),
            Action::Stop => self.ask_deed(Deed::Stop),
            Action::Delete => self.ask_deed(Deed::Delete),
            Action::Fork => self.pick_fork(),
            Action::Model => self.pick_model(),
            Action::Level => self.pick_level(),
            Action::Mode => self.pick_mode(),
            Action::Hints => self.show_hints(),
            Action::Plan => self.plan_folded = !self.plan_folded,
            Action::Thinking => self.open.transcript.toggle_thinking(),
            Action::Tools => self.open.transcript.toggle_tools(),
            Action::Step(by) => self.step(by),
            Action::Lines(by) => self.scroll(i32::from(by)),
            Action::Pages(by) => {
                let page = self.areas.transcript.height.saturating_sub(2).max(1);
                self.scroll(i32::from(by) * i32::from(page));
            }
            Action::Bottom => self.open.transcript.follow(),
            Action::Mouse => {
                self.mouse = !self.mouse;
                self.say(if self.mouse { "mouse on" } else { "mouse off: the terminal selects text" });
            }
            Action::Redraw => self.effects.push(Effect::Redraw),
            Action::Help => self.open_help(self.context()),
            Action::Pane(action) => self.act_on_pane(action),
            Action::Layout(action) => self.act_on_layout(action),
        }
    }

    /// Shows the keys, from those on that hold here.
    pub(super) fn open_help(&mut self, context: Context) {
        let page = Page::new(&self.options.theme, self.options.prefix, self.size);
        self.overlay = Some(Overlay::Help { scroll: page.scroll(context) });
    }

    fn first_choice(&self) -> Option<octo_proto::id::SessionId> {
        self.open.id().cloned().or_else(|| self.index.step(None, 0))
    }

    fn submit(&mut self) {
        match self.overlay.clone() {
            Some(Overlay::Sessions { at }) => {
                self.overlay = None;
                if let Some(entry) = at.and_then(|id| self.index.get(&id)).cloned() {
                    self.open_entry(&entry);
                }
            }
            Some(Overlay::Picker(picker)) => {
                if let Some(entry) = picker.chosen() {
                    self.pick(entry.choice.clone());
                }
            }
            Some(Overlay::New { directory, harness }) => self.make_new(directory.text(), harness),
            Some(Overlay::Rename { session, title }) => {
                self.overlay = None;
                let title = title.text().trim().to_owned();
                if !title.is_empty() {
                    self.ask(Some(&session), Command::SessionRename { title });
                }
            }
            // Enter comes too easily for what cannot be undone: only `y` agrees.
            Some(
                Overlay::Confirm { .. }
                | Overlay::End { .. }
                | Overlay::Outside { .. }
                | Overlay::Help { .. }
                | Overlay::Hints(_),
            ) => {}
            None => match self.open.dialog.as_ref().filter(|dialog| dialog.focused) {
                Some(dialog) => {
                    if let Some(answer) = dialog.answer() {
                        self.answer(answer);
                    }
                }
                None => self.send(false),
            },
        }
    }

    fn back(&mut self) {
        if self.overlay.take().is_none() {
            self.escape();
        }
    }

    fn switch(&mut self) {
        match &mut self.overlay {
            Some(Overlay::New { harness, .. }) => {
                let count = self.harnesses.as_ref().map_or(0, Vec::len).max(1);
                *harness = (*harness + 1) % count;
            }
            Some(_) => {}
            None => match &mut self.open.dialog {
                Some(dialog) => dialog.focused = !dialog.focused,
                None => {
                    self.complete();
                    self.ask_commands();
                }
            },
        }
    }

    fn step(&mut self, by: i8) {
        match &mut self.overlay {
            Some(Overlay::Sessions { at }) => *at = self.index.step(at.as_ref(), isize::from(by)),
            Some(Overlay::Picker(picker)) => picker.step(isize::from(by)),
            Some(_) => {}
            None => {
                if let Some(dialog) = &mut self.open.dialog {
                    if dialog.is_text() {
                        dialog.editor.edit(if by < 0 { Edit::Up } else { Edit::Down });
                    } else {
                        dialog.step(i32::from(by));
                    }
                }
            }
        }
    }

    pub(super) fn scroll(&mut self, rows: i32) {
        if let Some(Overlay::Help { scroll }) = &mut self.overlay {
            let rows = i16::try_from(rows).unwrap_or(i16::MAX);
            let page = Page::new(&self.options.theme, self.options.prefix, self.size);
            *scroll = scroll.saturating_add_signed(rows).min(page.last());
            return;
        }
        self.with_transcript(|transcript, content, theme| transcript.scroll_by(rows, content, theme));
    }
}
