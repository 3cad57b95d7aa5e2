//! The whole program as a pure machine: something happens, state changes, things are to be done. No clock, no I/O.

mod chat;
mod commands;
pub mod effect;
mod files;
mod gallery;
mod heard;
pub mod input;
mod keys;
mod layout;
pub mod mouse;
mod offers;
mod open;
mod outbox;
mod outside;
mod panes;
mod pictures;
mod sessions;

use crossterm::event::{KeyCode, KeyModifiers};
use octo_proto::{
    Command,
    id::SessionId,
    session::{HarnessStatus, SessionState},
};

use self::{
    effect::{Call, Effect},
    input::{Input, What},
    mouse::{Held, Mouse, Selection},
    outbox::{Ids, Outbox},
    panes::Waiting,
};
use crate::{
    editor::Editor,
    graphics::Drawing,
    link::state::Status,
    state::{
        dialog::{Dialog, QUIET_MS},
        gallery::Gallery,
        index::Index,
        offers::Offers,
        overlay::Overlay,
        session::Session,
        workspace::Workspace,
    },
    theme::Theme,
    transcript::Content,
    view::areas::Areas,
};

/// How long a second Esc or Ctrl+C counts as the second, in ms.
const TWICE_MS: i64 = 1_500;

/// After this time without octod a person is told how it is started, in ms.
const LONG_MS: i64 = 3_000;

/// Between two pictures of the spinner, in ms.
pub const SPIN_MS: i64 = 250;

/// With what the app begins.
#[derive(Clone, Debug)]
pub struct Options {
    /// How roles look.
    pub theme: Theme,
    /// Whether the mouse is taken.
    pub mouse: bool,
    /// Whether thinking is shown whole.
    pub thinking: bool,
    /// The current folder.
    pub cwd: String,
    /// What this machine is called.
    pub host: String,
    /// The person's home, for `~`.
    pub home: Option<String>,
    /// What is opened first.
    pub start: Start,
    /// What is known of the person's editors.
    pub editor: Editor,
    /// The key before those that are about panes.
    pub prefix: (KeyModifiers, KeyCode),
    /// From what the ids of requests are drawn.
    pub seed: u128,
}

/// What is opened first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// The session of the current folder that was used last, else a fresh one.
    Folder,
    /// A fresh one.
    New,
    /// This one.
    Session(SessionId),
}

/// A sentence for the person, for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The sentence.
    pub text: String,
    /// Whether something failed.
    pub is_error: bool,
    /// Until when it is shown.
    until: i64,
}

/// The app.
#[derive(Debug)]
pub struct App {
    /// With what it began.
    pub options: Options,
    /// When the last input came, ms since 1970.
    pub now: i64,
    /// The size of the screen.
    pub size: (u16, u16),
    /// Where things are on it.
    pub areas: Areas,
    /// How the link stands.
    pub link: Status,
    /// Since when there is no connection; none while there is one.
    pub down_since: Option<i64>,
    /// Whether octod lost the runner.
    pub runner_lost: bool,
    /// All sessions.
    pub index: Index,
    /// What can be started; none until it is known.
    pub harnesses: Option<Vec<HarnessStatus>>,
    /// The session on the screen.
    pub open: Session,
    /// The folder that is worked in, and its panes.
    pub workspace: Workspace,
    /// Text that is being selected.
    pub selection: Option<Selection>,
    /// What lies over it.
    pub overlay: Option<Overlay>,
    /// A sentence for the person.
    pub notice: Option<Notice>,
    /// Events that this release did not understand.
    pub unknown_events: u64,
    offers: Option<Offers>,
    /// The pictures of conversations.
    pub gallery: Gallery,
    /// What the drawings of pictures are called.
    drawn: u32,
    kept: Vec<Session>,
    outbox: Outbox,
    effects: Vec<Effect>,
    /// Requests of panes that are not answered.
    waiting: Vec<Waiting>,
    /// What a button of the mouse that is down does.
    held: Option<Held>,
    /// Whether the prefix was pressed.
    prefixed: bool,
    /// When the layout is to be kept.
    keep_at: Option<i64>,
    /// Waits for the index, to open the newest session of the folder.
    finding: bool,
    /// Whether only the step under way is shown of a plan.
    pub plan_folded: bool,
    focused: bool,
    mouse: bool,
    /// Before this time no program of a terminal rings the bell.
    bell_at: i64,
    /// What a program copied last, and when the next copy may be handed on.
    copying: Option<String>,
    copy_at: i64,
    last_key: i64,
    last_escape: i64,
    last_interrupt: i64,
    changed: bool,
}

