//! What the key after the prefix does, and the keys of panes.

use crossterm::event::KeyEvent;
use octo_proto::terminal::{TerminalCommand, TerminalList};

use super::{App, effect::Effect};
use crate::{
    keymap::{self, Action, BINDINGS, Context, LayoutAction, panes::PREFIXED},
    pane::{Kept, PaneAction, PaneInput, terminal::TerminalPane},
    state::{
        layout::{CHAT, Direction, PaneId},
        overlay::Overlay,
        picker::{Choice, Entry, Picker},
    },
    text::clean::clean_line,
    view::sessions::age,
};

/// Cells that a key moves a border by: across, and up or down.
const STEP: (u16, u16) = (4, 2);

/// The titles of the pickers.
const PALETTE: &str = "What is to be done?";
const TERMINALS: &str = "Terminal";

/// Characters at the end of a terminal's id that are shown of it.
const ID_END: usize = 5;

impl App {
    /// Whether a key belongs to the prefix: it is that key, or the one after it.
    pub(super) fn is_prefixed(&mut self, key: KeyEvent) -> bool {
        let is_prefix = keymap::chord(key) == self.options.prefix;
        if !std::mem::take(&mut self.prefixed) {
            self.prefixed = is_prefix && self.overlay.is_none();
            return self.prefixed;
        }
        let focus = self.workspace.layout.tab().focus;
        if is_prefix {
            // Twice: the program gets it.
            self.tell_pane(focus, PaneInput::Key(key));
        } else if let Some(action) = keymap::prefixed(key) {
            self.perform(action);
        } else if keymap::typed(key) == Some('?') {
            self.open_help(Context::Prefix);
        }
        true
    }

    /// Whether the prefix was pressed, and its key is waited for.
    #[must_use]
    pub fn awaits_key(&self) -> bool {
        self.prefixed
    }

    /// What a key means that a pane has no use for.
    pub(super) fn beside_pane(&self, key: KeyEvent) -> Option<Action> {
        self.workspace.focused().filter(|_| self.overlay.is_none()).and_then(|_| keymap::beside(key))
    }

    /// Whether what is typed goes into a field of the pane.
    #[must_use]
    pub fn pane_is_typing(&self) -> bool {
        self.overlay.is_none() && self.workspace.focused().is_some_and(|pane| pane.is_typing())
    }

    /// A key for the field of a pane.
    pub(super) fn type_into_pane(&mut self, pane: PaneId, key: KeyEvent) {
        let input = match keymap::action(Context::Overlay, key) {
            Some(Action::Submit) => PaneInput::Act(PaneAction::Open),
            Some(Action::Back) => PaneInput::Act(PaneAction::Back),
            Some(Action::Step(by)) => PaneInput::Act(PaneAction::Step(by)),
            _ => match (keymap::action(Context::Text, key), keymap::typed(key)) {
                (Some(Action::Edit(edit)), _) => PaneInput::Edit(edit),
                (_, Some(c)) => PaneInput::Typed(c),
                _ => return,
            },
        };
        self.tell_pane(pane, input);
    }

    pub(super) fn act_on_pane(&mut self, action: PaneAction) {
        let pane = self.workspace.layout.tab().focus;
        self.tell_pane(pane, PaneInput::Act(action));
        self.keep_soon();
    }

    pub(super) fn act_on_layout(&mut self, action: LayoutAction) {
        let area = self.areas.body;
        let last = self.workspace.layout.tab().focus;
        let layout = &mut self.workspace.layout;
        match action {
            LayoutAction::Terminal(axis) => return self.open_terminal(axis),
            LayoutAction::Tab => {
                let pane = Box::new(TerminalPane::open(Vec::new()));
                return self.put_pane(pane, |workspace, id| workspace.layout.open_tab(id));
            }
            LayoutAction::Tree => return self.open_tree(),
            LayoutAction::Attach => return self.pick_terminal(),
            LayoutAction::Changes => return self.open_changes(String::new()),
            LayoutAction::Chat => layout.focus(CHAT),
            LayoutAction::Focus(to) => {
                if let Some(id) = layout.tab().neighbour(last, to, area) {
                    layout.focus(id);
                }
            }
            LayoutAction::Cycle(by) => {
                let panes = layout.tab().panes();
                let at = panes.iter().position(|id| *id == last).unwrap_or(0) as isize;
                let next = (at + isize::from(by)).rem_euclid(panes.len() as isize);
                layout.focus(panes[usize::try_from(next).unwrap_or(0)]);
            }
            LayoutAction::Move(to) => layout.tab_mut().swap(last, to, area),
            LayoutAction::Resize(to) => {
                let cells = if matches!(to, Direction::Left | Direction::Right) { STEP.0 } else { STEP.1 };
                layout.tab_mut().resize(last, to, cells, area);
            }
            LayoutAction::Zoom => layout.tab_mut().zoomed = !layout.tab().zoomed && layout.tab().panes().len() > 1,
            LayoutAction::Close => return self.put_away(last),
            LayoutAction::End => return self.ask_end(last),
            LayoutAction::Show(at) => layout.show(usize::from(at) - 1),
            LayoutAction::Step(by) => layout.step(isize::from(by)),
            LayoutAction::Pane(action) => return self.act_on_pane(action),
            LayoutAction::Hints => return self.show_hints(),
            LayoutAction::Palette => return self.open_palette(),
            LayoutAction::Quit => return self.effects.push(Effect::Quit),
        }
        self.focus_moved(last);
    }

