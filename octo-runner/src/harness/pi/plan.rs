//! What to do with an accepted command now. Pi loses commands that it gets together, so one waits for the other.

use octo_proto::{
    Code, Command, Error, PartKind,
    command::{CommandList, Done, ModelList, QueueCleared, Stats},
    id::RequestId,
    message::Source,
    session::{InputKind, When},
};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Dialog, Lane, Life, Pi, dialogs::cancellation, lines::write, prompts::request};
use crate::harness::{Accepted, Plan};

pub(super) fn plan(pi: &Pi, accepted: &Accepted) -> Plan {
    match (&pi.life, &accepted.command) {
        (Life::Ended, _) => return refuse(Code::Unavailable, "Pi has ended"),
        (Life::Failed(error), Command::Prompt { .. } | Command::SetModel { .. } | Command::Compact { .. }) => {
            return Plan::Answer(Err(error.clone()));
        }
        _ => {}
    }
    match &accepted.command {
        Command::Prompt { message, .. } => pi.plan_prompt(accepted, message),
        Command::Abort {} => pi.plan_abort(&accepted.key),
        Command::QueueClear {} => pi.plan_clear(&accepted.key),
        Command::InputResponse { request_id, value, confirmed, cancelled } => {
            let answer = Answered { value: value.as_deref(), confirmed: *confirmed, cancelled: *cancelled };
            pi.plan_answer(&accepted.key, request_id, &answer)
        }
        Command::SetModel { model } => pi.plan_set_model(&accepted.key, model),
        Command::SetThinkingLevel { level } => pi.plan_set_level(&accepted.key, level),
        Command::SessionRename { title } if title.trim().is_empty() => {
            refuse(Code::BadRequest, "a title has at least one character that is not a space")
        }
        Command::SessionRename { title } => {
            pi.change(&accepted.key, &json!({"type": "set_session_name", "name": title}))
        }
        Command::Compact { .. } if pi.is_busy() => Plan::Wait,
        Command::Compact { instructions } => {
            let mut body = json!({"type": "compact"});
            if let Some(instructions) = instructions {
                body["customInstructions"] = Value::String(instructions.clone());
            }
            pi.change(&accepted.key, &body)
        }
        Command::GetModels { .. } => match &pi.models {
            Some(models) => answer(&ModelList { models: models.clone() }),
            None => Plan::Wait,
        },
        Command::GetCommands {} if pi.prepares() => Plan::Wait,
        Command::GetCommands {} => answer(&CommandList { commands: pi.commands.clone() }),
        Command::GetStats {} => answer(&Stats { usage: pi.usage.clone() }),
        Command::SetMode { .. } => refuse(Code::Unsupported, "Pi has no modes"),
        other => refuse(Code::Unsupported, &format!("Pi has nothing to do with {}", name(other))),
    }
}

/// An answer to a question, as it was given.
struct Answered<'a> {
    value: Option<&'a str>,
    confirmed: Option<bool>,
    cancelled: Option<bool>,
}

impl Pi {
    fn plan_prompt(&self, accepted: &Accepted, text: &str) -> Plan {
        let images = match images(accepted) {
            Ok(images) => images,
            Err(error) => return Plan::Answer(Err(error)),
        };
        if self.prepares() || self.changes() {
            return Plan::Wait;
        }
        if !images.is_empty() && !self.capabilities.images {
            return refuse(Code::Unsupported, "the model in use cannot see pictures; choose another or leave them out");
        }
        let extension = self.is_extension_command(text);
        let command = match accepted.when {
            When::Steer if self.turn.is_some() && !self.compacting && !extension => "steer",
            When::Steer if self.turn.is_some() && extension => "prompt",
            When::Now | When::Steer | When::FollowUp if self.is_busy() => return Plan::Wait,
            When::Now | When::Steer | When::FollowUp => "prompt",
        };
        let mut body = json!({"type": command, "message": with_quotes(accepted, text)});
        if !images.is_empty() {
            body["images"] = Value::Array(images);
        }
        Plan::Write(vec![write(&self.key_of(&accepted.key), &body)])
    }