impl App {
    /// An app of this size that nothing has happened to.
    #[must_use]
    pub fn new(options: Options, size: (u16, u16)) -> Self {
        let mut open = match &options.start {
            Start::Folder | Start::New => Session::fresh(&options.cwd),
            Start::Session(id) => Session::new(crate::state::session::Target::Known(id.clone())),
        };
        open.transcript.folds.thinking = options.thinking;
        Self {
            now: 0,
            size,
            areas: Areas::default(),
            link: Status::Connecting,
            down_since: None,
            runner_lost: false,
            index: Index::default(),
            harnesses: None,
            open,
            overlay: None,
            notice: None,
            unknown_events: 0,
            offers: None,
            gallery: Gallery::default(),
            // Others may show pictures in this terminal too.
            drawn: (options.seed >> 32) as u32,
            kept: Vec::new(),
            outbox: Outbox::new(Ids::new(options.seed)),
            effects: Vec::new(),
            workspace: Workspace::new(""),
            selection: None,
            waiting: Vec::new(),
            held: None,
            prefixed: false,
            keep_at: None,
            finding: options.start == Start::Folder,
            plan_folded: false,
            focused: true,
            mouse: options.mouse,
            bell_at: i64::MIN / 2,
            copying: None,
            copy_at: i64::MIN / 2,
            last_key: i64::MIN / 2,
            last_escape: i64::MIN / 2,
            last_interrupt: i64::MIN / 2,
            changed: true,
            options,
        }
    }

    /// Something happened: what is to be done?
    pub fn on(&mut self, input: Input) -> Vec<Effect> {
        self.now = input.at;
        self.changed = true;
        match input.what {
            What::Key(key) => self.on_key(key),
            What::Paste(text) => self.on_paste(&text),
            What::Mouse(event) => self.on_mouse(event),
            What::Resize(columns, rows) => self.size = (columns, rows),
            What::Focus(focused) => self.focused = focused,
            What::Link(heard) => self.on_heard(heard),
            What::Read { upload, image } => self.on_read(&upload, image),
            What::Ran(Err(why)) => self.complain_of(why),
            What::Ran(Ok(())) => self.changed = false,
            What::Drawn { place, drawn } => self.on_drawn(place, drawn.map(Drawing::from)),
            What::Highlighted { pane, number, tokens } => self.on_highlighted(pane, number, &tokens),
            What::Layout { root, text } => self.on_layout(&root, text.as_deref()),
            What::Tick => {
                self.outbox.tick(input.at, &mut self.effects);
                self.tick_panes();
                self.copy_soon();
            }
        }
        self.follow_workspace();
        if self.notice.as_ref().is_some_and(|notice| notice.until <= self.now) {
            self.notice = None;
        }
        self.refresh_dialog();
        if self.effects.contains(&Effect::Quit) {
            self.keep_layout();
        }
        std::mem::take(&mut self.effects)
    }

    /// The program ends: what is still to be kept?
    pub fn end(&mut self) -> Vec<Effect> {
        self.keep_layout();
        std::mem::take(&mut self.effects)
    }

    /// Lays out what will be drawn. Called before each drawing, which then only reads.
    pub fn prepare(&mut self) -> Vec<Effect> {
        self.changed = false;
        self.areas = Areas::of(self);
        self.workspace.places = self.workspace.layout.tab().places(self.areas.body);
        let area = self.areas.transcript;
        self.open.transcript.held = matches!(self.overlay, Some(Overlay::Hints(_)));
        self.with_transcript(|transcript, content, theme| {
            transcript.arrange(content, (area.width, area.height), theme);
        });
        self.ask_page();
        self.ask_pictures();
        self.arrange_panes();
        std::mem::take(&mut self.effects)
    }

