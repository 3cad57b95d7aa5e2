//! Pi's answers to what was written, and the handshake that they make up.

use octo_proto::{
    Code, Error, Event,
    command::{Done, QueueCleared},
    session::{Model, Outcome, SlashCommand},
};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Life, OURS, Open, Pi,
    lines::{excerpt, flag, number, owned, text},
    prompts::{is_ours, request},
    sink::Sink,
};
use crate::harness::{NativeId, Out};

/// What to do when Pi has no model.
const NO_MODEL: &str = "run `pi` in a terminal and use /login, or put an API key such as ANTHROPIC_API_KEY into Octo's \
                        environment file; then say it again";

impl Pi {
    pub(super) fn on_response(&mut self, event: &Value, sink: &mut Sink) {
        let id = text(event, "id").unwrap_or_default();
        let Some(at) = self.open.iter().position(|open| open.key == id) else {
            return sink.debug(format!("an answer to nothing that waits: {}", excerpt(&event.to_string())));
        };
        let open = self.open.remove(at);
        let refused = (!flag(event, "success")).then(|| text(event, "error").unwrap_or("Pi refused without a reason"));
        let data = event.get("data").unwrap_or(&Value::Null);
        if let "prompt" | "steer" | "follow_up" = open.command.as_str() {
            return self.on_prompt_answered(&open, refused, sink);
        }
        match refused {
            Some(why) => self.on_refused(&open, why, sink),
            None => self.on_success(&open, data, sink),
        }
    }

    fn on_refused(&mut self, open: &Open, why: &str, sink: &mut Sink) {
        match open.key.as_str() {
            "octo:state" | "octo:models" | "octo:fork-points" | "octo:fork" => {
                self.fail(Error::new(Code::AgentFailed, format!("Pi could not be prepared: {why}")), sink);
            }
            key if is_ours(key) => sink.debug(format!("Pi refused `{}`: {why}", open.command)),
            key => {
                let code = if why.starts_with("Model not found") { Code::NotFound } else { Code::AgentFailed };
                sink.outs.push(Out::Reply { key: request(key), result: Err(Error::new(code, why)) });
            }
        }
    }

    fn on_success(&mut self, open: &Open, data: &Value, sink: &mut Sink) {
        match open.command.as_str() {
            "get_state" => self.on_state(open, data, sink),
            "get_available_models" => {
                let models = data.get("models").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
                self.models = Some(models.iter().map(model).collect());
                self.on_model_known();
            }
            "get_commands" => self.on_commands(data, sink),
            "get_available_thinking_levels" => self.capabilities.thinking_levels = levels(data),
            "get_session_stats" => self.on_stats(data, sink),
            "get_fork_messages" => self.on_fork_points(data),
            "fork" if is_ours(&open.key) => return self.on_forked(data, sink),
            "set_model" => {
                self.on_model(&data_model(data), sink);
                self.demand(format!("octo:levels:{:x}", sink.place), json!({"type": "get_available_thinking_levels"}));
            }
            "clear_queue" => {
                self.on_cleared(!is_ours(&open.key), sink);
                return self.reply(open, &QueueCleared { texts: cleared(data) }, sink);
            }
            _ => {}
        }
        self.reply(open, &Done {}, sink);
        self.become_ready(sink);
    }

    fn reply(&self, open: &Open, with: &impl Serialize, sink: &mut Sink) {
        if !open.key.starts_with(OURS) {
            let result = serde_json::to_value(with).map_err(|error| Error::internal(error.to_string()));
            sink.outs.push(Out::Reply { key: request(&open.key), result });
        }
    }

    fn on_state(&mut self, open: &Open, data: &Value, sink: &mut Sink) {
        let id = owned(data, "sessionId");
        let native = NativeId { id, file: text(data, "sessionFile").map(Into::into) };
        let moved = self.native.as_ref() != Some(&native);
        self.native = Some(native);
        self.on_model(data.get("model").unwrap_or(&Value::Null), sink);
        self.on_thinking_level(&owned(data, "thinkingLevel"), sink);
        // The title that the session came with was given to Pi, and is not taken back by what a fork was called.
        if let Some(name) = text(data, "sessionName").filter(|_| self.title.is_empty() || self.life == Life::Ready) {
            self.on_title(name, sink);
        }
        if moved && self.life == Life::Ready {
            self.tell_ready(sink);
        }
        if !flag(data, "isStreaming") && !flag(data, "isCompacting") {
            if open.key.starts_with("octo:gap:") && self.turn.is_some() {
                self.settle(None, sink);
            }
            if self.turn.is_none() {
                self.end_accepted(open.place, Outcome::Done, None, sink);
            }
        }
    }

