//! Which key means what, where. The help screen shows these tables as they are.

pub mod panes;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::{
    pane::PaneAction,
    state::{
        composer::Edit,
        layout::{Axis, Direction},
    },
};

/// Where keys go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// The conversation and the composer.
    Chat,
    /// Files that are offered for what is written, before all else of the composer.
    Offers,
    /// A text field, wherever it is.
    Text,
    /// A question of the agent.
    Dialog,
    /// The session list.
    Sessions,
    /// A list to choose from, a field to fill or something to confirm.
    Overlay,
    /// The help screen.
    Help,
    /// Letters beside what can be opened.
    Hints,
    /// The tree of files.
    Tree,
    /// A file.
    File,
    /// A picture.
    Picture,
    /// What was changed.
    Diff,
    /// A terminal: every key but the prefix goes to its program.
    Terminal,
    /// The key after the prefix.
    Prefix,
}

/// What a key can mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Sends what is written, or agrees to what is chosen.
    Submit,
    /// Sends what is written into the running turn.
    Steer,
    /// Takes the queue back into the composer.
    TakeBack,
    /// Changes the text.
    Edit(Edit),
    /// Goes one step back: closes, leaves, stops.
    Back,
    /// Stops what runs, clears what is written, or quits.
    Interrupt,
    /// Quits where nothing is written, else deletes.
    Leave,
    /// Gives the keys to a question, or to the next field.
    Switch,
    /// Opens the session list.
    Sessions,
    /// Begins a session.
    New,
    /// Renames the session.
    Rename,
    /// Ends the session's process.
    Stop,
    /// Forgets the session.
    Delete,
    /// Forks at a message.
    Fork,
    /// Chooses a model.
    Model,
    /// Chooses a thinking level.
    Level,
    /// Chooses a mode.
    Mode,
    /// Labels what can be opened.
    Hints,
    /// Folds or unfolds the plan.
    Plan,
    /// Folds or unfolds thinking.
    Thinking,
    /// Folds or unfolds what tools gave.
    Tools,
    /// Moves the choice.
    Step(i8),
    /// Scrolls by lines.
    Lines(i8),
    /// Scrolls by pages.
    Pages(i8),
    /// Goes to the end.
    Bottom,
    /// Takes the mouse or lets it go, so that the terminal can select.
    Mouse,
    /// Draws everything anew.
    Redraw,
    /// Shows the keys.
    Help,
    /// Something of the pane that has the keys.
    Pane(PaneAction),
    /// Something of the panes.
    Layout(LayoutAction),
}

/// What the key after the prefix can mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayoutAction {
    /// Opens a terminal: on this side, or along the longer one.
    Terminal(Option<Axis>),
    /// Opens a terminal in a tab of its own.
    Tab,
    /// Shows the tree of files.
    Tree,
    /// Shows one of the terminals that are there.
    Attach,
    /// Shows what was changed.
    Changes,
    /// Gives the keys to the conversation.
    Chat,
    /// Gives the keys to the pane on this side.
    Focus(Direction),
    /// Gives the keys to the next pane, or the one before.
    Cycle(i8),
    /// Changes places with the pane on this side.
    Move(Direction),
    /// Moves the border to this side.
    Resize(Direction),
    /// Shows the pane alone, or all again.
    Zoom,
    /// Takes the pane off the screen.
    Close,
    /// Ends the terminal.
    End,
    /// Shows the tab at this place, from 1.
    Show(u8),
    /// Shows the next tab, or the one before.
    Step(i8),
    /// Something of the pane, as its own keys may not mean it.
    Pane(PaneAction),
    /// Labels what can be opened.
    Hints,
    /// Shows everything that can be done.
    Palette,
    /// Leaves the program.
    Quit,
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// Where it holds.
    pub context: Context,
    /// The keys.
    pub keys: &'static [(KeyModifiers, KeyCode)],
    /// What they are called.
    pub label: &'static str,
    /// What they mean.
    pub action: Action,
    /// What that does, in words.
    pub about: &'static str,
}

const NONE: KeyModifiers = KeyModifiers::NONE;
const CTRL: KeyModifiers = KeyModifiers::CONTROL;
const ALT: KeyModifiers = KeyModifiers::ALT;
const SHIFT: KeyModifiers = KeyModifiers::SHIFT;