    /// Takes a pane off the screen. Who closes a terminal may think that it ends.
    fn put_away(&mut self, pane: PaneId) {
        if self.workspace.panes.get(&pane).is_some_and(|pane| pane.kept().is_some() && pane.terminal().is_some()) {
            let prefix = keymap::name(self.options.prefix);
            self.say(format!("the terminal goes on: {prefix} a shows it again"));
        }
        self.close_pane(pane);
    }

    fn ask_end(&mut self, pane: PaneId) {
        match self.workspace.panes.get(&pane).and_then(|pane| pane.terminal()) {
            Some(_) => self.overlay = Some(Overlay::End { pane }),
            None => self.say("this pane is no terminal; x closes it"),
        }
    }

    /// All that can be done, by its name.
    fn open_palette(&mut self) {
        let prefix = keymap::name(self.options.prefix);
        let entry = |label: &str, note: String, action| Entry {
            choice: Choice::Do(action),
            label: label.to_owned(),
            note,
            current: false,
        };
        let chat = BINDINGS.iter().filter(|binding| binding.context == Context::Chat);
        let chat = chat.map(|binding| entry(binding.about, binding.label.to_owned(), binding.action));
        let panes =
            PREFIXED.iter().map(|binding| entry(binding.about, format!("{prefix} {}", binding.label), binding.action));
        let entries = panes.chain(chat).collect();
        self.overlay = Some(Overlay::Picker(Picker::of(PALETTE, entries)));
    }

    /// Does what was chosen in the palette.
    pub(super) fn do_chosen(&mut self, action: Action) {
        if !matches!(action, Action::Layout(_)) {
            self.focus_pane(CHAT);
        }
        match action {
            // It is asked for by its name, not by a key that comes easily.
            Action::Back => self.stop_agent(),
            action => self.perform(action),
        }
    }

    fn pick_terminal(&mut self) {
        if !self.is_connected() {
            self.say("not connected");
            return;
        }
        self.overlay = Some(Overlay::Picker(Picker::asking(TERMINALS)));
        self.ask(None, TerminalCommand::List {});
    }

    /// The terminals that can be shown.
    pub(super) fn on_terminals(&mut self, list: TerminalList) {
        let Some(Overlay::Picker(picker)) = &mut self.overlay else { return };
        if picker.title != TERMINALS {
            return;
        }
        let running = list.terminals.into_iter().filter(|terminal| terminal.state.is_running());
        let entries = running.map(|terminal| {
            let id = &terminal.terminal_id;
            let shown = self.workspace.panes.values().find(|pane| pane.terminal() == Some(id));
            let label = match shown {
                Some(pane) => pane.title(),
                None if terminal.command.is_empty() => "shell".to_owned(),
                None => clean_line(&terminal.command.join(" ")),
            };
            // Shells in one folder are told apart by their age and their ids.
            let end = id.0.len() - id.0.len().min(ID_END);
            let (cwd, age) = (clean_line(&terminal.cwd), age(self.now - terminal.created_at));
            let here = if shown.is_some() { "shown here · " } else { "" };
            let note = format!("{here}{cwd} · {age} · …{}", clean_line(id.0.get(end..).unwrap_or_default()));
            Entry { label, note, current: false, choice: Choice::Terminal(terminal.terminal_id) }
        });
        picker.fill(entries.collect());
    }

    /// Shows a terminal that is there.
    pub(super) fn show_terminal(&mut self, id: octo_proto::id::TerminalId) {
        let is_it = |kept: &Kept| matches!(kept, Kept::Terminal { terminal_id } if *terminal_id == id.0);
        if self.focus_where(is_it).is_none() {
            self.put_beside(Box::new(TerminalPane::attach(id)));
        }
    }
}
