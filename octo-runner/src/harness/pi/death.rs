//! What is left when Pi ends or does not answer.

use octo_proto::{Code, Error, Event, session::Outcome};

use super::{
    Lane, Life, Open, Pi,
    prompts::{is_ours, request},
    sink::Sink,
};
use crate::harness::{Deadline, Out};

const HANDSHAKE_MS: i64 = 20_000;
const ANSWER_MS: i64 = 30_000;
const COMPACT_MS: i64 = 600_000;
/// Deadlines of questions are named after them.
const DIALOG: &str = "octo:dialog:";

impl Pi {
    pub(super) fn on_exited(&mut self, code: Option<i32>, signal: Option<i32>, sink: &mut Sink) {
        let how = match (code, signal) {
            (Some(0), _) => return self.on_death(None, sink),
            (Some(code), _) => format!("Pi ended with exit code {code}"),
            (None, Some(signal)) => format!("Pi was ended by signal {signal}"),
            (None, None) => "Pi ended".to_owned(),
        };
        self.on_death(Some(how), sink);
    }

    /// The process is gone; `how` is None when it ended as it should once its stdin is closed.
    pub(super) fn on_death(&mut self, how: Option<String>, sink: &mut Sink) {
        self.end_message("Pi ended", sink);
        self.end_tools("the agent ended", sink);
        self.drop_dialogs(sink);
        let unfinished = self.turn.is_some() || !self.prompts.is_empty() || !self.spoke;
        let how = how.or_else(|| unfinished.then(|| "Pi ended before it was done".to_owned()));
        let message = how.map(|how| match self.stderr.trim() {
            "" => how,
            stderr => format!("{how}: {stderr}"),
        });
        if let Some(turn) = self.turn.take() {
            sink.fact(Event::AgentIdle { turn_id: Some(turn.id), outcome: Outcome::Error });
        }
        if let Some(message) = &message {
            sink.fact(Event::AgentError { message: message.clone(), recoverable: false });
        }
        for prompt in std::mem::take(&mut self.prompts) {
            sink.outs.push(Out::PromptEnded { key: prompt.key, outcome: Outcome::Error, message: message.clone() });
        }
        let error = Error::new(Code::AgentFailed, message.unwrap_or_else(|| "Pi ended".to_owned()));
        for open in std::mem::take(&mut self.open) {
            if !is_ours(&open.key) && !is_prompt(&open) {
                sink.outs.push(Out::Reply { key: request(&open.key), result: Err(error.clone()) });
            }
        }
        self.demands.clear();
        self.steering.clear();
        self.following.clear();
        self.due.clear();
        self.compacting = false;
        self.life = Life::Ended;
    }

    pub(super) fn all_deadlines(&self) -> Vec<Deadline> {
        let answers = self.open.iter().filter_map(|open| {
            let at = open.at.max(self.held_until) + self.limit(open)?;
            Some(Deadline { key: open.key.clone(), at })
        });
        let questions = self.dialogs.iter().filter_map(|dialog| {
            let timeout = i64::try_from(dialog.request.timeout_ms?).ok()?;
            let key = format!("{DIALOG}{}", dialog.request.request_id);
            Some(Deadline { key, at: dialog.request.asked_at + timeout })
        });
        answers.chain(questions).collect()
    }

    /// How long the answer may take, in ms; None while a person or an extension has all the time.
    fn limit(&self, open: &Open) -> Option<i64> {
        let key = request(&open.key);
        let extension = self.prompts.iter().any(|prompt| prompt.key == key && prompt.lane == Lane::Extension);
        if extension || (!self.dialogs.is_empty() && is_prompt(open)) {
            return None;
        }
        Some(match open.command.as_str() {
            "compact" => COMPACT_MS,
            // Pi may compact before it takes a prompt.
            _ if self.compacting && is_prompt(open) => COMPACT_MS,
            _ if self.life == Life::Starting => HANDSHAKE_MS,
            _ => ANSWER_MS,
        })
    }

    pub(super) fn on_timeout(&mut self, key: &str, sink: &mut Sink) {
        if !self.all_deadlines().iter().any(|deadline| deadline.key == key && deadline.at <= sink.at) {
            return sink.debug(format!("`{key}` was answered, or has more time by now"));
        }
        if let Some(question) = key.strip_prefix(DIALOG) {
            return self.on_dialog_timeout(question, sink);
        }
        let Some(at) = self.open.iter().position(|open| open.key == key) else {
            return;
        };
        let open = self.open.remove(at);
        let message = format!("Pi did not answer `{}` in time", open.command);
        if is_prompt(&open) {
            self.end_prompt(&request(key), Outcome::Error, Some(message), sink);
        } else if !is_ours(key) {
            let error =
                Error::new(Code::Timeout, message).hint("it may still take effect; stop the session if it hangs");
            sink.outs.push(Out::Reply { key: request(key), result: Err(error) });
        } else if self.life == Life::Starting {
            let hint = "run `pi` in a terminal to see whether it starts; stop the session and say it again";
            self.fail(Error::new(Code::Timeout, message).hint(hint), sink);
        } else {
            if key.starts_with("octo:probe:") && self.turn.is_none() {
                self.end_accepted(open.place, Outcome::Error, Some(&message), sink);
            }
            sink.debug(message);
        }
    }
}

fn is_prompt(open: &Open) -> bool {
    matches!(open.command.as_str(), "prompt" | "steer" | "follow_up")
}
