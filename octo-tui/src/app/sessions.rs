//! Opening, making and ending sessions, and choosing what they work with.

use octo_proto::{
    Command, Error, Role,
    command::ModelList,
    id::SessionId,
    index::IndexEntry,
    session::{Capabilities, HarnessStatus},
};

use super::{App, heard::first_line};
use crate::state::{
    composer::Composer,
    overlay::{Deed, Overlay},
    picker::{Choice, Entry, Picker},
    session::{Fresh, Session, Target},
};

/// Sessions that are kept when another is opened, with what was written in them.
const KEPT: usize = 16;

/// The titles of the pickers, by which a late answer finds its own.
const MODELS: &str = "Model";
const LEVELS: &str = "Thinking level";
const MODES: &str = "Mode";
const FORKS: &str = "Fork before which message?";

impl App {
    /// Puts a session on the screen.
    pub(super) fn open_entry(&mut self, entry: &IndexEntry) {
        let id = &entry.info.session_id;
        if self.open.id() == Some(id) {
            return;
        }
        let known = self.kept.iter().position(|session| session.id() == Some(id));
        let next = known.map_or_else(|| Session::known(entry), |at| self.kept.remove(at));
        self.replace_open(next);
        self.watch_open();
    }

    /// Puts a session that does not exist yet on the screen.
    pub(super) fn open_fresh(&mut self, fresh: Fresh) {
        self.replace_open(Session::new(Target::Fresh(fresh)));
    }

    fn replace_open(&mut self, mut next: Session) {
        self.finding = false;
        self.end_offers();
        next.transcript.folds.thinking = self.open.transcript.folds.thinking;
        next.transcript.folds.tools = self.open.transcript.folds.tools;
        next.dialog = None;
        next.paging = false;
        let last = std::mem::replace(&mut self.open, next);
        if let Some(id) = last.id().cloned()
            && self.is_connected()
        {
            self.ask(Some(&id), Command::Unwatch {});
        }
        let has_words = !last.composer.is_empty() || !last.sent.is_empty();
        if last.id().is_some() || has_words {
            self.kept.push(last);
        }
        if self.kept.len() > KEPT
            && let Some(at) = self.kept.iter().position(|kept| kept.composer.is_empty() && kept.sent.is_empty())
        {
            self.kept.remove(at);
        }
    }

    /// A session is gone. What was written in it stays on the screen.
    pub(super) fn on_deleted(&mut self, id: &SessionId) {
        self.index.remove(id);
        self.kept.retain(|session| session.id() != Some(id));
        if self.open.id() != Some(id) {
            return;
        }
        let cwd = match self.open.cwd() {
            "" => self.options.cwd.clone(),
            cwd => cwd.to_owned(),
        };
        let composer = std::mem::take(&mut self.open.composer);
        let folds = std::mem::take(&mut self.open.transcript.folds);
        self.open = Session::fresh(&cwd);
        self.open.composer = composer;
        self.open.transcript.folds = folds;
        self.say("the session is gone; this is a new one");
    }

    pub(super) fn on_harnesses(&mut self, harnesses: Vec<HarnessStatus>) {
        self.harnesses = Some(harnesses);
    }

    /// Asks where a new session is to work.
    pub(super) fn ask_new(&mut self) {
        let harness = self.harnesses.iter().flatten().position(|harness| harness.usable).unwrap_or(0);
        let directory = Composer::with_text(match self.open.cwd() {
            "" => &self.options.cwd,
            cwd => cwd,
        });
        self.overlay = Some(Overlay::New { directory, harness });
    }

    pub(super) fn make_new(&mut self, directory: &str, harness: usize) {
        let harness = self.harnesses.iter().flatten().nth(harness);
        if let Some(harness) = harness.filter(|harness| !harness.usable) {
            let problem = harness.problem.clone().unwrap_or_default();
            let text = format!("{}: {problem} (install it with: {})", harness.name, harness.install);
            self.complain_of(text);
            return;
        }
        let harness = harness.map(|harness| harness.name.clone());
        let cwd = self.absolute(directory.trim());
        self.overlay = None;
        self.open_fresh(Fresh { cwd, harness, ..Fresh::default() });
    }