    /// An abort before Pi has begun what it is to stop is lost, and one while a question is open waits for ever.
    fn plan_abort(&self, key: &RequestId) -> Plan {
        let begun = self.turn.is_some() || self.compacting || !self.dialogs.is_empty();
        let begins = self.changes() || self.awaits_turn();
        if self.is_open("abort") || (begins && !begun) {
            return Plan::Wait;
        }
        if !begun && self.prompts.is_empty() {
            return answer(&Done {});
        }
        let mut writes = self.cancellations(|_| true);
        writes.push(write(key.as_str(), &json!({"type": "abort"})));
        Plan::Write(writes)
    }

    /// The lines that answer these questions with nothing.
    pub(super) fn cancellations(&self, which: impl Fn(&Dialog) -> bool) -> Vec<crate::harness::Write> {
        let cancelled = self.dialogs.iter().filter(|dialog| which(dialog)).map(cancellation);
        cancelled.map(|(key, body)| write(&key, &body)).collect()
    }

    fn plan_clear(&self, key: &RequestId) -> Plan {
        if self.is_open("steer") || self.is_open("clear_queue") {
            return Plan::Wait;
        }
        if self.has_queued() {
            return Plan::Write(vec![write(key.as_str(), &json!({"type": "clear_queue"}))]);
        }
        answer(&QueueCleared::default())
    }

    fn plan_answer(&self, key: &RequestId, question: &RequestId, given: &Answered<'_>) -> Plan {
        let Some(dialog) = self.dialogs.iter().find(|dialog| dialog.request.request_id == *question) else {
            return refuse(Code::NotFound, "this question no longer waits for an answer");
        };
        let mut body = json!({"type": "extension_ui_response", "id": dialog.native});
        let kind = dialog.request.kind;
        match (given.value, given.confirmed, given.cancelled) {
            (Some(value), None, None) if kind != InputKind::Confirm => {
                let choice = matches!(kind, InputKind::Select | InputKind::Permission);
                if choice && dialog.request.options.iter().all(|option| option.value != value) {
                    return refuse(Code::BadRequest, "the answer is not one of the question's options");
                }
                body["value"] = Value::String(value.to_owned());
            }
            (None, Some(confirmed), None) if kind == InputKind::Confirm => body["confirmed"] = Value::Bool(confirmed),
            (None, None, Some(true)) => body["cancelled"] = Value::Bool(true),
            _ => {
                return refuse(
                    Code::BadRequest,
                    "this is not an answer to such a question; give exactly one that fits",
                );
            }
        }
        Plan::Write(vec![write(key.as_str(), &body)])
    }

    fn plan_set_model(&self, key: &RequestId, model: &str) -> Plan {
        // Providers have no slash in their names; models may.
        match model.split_once('/') {
            Some((provider, id)) => {
                self.change(key, &json!({"type": "set_model", "provider": provider, "modelId": id}))
            }
            None => refuse(Code::BadRequest, "a model of Pi is named `provider/model`"),
        }
    }

    fn plan_set_level(&self, key: &RequestId, level: &str) -> Plan {
        // Pi takes anything for a level, and switches thinking off then.
        let levels = &self.capabilities.thinking_levels;
        if !self.prepares() && levels.iter().all(|known| known != level) {
            return refuse(Code::BadRequest, &format!("this model has the thinking levels {}", levels.join(", ")));
        }
        self.change(key, &json!({"type": "set_thinking_level", "level": level}))
    }

    /// Writes a command that changes something, unless another is open.
    fn change(&self, key: &RequestId, body: &Value) -> Plan {
        if self.prepares() || self.changes() {
            return Plan::Wait;
        }
        Plan::Write(vec![write(key.as_str(), body)])
    }