const fn bind(
    context: Context,
    keys: &'static [(KeyModifiers, KeyCode)],
    label: &'static str,
    action: Action,
    about: &'static str,
) -> Binding {
    Binding { context, keys, label, action, about }
}

/// Every key with a meaning beside those of [`panes`].
pub const BINDINGS: &[Binding] = {
    use Action as A;
    use Context::{Chat, Dialog, Help, Hints, Offers, Overlay, Sessions, Text};
    use KeyCode as K;
    &[
        bind(Chat, &[(NONE, K::Enter)], "Enter", A::Submit, "send; while the agent works: queue for after the turn"),
        bind(
            Chat,
            &[(ALT, K::Char('s')), (CTRL, K::Enter)],
            "Alt+S Ctrl+Enter",
            A::Steer,
            "send into the running turn",
        ),
        bind(
            Chat,
            &[(ALT, K::Enter), (CTRL, K::Char('j')), (SHIFT, K::Enter)],
            "Alt+Enter Ctrl+J",
            A::Edit(Edit::Newline),
            "new line",
        ),
        bind(Chat, &[(ALT, K::Up)], "Alt+Up", A::TakeBack, "take queued prompts back"),
        bind(Chat, &[(NONE, K::Tab)], "Tab", A::Switch, "complete a command; answer the agent's question"),
        bind(Chat, &[(NONE, K::Esc)], "Esc Esc", A::Back, "stop the agent"),
        bind(Chat, &[(CTRL, K::Char('c'))], "Ctrl+C", A::Interrupt, "stop the agent; clear the text; twice: quit"),
        bind(Chat, &[(CTRL, K::Char('d'))], "Ctrl+D", A::Leave, "quit, when nothing is written"),
        bind(Chat, &[(CTRL, K::Char('o')), (NONE, K::F(2))], "Ctrl+O F2", A::Sessions, "sessions"),
        bind(Chat, &[(CTRL, K::Char('n'))], "Ctrl+N", A::New, "new session"),
        bind(Chat, &[(CTRL, K::Char('r'))], "Ctrl+R", A::Rename, "rename the session"),
        bind(Chat, &[(CTRL, K::Char('f'))], "Ctrl+F", A::Fork, "fork at one of your messages"),
        bind(Chat, &[(CTRL, K::Char('p'))], "Ctrl+P", A::Model, "model"),
        bind(Chat, &[(CTRL, K::Char('t'))], "Ctrl+T", A::Level, "thinking level"),
        bind(Chat, &[(SHIFT, K::BackTab), (NONE, K::BackTab)], "Shift+Tab", A::Mode, "mode, where the agent has modes"),
        bind(
            Chat,
            &[(ALT, K::Char('l'))],
            "Alt+L",
            A::Hints,
            "open what is underlined: type its letters; a capital: in your own editor",
        ),
        bind(Chat, &[(ALT, K::Char('p'))], "Alt+P", A::Plan, "fold or unfold the agent's plan"),
        bind(Chat, &[(ALT, K::Char('t'))], "Alt+T", A::Thinking, "fold or unfold thinking"),
        bind(Chat, &[(ALT, K::Char('o'))], "Alt+O", A::Tools, "fold or unfold tool output"),
        bind(Chat, &[(NONE, K::PageUp)], "PageUp", A::Pages(-1), "scroll up"),
        bind(Chat, &[(NONE, K::PageDown)], "PageDown", A::Pages(1), "scroll down"),
        bind(Chat, &[(SHIFT, K::Up)], "Shift+Up", A::Lines(-1), "a line up"),
        bind(Chat, &[(SHIFT, K::Down)], "Shift+Down", A::Lines(1), "a line down"),
        bind(Chat, &[(CTRL, K::End)], "Ctrl+End", A::Bottom, "to the end"),
        bind(Chat, &[(NONE, K::F(3))], "F3", A::Mouse, "mouse on or off (off: select text)"),
        bind(Chat, &[(CTRL, K::Char('l'))], "Ctrl+L", A::Redraw, "draw anew"),
        bind(Chat, &[(NONE, K::F(1))], "F1 ?", A::Help, "this page"),
        bind(Offers, &[(NONE, K::Up)], "Up", A::Step(-1), "the file before"),
        bind(Offers, &[(NONE, K::Down)], "Down", A::Step(1), "the next file"),
        bind(Offers, &[(NONE, K::Tab)], "Tab", A::Switch, "take it"),
        bind(Offers, &[(NONE, K::Enter)], "Enter", A::Submit, "take it; send, where it is written whole"),
        bind(Offers, &[(NONE, K::Esc)], "Esc", A::Back, "offer no files for this word"),
        bind(Text, &[(NONE, K::Left), (CTRL, K::Char('b'))], "Left", A::Edit(Edit::Left), "a character back"),
        bind(Text, &[(NONE, K::Right)], "Right", A::Edit(Edit::Right), "a character on"),
        bind(
            Text,
            &[(CTRL, K::Left), (ALT, K::Left), (ALT, K::Char('b'))],
            "Ctrl+Left Alt+B",
            A::Edit(Edit::WordLeft),
            "a word back",
        ),
        bind(
            Text,
            &[(CTRL, K::Right), (ALT, K::Right), (ALT, K::Char('f'))],
            "Ctrl+Right Alt+F",
            A::Edit(Edit::WordRight),
            "a word on",
        ),
        bind(
            Text,
            &[(NONE, K::Home), (CTRL, K::Char('a'))],
            "Home Ctrl+A",
            A::Edit(Edit::Home),
            "to the beginning of the line",
        ),
        bind(Text, &[(NONE, K::End), (CTRL, K::Char('e'))], "End Ctrl+E", A::Edit(Edit::End), "to the end of the line"),
        bind(Text, &[(NONE, K::Up)], "Up", A::Edit(Edit::Up), "a line up; what was sent before"),
        bind(Text, &[(NONE, K::Down)], "Down", A::Edit(Edit::Down), "a line down; what was sent after"),
        bind(
            Text,
            &[(NONE, K::Backspace), (SHIFT, K::Backspace), (CTRL, K::Char('h'))],
            "Backspace",
            A::Edit(Edit::Backspace),
            "delete a character; where there is none, a picture",
        ),
        bind(Text, &[(NONE, K::Delete)], "Delete", A::Edit(Edit::Delete), "delete the next character"),
        bind(
            Text,
            &[(CTRL, K::Char('w')), (ALT, K::Backspace), (CTRL, K::Backspace)],
            "Ctrl+W Alt+Backspace",
            A::Edit(Edit::DeleteWord),
            "delete a word",
        ),
        bind(
            Text,
            &[(ALT, K::Char('d')), (CTRL, K::Delete)],
            "Alt+D",
            A::Edit(Edit::DeleteWordRight),
            "delete the next word",
        ),
        bind(
            Text,
            &[(CTRL, K::Char('u'))],
            "Ctrl+U",
            A::Edit(Edit::DeleteToHome),
            "delete to the beginning of the line",
        ),
        bind(Text, &[(CTRL, K::Char('k'))], "Ctrl+K", A::Edit(Edit::DeleteToEnd), "delete to the end of the line"),
        bind(Dialog, &[(NONE, K::Enter)], "Enter", A::Submit, "answer"),
        bind(
            Dialog,
            &[(ALT, K::Enter), (CTRL, K::Char('j')), (SHIFT, K::Enter)],
            "Alt+Enter Ctrl+J",
            A::Edit(Edit::Newline),
            "new line, where a text is asked for",
        ),
        bind(Dialog, &[(NONE, K::Up)], "Up", A::Step(-1), "the option before"),
        bind(Dialog, &[(NONE, K::Down)], "Down", A::Step(1), "the next option"),
        bind(
            Dialog,
            &[(NONE, K::Tab), (NONE, K::Esc)],
            "Tab Esc",
            A::Switch,
            "back to the composer, the question stays",
        ),
        bind(Dialog, &[(CTRL, K::Char('c'))], "Ctrl+C", A::Interrupt, "refuse to answer"),
        bind(Dialog, &[(NONE, K::PageUp)], "PageUp", A::Pages(-1), "scroll the conversation up"),
        bind(Dialog, &[(NONE, K::PageDown)], "PageDown", A::Pages(1), "scroll it down"),
        bind(Sessions, &[(NONE, K::Up), (NONE, K::Char('k'))], "Up", A::Step(-1), "the session before"),
        bind(Sessions, &[(NONE, K::Down), (NONE, K::Char('j'))], "Down", A::Step(1), "the next session"),
        bind(Sessions, &[(NONE, K::Enter)], "Enter", A::Submit, "open"),
        bind(Sessions, &[(NONE, K::Char('n')), (CTRL, K::Char('n'))], "n", A::New, "new session"),
        bind(Sessions, &[(NONE, K::Char('r')), (CTRL, K::Char('r'))], "r", A::Rename, "rename"),
        bind(Sessions, &[(NONE, K::Char('s'))], "s", A::Stop, "end its process"),
        bind(Sessions, &[(NONE, K::Char('d')), (NONE, K::Delete)], "d", A::Delete, "delete for ever"),
        bind(
            Sessions,
            &[(NONE, K::Esc), (CTRL, K::Char('o')), (NONE, K::F(2)), (NONE, K::Char('q')), (CTRL, K::Char('c'))],
            "Esc",
            A::Back,
            "close",
        ),
        bind(Sessions, &[(NONE, K::F(1)), (NONE, K::Char('?'))], "F1 ?", A::Help, "this page"),
        bind(Overlay, &[(NONE, K::Up), (CTRL, K::Char('p'))], "Up", A::Step(-1), "the one before"),
        bind(Overlay, &[(NONE, K::Down), (CTRL, K::Char('n'))], "Down", A::Step(1), "the next one"),
        bind(Overlay, &[(NONE, K::Tab)], "Tab", A::Switch, "the next harness of a new session"),
        bind(Overlay, &[(NONE, K::Enter)], "Enter", A::Submit, "agree"),
        bind(Overlay, &[(NONE, K::Esc), (CTRL, K::Char('c'))], "Esc", A::Back, "close"),
        bind(Hints, &[(NONE, K::Esc), (CTRL, K::Char('c')), (ALT, K::Char('l'))], "Esc", A::Back, "close"),
        bind(Help, &[(NONE, K::Up)], "Up", A::Lines(-1), "scroll up"),
        bind(Help, &[(NONE, K::Down)], "Down", A::Lines(1), "scroll down"),
        bind(Help, &[(NONE, K::PageUp)], "PageUp", A::Pages(-1), "a page up"),
        bind(Help, &[(NONE, K::PageDown), (NONE, K::Char(' '))], "PageDown", A::Pages(1), "a page down"),
        bind(
            Help,
            &[
                (NONE, K::Esc),
                (NONE, K::F(1)),
                (NONE, K::Char('?')),
                (NONE, K::Char('q')),
                (NONE, K::Enter),
                (CTRL, K::Char('c')),
            ],
            "Esc",
            A::Back,
            "close",
        ),
    ]
};