    /// A model as Pi describes it is in use now; `unknown/unknown` is none.
    fn on_model(&mut self, described: &Value, sink: &mut Sink) {
        let model = model(described);
        if model.id == "/" || model.id == "unknown/unknown" {
            self.model = None;
            return;
        }
        self.usage.context_window = model.context_window;
        if self.model.as_ref() != Some(&model.id) {
            self.model = Some(model.id.clone());
            sink.fact(Event::ModelChanged { model: model.id });
        }
        self.on_model_known();
    }

    fn on_model_known(&mut self) {
        self.capabilities.images = self.known_model().is_none_or(|model| model.images);
    }

    fn on_commands(&mut self, data: &Value, sink: &mut Sink) {
        let listed = data.get("commands").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let command = |from: &Value| {
            let description = text(from, "description").map(str::to_owned);
            SlashCommand { name: owned(from, "name"), description }
        };
        self.commands = listed.iter().map(command).collect();
        let extensions = listed.iter().filter(|from| text(from, "source") == Some("extension"));
        self.extension_commands = extensions.map(|from| owned(from, "name")).collect();
        sink.volatile(Event::CommandsUpdated { commands: self.commands.clone() });
    }

    /// What the session used before this process.
    fn on_stats(&mut self, data: &Value, sink: &mut Sink) {
        let tokens = data.get("tokens").unwrap_or(&Value::Null);
        self.usage.total.input_tokens = number(tokens, "input").unwrap_or_default();
        self.usage.total.output_tokens = number(tokens, "output").unwrap_or_default();
        self.usage.total.cache_read_tokens = number(tokens, "cacheRead");
        self.usage.total.cache_write_tokens = number(tokens, "cacheWrite");
        self.usage.total.cost_usd = data.get("cost").and_then(Value::as_f64);
        let context = data.get("contextUsage").unwrap_or(&Value::Null);
        self.usage.context_tokens = number(context, "tokens");
        self.usage.context_window = number(context, "contextWindow").or(self.usage.context_window);
        sink.volatile(Event::UsageUpdated { usage: self.usage.clone() });
    }

    /// The whole of the other session was copied; now the messages from the fork's point on are left out.
    fn on_fork_points(&mut self, data: &Value) {
        let Some(before) = self.fork.take() else {
            return;
        };
        let points = data.get("messages").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let point = usize::try_from(before).ok().and_then(|before| points.get(before));
        match point.and_then(|point| text(point, "entryId")) {
            Some(entry) => self.demand("octo:fork", json!({"type": "fork", "entryId": entry})),
            // The message never reached Pi, so there is nothing of it to leave out.
            None => self.introduce(),
        }
    }

    fn on_forked(&mut self, data: &Value, sink: &mut Sink) {
        if flag(data, "cancelled") {
            let why = "an extension of Pi refused the fork, so the new session cannot begin where it should";
            return self.fail(Error::new(Code::AgentFailed, why), sink);
        }
        if !self.title.is_empty() {
            // It was put behind what the fork left out.
            self.demand("octo:name", json!({"type": "set_session_name", "name": self.title}));
        }
        self.introduce();
    }

    /// The handshake is over when the session and the models are known.
    fn become_ready(&mut self, sink: &mut Sink) {
        let (Life::Starting, Some(_), Some(models)) = (&self.life, &self.native, &self.models) else {
            return;
        };
        if models.is_empty() {
            let error = Error::new(Code::AgentFailed, "Pi has no model to work with: no provider is configured");
            return self.fail(error.hint(NO_MODEL), sink);
        }
        self.life = Life::Ready;
        self.tell_ready(sink);
        if self.model.is_none() {
            let message = "no model is chosen: choose one of this session's models".to_owned();
            sink.fact(Event::AgentError { message, recoverable: true });
        }
    }

    fn tell_ready(&self, sink: &mut Sink) {
        if let Some(native) = self.native.clone() {
            sink.outs.push(Out::Ready { native, models: self.models.clone().unwrap_or_default() });
        }
    }

    /// The process cannot be prompted.
    pub(super) fn fail(&mut self, error: Error, sink: &mut Sink) {
        let hint = error.hint.as_ref().map(|hint| format!(": {hint}")).unwrap_or_default();
        sink.fact(Event::AgentError { message: format!("{}{hint}", error.message), recoverable: false });
        self.life = Life::Failed(error);
    }
}

fn data_model(data: &Value) -> Value {
    data.get("model").unwrap_or(data).clone()
}

fn model(from: &Value) -> Model {
    let inputs = from.get("input").and_then(Value::as_array);
    Model {
        id: format!("{}/{}", owned(from, "provider"), owned(from, "id")),
        name: owned(from, "name"),
        context_window: number(from, "contextWindow"),
        reasoning: flag(from, "reasoning"),
        images: inputs.is_some_and(|inputs| inputs.iter().any(|input| input == "image")),
    }
}

fn levels(data: &Value) -> Vec<String> {
    let levels = data.get("levels").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    levels.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn cleared(data: &Value) -> Vec<String> {
    let lists = ["steering", "followUp"].into_iter().filter_map(|list| data.get(list)?.as_array());
    lists.flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
