//! What the link tells.

use octo_proto::{
    Code, Command, Cursor, Error, Event, Message,
    command::{ForkReply, HarnessList, HistoryPage, ModelList, QueueCleared, SessionReply},
    id::{RequestId, SessionId},
    session::Outcome,
    terminal::TerminalCommand,
};
use serde::de::DeserializeOwned;

use super::{
    App,
    effect::{Call, Effect},
    input::Heard,
    outbox::Answered,
};
use crate::{link::state::Status, pane::Answer, state::session::Session, view::status::count};

impl App {
    pub(super) fn on_heard(&mut self, heard: Heard) {
        match heard {
            Heard::Status(status) => self.on_status(status),
            Heard::Reply { id, result } => {
                if let Some(answered) = self.outbox.answer(self.now, &id, result) {
                    self.on_answer(&id, answered);
                }
            }
            Heard::Event { session_id, cursor, event } => self.on_event(session_id.as_ref(), cursor, &event),
            Heard::Files(event) => self.on_files_event(&event),
            Heard::Terminal(event) => self.on_terminal_event(&event),
            Heard::Output(data) => self.on_output(&data),
            Heard::Unknown => self.unknown_events += 1,
        }
    }

    fn on_status(&mut self, status: Status) {
        match &status {
            Status::Up(connection) => {
                (self.runner_lost, self.down_since) = (false, None);
                self.outbox.connected(*connection, &mut self.effects);
                self.link = status;
                self.watch_again();
            }
            Status::Connecting | Status::Down { .. } => {
                self.down_since = self.down_since.or(Some(self.now));
                self.outbox.disconnected();
                self.link = status;
            }
        }
    }

    /// A new connection, or a new runner: all watches begin again where they were.
    fn watch_again(&mut self) {
        self.ask(None, Command::Watch { after: self.index.cursor });
        self.ask(None, Command::Harnesses {});
        self.open.paging = false;
        self.gallery.reconnect();
        self.watch_open();
        self.connect_panes();
    }

    pub(super) fn watch_open(&mut self) {
        if let Some(id) = self.open.id().cloned() {
            let after = self.open.watch_after();
            if matches!(self.link, Status::Up(_)) {
                self.ask(Some(&id), Command::Watch { after });
            }
        }
    }

    fn on_event(&mut self, session_id: Option<&SessionId>, cursor: Cursor, event: &Event) {
        match event {
            Event::IndexSnapshot { .. } | Event::IndexUpdated { .. } | Event::IndexRemoved { .. } => {
                self.on_index(cursor, event);
            }
            Event::RunnerLost {} => self.runner_lost = true,
            Event::RunnerReady {} => {
                self.runner_lost = false;
                if let Status::Up(connection) = self.link {
                    self.outbox.connected(connection, &mut self.effects);
                    self.watch_again();
                }
            }
            _ => self.on_session_event(session_id, cursor, event),
        }
    }

    fn on_index(&mut self, cursor: Cursor, event: &Event) {
        let needing = self.index.needing(self.open.id());
        self.index.apply(cursor, event);
        if !self.focused && self.index.needing(self.open.id()) > needing {
            self.effects.push(Effect::Bell);
        }
        if let Event::IndexRemoved { session_id } = event {
            self.on_deleted(session_id);
        }
        if std::mem::take(&mut self.finding)
            && let Some(entry) = self.index.newest_in(&self.options.cwd).cloned()
        {
            let composer = std::mem::take(&mut self.open.composer);
            self.open_entry(&entry);
            if !composer.is_empty() {
                self.open.composer = composer;
            }
        }
    }

    fn on_session_event(&mut self, session_id: Option<&SessionId>, cursor: Cursor, event: &Event) {
        let Some(id) = session_id else { return };
        let now = self.now;
        let Some(session) = self.session_mut(id) else { return };
        session.apply(cursor, event);
        session.follow_retry(now, event);
        let is_open = self.open.id() == Some(id);
        match event {
            Event::PromptEnded { outcome: Outcome::Error, message: Some(message), .. } if is_open => {
                self.complain_of(message.clone());
            }
            Event::Notify { level, message } if is_open => match level.as_str() {
                "error" | "warning" => self.complain_of(message.clone()),
                _ => self.say(message.clone()),
            },
            Event::CompactEnd { tokens_before, aborted, message, .. } if is_open => match (message, aborted) {
                (Some(message), _) => self.complain_of(format!("compacting failed: {message}")),
                (None, true) => self.say("compacting was stopped"),
                (None, false) => {
                    let before = tokens_before.map(|tokens| format!(" from {} tokens", count(tokens)));
                    self.say(format!("compacted{}", before.unwrap_or_default()));
                }
            },
            Event::SessionClosed { deleted: true, .. } => self.on_deleted(&id.clone()),
            _ => {}
        }
    }