    pub(super) fn absolute(&self, directory: &str) -> String {
        let home = self.options.home.as_deref().unwrap_or("/");
        let path = match directory.strip_prefix('~') {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("{home}{rest}"),
            _ if directory.starts_with('/') => directory.to_owned(),
            _ => format!("{}/{directory}", self.options.cwd),
        };
        let mut parts: Vec<&str> = Vec::new();
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        format!("/{}", parts.join("/"))
    }

    /// The session that a command of the list, or else of the conversation, is about.
    pub(super) fn session_in_question(&self) -> Option<SessionId> {
        match &self.overlay {
            Some(Overlay::Sessions { at }) => at.clone(),
            _ => self.open.id().cloned(),
        }
    }

    pub(super) fn ask_rename(&mut self) {
        let Some(session) = self.session_in_question() else {
            self.say("a session gets its name after its first prompt");
            return;
        };
        let info = self.index.get(&session).map(|entry| &entry.info).or_else(|| self.open.info());
        if !info.is_some_and(|info| info.capabilities.rename) {
            self.say("this session cannot be renamed");
            return;
        }
        let title = Composer::with_text(info.map_or("", |info| &info.title));
        self.overlay = Some(Overlay::Rename { session, title });
    }

    pub(super) fn ask_deed(&mut self, deed: Deed) {
        if let Some(session) = self.session_in_question() {
            self.overlay = Some(Overlay::Confirm { session, deed });
        }
    }

    pub(super) fn do_deed(&mut self, session: &SessionId, deed: Deed) {
        self.overlay = None;
        let command = match deed {
            Deed::Stop => Command::SessionStop {},
            Deed::Delete => Command::SessionDelete {},
        };
        self.ask(Some(session), command);
    }

    /// What the session on the screen can do; of a fresh one, what its harness can do at best.
    #[must_use]
    pub fn capabilities(&self) -> Capabilities {
        match (&self.open.target, self.open.info()) {
            (Target::Known(_), Some(info)) => info.capabilities.clone(),
            (Target::Known(_), None) => Capabilities::default(),
            (Target::Fresh(_), _) => self.harness().map(|harness| harness.capabilities.clone()).unwrap_or_default(),
        }
    }

    /// The harness of the session on the screen.
    #[must_use]
    pub fn harness(&self) -> Option<&HarnessStatus> {
        let name = match (&self.open.target, self.open.info()) {
            (Target::Fresh(fresh), _) => fresh.harness.as_deref(),
            (Target::Known(_), info) => info.map(|info| info.harness.as_str()),
        };
        match name {
            Some(name) => self.harnesses.iter().flatten().find(|harness| harness.name == name),
            None => self.usable_harness(),
        }
    }

    pub(super) fn pick_model(&mut self) {
        if !self.capabilities().set_model {
            self.say("this agent's model cannot be changed from here");
            return;
        }
        if !self.is_connected() {
            self.say("not connected");
            return;
        }
        let session = self.open.id().cloned();
        let harness = match session {
            Some(_) => None,
            None => self.harness().map(|harness| harness.name.clone()),
        };
        self.overlay = Some(Overlay::Picker(Picker::asking(MODELS)));
        self.ask(session.as_ref(), Command::GetModels { harness });
    }

    pub(super) fn on_models(&mut self, reply: Result<ModelList, Error>) {
        let current = self.model().map(str::to_owned);
        let Some(Overlay::Picker(picker)) = &mut self.overlay else { return };
        if picker.title != MODELS {
            return;
        }
        match reply {
            Ok(list) => picker.fill(
                list.models
                    .into_iter()
                    .map(|model| Entry {
                        current: current.as_ref() == Some(&model.id),
                        note: crate::view::status::window(&model),
                        label: model.id.clone(),
                        choice: Choice::Model(model.id),
                    })
                    .collect(),
            ),
            Err(error) => {
                self.overlay = None;
                self.complain(&error);
            }
        }
    }

