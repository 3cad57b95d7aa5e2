//! What extensions show and ask.

use octo_proto::{
    Event,
    command::Done,
    id::RequestId,
    session::{Answer, InputKind, InputOption, InputRequest},
};
use serde_json::{Value, json};

use super::{
    Dialog, Lane, Pi, Stage,
    lines::{number, owned, text},
    prompts::{is_ours, request},
    sink::Sink,
};
use crate::harness::Out;

impl Pi {
    pub(super) fn on_extension_request(&mut self, event: &Value, sink: &mut Sink) {
        match text(event, "method").unwrap_or_default() {
            "select" => self.ask(InputKind::Select, event, sink),
            "confirm" => self.ask(InputKind::Confirm, event, sink),
            "input" => self.ask(InputKind::Input, event, sink),
            "editor" => self.ask(InputKind::Editor, event, sink),
            "notify" => {
                let level = text(event, "notifyType").unwrap_or("info").to_owned();
                sink.volatile(Event::Notify { level, message: owned(event, "message") });
            }
            "setStatus" => {
                let text = text(event, "statusText").map(str::to_owned);
                sink.volatile(Event::Status { key: owned(event, "statusKey"), text });
            }
            "setTitle" => {
                sink.volatile(Event::Status { key: "title".to_owned(), text: Some(owned(event, "title")) });
            }
            "setWidget" => {
                let lines = event.get("widgetLines").and_then(Value::as_array);
                let text = lines.map(|lines| lines.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n"));
                sink.volatile(Event::Status { key: format!("{}/widget", owned(event, "widgetKey")), text });
            }
            other => sink.debug(format!("`{other}` of an extension is for Pi's own screen")),
        }
    }

    fn ask(&mut self, kind: InputKind, event: &Value, sink: &mut Sink) {
        let process = self.process.as_str().trim_start_matches("prc_");
        let options = event.get("options").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let option = |text: &str| InputOption { value: text.to_owned(), label: text.to_owned() };
        let (place, number_in_record) = (sink.place, sink.question());
        let prefill = text(event, "prefill").or_else(|| text(event, "placeholder"));
        let request = InputRequest {
            request_id: RequestId(format!("inp_{process}_{place:x}_{number_in_record}")),
            kind,
            title: owned(event, "title"),
            message: text(event, "message").map(str::to_owned),
            options: options.iter().filter_map(Value::as_str).map(option).collect(),
            detail: None,
            prefill: prefill.map(str::to_owned),
            timeout_ms: number(event, "timeout"),
            asked_at: sink.at,
        };
        let native = owned(event, "id");
        self.dialogs.push(Dialog { native, request: request.clone(), in_turn: self.turn.is_some() });
        sink.fact(Event::InputNeeded { request: Box::new(request) });
        // An abort waits for ever while a question is open.
        if self.is_open("abort") {
            self.cancel_dialogs(|_| true);
        }
    }

    /// Demands that these questions be answered with nothing.
    pub(super) fn cancel_dialogs(&mut self, which: impl Fn(&Dialog) -> bool) {
        let cancelled = self.dialogs.iter().filter(|dialog| which(dialog)).map(cancellation).collect::<Vec<_>>();
        for (key, body) in cancelled {
            self.demand(key, body);
        }
    }

    /// An answer is on its way to Pi, which says nothing to it.
    pub(super) fn on_answered(&mut self, key: &str, body: &Value, sink: &mut Sink) {
        let native = text(body, "id").unwrap_or_default();
        match self.dialogs.iter().position(|dialog| dialog.native == native) {
            Some(at) => {
                let dialog = self.dialogs.remove(at);
                let by = if is_ours(key) { "octo" } else { "" };
                self.resolved(dialog, answer(body), by, sink);
            }
            None => sink.debug(format!("an answer to a question that no longer waits: {native}")),
        }
        if !is_ours(key) {
            let result = serde_json::to_value(Done {}).map_err(|error| octo_proto::Error::internal(error.to_string()));
            sink.outs.push(Out::Reply { key: request(key), result });
        }
    }

    fn resolved(&mut self, dialog: Dialog, answer: Answer, by: &str, sink: &mut Sink) {
        self.demands.retain(|demand| demand.key != cancellation(&dialog).0);
        self.held_until = sink.at;
        let request_id = dialog.request.request_id;
        sink.fact(Event::InputResolved { request_id, answer, by: by.to_owned() });
    }

    /// Pi gave up waiting for this answer, about which it says nothing.
    pub(super) fn on_dialog_timeout(&mut self, request: &str, sink: &mut Sink) {
        if let Some(at) = self.dialogs.iter().position(|dialog| dialog.request.request_id.as_str() == request) {
            let dialog = self.dialogs.remove(at);
            self.resolved(dialog, Answer::Cancelled(true), "octo", sink);
        }
    }

    /// Nobody waits for answers any more.
    pub(super) fn drop_dialogs(&mut self, sink: &mut Sink) {
        for dialog in std::mem::take(&mut self.dialogs) {
            self.resolved(dialog, Answer::Cancelled(true), "octo", sink);
        }
    }

    pub(super) fn on_extension_error(&mut self, event: &Value, sink: &mut Sink) {
        let error = owned(event, "error");
        if text(event, "event") == Some("command") {
            let handled = self
                .prompts
                .iter_mut()
                .find(|prompt| prompt.stage == Stage::Written && matches!(prompt.lane, Lane::Extension | Lane::Turn));
            if let Some(prompt) = handled {
                prompt.lane = Lane::Extension;
                prompt.failed = Some(error.clone());
            }
        }
        let message = format!("{}: {error}", text(event, "extensionPath").unwrap_or("an extension"));
        sink.volatile(Event::Notify { level: "error".to_owned(), message });
    }
}

/// The line that answers a question with nothing, and its key.
pub(super) fn cancellation(dialog: &Dialog) -> (String, Value) {
    let key = format!("octo:cancel:{}", dialog.request.request_id);
    (key, json!({"type": "extension_ui_response", "id": dialog.native, "cancelled": true}))
}

fn answer(body: &Value) -> Answer {
    match (text(body, "value"), body.get("confirmed").and_then(Value::as_bool)) {
        (Some(value), _) => Answer::Value(value.to_owned()),
        (None, Some(confirmed)) => Answer::Confirmed(confirmed),
        (None, None) => Answer::Cancelled(true),
    }
}