/// The keys of all contexts but the prefix.
pub fn all() -> impl Iterator<Item = &'static Binding> {
    BINDINGS.iter().chain(panes::BINDINGS)
}

/// What the key after the prefix means.
#[must_use]
pub fn prefixed(key: KeyEvent) -> Option<Action> {
    // Digits are one line of the table.
    if let (KeyCode::Char(digit @ '1'..='9'), KeyModifiers::NONE) = (key.code, key.modifiers) {
        return Some(Action::Layout(LayoutAction::Show(digit as u8 - b'0')));
    }
    let pressed = chord(key);
    panes::PREFIXED.iter().find(|binding| binding.keys.contains(&pressed)).map(|binding| binding.action)
}

/// What a key means here.
#[must_use]
pub fn action(context: Context, key: KeyEvent) -> Option<Action> {
    let pressed = chord(key);
    all().find(|binding| binding.context == context && binding.keys.contains(&pressed)).map(|it| it.action)
}

/// What a key is called.
#[must_use]
pub fn name((modifiers, code): (KeyModifiers, KeyCode)) -> String {
    let mut name = String::new();
    for (modifier, text) in [(CTRL, "Ctrl+"), (ALT, "Alt+"), (SHIFT, "Shift+")] {
        if modifiers.contains(modifier) {
            name.push_str(text);
        }
    }
    match code {
        KeyCode::Char(' ') => name.push_str("Space"),
        KeyCode::Char(c) => name.extend(c.to_uppercase()),
        KeyCode::F(number) => name.push_str(&format!("F{number}")),
        other => name.push_str(&format!("{other:?}")),
    }
    name
}