    /// Whether the screen is out of date.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.changed
    }

    /// When the screen goes out of date by itself, or something is to be sent again.
    #[must_use]
    pub fn wake_at(&self) -> Option<i64> {
        let every = |ms: i64| self.now - self.now.rem_euclid(ms) + ms;
        let spins = self.focused && self.open.is_working();
        let counts = matches!(self.link, Status::Down { .. })
            || self.open.retry.is_some()
            || self.open.question().is_some_and(|question| question.timeout_ms.is_some());
        let ages = self.focused && self.areas.sessions.is_some();
        [
            spins.then(|| every(SPIN_MS)),
            counts.then(|| every(1_000)),
            ages.then(|| every(60_000)),
            self.notice.as_ref().map(|notice| notice.until),
            self.outbox.due(),
            self.keep_at,
            self.copying.as_ref().map(|_| self.copy_at),
            self.workspace.panes.values().filter_map(|pane| pane.wake_at()).min(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// How much of the mouse is taken: its movements only where a program that is seen wants them.
    #[must_use]
    pub fn mouse(&self) -> Mouse {
        let mut seen = self.workspace.places.panes.iter().filter_map(|(id, _)| self.workspace.panes.get(id));
        match (self.mouse, seen.any(|pane| pane.asks_motion())) {
            (false, _) => Mouse::Free,
            (true, false) => Mouse::Buttons,
            (true, true) => Mouse::Motion,
        }
    }

    /// Whether something typed has not reached octod yet.
    #[must_use]
    pub fn holds_changes(&self) -> bool {
        self.outbox.holds_changes()
    }

    /// Whether octod is away for so long that it will hardly come back by itself.
    #[must_use]
    pub fn is_down_for_long(&self) -> bool {
        self.down_since.is_some_and(|since| self.now - since >= LONG_MS)
    }

    /// The shape of the cursor, by the number of DECSCUSR: that of the pane that has the keys.
    #[must_use]
    pub fn cursor_style(&self) -> u16 {
        self.workspace.focused().filter(|_| self.overlay.is_none()).map_or(0, |pane| pane.cursor_style())
    }

    fn is_connected(&self) -> bool {
        matches!(self.link, Status::Up(_)) && !self.runner_lost
    }

    fn with_transcript(&mut self, act: impl FnOnce(&mut crate::transcript::Transcript, &Content<'_>, &Theme)) {
        let mut transcript = std::mem::take(&mut self.open.transcript);
        act(&mut transcript, &Content::of(&self.open, &self.gallery), &self.options.theme);
        self.open.transcript = transcript;
    }

    /// Asks for earlier messages when the top is in sight.
    fn ask_page(&mut self) {
        let session = &self.open;
        let wanted = session.transcript.is_at_top() && session.has_more && !session.paging;
        let (Some(id), Some(before)) = (session.id().cloned(), session.page_before()) else { return };
        if wanted && self.is_connected() {
            self.open.paging = true;
            self.ask(Some(&id), Command::HistoryPage { before: Some(before), limit: Some(50) });
        }
    }

    fn ask(&mut self, session: Option<&SessionId>, call: impl Into<Call>) -> octo_proto::id::RequestId {
        self.outbox.ask(self.now, session, call, &mut self.effects)
    }

    fn say(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice { text: text.into(), is_error: false, until: self.now + 4_000 });
    }

    fn complain(&mut self, error: &octo_proto::Error) {
        let hint = error.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        self.complain_of(format!("{}{hint}", error.message));
    }

    fn complain_of(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice { text: text.into(), is_error: true, until: self.now + 15_000 });
    }

    /// The dialog follows the oldest question. It takes the keys only when they cannot be meant for something else.
    fn refresh_dialog(&mut self) {
        let Some(question) = self.open.question() else {
            self.open.dialog = None;
            return;
        };
        if self.open.dialog.as_ref().is_some_and(|dialog| dialog.is_of(&question.request_id)) {
            return;
        }
        let calm = self.open.composer.is_empty()
            && self.workspace.focused().is_none()
            && self.overlay.is_none()
            && self.now - self.last_key >= QUIET_MS;
        self.open.dialog = Some(Dialog::new(question.clone(), calm));
        if !self.focused {
            self.effects.push(Effect::Bell);
        }
    }

    /// The harness that a fresh session would get.
    #[must_use]
    pub fn usable_harness(&self) -> Option<&HarnessStatus> {
        self.harnesses.iter().flatten().find(|harness| harness.usable)
    }

    /// The state of the session on the screen.
    #[must_use]
    pub fn state(&self) -> Option<&SessionState> {
        self.open.view.as_ref().map(|view| &view.live.state)
    }
}

#[cfg(test)]
mod tests;
