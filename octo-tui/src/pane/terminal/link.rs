//! What a pane and the runner tell each other about its terminal.

use octo_proto::{
    Code, Error,
    emulator::Emulator,
    frame::Data,
    id::TerminalId,
    terminal::{Attached, TerminalCommand, TerminalEvent, TerminalHistory, TerminalReply, TerminalState},
};

use super::{SCROLLBACK, Stage, TerminalPane, notices};
use crate::{
    pane::{Answer, Env, Wish},
    text::clean::clean_line,
};

impl TerminalPane {
    /// Whether this client may write.
    pub(super) fn writes(&self) -> bool {
        self.writer.is_none() || self.writer == self.client
    }

    pub(super) fn begin(&mut self, env: &mut Env<'_>) {
        self.connected = false;
        let (cols, rows) = self.size;
        match (&self.id, &self.stage) {
            (Some(id), Stage::Opening | Stage::Running | Stage::Failed(_)) => {
                // Half a redraw is no screen.
                let after = self.offset.filter(|_| self.redraw == 0);
                self.told_size = Some(self.size);
                env.terminal(TerminalCommand::Attach {
                    terminal_id: id.clone(),
                    after,
                    cols,
                    rows,
                    write: true,
                    history: Some(0),
                });
            }
            (None, Stage::Opening | Stage::Failed(_)) if !self.asked => {
                (self.asked, self.stage) = (true, Stage::Opening);
                let command = self.command.clone();
                env.terminal(TerminalCommand::Open { cwd: Some(env.root.to_owned()), command, cols, rows });
            }
            (_, Stage::Ended(_)) | (None, _) => {}
        }
    }

    pub(super) fn on_answer(&mut self, command: &TerminalCommand, result: Result<Answer, Error>, env: &mut Env<'_>) {
        match command {
            TerminalCommand::Open { .. } => match self.opened(result) {
                Ok(reply) => {
                    self.id = Some(reply.terminal.terminal_id);
                    self.stage = Stage::Running;
                    self.begin(env);
                }
                Err(error) => self.fail(&error),
            },
            TerminalCommand::Attach { .. } => match result.and_then(|answer| answer.read::<Attached>()) {
                Ok(attached) => {
                    self.connected = true;
                    self.client = Some(attached.client);
                    self.writer = attached.terminal.writer;
                    self.folder = attached.terminal.cwd;
                    self.stage = Stage::Running;
                    self.fresh = true;
                    let ahead = std::mem::take(&mut self.ahead);
                    self.send(ahead, env);
                }
                // It comes back with the link or the runner, and is asked for again then.
                Err(error) if error.code == Code::Unavailable => {}
                Err(error) => self.fail(&error),
            },
            TerminalCommand::Input { .. } => match result {
                // Sent again, it might arrive twice.
                Err(error) if error.code == Code::Unavailable => {
                    env.say("the connection was lost: what you typed last may not have arrived");
                }
                Err(error) => env.complain(&error),
                Ok(_) => {}
            },
            TerminalCommand::Take { .. } | TerminalCommand::Resize { .. } | TerminalCommand::Close { .. } => {
                if let Err(error) = result {
                    env.complain(&error);
                }
            }
            TerminalCommand::History { .. } => self.on_history(result.and_then(|answer| answer.read()), env),
            TerminalCommand::Detach { .. }
            | TerminalCommand::List {}
            | TerminalCommand::Screen { .. }
            | TerminalCommand::Wait { .. } => {}
        }
    }

    pub(super) fn opened(&mut self, result: Result<Answer, Error>) -> Result<TerminalReply, Error> {
        self.asked = false;
        result?.read()
    }

    pub(super) fn fail(&mut self, error: &Error) {
        let hint = error.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        self.stage = Stage::Failed(match error.code {
            Code::NotFound if self.id.is_some() => "this terminal is gone".to_owned(),
            _ => clean_line(&format!("{}{hint}", error.message)),
        });
        self.fresh = true;
    }

    pub(super) fn on_event(&mut self, event: &TerminalEvent, env: &mut Env<'_>) {
        match event {
            TerminalEvent::Screen { terminal_id, cols, rows, offset, redraw } if self.is(terminal_id) => {
                *self.emulator = Emulator::new((*cols).into(), (*rows).into(), SCROLLBACK);
                (self.offset, self.redraw) = (Some(*offset), *redraw);
                self.fresh = true;
            }
            TerminalEvent::Owner { terminal_id, client, cols, rows } if self.is(terminal_id) => {
                self.writer.clone_from(client);
                self.emulator.resize((*cols).into(), (*rows).into());
                self.fresh = true;
            }
            TerminalEvent::Gap { terminal_id, bytes } if self.is(terminal_id) => self.missing += bytes,
            TerminalEvent::Exited { terminal_id, state } if self.is(terminal_id) => {
                self.stage = Stage::Ended(state.clone());
                self.fresh = true;
                // As with any window of a shell: it ended as it should, so there is nothing to read.
                if *state == (TerminalState::Exited { code: 0 }) {
                    self.forget(env);
                }
            }
            TerminalEvent::Screen { .. }
            | TerminalEvent::Owner { .. }
            | TerminalEvent::Gap { .. }
            | TerminalEvent::Exited { .. }
            | TerminalEvent::Unknown => {}
        }
    }

    /// Nobody needs it any more.
    pub(super) fn forget(&mut self, env: &mut Env<'_>) {
        if let Some(terminal_id) = self.id.take() {
            env.terminal(TerminalCommand::Close { terminal_id });
        }
        env.wishes.push(Wish::Close);
    }

    pub(super) fn on_output(&mut self, data: &Data, env: &mut Env<'_>) {
        if self.id.as_ref().is_none_or(|id| id.0 != data.terminal_id) {
            return;
        }
        let redraw = usize::try_from(self.redraw).unwrap_or(usize::MAX).min(data.bytes.len());
        let (drawn, new) = data.bytes.split_at(redraw);
        self.redraw -= redraw as u64;
        let now = u64::try_from(env.now).unwrap_or(0);
        if !drawn.is_empty() {
            // What it told then it told long ago.
            self.emulator.feed(drawn, now);
        }
        if !new.is_empty() {
            let outcome = self.emulator.feed(new, now);
            self.offset = self.offset.map(|offset| offset + new.len() as u64);
            outcome.notices.into_iter().for_each(|notice| notices::tell(notice, env));
        }
        self.fresh = true;
    }

    pub(super) fn on_history(&mut self, result: Result<TerminalHistory, Error>, env: &mut Env<'_>) {
        let Some(past) = &mut self.past else { return };
        match result {
            Ok(page) => past.take(page),
            Err(error) => {
                past.give_up(error.code != Code::Unavailable);
                env.complain(&error);
            }
        }
        if !past.is_scrolled() && !self.held {
            self.past = None;
        }
        self.fresh = true;
    }

    pub(super) fn is(&self, id: &TerminalId) -> bool {
        self.id.as_ref() == Some(id)
    }
}