/// The key of a name as people write it: `ctrl+g`, `alt+space`, `f12`. None where it is no key for a prefix: one with Ctrl
/// or Alt, or a function key, as a letter would be missing everywhere.
#[must_use]
pub fn named(name: &str) -> Option<(KeyModifiers, KeyCode)> {
    let lower = name.trim().to_lowercase();
    let (mut held, mut rest) = (NONE, lower.as_str());
    while let Some((modifier, behind)) =
        [("ctrl+", CTRL), ("alt+", ALT)].iter().find_map(|(text, modifier)| Some((*modifier, rest.strip_prefix(text)?)))
    {
        held |= modifier;
        rest = behind;
    }
    let mut letters = rest.chars();
    let code = match (rest, letters.next(), letters.next()) {
        ("space", ..) => KeyCode::Char(' '),
        (_, Some(c), None) => KeyCode::Char(c),
        (rest, ..) => {
            let number = rest.strip_prefix('f')?.parse().ok().filter(|number| (1..=12).contains(number))?;
            return Some((held, KeyCode::F(number)));
        }
    };
    (held != NONE).then_some((held, code))
}

/// What a key means beside the keys of a pane, where those leave it free: what is about the whole screen.
#[must_use]
pub fn beside(key: KeyEvent) -> Option<Action> {
    action(Context::Chat, key).filter(|action| {
        matches!(action, Action::Help | Action::Sessions | Action::New | Action::Mouse | Action::Redraw)
    })
}