    pub(super) fn session_mut(&mut self, id: &SessionId) -> Option<&mut Session> {
        std::iter::once(&mut self.open).chain(&mut self.kept).find(|session| session.id() == Some(id))
    }

    fn on_answer(&mut self, id: &RequestId, answered: Answered) {
        let Answered { session, call, result } = answered;
        let command = match call {
            Call::Agent(command) => command,
            Call::Terminal(TerminalCommand::List {}) => {
                return self.with_ok(result, Self::on_terminals);
            }
            Call::Files(_) if self.on_search_answer(id, &result) => return,
            call @ (Call::Files(_) | Call::Terminal(_)) => return self.on_pane_answer(id, &call, result),
        };
        match command {
            Command::SessionCreate { .. } => self.on_created(id, read(result)),
            Command::Prompt { .. } => self.on_prompt_answer(id, result),
            Command::QueueClear {} => {
                self.with_ok::<QueueCleared>(result, |app, cleared| app.put_back(session.as_ref(), &cleared.texts));
            }
            Command::GetModels { .. } => self.on_models(read::<ModelList>(result)),
            Command::Harnesses {} => self.with_ok::<HarnessList>(result, |app, list| app.on_harnesses(list.harnesses)),
            Command::HistoryPage { .. } => self.on_page(session.as_ref(), read(result)),
            Command::SessionFork { .. } => self.with_ok::<ForkReply>(result, |app, fork| {
                app.index.put(&fork.session);
                app.open_entry(&fork.session);
                app.open.composer.set(&fork.text);
            }),
            Command::SessionRename { .. } => {
                self.with_ok::<SessionReply>(result, |app, reply| app.index.put(&reply.session));
            }
            Command::InputResponse { request_id, .. } => {
                if let Err(error) = result {
                    self.complain(&error);
                    for dialog in self.open.dialog.iter_mut().filter(|dialog| dialog.is_of(&request_id)) {
                        dialog.answered = false;
                    }
                }
            }
            Command::AttachmentGet { id, offset, .. } => self.on_piece(&id, offset, result),
            Command::AttachmentPut { upload, .. } => self.on_put(&upload, read(result)),
            Command::GetCommands {} => self.with_ok(result, |app, list| app.on_commands(session.as_ref(), list)),
            Command::Watch { .. } => self.on_watch_answer(session.as_ref(), result),
            _ => {
                if let Err(error) = result {
                    self.complain(&error);
                }
            }
        }
    }

    fn with_ok<T: DeserializeOwned>(&mut self, result: Result<Answer, Error>, then: impl FnOnce(&mut Self, T)) {
        match read(result) {
            Ok(reply) => then(self, reply),
            Err(error) => self.complain(&error),
        }
    }

    fn on_watch_answer(&mut self, session: Option<&SessionId>, result: Result<Answer, Error>) {
        let Err(error) = result else { return };
        match session {
            Some(id) if error.code == Code::NotFound => self.on_deleted(id),
            // Lost with the runner or the link: it is watched again when that is back.
            _ if error.code == Code::Unavailable => {}
            _ => self.complain(&error),
        }
    }

    fn on_page(&mut self, session: Option<&SessionId>, page: Result<HistoryPage, Error>) {
        let Some(session) = session.and_then(|id| self.session_mut(id)) else { return };
        match page {
            Ok(HistoryPage { messages, has_more }) => session.put_page(messages, has_more),
            Err(error) => {
                session.paging = false;
                // Otherwise the same question would be asked for ever.
                session.has_more = error.code == Code::Unavailable;
                if error.code != Code::Unavailable {
                    self.complain(&error);
                }
            }
        }
    }

    fn put_back(&mut self, session: Option<&SessionId>, texts: &[String]) {
        let Some(session) = session.and_then(|id| self.session_mut(id)) else { return };
        if !texts.is_empty() {
            session.composer.put_before(&texts.join("\n\n"));
        }
    }

    fn on_prompt_answer(&mut self, id: &RequestId, result: Result<Answer, Error>) {
        let owner = std::iter::once(&mut self.open)
            .chain(&mut self.kept)
            .find(|session| session.sent.iter().any(|sent| sent.request_id == *id));
        let Some(session) = owner else { return };
        session.revision += 1;
        match result {
            Ok(_) => session.sent.iter_mut().filter(|sent| sent.request_id == *id).for_each(|sent| sent.stored = true),
            Err(error) => {
                let refused = session.sent.extract_if(.., |sent| sent.request_id == *id).next();
                if let Some(refused) = refused {
                    session.put_back(refused);
                }
                self.complain(&error);
            }
        }
    }
}

/// What a reply carries.
fn read<T: DeserializeOwned>(result: Result<Answer, Error>) -> Result<T, Error> {
    result?.read()
}

/// The first line of a message, for lists.
pub(super) fn first_line(message: &Message) -> String {
    let text = message.text();
    crate::text::clean::clean_line(text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default())
}
