//! What can be done for the open commands now.

use octo_proto::{
    Code, Command, Error, Event,
    id::RequestId,
    session::{Outcome, SessionState},
};
use serde_json::Value;

use super::{Effect, State, prompts::Ending, with_hint};
use crate::harness::{Accepted, Plan};

impl State {
    /// Writes what can be written now: what the protocol demands, then what people want, control ahead of the rest.
    pub(super) fn pump(&mut self, now: i64, out: &mut Vec<Effect>) {
        if self.agent.is_none() {
            let wanted = self.open.iter().any(|open| needs_process(&open.command));
            if wanted && !self.starting {
                self.starting = true;
                out.push(Effect::Start);
            }
            if !self.starting {
                self.answer_without_process(out);
            }
            return;
        }
        if self.stopping.is_some() {
            return;
        }
        loop {
            let Some(agent) = &mut self.agent else { return };
            // What was handed over and not seen yet is not in the fold: deciding on it would decide on the past.
            if !agent.sent.is_empty() {
                return;
            }
            let written = &agent.written;
            let demanded: Vec<_> =
                agent.harness.reactions().into_iter().filter(|write| !written.contains(&write.key)).collect();
            if !demanded.is_empty() {
                agent.sent.extend(demanded.iter().map(|write| write.key.clone()));
                out.push(Effect::Write(demanded));
                return;
            }
            match self.next_plan() {
                Some((_, Plan::Write(writes))) => {
                    let Some(agent) = &mut self.agent else { return };
                    agent.sent.extend(writes.iter().map(|write| write.key.clone()));
                    out.push(Effect::Write(writes));
                    return;
                }
                Some((key, Plan::Answer(result))) => self.answer(&key, result, now, out),
                Some((_, Plan::Wait)) | None => return,
            }
        }
    }

    /// The first open command, control ahead of the rest, that can be gone on with.
    pub(super) fn next_plan(&self) -> Option<(RequestId, Plan)> {
        let agent = self.agent.as_ref()?;
        let urgent = |open: &&Accepted| {
            matches!(open.command, Command::InputResponse { .. } | Command::Abort {} | Command::QueueClear {})
        };
        let (first, then): (Vec<_>, Vec<_>) = self.open.iter().partition(urgent);
        first.into_iter().chain(then).filter(|open| !agent.written.contains(open.key.as_str())).find_map(|open| {
            let plan = match &open.command {
                Command::SessionResume {} => self.resumed(),
                _ => agent.harness.plan(open),
            };
            (plan != Plan::Wait).then(|| (open.key.clone(), plan))
        })
    }

    /// A session is resumed when its agent has answered.
    pub(super) fn resumed(&self) -> Plan {
        match &self.folded.live.state {
            SessionState::Starting | SessionState::Stopped => Plan::Wait,
            SessionState::Error { message } => Plan::Answer(Err(Error::new(Code::AgentFailed, message.clone()))),
            SessionState::Idle | SessionState::Working { .. } | SessionState::Unavailable => {
                Plan::Answer(Ok(Value::Object(serde_json::Map::new())))
            }
        }
    }

    pub(super) fn answer(&mut self, key: &RequestId, result: Result<Value, Error>, now: i64, out: &mut Vec<Effect>) {
        let is_prompt = self.open.iter().any(|open| open.key == *key && open.message.is_some());
        match (is_prompt, result) {
            (true, Ok(_)) => self.end_prompt(key, Outcome::Done.into(), (now, None), out),
            (true, Err(error)) => {
                let how = Ending { outcome: Outcome::Error, message: Some(with_hint(&error)) };
                self.end_prompt(key, how, (now, None), out);
            }
            (false, result) => self.reply(key, result, out),
        }
    }

    pub(super) fn answer_without_process(&mut self, out: &mut Vec<Effect>) {
        let idle: Vec<_> = self.open.iter().filter(|open| open.message.is_none()).cloned().collect();
        for open in idle {
            let result = match open.command {
                Command::Abort {} => Ok(Value::Object(serde_json::Map::new())),
                Command::QueueClear {} => Ok(Value::Null),
                Command::SetModel { model } => {
                    self.spec.model = Some(model.clone());
                    let at = self.info.updated_at;
                    self.emit(Event::ModelChanged { model }, at, None, out);
                    Ok(Value::Object(serde_json::Map::new()))
                }
                Command::SetThinkingLevel { level } => {
                    self.spec.thinking_level = Some(level.clone());
                    let at = self.info.updated_at;
                    self.emit(Event::ThinkingLevelChanged { level }, at, None, out);
                    Ok(Value::Object(serde_json::Map::new()))
                }
                _ => Err(Error::new(Code::Conflict, "the session has no running agent")
                    .hint("`session.resume` or a prompt starts it")),
            };
            self.reply(&open.key, result, out);
        }
    }
}

fn needs_process(command: &Command) -> bool {
    matches!(
        command,
        Command::Prompt { .. } | Command::SessionResume {} | Command::Compact { .. } | Command::GetCommands {}
    )
}