    /// The handshake is under way.
    fn prepares(&self) -> bool {
        let handshake = |key: &str| matches!(key, "octo:commands" | "octo:levels" | "octo:stats");
        self.life == Life::Starting
            || self.demands.iter().any(|demand| handshake(&demand.key))
            || self.open.iter().any(|open| handshake(&open.key))
    }

    /// A command that changes something has no answer yet. An extension may take all the time it wants.
    fn changes(&self) -> bool {
        let extension = |key: &str| {
            let key = request(key);
            self.prompts.iter().any(|prompt| prompt.key == key && prompt.lane == Lane::Extension)
        };
        self.demands.iter().any(|demand| demand.key.starts_with("octo:clear:"))
            || self.open.iter().any(|open| !open.command.starts_with("get_") && !extension(&open.key))
    }

    /// A prompt would be refused or lost now.
    fn is_busy(&self) -> bool {
        self.turn.is_some() || self.compacting || !self.prompts.is_empty()
    }
}

/// The text of a prompt and the lines that it refers to. Pi reads files by itself, so a name is enough for the others; one
/// that the text does not have is added to it.
fn with_quotes(accepted: &Accepted, text: &str) -> String {
    let mut whole = text.to_owned();
    for part in accepted.message.iter().flat_map(|message| &message.parts) {
        let PartKind::FileRef { uri, range, quote, .. } = &part.kind else { continue };
        let path = named(uri);
        let name = match range {
            Some([from, to]) if from == to => format!("{path}:{from}"),
            Some([from, to]) => format!("{path}:{from}-{to}"),
            None => path.clone(),
        };
        match quote {
            Some(quote) => {
                let fence = "`".repeat(longest_run(quote, '`').max(2) + 1);
                whole.push_str(&format!("\n\n{name}\n{fence}\n{quote}\n{fence}"));
            }
            None if text.contains(uri.as_str()) || text.contains(&path) => {}
            None => whole.push_str(&format!("\n\n{name}")),
        }
    }
    whole
}

/// A path as people mention it: between quotes where it has blanks or quotes itself.
fn named(path: &str) -> String {
    if path.contains(|c: char| c.is_whitespace() || c == '"') {
        format!("@\"{}\"", path.replace('"', "\\\""))
    } else {
        format!("@{path}")
    }
}

fn longest_run(text: &str, of: char) -> usize {
    text.split(|c| c != of).map(str::len).max().unwrap_or(0)
}

/// The pictures of a prompt, as Pi takes them.
fn images(accepted: &Accepted) -> Result<Vec<Value>, Error> {
    let parts = accepted.message.as_ref().map(|message| message.parts.as_slice()).unwrap_or_default();
    let sources = parts.iter().filter_map(|part| match &part.kind {
        PartKind::Image { source, .. } => Some(source),
        _ => None,
    });
    let image = |source: &Source| {
        let (data, mime_type) = match source {
            Source::Base64 { base64, mime_type } => (base64, mime_type),
            Source::Attachment { attachment_id, mime_type } => {
                let picture = accepted.pictures.get(attachment_id);
                let gone = || Error::not_found(format!("the picture {attachment_id} is gone")).hint("send it again");
                (picture.ok_or_else(gone)?, mime_type)
            }
            Source::Url { .. } => {
                return Err(Error::bad_request("Pi takes the bytes of a picture only; put it as an attachment first"));
            }
        };
        Ok(json!({"type": "image", "data": data, "mimeType": mime_type}))
    };
    sources.map(image).collect()
}

fn answer(with: &impl Serialize) -> Plan {
    Plan::Answer(serde_json::to_value(with).map_err(|error| Error::internal(error.to_string())))
}

fn refuse(code: Code, why: &str) -> Plan {
    Plan::Answer(Err(Error::new(code, why)))
}

/// The command's name on the wire.
fn name(command: &Command) -> String {
    let body = serde_json::to_value(command).unwrap_or_default();
    body.get("cmd").and_then(Value::as_str).unwrap_or("this command").to_owned()
}
