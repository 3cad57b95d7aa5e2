//! The panes beside the conversation: what happens goes to them, what they wish is done.

use bytes::Bytes;
use octo_proto::{
    Error,
    files::{FilesCommand, FilesEvent, FilesRequest},
    frame::Data,
    id::{RequestId, SessionId},
    terminal::{TerminalCommand, TerminalEvent, TerminalReply},
};

use super::{
    App,
    effect::{Call, Effect, Wall},
    outside,
};
use crate::{
    pane::{Answer, Env, Kept, Pane, PaneInput, Wish, diff::DiffPane, terminal::TerminalPane},
    state::{
        layout::{Axis, CHAT, PaneId},
        workspace::Workspace,
    },
};

/// After a change the layout is kept this much later, in ms.
const KEEP_MS: i64 = 1_000;

/// A program may ring the bell this often, in ms.
const BELL_MS: i64 = 250;

/// The shortest time between two texts that programs hand out for the clipboard, in ms, and the longest of them, in bytes.
const COPY_MS: i64 = 250;
const MOST_COPIED: usize = 256 * 1024;

/// Who waits for what of a channel.
#[derive(Debug)]
pub(super) struct Waiting {
    id: RequestId,
    pane: PaneId,
    /// Something that tells more until it is cancelled or answered.
    stream: Option<Stream>,
    /// It is sent again on a new connection.
    mutating: bool,
}

/// What tells more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stream {
    Watch,
    Search,
}

fn stream(command: &FilesCommand) -> Option<Stream> {
    match command {
        FilesCommand::Watch { .. } => Some(Stream::Watch),
        FilesCommand::Search { .. } | FilesCommand::Grep { .. } => Some(Stream::Search),
        _ => None,
    }
}

