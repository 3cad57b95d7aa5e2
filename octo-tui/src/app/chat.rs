//! Talking to the agent of the session on the screen.

use octo_proto::{
    Command, Error,
    command::SessionReply,
    id::RequestId,
    session::{Answer, SessionState, When},
};

use super::{App, TWICE_MS, effect::Effect};
use crate::{
    state::{
        picture::Picture,
        session::{Fresh, Sent, Session, Target},
    },
    text::mention::mentions,
};

impl App {
    /// Sends what is written.
    pub(super) fn send(&mut self, steer: bool) {
        let says_nothing = self.open.composer.text().trim().is_empty() && self.open.pictures.is_empty();
        if says_nothing || self.run_own() {
            return;
        }
        if let Some(picture) = self.open.pictures.iter().find(|picture| picture.source().is_none()) {
            let label = picture.label();
            self.say(format!("{label} is still on its way"));
            return;
        }
        if self.finding {
            self.say("not connected yet; what you wrote is kept");
            return;
        }
        match self.open.target.clone() {
            Target::Known(id) => {
                let when = self.when(steer);
                let (text, pictures) = (self.open.composer.take(), std::mem::take(&mut self.open.pictures));
                let request_id = self.ask(Some(&id), prompt(&text, &pictures, when, self.open.cwd()));
                self.open.sent.push(Sent { request_id, text, pictures, when, stored: false });
            }
            Target::Fresh(fresh) => {
                if fresh.creating.is_none() && !self.create(fresh) {
                    return;
                }
                let (text, pictures) = (self.open.composer.take(), std::mem::take(&mut self.open.pictures));
                // Its own id is drawn when the session is there.
                let request_id = RequestId(format!("pending-{}", self.open.sent.len()));
                self.open.sent.push(Sent { request_id, text, pictures, when: When::Now, stored: false });
            }
        }
        self.open.revision += 1;
        self.open.transcript.follow();
    }

    fn when(&self, steer: bool) -> When {
        let capabilities = self.open.info().map(|info| &info.capabilities);
        match capabilities {
            Some(can) if steer && can.steer && self.open.is_working() => When::Steer,
            Some(can) if can.follow_up && self.open.is_working() => When::FollowUp,
            _ => When::Now,
        }
    }

    /// Creates the fresh session; false where that cannot be done now.
    fn create(&mut self, fresh: Fresh) -> bool {
        let Some(harness) = fresh.harness.clone().or_else(|| Some(self.usable_harness()?.name.clone())) else {
            match self.harnesses.iter().flatten().next() {
                Some(harness) => {
                    let problem = harness.problem.clone().unwrap_or_else(|| "it cannot be started".to_owned());
                    self.complain_of(format!("{}: {problem} (install it with: {})", harness.name, harness.install));
                }
                None if self.harnesses.is_some() => self.complain_of("the runner has no agent that it can start"),
                None => self.say("not connected yet; what you wrote is kept"),
            }
            return false;
        };
        let id = self.ask(
            None,
            Command::SessionCreate {
                harness: harness.clone(),
                cwd: fresh.cwd.clone(),
                model: fresh.model.clone(),
                title: None,
                thinking_level: fresh.thinking_level.clone(),
            },
        );
        self.open.target = Target::Fresh(Fresh { creating: Some(id), harness: Some(harness), ..fresh });
        true
    }