    /// The model of the session on the screen.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        match (&self.open.target, self.open.info()) {
            (Target::Fresh(fresh), _) => fresh.model.as_deref(),
            (Target::Known(_), info) => info?.model.as_deref(),
        }
    }

    /// Its thinking level.
    #[must_use]
    pub fn level(&self) -> Option<&str> {
        match (&self.open.target, self.open.info()) {
            (Target::Fresh(fresh), _) => fresh.thinking_level.as_deref(),
            (Target::Known(_), info) => info?.thinking_level.as_deref(),
        }
    }

    pub(super) fn pick_level(&mut self) {
        let levels = self.capabilities().thinking_levels;
        if levels.is_empty() {
            self.say("this agent has no thinking levels");
            return;
        }
        let current = self.level().map(str::to_owned);
        let entry = |level: String| Entry {
            current: current.as_ref() == Some(&level),
            label: level.clone(),
            note: String::new(),
            choice: Choice::Level(level),
        };
        self.overlay = Some(Overlay::Picker(Picker::of(LEVELS, levels.into_iter().map(entry).collect())));
    }

    pub(super) fn pick_mode(&mut self) {
        let modes = self.capabilities().modes;
        if modes.is_empty() {
            self.say("this agent has no modes");
            return;
        }
        let Some(info) = self.open.info() else {
            self.say("a session gets its mode after its first prompt");
            return;
        };
        let entry = |mode: String| Entry {
            current: info.mode.as_ref() == Some(&mode),
            label: mode.clone(),
            note: String::new(),
            choice: Choice::Mode(mode),
        };
        let entries = modes.into_iter().map(entry).collect();
        self.overlay = Some(Overlay::Picker(Picker::of(MODES, entries)));
    }

    pub(super) fn pick_fork(&mut self) {
        if !self.capabilities().fork {
            self.say("this agent cannot fork");
            return;
        }
        let said = self.open.messages().filter(|message| message.role == Role::User);
        let mut entries: Vec<Entry> = said
            .map(|message| Entry {
                choice: Choice::ForkAt(message.id.clone()),
                label: first_line(message),
                note: String::new(),
                current: false,
            })
            .collect();
        if entries.is_empty() {
            self.say("there is no message of yours to fork at");
            return;
        }
        entries.reverse();
        self.overlay = Some(Overlay::Picker(Picker::of(FORKS, entries)));
    }

    /// What was picked is set: at the session, or for the one that is to be created.
    pub(super) fn pick(&mut self, choice: Choice) {
        self.overlay = None;
        match choice {
            Choice::Do(action) => return self.do_chosen(action),
            Choice::Terminal(id) => return self.show_terminal(id),
            Choice::Model(_) | Choice::Level(_) | Choice::Mode(_) | Choice::ForkAt(_) => {}
        }
        if let Target::Fresh(fresh) = &mut self.open.target {
            match choice {
                Choice::Model(model) => fresh.model = Some(model),
                Choice::Level(level) => fresh.thinking_level = Some(level),
                Choice::Mode(_) | Choice::ForkAt(_) | Choice::Do(_) | Choice::Terminal(_) => {}
            }
            return;
        }
        let id = self.open.id().cloned();
        let command = match choice {
            Choice::Model(model) => Command::SetModel { model },
            Choice::Level(level) => Command::SetThinkingLevel { level },
            Choice::Mode(mode) => Command::SetMode { mode },
            Choice::ForkAt(message_id) => Command::SessionFork { message_id },
            Choice::Do(_) | Choice::Terminal(_) => return,
        };
        self.ask(id.as_ref(), command);
    }
}