impl App {
    /// Lets a pane act, and does what it wishes.
    pub(super) fn with_pane(&mut self, id: PaneId, act: impl FnOnce(&mut dyn Pane, &mut Env<'_>)) {
        let Some(mut pane) = self.workspace.panes.remove(&id) else { return };
        let mut env = Env { now: self.now, root: &self.workspace.root, wishes: Vec::new() };
        act(pane.as_mut(), &mut env);
        let wishes = env.wishes;
        self.workspace.panes.insert(id, pane);
        for wish in wishes {
            self.grant(id, wish);
        }
    }

    /// Tells a pane that something happened.
    pub(super) fn tell_pane(&mut self, id: PaneId, input: PaneInput<'_>) {
        self.with_pane(id, |pane, env| pane.on(input, env));
    }

    fn grant(&mut self, id: PaneId, wish: Wish) {
        match wish {
            Wish::Files(command, bytes) => self.ask_files(id, command, bytes),
            Wish::Terminal(command, bytes) => {
                let session = self.session_here();
                self.ask_for(id, session, (Call::Terminal(command), bytes), None);
            }
            Wish::Show(place, showing) => self.open_place(place, showing),
            Wish::Draw { bytes, room } => {
                let (place, name) = (Wall::Pane(id), self.name_drawing());
                self.effects.push(Effect::Draw { place, bytes, room, id: name });
            }
            Wish::Highlight(number, path, text) => {
                self.effects.push(Effect::Highlight { pane: id, number, path, text });
            }
            Wish::Compose(text) => {
                self.workspace.layout.focus(CHAT);
                self.open.composer.insert_apart(&text);
            }
            Wish::Copy(text) => self.copy_of(id, text),
            Wish::Bell if self.now >= self.bell_at => {
                self.bell_at = self.now + BELL_MS;
                self.effects.push(Effect::Bell);
            }
            Wish::Bell => {}
            Wish::Say(text) => self.say(text),
            Wish::Complain(error) => self.complain(&error),
            Wish::Close => self.close_pane(id),
        }
    }

    /// A program hands out text for the clipboard: where it is seen, and as often as a person could.
    fn copy_of(&mut self, id: PaneId, text: String) {
        if self.workspace.places.of(id).is_none() {
            return;
        }
        if text.len() > MOST_COPIED {
            let size = text.len() / 1024;
            return self.say(format!("a program's {size} KiB for the clipboard are too much and were left out"));
        }
        self.copying = Some(text);
        self.copy_soon();
    }

    /// Hands on what was copied last, when it is time.
    pub(super) fn copy_soon(&mut self) {
        if self.now >= self.copy_at
            && let Some(text) = self.copying.take()
        {
            self.copy_at = self.now + COPY_MS;
            self.effects.push(Effect::Copy(text));
        }
    }

    /// The session of this workspace that is on the screen.
    fn session_here(&self) -> Option<SessionId> {
        self.open.id().filter(|_| self.open.cwd() == self.workspace.root).cloned()
    }

    fn ask_files(&mut self, id: PaneId, mut command: FilesCommand, bytes: Bytes) {
        let stream = stream(&command);
        let outside = outside::leave(&mut command);
        if outside.is_some() && stream.is_some() {
            return;
        }
        // Of each kind a pane has one at a time: the last it asked for.
        if stream.is_some() {
            self.cancel(|waiting| waiting.pane == id && waiting.stream == stream);
        }
        let root = outside.unwrap_or_else(|| self.workspace.root.clone());
        let request = FilesRequest { root: Some(root), command };
        let session = self.session_here();
        self.ask_for(id, session, (Call::Files(request), bytes), stream);
    }

    fn ask_for(
        &mut self,
        pane: PaneId,
        session: Option<SessionId>,
        (call, bytes): (Call, Bytes),
        stream: Option<Stream>,
    ) {
        let mutating = call.is_mutating();
        let id = self.outbox.put(self.now, session, (call, bytes), &mut self.effects);
        self.waiting.push(Waiting { id, pane, stream, mutating });
    }

    /// Ends what tells more.
    fn cancel(&mut self, which: impl Fn(&Waiting) -> bool) {
        let ended: Vec<Waiting> = self.waiting.extract_if(.., |waiting| which(waiting)).collect();
        for waiting in ended.into_iter().filter(|waiting| waiting.stream.is_some()) {
            let command = FilesCommand::Cancel { request_id: waiting.id };
            let request = FilesRequest { root: Some(self.workspace.root.clone()), command };
            self.ask(None, request);
        }
    }

    pub(super) fn on_pane_answer(&mut self, id: &RequestId, call: &Call, result: Result<Answer, Error>) {
        let Some(place) = self.waiting.iter().position(|waiting| waiting.id == *id) else {
            return self.end_unseen(call, result);
        };
        let pane = self.waiting[place].pane;
        // A watch goes on after its answer.
        if self.waiting[place].stream != Some(Stream::Watch) || result.is_err() {
            self.waiting.remove(place);
        }
        match call {
            Call::Files(FilesRequest { root: Some(root), command }) if *root != self.workspace.root => {
                let mut command = command.clone();
                outside::come_back(&mut command, root);
                self.tell_pane(pane, PaneInput::Files(&command, result));
            }
            Call::Files(request) => self.tell_pane(pane, PaneInput::Files(&request.command, result)),
            Call::Terminal(command) => self.tell_pane(pane, PaneInput::Terminal(command, result)),
            Call::Agent(_) => {}
        }
    }

    /// A terminal whose pane was closed before there was anything in it: nobody would ever look for it.
    fn end_unseen(&mut self, call: &Call, result: Result<Answer, Error>) {
        if let (Call::Terminal(TerminalCommand::Open { .. }), Ok(answer)) = (call, result)
            && let Ok(reply) = answer.read::<TerminalReply>()
        {
            self.ask(None, TerminalCommand::Close { terminal_id: reply.terminal.terminal_id });
        }
    }

    pub(super) fn on_files_event(&mut self, event: &FilesEvent) {
        let Some(id) = event.request_id() else { return };
        if let FilesEvent::Found { found, .. } = event {
            self.on_found(id, found);
        }
        if let Some(pane) = self.waiting.iter().find(|waiting| waiting.id == *id).map(|waiting| waiting.pane) {
            self.tell_pane(pane, PaneInput::FilesEvent(event));
        }
    }

    pub(super) fn on_terminal_event(&mut self, event: &TerminalEvent) {
        for id in self.pane_ids() {
            self.tell_pane(id, PaneInput::TerminalEvent(event));
        }
    }

    pub(super) fn on_output(&mut self, data: &Data) {
        let shows = |pane: &dyn Pane| pane.terminal().is_some_and(|id| id.0 == data.terminal_id);
        let pane = self.workspace.panes.iter().find(|(_, pane)| shows(pane.as_ref())).map(|(id, _)| *id);
        if let Some(pane) = pane {
            self.tell_pane(pane, PaneInput::Output(data));
        }
    }

    /// Lays out the panes that are seen.
    pub(super) fn arrange_panes(&mut self) {
        let theme = self.options.theme;
        for (id, area) in self.workspace.places.panes.clone() {
            let inner = crate::view::panes::inner(area);
            self.with_pane(id, |pane, env| pane.arrange((inner.width, inner.height), &theme, env));
        }
    }

    pub(super) fn pane_ids(&self) -> Vec<PaneId> {
        self.workspace.panes.keys().copied().collect()
    }

    /// There is a connection, or another runner: all panes ask anew.
    pub(super) fn connect_panes(&mut self) {
        self.waiting.retain(|waiting| waiting.mutating);
        for id in self.pane_ids() {
            self.tell_pane(id, PaneInput::Connected);
        }
    }

    /// The panes whose time has come.
    pub(super) fn tick_panes(&mut self) {
        for id in self.pane_ids() {
            if self.workspace.panes[&id].wake_at().is_some_and(|at| at <= self.now) {
                self.tell_pane(id, PaneInput::Tick);
            }
        }
        if self.keep_at.is_some_and(|at| at <= self.now) {
            self.keep_layout();
        }
    }

    /// Puts a new pane on the screen and gives it the keys.
    pub(super) fn put_pane(&mut self, pane: Box<dyn Pane>, put: impl FnOnce(&mut Workspace, PaneId)) {
        let last = self.workspace.layout.tab().focus;
        let id = self.workspace.draw();
        self.workspace.panes.insert(id, pane);
        put(&mut self.workspace, id);
        if self.is_connected() {
            self.tell_pane(id, PaneInput::Connected);
        }
        self.focus_moved(last);
    }

    /// Opens a pane beside the one that has the keys, along its longer side.
    pub(super) fn put_beside(&mut self, pane: Box<dyn Pane>) {
        self.put_by(self.workspace.layout.tab().focus, None, pane);
    }

    /// Opens a pane beside the one with the most room, along its longer side. Trees are left narrow.
    pub(super) fn put_where_room_is(&mut self, pane: Box<dyn Pane>) {
        let is_tree =
            |id: PaneId| matches!(self.workspace.panes.get(&id).and_then(|it| it.kept()), Some(Kept::Tree { .. }));
        let roomiest = self.workspace.layout.tab().roomiest(self.areas.body, |id| !is_tree(id));
        self.put_by(roomiest, None, pane);
    }

    /// Opens a pane beside another; where it would have no room, in a tab of its own.
    fn put_by(&mut self, other: PaneId, axis: Option<Axis>, pane: Box<dyn Pane>) {
        match self.workspace.layout.tab().room_for(other, axis, self.areas.body) {
            Some(axis) => self.put_pane(pane, |workspace, id| workspace.layout.tab_mut().split(other, id, axis, 50)),
            None => {
                self.put_pane(pane, |workspace, id| workspace.layout.open_tab(id));
                self.say("no room is left beside the others: this is a tab of its own");
            }
        }
    }

    pub(super) fn open_terminal(&mut self, axis: Option<Axis>) {
        let focus = self.workspace.layout.tab().focus;
        self.put_by(focus, axis, Box::new(TerminalPane::open(Vec::new())));
    }

    /// Shows what was changed in a file or directory; with an empty path, everywhere.
    pub(super) fn open_changes(&mut self, path: String) {
        let is_it = |kept: &Kept| matches!(kept, Kept::Diff { path: other, .. } if *other == path);
        if self.focus_where(is_it).is_none() {
            self.put_where_room_is(Box::new(DiffPane::new(path, false)));
        }
    }

    /// Gives the keys to the pane that shows such a thing, if there is one.
    pub(super) fn focus_where(&mut self, shows: impl Fn(&Kept) -> bool) -> Option<PaneId> {
        let found = self.workspace.panes.iter().find(|(_, pane)| pane.kept().is_some_and(|kept| shows(&kept)));
        let id = found.map(|(id, _)| *id)?;
        self.focus_pane(id);
        Some(id)
    }

    /// Gives a pane the keys.
    pub(super) fn focus_pane(&mut self, id: PaneId) {
        let last = self.workspace.layout.tab().focus;
        self.workspace.layout.focus(id);
        self.focus_moved(last);
    }

    /// The keys went from one pane to another.
    pub(super) fn focus_moved(&mut self, last: PaneId) {
        let now = self.workspace.layout.tab().focus;
        if now != last {
            self.tell_pane(last, PaneInput::Focus(false));
            self.tell_pane(now, PaneInput::Focus(true));
        }
        self.keep_soon();
    }

    /// Takes a pane off the screen; what it shows goes on.
    pub(super) fn close_pane(&mut self, id: PaneId) {
        if id == CHAT {
            self.say("the conversation stays; q leaves");
            return;
        }
        let last = self.workspace.layout.tab().focus;
        self.tell_pane(id, PaneInput::Closed);
        self.cancel(|waiting| waiting.pane == id && waiting.stream.is_some());
        self.waiting.retain(|waiting| waiting.pane != id);
        self.workspace.panes.remove(&id);
        self.workspace.layout.remove(id);
        self.focus_moved(last);
    }

    /// Ends a terminal with all that runs in it.
    pub(super) fn end_terminal(&mut self, id: PaneId) {
        let terminal = self.workspace.panes.get(&id).and_then(|pane| pane.terminal()).cloned();
        if let Some(terminal_id) = terminal {
            self.ask(None, TerminalCommand::Close { terminal_id });
        }
        self.close_pane(id);
    }

    /// The workspace follows the session on the screen.
    pub(super) fn follow_workspace(&mut self) {
        let root = self.open.cwd();
        if root.is_empty() || root == self.workspace.root {
            return;
        }
        let root = root.to_owned();
        self.keep_layout();
        for id in self.pane_ids() {
            self.tell_pane(id, PaneInput::Closed);
        }
        self.cancel(|waiting| waiting.stream.is_some());
        self.waiting.clear();
        self.workspace = Workspace::new(&root);
        self.effects.push(Effect::LoadLayout { root });
    }

    /// What was kept of a workspace was read.
    pub(super) fn on_layout(&mut self, root: &str, text: Option<&str>) {
        if self.workspace.root != root || self.workspace.loaded {
            return;
        }
        self.workspace.loaded = true;
        if let Some(text) = text {
            self.workspace.restore(text);
        }
        if self.is_connected() {
            self.connect_panes();
        }
        let focus = self.workspace.layout.tab().focus;
        self.tell_pane(focus, PaneInput::Focus(true));
    }

    /// The layout changed, or may have.
    pub(super) fn keep_soon(&mut self) {
        self.keep_at = self.keep_at.or(Some(self.now + KEEP_MS));
    }

    /// Keeps the layout now, if it changed.
    pub(super) fn keep_layout(&mut self) {
        self.keep_at = None;
        if let Some(text) = self.workspace.to_keep() {
            self.effects.push(Effect::SaveLayout { root: self.workspace.root.clone(), text });
        }
    }
}
