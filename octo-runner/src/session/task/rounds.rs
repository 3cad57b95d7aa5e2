//! What is stored and told together: facts first into the store, then into the log, then everything that follows.

use std::time::Duration;

use octo_proto::{Code, Error, Event};
use tokio::time::Instant;

use super::{
    super::state::{Effect, Emit},
    SessionTask,
};
use crate::{failpoint, hstry::Op};

/// How long the store is left alone after it failed; doubled at each failure.
const RETRY: Duration = Duration::from_millis(200);

/// At most so long.
const RETRY_AT_MOST: Duration = Duration::from_secs(2);

/// Effects that belong together.
pub(super) struct Round {
    events: Vec<Emit>,
    ops: Vec<Op>,
    after: Vec<Effect>,
    /// Where the transcript is no longer needed before, once this is stored.
    covered: Option<u64>,
}

impl SessionTask {
    /// Does what the machine wants, in the one order that loses nothing: what is volatile ahead of the first fact is
    /// told; then everything is stored; then told; then answered, written and started.
    pub(super) async fn perform(&mut self, effects: Vec<Effect>, ops: Vec<Op>) {
        let mut round = Round { events: Vec::new(), ops, after: Vec::new(), covered: None };
        let mut checkpoint = false;
        for effect in effects {
            match effect {
                Effect::Emit(emit) => round.events.push(emit),
                Effect::Checkpoint => checkpoint = true,
                Effect::Save => round.ops.push(self.row()),
                Effect::Reply(key, answer) => {
                    round.ops.extend(self.settle_op(&key, &answer));
                    round.after.push(Effect::Reply(key, answer));
                }
                Effect::Close(key) => {
                    if let Some(account) = self.accounts.get(&key) {
                        round.ops.push(Op::End { account: account.clone(), request_id: key.clone() });
                    }
                    round.after.push(Effect::Close(key));
                }
                Effect::Debug(why) => self.debug(&why),
                Effect::Models(models) => self.runner.offered(&self.state.info.harness, models),
                Effect::Write(_) | Effect::Start | Effect::Stop(_) => round.after.push(effect),
            }
        }
        self.elide(&mut round);
        let has_fact = round.events.iter().any(|emit| emit.event.is_fact());
        if has_fact || checkpoint || self.checkpoint_is_due() {
            for emit in &round.events {
                self.count_unread(&emit.event);
            }
            let facts = round.events.iter().filter(|emit| emit.event.is_fact());
            let facts: Vec<_> = facts.map(|emit| self.fact_op(emit)).collect();
            round.ops.extend(facts);
            round.ops.push(self.row());
            if checkpoint || self.checkpoint_is_due() {
                let checkpoint = self.checkpoint_op();
                if let Some(Op::Checkpoint(checkpoint)) = &checkpoint {
                    round.covered = Some(checkpoint.resume_offset);
                }
                round.ops.extend(checkpoint);
            }
        }
        if self.rounds.is_empty() {
            // Nothing ahead of these waits for the store.
            let volatile = round.events.iter().take_while(|emit| !emit.event.is_fact()).count();
            let rest = round.events.split_off(volatile);
            self.tell(std::mem::replace(&mut round.events, rest));
        }
        self.rounds.push_back(round);
        self.flush().await;
    }

    /// Stores and tells the rounds that wait, until none does or the store fails.
    pub(super) async fn flush(&mut self) {
        while let Some(round) = self.rounds.front_mut() {
            if !round.ops.is_empty() {
                failpoint::hit("before-commit");
                if let Err(error) = self.runner.store().commit(round.ops.clone()).await {
                    self.failures += 1;
                    let wait = RETRY.saturating_mul(1 << self.failures.min(8)).min(RETRY_AT_MOST);
                    self.retry = Some(Instant::now() + wait);
                    tracing::error!(session = %self.state.info.session_id, %error, "history cannot be written; trying again");
                    let error = error.to_error();
                    self.tell_failure(&error);
                    return;
                }
                failpoint::hit("committed");
            }
            self.failures = 0;
            let Some(round) = self.rounds.pop_front() else { return };
            if round.events.iter().any(|emit| matches!(emit.event, Event::PromptAccepted { .. })) {
                failpoint::hit("accepted");
            }
            self.tell(round.events);
            for effect in round.after {
                self.follow(effect);
            }
            // What waits was numbered before anything that is told from here.
            if let Some(covered) = round.covered.filter(|_| self.rounds.is_empty()) {
                self.trim(covered).await;
            }
        }
    }

    fn follow(&mut self, effect: Effect) {
        match effect {
            Effect::Reply(key, answer) => self.answer(&key, answer),
            Effect::Close(key) => {
                self.accounts.remove(&key);
            }
            Effect::Write(writes) => {
                if let Some(running) = &self.running {
                    running.write(writes);
                }
            }
            Effect::Start => self.start(),
            Effect::Stop(steps) => self.begin_stopping(steps),
            Effect::Emit(_) | Effect::Save | Effect::Models(_) | Effect::Debug(_) | Effect::Checkpoint => {}
        }
    }

    fn tell(&mut self, events: Vec<Emit>) {
        if events.is_empty() {
            return;
        }
        self.log.publish(events.into_iter().map(|emit| (emit.cursor, emit.ts, emit.event)));
        self.runner.index().put(self.entry());
    }

    /// Who waits for an answer learns at once why it does not come.
    fn tell_failure(&mut self, error: &Error) {
        let waiting: Vec<_> = self.waiting.drain().collect();
        for (_, waiting) in waiting {
            let hint =
                "it takes effect when the history can be written again; repeat it with the same id for the answer";
            drop(waiting.send(Err(error.clone().hint(hint))));
        }
    }

    /// Whether the store can be written: nothing new is taken while it cannot.
    pub(super) async fn store_works(&mut self) -> Result<(), Error> {
        if self.rounds.is_empty() {
            return self.runner.room();
        }
        self.flush().await;
        match self.rounds.is_empty() {
            true => Ok(()),
            false => Err(Error::new(Code::Unavailable, "the history cannot be written now")
                .hint("is the disk full? `octoctl du` shows who holds what; nothing was changed")),
        }
    }

    pub(super) async fn save(&mut self) {
        let row = self.row();
        self.rounds.push_back(Round { events: Vec::new(), ops: vec![row], after: Vec::new(), covered: None });
        self.flush().await;
        self.runner.index().put(self.entry());
    }

    fn fact_op(&self, emit: &Emit) -> Op {
        Op::Fact {
            session: self.state.info.session_id.clone(),
            number: emit.cursor.fact,
            ts: emit.ts,
            source: emit.source.clone(),
            event: Box::new(emit.event.clone()),
        }
    }

    /// Long texts and images go into attachments before anybody sees them.
    fn elide(&self, round: &mut Round) {
        for emit in &mut round.events {
            let message = match &mut emit.event {
                Event::MessageEnd { message } => Some(&mut **message),
                Event::PromptAccepted { prompt } => prompt.message.as_mut(),
                _ => None,
            };
            if let Some(message) = message {
                let (short, attachments) = crate::hstry::elide(message.clone());
                *message = short;
                round.ops.extend(attachments.into_iter().map(|attachment| Op::PutAttachment {
                    session: self.state.info.session_id.clone(),
                    attachment: Box::new(attachment),
                }));
            }
        }
    }
}
