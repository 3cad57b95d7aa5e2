//! One prompt, from the request that brings it to its one end: a fold over the session's events.

use std::time::Duration;

use octo_proto::{
    Cursor, Event, Message, Role, View,
    command::{Done, PromptReply},
    frame::{EventFrame, Request},
    id::RequestId,
    message::StopReason,
    session::{InputRequest, Outcome},
};
use serde::Serialize;
use tokio::time::timeout;

use super::{Context, Exit, Failure, Watching, connection::request, question};

/// What to do when the agent asks something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum OnQuestion {
    /// Return at once, with exit code 7 and the question.
    Fail,
    /// Answer no, or nothing.
    Deny,
    /// Wait until somebody else answers.
    Wait,
}

/// How a prompt ended, as far as this client saw.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct End {
    pub(crate) outcome: Outcome,
    /// Why, where it did not end as it should.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
}

/// What is known of the prompt.
#[derive(Debug)]
pub(crate) struct Asked {
    id: RequestId,
    view: Option<View>,
    /// Whether the view is the present, and not the past being replayed.
    present: bool,
    delivered: bool,
    /// The last text that the agent said since it has the prompt.
    pub(crate) text: String,
    end: Option<End>,
}

impl Asked {
    pub(crate) fn new(id: RequestId) -> Self {
        Self { id, view: None, present: false, delivered: false, text: String::new(), end: None }
    }

    /// Takes in one event of the session.
    pub(crate) fn on(&mut self, cursor: Cursor, event: &Event) {
        match event {
            Event::SessionSnapshot { view } => {
                self.present = true;
                self.find_in(view);
            }
            Event::SessionLive { .. } => self.present = true,
            Event::PromptDelivered { request_id, .. } if *request_id == self.id => self.delivered = true,
            Event::MessageEnd { message } => self.said(message),
            Event::PromptEnded { request_id, outcome, message, .. } if *request_id == self.id => {
                self.end = Some(End { outcome: *outcome, message: message.clone() });
            }
            _ => {}
        }
        match (&mut self.view, event) {
            (Some(view), event) => view.apply(cursor, event),
            (None, Event::SessionSnapshot { view }) => self.view = Some((**view).clone()),
            (None, Event::SessionCreated { info }) => self.view = Some(View::new((**info).clone())),
            (None, _) => {}
        }
    }

    fn said(&mut self, message: &Message) {
        let text = message.text();
        if self.delivered && message.role == Role::Assistant && !text.trim().is_empty() {
            self.text = text;
        }
    }

    /// A prompt that is sent again may be known already, and may be over.
    fn find_in(&mut self, view: &View) {
        let Some(at) = view.messages.iter().position(|message| message.request_id.as_ref() == Some(&self.id)) else {
            return;
        };
        self.delivered = true;
        let after = &view.messages[at + 1..];
        let answer = after.iter().take_while(|message| message.role != Role::User);
        answer.clone().for_each(|message| self.said(message));
        if view.live.prompts.iter().all(|open| open.request_id != self.id) {
            let outcome = match answer.last().and_then(|message| message.stop_reason) {
                Some(StopReason::Error) => Outcome::Error,
                Some(StopReason::Aborted) => Outcome::Aborted,
                _ => Outcome::Done,
            };
            self.end = Some(End { outcome, message: None });
        }
    }

    /// How it ended, once it did.
    pub(crate) fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }

    /// The question that the agent waits on, while the prompt is open.
    pub(crate) fn question(&self) -> Option<&InputRequest> {
        self.view.as_ref().filter(|_| self.present && self.end.is_none())?.live.questions.first()
    }
}

/// What waiting came to.
#[derive(Debug)]
pub(crate) enum Waited {
    Ended(End),
    Question(InputRequest),
}

/// Follows the prompt to its end, or to a question that stops it.
pub(crate) async fn wait(
    watching: &mut Watching,
    asked: &mut Asked,
    on_question: OnQuestion,
    mut seen: impl FnMut(EventFrame, &Event) -> Result<(), Failure>,
) -> Result<Waited, Failure> {
    let mut denied = None;
    loop {
        if let Some(end) = asked.end() {
            return Ok(Waited::Ended(end.clone()));
        }
        if let Some(open) = asked.question().filter(|open| denied.as_ref() != Some(&open.request_id)) {
            match on_question {
                OnQuestion::Fail => return Ok(Waited::Question(open.clone())),
                OnQuestion::Wait => {}
                OnQuestion::Deny => {
                    denied = Some(open.request_id.clone());
                    let _: Done = watching.ask(request(watching.session(), &question::deny(open))?).await?;
                }
            }
        }
        let (frame, event) = watching.next().await?;
        asked.on(frame.cursor, &event);
        seen(frame, &event)?;
    }
}

/// The same, for a time at most.
pub(crate) async fn within<T>(
    limit: Option<Duration>,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    match limit {
        None => work.await,
        Some(limit) => timeout(limit, work)
            .await
            .unwrap_or_else(|_| Err(Failure::timed_out(format!("no end within {} s", limit.as_secs_f64())))),
    }
}

/// One result of a prompt, as `--json` prints it.
#[derive(Serialize)]
struct PromptResult<'a> {
    #[serde(flatten)]
    reply: &'a PromptReply,
    request_id: &'a RequestId,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    end: Option<&'a End>,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    question: Option<&'a InputRequest>,
}

/// Prints what came of a prompt, and says with which exit code.
pub(crate) fn tell(context: &Context, asked: &Asked, reply: &PromptReply, waited: &Waited) -> Result<(), Failure> {
    let output = &context.output;
    let (end, question) = match waited {
        Waited::Ended(end) => (Some(end), None),
        Waited::Question(question) => (None, Some(question)),
    };
    if output.json {
        output.object(&PromptResult { reply, request_id: &asked.id, end, text: &asked.text, question })?;
    } else if !asked.text.is_empty() {
        output.line(asked.text.trim_end_matches('\n'))?;
    }
    match waited {
        Waited::Ended(End { outcome: Outcome::Done, .. }) => Ok(()),
        Waited::Ended(End { outcome, message }) => {
            let word = match outcome {
                Outcome::Aborted => "the prompt was aborted",
                Outcome::Withdrawn => "the prompt was taken back",
                Outcome::Error | Outcome::Done => "the prompt failed",
            };
            Err(Failure::failed(message.as_ref().map_or_else(|| word.to_owned(), |why| format!("{word}: {why}"))))
        }
        Waited::Question(question) => {
            if !output.json {
                output.text(&question::text(question))?;
            }
            Err(Failure::Said(Exit::Waiting))
        }
    }
}

/// A prompt's request.
pub(crate) fn prompt_request(
    session: &octo_proto::id::SessionId,
    command: &octo_proto::Command,
    id: &RequestId,
) -> Result<Request, Failure> {
    Ok(Request { id: id.0.clone(), ..request(Some(session), command)? })
}
