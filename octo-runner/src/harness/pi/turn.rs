//! A turn from its begin to `agent_settled`, with the retries and compactions within it.

use octo_proto::{
    Event, Message, Part, PartKind, Role,
    id::TurnId,
    session::{Outcome, Phase},
};
use serde_json::{Value, json};

use super::{
    Lane, Pi, Stage, Turn,
    lines::{flag, number, owned, readable, text},
    sink::Sink,
};
use crate::harness::Out;

impl Pi {
    /// Pi works: a turn begins, or goes on after a retry.
    pub(super) fn begin_turn(&mut self, sink: &mut Sink) {
        self.demands.retain(|demand| !demand.key.starts_with("octo:probe:"));
        if self.turn.is_some() {
            return self.phase(Phase::Generating, None, sink);
        }
        let begins = |stage| matches!(stage, Stage::Accepted(_));
        let prompt = self.prompts.iter().find(|prompt| prompt.lane == Lane::Turn && begins(prompt.stage));
        let id = prompt.map_or_else(|| TurnId::derive(&self.process, sink.place), |prompt| prompt.key.turn_id());
        let phase = Phase::Generating;
        self.turn = Some(Turn { id: id.clone(), phase, aborted: false, error: None });
        sink.volatile(Event::AgentWorking { phase, detail: None, turn_id: Some(id) });
    }

    /// Tells the phase of the turn when it changed.
    pub(super) fn phase(&mut self, phase: Phase, detail: Option<String>, sink: &mut Sink) {
        if let Some(turn) = self.turn.as_mut().filter(|turn| turn.phase != phase) {
            turn.phase = phase;
            sink.volatile(Event::AgentWorking { phase, detail, turn_id: None });
        }
    }

    /// Nothing more happens by itself.
    pub(super) fn settle(&mut self, aborted: Option<bool>, sink: &mut Sink) {
        let Some(turn) = self.turn.take() else {
            return sink.debug("Pi settled outside of a turn");
        };
        self.end_message("Pi settled before it was whole", sink);
        self.end_tools("Pi settled before it was done", sink);
        let (outcome, message) = match turn.error {
            _ if aborted.unwrap_or(turn.aborted) => (Outcome::Aborted, None),
            Some(error) => (Outcome::Error, Some(error)),
            None => (Outcome::Done, None),
        };
        if let Some(message) = &message {
            sink.fact(Event::AgentError { message: message.clone(), recoverable: true });
        }
        sink.fact(Event::AgentIdle { turn_id: Some(turn.id), outcome });
        for prompt in self.prompts.extract_if(.., |prompt| prompt.stage == Stage::Delivered) {
            sink.outs.push(Out::PromptEnded { key: prompt.key, outcome, message: message.clone() });
        }
        self.after_turn(sink);
    }

    /// What a turn leaves behind: prompts that came too late for it, and questions that nobody waits on.
    fn after_turn(&mut self, sink: &mut Sink) {
        if !self.is_open("clear_queue") {
            for key in std::mem::take(&mut self.due).into_iter().flatten() {
                self.hand_back(&key, false, sink);
            }
        }
        self.clear_late(sink.place);
        if self.awaits_turn() {
            self.probe(sink.place);
        }
        self.cancel_dialogs(|dialog| dialog.in_turn);
    }

    /// Asks whether Pi works, where that cannot be told from what it printed.
    pub(super) fn probe(&mut self, place: u64) {
        self.demand(format!("octo:probe:{place:x}"), json!({"type": "get_state"}));
    }

    pub(super) fn on_retry_start(&mut self, event: &Value, sink: &mut Sink) {
        if let Some(turn) = &mut self.turn {
            turn.phase = Phase::Retrying;
        }
        sink.volatile(Event::RetryStart {
            attempt: number(event, "attempt").unwrap_or_default() as u32,
            max_attempts: number(event, "maxAttempts").unwrap_or_default() as u32,
            delay_ms: number(event, "delayMs").unwrap_or_default(),
            message: readable(text(event, "errorMessage").unwrap_or_default()),
        });
    }

    pub(super) fn on_retry_end(&mut self, event: &Value, sink: &mut Sink) {
        sink.volatile(Event::RetryEnd {
            success: flag(event, "success"),
            attempt: number(event, "attempt").unwrap_or_default() as u32,
            message: text(event, "finalError").map(readable),
        });
        self.phase(Phase::Generating, None, sink);
    }

    pub(super) fn on_compaction_start(&mut self, event: &Value, sink: &mut Sink) {
        self.compacting = true;
        if let Some(turn) = &mut self.turn {
            turn.phase = Phase::Compacting;
        }
        sink.volatile(Event::CompactStart { reason: owned(event, "reason") });
    }

    pub(super) fn on_compaction_end(&mut self, event: &Value, sink: &mut Sink) {
        self.compacting = false;
        self.held_until = sink.at;
        let result = event.get("result").filter(|result| result.is_object());
        let summary = result.and_then(|result| text(result, "summary")).map(str::to_owned);
        let tokens_before = result.and_then(|result| number(result, "tokensBefore"));
        let (aborted, message) = (flag(event, "aborted"), text(event, "errorMessage").map(str::to_owned));
        if let Some(result) = result {
            self.mark_compaction(summary.clone(), tokens_before, sink);
            self.usage.context_tokens = number(result, "estimatedTokensAfter");
            sink.volatile(Event::UsageUpdated { usage: self.usage.clone() });
        }
        let outcome = match &message {
            _ if aborted => Outcome::Aborted,
            Some(_) => Outcome::Error,
            None => Outcome::Done,
        };
        sink.fact(Event::CompactEnd { reason: owned(event, "reason"), summary, tokens_before, aborted, message });
        match self.turn {
            Some(_) => self.phase(Phase::Generating, None, sink),
            None => sink.fact(Event::AgentIdle { turn_id: None, outcome }),
        }
    }

    /// The place in the conversation before which Pi goes on with a summary.
    fn mark_compaction(&mut self, summary: Option<String>, tokens_before: Option<u64>, sink: &mut Sink) {
        let mut message = Message::new(sink.message_id(&self.process), Role::System, sink.at);
        message.parts.push(Part::new(message.id.part(0), PartKind::Compaction { summary, tokens_before }));
        sink.fact(Event::MessageEnd { message: Box::new(message) });
    }
}
