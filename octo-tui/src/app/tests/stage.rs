//! An app without a terminal and without octod: keys and events go in, requests and the screen come out.

use std::collections::HashMap;

use bytes::Bytes;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use octo_proto::{
    Command, Cursor, Error, Event, Message, Part, PartKind, Role, View,
    id::{MessageId, SessionId},
    index::IndexEntry,
    session::{Capabilities, HarnessStatus, SessionInfo, SessionState},
};
use ratatui::{
    Terminal,
    backend::TestBackend,
    buffer::{self, Buffer},
    style::{Color, Style},
};

use crate::{
    app::{
        App, Options, Start,
        effect::{Asked, Call, Effect},
        input::{Heard, Input, What},
    },
    link::state::Status,
    pane::Answer,
    theme::{Theme, ThemeName},
    view,
};

/// When everything begins.
pub(super) const BEGIN: i64 = 1_800_000_000_000;

pub(super) struct Stage {
    pub(super) app: App,
    pub(super) at: i64,
    /// Requests that were not looked at yet.
    pub(super) asked: Vec<Asked>,
    pub(super) effects: Vec<Effect>,
    /// Layouts, by the folder of their workspace.
    pub(super) kept: HashMap<String, String>,
    connection: u64,
    fact: u64,
}

impl Stage {
    /// An app that starts like this, without a connection.
    pub(super) fn new(start: Start, size: (u16, u16)) -> Self {
        let options = Options {
            theme: Theme::named(ThemeName::Mono),
            mouse: true,
            thinking: false,
            cwd: "/home/ann/work".to_owned(),
            host: "box".to_owned(),
            home: Some("/home/ann".to_owned()),
            start,
            editor: crate::editor::Editor::default(),
            prefix: (KeyModifiers::CONTROL, KeyCode::Char(']')),
            seed: 7,
        };
        let app = App::new(options, size);
        Self { app, at: BEGIN, asked: Vec::new(), effects: Vec::new(), kept: HashMap::new(), connection: 0, fact: 0 }
    }

    /// An app of a common size, connected, with the session `ses_a` of the folder on the screen.
    pub(super) fn open() -> Self {
        Self::open_in((80, 24))
    }

    pub(super) fn open_in(size: (u16, u16)) -> Self {
        let mut stage = Self::new(Start::Folder, size);
        stage.connect();
        stage.event(None, Event::IndexSnapshot { entries: vec![entry("a", "Fix the build")] });
        stage.snapshot("a", Vec::new(), false);
        stage.asked.clear();
        stage
    }

    pub(super) fn input(&mut self, what: What) {
        self.at += 1;
        let effects = self.app.on(Input { at: self.at, what });
        self.keep(effects);
    }