    /// The session is there, or could not be made: what was written is sent, or comes back.
    pub(super) fn on_created(&mut self, id: &RequestId, reply: Result<SessionReply, Error>) {
        let is_it = |session: &&mut Session| match &session.target {
            Target::Fresh(fresh) => fresh.creating.as_ref() == Some(id),
            Target::Known(_) => false,
        };
        let Some(session) = std::iter::once(&mut self.open).chain(&mut self.kept).find(is_it) else { return };
        session.revision += 1;
        match reply {
            Ok(reply) => {
                session.adopt(&reply.session);
                let session_id = reply.session.info.session_id.clone();
                let root = reply.session.info.cwd.as_str();
                for sent in &mut session.sent {
                    let command = prompt(&sent.text, &sent.pictures, sent.when, root);
                    sent.request_id = self.outbox.ask(self.now, Some(&session_id), command, &mut self.effects);
                }
                self.index.put(&reply.session);
                if self.open.id() == Some(&session_id) {
                    self.watch_open();
                }
            }
            Err(error) => {
                if let Target::Fresh(fresh) = &mut session.target {
                    fresh.creating = None;
                }
                for sent in std::mem::take(&mut session.sent).into_iter().rev() {
                    session.put_back(sent);
                }
                self.complain(&error);
            }
        }
    }

    pub(super) fn steer(&mut self) {
        let can = self.open.info().is_some_and(|info| info.capabilities.steer);
        if self.open.is_working() && !can {
            self.say("this agent takes nothing into a running turn; Enter queues it for after the turn");
            return;
        }
        self.send(true);
    }

    /// Takes queued prompts back into the composer.
    pub(super) fn take_back(&mut self) {
        let queued = self
            .open
            .view
            .as_ref()
            .is_some_and(|view| !view.live.queue.steer.is_empty() || !view.live.queue.follow_up.is_empty());
        match self.open.id().cloned() {
            Some(id) if queued => {
                self.ask(Some(&id), Command::QueueClear {});
            }
            _ => self.say("nothing is queued"),
        }
    }

    fn abort(&mut self) {
        if let Some(id) = self.open.id().cloned() {
            self.ask(Some(&id), Command::Abort {});
            self.say("stopping…");
        }
    }

    /// Esc: twice stops the agent; else it goes back to the end of the conversation.
    pub(super) fn escape(&mut self) {
        let twice = self.now - std::mem::replace(&mut self.last_escape, self.now) < TWICE_MS;
        if self.is_stoppable() {
            if twice {
                self.abort();
            } else {
                self.say("Esc again stops the agent");
            }
        } else {
            self.open.transcript.follow();
        }
    }

    /// Stops the agent at once.
    pub(super) fn stop_agent(&mut self) {
        if self.is_stoppable() {
            self.abort();
        } else {
            self.say("the agent does nothing that could be stopped");
        }
    }

    /// Ctrl+C: stops the agent, clears what is written, and quits where there is neither.
    pub(super) fn interrupt(&mut self) {
        let twice = self.now - std::mem::replace(&mut self.last_interrupt, self.now) < TWICE_MS;
        if self.is_stoppable() {
            self.abort();
        } else if !self.open.composer.is_empty() {
            self.open.composer.take();
            self.last_interrupt = i64::MIN / 2;
            self.say("cleared; Up brings it back");
        } else if twice {
            self.effects.push(Effect::Quit);
        } else {
            self.say("Ctrl+C again quits; your agents work on");
        }
    }

    fn is_stoppable(&self) -> bool {
        matches!(self.state(), Some(SessionState::Working { .. } | SessionState::Starting))
    }

    /// Answers the question of the dialog.
    pub(super) fn answer(&mut self, answer: Answer) {
        let Some(id) = self.open.id().cloned() else { return };
        let Some(dialog) = self.open.dialog.as_mut().filter(|dialog| !dialog.answered) else { return };
        dialog.answered = true;
        let request_id = dialog.request.request_id.clone();
        let (value, confirmed, cancelled) = match answer {
            Answer::Value(value) => (Some(value), None, None),
            Answer::Confirmed(yes) => (None, Some(yes), None),
            Answer::Cancelled(yes) => (None, None, Some(yes)),
        };
        self.ask(Some(&id), Command::InputResponse { request_id, value, confirmed, cancelled });
    }
}

fn prompt(text: &str, pictures: &[Picture], when: When, root: &str) -> Command {
    let files = mentions(text, root);
    let images = pictures.iter().filter_map(Picture::source).cloned().collect();
    Command::Prompt { message: text.to_owned(), images, files, when }
}