/// The character that a key types, if it types one.
#[must_use]
pub fn typed(key: KeyEvent) -> Option<char> {
    match key.code {
        KeyCode::Char(c) if !key.modifiers.intersects(CTRL | ALT) => Some(c),
        // A keyboard's third level is reported as both together.
        KeyCode::Char(c) if key.modifiers.contains(CTRL | ALT) && !c.is_ascii_alphanumeric() => Some(c),
        _ => None,
    }
}

/// A letter's shift is in the letter.
pub(crate) fn chord(key: KeyEvent) -> (KeyModifiers, KeyCode) {
    let modifiers = key.modifiers & (CTRL | ALT | SHIFT);
    match key.code {
        KeyCode::Char(c) => {
            let c = meant(c, modifiers);
            let c = if modifiers.intersects(CTRL | ALT) { c.to_ascii_lowercase() } else { c };
            (modifiers - SHIFT, KeyCode::Char(c))
        }
        code => (modifiers, code),
    }
}

/// The character of a key: terminals without the keyboard protocol have one control character for a digit and a sign, which
/// is read as the digit; the sign is meant.
pub(crate) fn meant(c: char, modifiers: KeyModifiers) -> char {
    match c {
        '4'..='7' if modifiers & (CTRL | SHIFT) == CTRL => ['\\', ']', '^', '_'][usize::from(c as u8 - b'4')],
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn no_key_means_two_things_in_one_place() {
        let mut seen = HashMap::new();
        for binding in all().chain(panes::PREFIXED) {
            for key in binding.keys {
                let before = seen.insert((format!("{:?}", binding.context), *key), binding.label);
                assert_eq!(before, None, "{:?} {key:?}", binding.context);
            }
        }
    }

    #[test]
    fn a_prefix_is_known_by_its_name_and_by_what_terminals_send_for_it() {
        for (written, shown) in [("ctrl+]", "Ctrl+]"), ("Ctrl+G", "Ctrl+G"), ("alt+space", "Alt+Space"), ("f12", "F12")]
        {
            assert_eq!(named(written).map(name).as_deref(), Some(shown));
        }
        for wrong in ["", "g", "ctrl+", "ctrl+enter", "f13", "shift+a", "alt+ctrl"] {
            assert_eq!(named(wrong), None, "{wrong}");
        }
        assert_eq!(Some(chord(KeyEvent::new(KeyCode::Char('5'), CTRL))), named("ctrl+]"));
    }

    #[test]
    fn the_composer_and_the_chat_share_the_keyboard_without_a_clash() {
        let keys = |context| all().filter(move |binding| binding.context == context).flat_map(|binding| binding.keys);
        for key in keys(Context::Chat) {
            assert!(!keys(Context::Text).any(|other| other == key), "{key:?}");
        }
    }
}