    fn keep(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Send(asked) => self.asked.push(*asked),
                Effect::LoadLayout { root } => {
                    let text = self.kept.get(&root).cloned();
                    self.input(What::Layout { root, text });
                }
                Effect::SaveLayout { root, text } => drop(self.kept.insert(root, text)),
                other => self.effects.push(other),
            }
        }
    }

    pub(super) fn wait(&mut self, ms: i64) {
        self.at += ms;
        self.input(What::Tick);
    }

    pub(super) fn press(&mut self, code: KeyCode) {
        self.chord(KeyModifiers::NONE, code);
    }

    pub(super) fn chord(&mut self, modifiers: KeyModifiers, code: KeyCode) {
        self.input(What::Key(KeyEvent::new(code, modifiers)));
    }

    pub(super) fn ctrl(&mut self, c: char) {
        self.chord(KeyModifiers::CONTROL, KeyCode::Char(c));
    }

    pub(super) fn alt(&mut self, c: char) {
        self.chord(KeyModifiers::ALT, KeyCode::Char(c));
    }

    /// Presses a button of the mouse and lets it go.
    pub(super) fn click(&mut self, column: u16, row: u16) {
        for kind in [MouseEventKind::Down(MouseButton::Left), MouseEventKind::Up(MouseButton::Left)] {
            self.input(What::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
        }
    }

    pub(super) fn write(&mut self, text: &str) {
        text.chars().for_each(|c| self.press(KeyCode::Char(c)));
    }

    pub(super) fn connect(&mut self) {
        self.connection += 1;
        self.input(What::Link(Heard::Status(Status::Up(self.connection))));
        let harness = HarnessStatus {
            name: "pi".to_owned(),
            version: Some("1".to_owned()),
            program: None,
            usable: true,
            problem: None,
            install: "npm install pi".to_owned(),
            capabilities: capabilities(),
            models: Vec::new(),
        };
        self.reply(&Command::Harnesses {}, &serde_json::json!({ "harnesses": [harness] }));
    }

    pub(super) fn disconnect(&mut self) {
        let down = Status::Down { why: "octod closed the connection".to_owned(), again_at: self.at + 1_000 };
        self.input(What::Link(Heard::Status(down)));
    }

    pub(super) fn event(&mut self, session: Option<&str>, event: Event) {
        self.fact += 1;
        self.event_at(session, Cursor { fact: self.fact, epoch: 1, n: 0 }, event);
    }

    pub(super) fn event_at(&mut self, session: Option<&str>, cursor: Cursor, event: Event) {
        let session_id = session.map(|name| SessionId(format!("ses_{name}")));
        self.input(What::Link(Heard::Event { session_id, cursor, event: Box::new(event) }));
    }

    pub(super) fn cursor(&self) -> Cursor {
        Cursor { fact: self.fact, epoch: 1, n: 0 }
    }

    pub(super) fn snapshot(&mut self, name: &str, messages: Vec<Message>, has_more: bool) {
        let mut view = View::new(entry(name, "Fix the build").info);
        view.live.state = SessionState::Idle;
        view.messages = messages;
        view.has_more = has_more;
        self.event(Some(name), Event::SessionSnapshot { view: Box::new(view) });
    }

    /// Answers the oldest open request with this command.
    pub(super) fn reply(&mut self, command: &Command, body: &serde_json::Value) {
        self.answer(command, Ok(Answer { body: body.to_string(), bytes: Bytes::new() }));
    }

    pub(super) fn refuse(&mut self, command: &Command, error: Error) {
        self.answer(command, Err(error));
    }

    fn answer(&mut self, command: &Command, result: Result<Answer, Error>) {
        let at = self.asked.iter().position(|asked| asked.call == Call::Agent(command.clone()));
        let asked = self.asked.remove(at.unwrap_or_else(|| panic!("{command:?} is not in {:?}", self.asked)));
        self.input(What::Link(Heard::Reply { id: asked.id, result }));
    }

    /// The requests since the last look.
    pub(super) fn take_asked(&mut self) -> Vec<Command> {
        self.asked.drain(..).filter_map(|asked| agent(&asked).cloned()).collect()
    }

    fn draw(&mut self) -> Buffer {
        let effects = self.app.prepare();
        self.keep(effects);
        let (columns, rows) = self.app.size;
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        terminal.draw(|frame| view::draw(&self.app, frame)).unwrap();
        terminal.backend().buffer().clone()
    }

    /// The screen, and below it the styles of its cells in runs: row, columns, style.
    pub(super) fn styled(&mut self) -> String {
        let text = self.screen();
        let buffer = self.draw();
        let mut lines = vec![text, "--".to_owned()];
        for y in 0..self.app.size.1 {
            let mut runs: Vec<(u16, u16, Style)> = Vec::new();
            for x in 0..self.app.size.0 {
                let style = buffer[(x, y)].style();
                match runs.last_mut() {
                    Some((_, last, known)) if *known == style => *last = x,
                    _ => runs.push((x, x, style)),
                }
            }
            let plain = buffer::Cell::default().style();
            for (first, last, style) in runs.into_iter().filter(|(_, _, style)| *style != plain) {
                lines.push(format!("{y} {first}-{last} {}", name(style)));
            }
        }
        lines.join("\n")
    }

    pub(super) fn screen(&mut self) -> String {
        let buffer = self.draw();
        let (columns, rows) = self.app.size;
        let mut lines = Vec::new();
        for y in 0..rows {
            let mut line = String::new();
            let mut x = 0;
            while x < columns {
                let symbol = buffer[(x, y)].symbol();
                assert!(!symbol.chars().any(char::is_control), "{symbol:?} at {x},{y}");
                line.push_str(symbol);
                x += u16::try_from(crate::text::wrap::width(symbol)).unwrap().max(1);
            }
            lines.push(line.trim_end().to_owned());
        }
        lines.join("\n")
    }
}

fn name(style: Style) -> String {
    let color = |name: &str, color: Option<Color>| match color {
        None | Some(Color::Reset) => String::new(),
        Some(color) => format!("{name}{color} "),
    };
    format!("{}{}{:?}", color("", style.fg), color("on ", style.bg), style.add_modifier)
}

/// What a request asks about a session.
pub(super) fn agent(asked: &Asked) -> Option<&Command> {
    match &asked.call {
        Call::Agent(command) => Some(command),
        Call::Files(_) | Call::Terminal(_) => None,
    }
}

pub(super) fn capabilities() -> Capabilities {
    Capabilities {
        steer: true,
        follow_up: true,
        fork: true,
        set_model: true,
        rename: true,
        cost: true,
        thinking_levels: vec!["off".to_owned(), "high".to_owned()],
        ..Capabilities::default()
    }
}

pub(super) fn entry(name: &str, title: &str) -> IndexEntry {
    IndexEntry {
        info: SessionInfo {
            session_id: SessionId(format!("ses_{name}")),
            title: title.to_owned(),
            harness: "pi".to_owned(),
            cwd: "/home/ann/work".to_owned(),
            model: Some("acme/large".to_owned()),
            mode: None,
            thinking_level: Some("off".to_owned()),
            capabilities: capabilities(),
            native_id: None,
            process_id: None,
            parent_session_id: None,
            forked_at: None,
            created_at: BEGIN - 3_600_000,
            updated_at: BEGIN - 120_000,
        },
        state: SessionState::Idle,
        unread: 0,
        needs_you: None,
        messages: 0,
    }
}

fn message(idx: u64, role: Role, kinds: Vec<PartKind>) -> Message {
    let id = MessageId(format!("msg_{idx}"));
    let parts = kinds.into_iter().enumerate().map(|(index, kind)| Part::new(id.part(index), kind)).collect();
    Message { idx, parts, ..Message::new(id, role, BEGIN) }
}

pub(super) fn user(idx: u64, text: &str) -> Message {
    message(idx, Role::User, vec![PartKind::Text { text: text.to_owned(), format: None }])
}

pub(super) fn assistant(idx: u64, kinds: Vec<PartKind>) -> Message {
    message(idx, Role::Assistant, kinds)
}
