//! What a conversation consists of on the screen: messages, prompts on their way, and what failed.

use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
};

use octo_proto::{
    Message, Part, PartKind, Role,
    id::{PartId, RequestId, ToolCallId},
    message::Source,
    session::OpenPrompt,
};

use super::Folds;
use crate::state::{gallery::Gallery, session::Session};

/// One thing in the conversation.
#[derive(Clone, Copy, Debug)]
pub enum Item<'a> {
    /// A message that is whole.
    Stored(&'a Message),
    /// A message that is being written.
    Growing(&'a Message),
    /// A prompt that the agent does not have yet.
    Waiting {
        /// Its request.
        id: &'a RequestId,
        /// What it says.
        text: &'a str,
        /// How many pictures it shows.
        pictures: usize,
        /// How far it has come, in words.
        note: &'static str,
    },
    /// What failed last.
    Fault(&'a str),
}

impl Item<'_> {
    /// What it is called: the same for a message on its way, being written, and whole.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Item::Stored(message) | Item::Growing(message) => message.id.0.clone(),
            Item::Waiting { id, .. } => id.message_id().0,
            Item::Fault(_) => "fault".to_owned(),
        }
    }
}

/// What a tool gave, from wherever it is known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome<'a> {
    /// Its output.
    pub output: &'a str,
    /// Its change to a file.
    pub diff: Option<&'a str>,
    /// Whether it still runs.
    pub running: bool,
    /// Whether it failed.
    pub is_error: bool,
    /// How long it ran.
    pub duration_ms: Option<u64>,
    /// Bytes of the output that were left out.
    pub elided: u64,
}

/// Everything that a transcript is made of, for one moment.
#[derive(Debug)]
pub struct Content<'a> {
    /// In order.
    pub items: Vec<Item<'a>>,
    /// Counts changes.
    pub revision: u64,
    /// The workspace.
    pub root: &'a str,
    /// Pictures that can be shown.
    pub gallery: &'a Gallery,
    outcomes: HashMap<&'a ToolCallId, Outcome<'a>>,
    /// Pictures that tools gave.
    given: HashMap<&'a ToolCallId, Vec<&'a Source>>,
}

impl<'a> Content<'a> {
    /// What a session has to show.
    #[must_use]
    pub fn of(session: &'a Session, gallery: &'a Gallery) -> Self {
        let mut content = Self {
            items: Vec::new(),
            revision: session.revision,
            root: session.cwd(),
            gallery,
            outcomes: outcomes(session),
            given: given(session),
        };
        let live = session.view.as_ref().map(|view| &view.live);
        let in_flight = || live.iter().flat_map(|live| &live.in_flight);
        let called: HashSet<&ToolCallId> = session
            .messages()
            .chain(in_flight())
            .flat_map(|message| &message.parts)
            .filter_map(|part| match &part.kind {
                PartKind::ToolCall { tool_call_id, .. } => Some(tool_call_id),
                _ => None,
            })
            .collect();
        // The result of a tool is shown with its call.
        let alone = |message: &&Message| {
            message.role != Role::Tool || !message.tool_call_id.as_ref().is_some_and(|id| called.contains(id))
        };
        content.items.extend(session.messages().filter(alone).map(Item::Stored));
        content.items.extend(in_flight().map(Item::Growing));
        content.push_waiting(session);
        let fault = session.view.as_ref().and_then(|view| view.error.as_deref());
        content.items.extend(fault.map(Item::Fault));
        content
    }

    fn push_waiting(&mut self, session: &'a Session) {
        let Some(view) = &session.view else {
            self.items.extend(session.sent.iter().map(|sent| Item::Waiting {
                id: &sent.request_id,
                text: &sent.text,
                pictures: sent.pictures.len(),
                note: "sending",
            }));
            return;
        };
        // What stands in the queue is shown above the composer.
        let queue = view.live.queue.steer.iter().chain(&view.live.queue.follow_up);
        let queued: HashSet<&RequestId> = queue.map(|queued| &queued.request_id).collect();
        let stored: HashSet<&RequestId> =
            view.messages.iter().filter_map(|message| message.request_id.as_ref()).collect();
        let open: Vec<&OpenPrompt> = view.live.prompts.iter().filter(|open| !open.delivered).collect();
        let own = session.sent.iter().filter(|sent| !queued.contains(&sent.request_id));
        self.items.extend(own.map(|sent| Item::Waiting {
            id: &sent.request_id,
            text: &sent.text,
            pictures: sent.pictures.len(),
            note: if sent.stored { "waiting" } else { "sending" },
        }));
        for prompt in open {
            let id = &prompt.request_id;
            let known =
                queued.contains(id) || stored.contains(id) || session.sent.iter().any(|sent| sent.request_id == *id);
            if let Some(message) = prompt.message.as_ref().filter(|_| !known) {
                let pictures = message.parts.iter().filter(|part| matches!(part.kind, PartKind::Image { .. })).count();
                let text = first_text(message).unwrap_or_default();
                self.items.push(Item::Waiting { id, text, pictures, note: "waiting" });
            }
        }
    }

    /// Where the item of this key is.
    #[must_use]
    pub fn position(&self, key: &str) -> Option<usize> {
        self.items.iter().position(|item| item.key() == key)
    }

    /// What a tool gave so far.
    #[must_use]
    pub fn outcome(&self, id: &ToolCallId) -> Option<&Outcome<'a>> {
        self.outcomes.get(id)
    }

    /// The pictures that a tool gave.
    #[must_use]
    pub fn pictures(&self, id: &ToolCallId) -> &[&'a Source] {
        self.given.get(id).map_or(&[], Vec::as_slice)
    }

    /// Whether a part belongs to a message that is being written.
    #[must_use]
    pub fn is_growing(&self, id: &PartId) -> bool {
        self.items.iter().rev().any(|item| match item {
            Item::Growing(message) => message.parts.iter().any(|part| part.id == *id),
            _ => false,
        })
    }

    /// A number that changes whenever an item would look different.
    #[must_use]
    pub fn stamp(&self, item: &Item<'_>, columns: u16, folds: &Folds) -> u64 {
        let mut hasher = DefaultHasher::new();
        (columns, folds.thinking, folds.tools).hash(&mut hasher);
        match item {
            Item::Stored(message) => {
                0_u8.hash(&mut hasher);
                message.parts.iter().for_each(|part| self.stamp_part(part, folds, &mut hasher));
            }
            Item::Growing(_) => (1_u8, self.revision, folds.flipped.len()).hash(&mut hasher),
            Item::Waiting { text, note, .. } => (2_u8, text.len(), note).hash(&mut hasher),
            Item::Fault(text) => (3_u8, text).hash(&mut hasher),
        }
        hasher.finish()
    }

    fn stamp_part(&self, part: &Part, folds: &Folds, hasher: &mut DefaultHasher) {
        match &part.kind {
            PartKind::Text { text, .. } => text.len().hash(hasher),
            PartKind::Thinking { text } => (text.len(), folds.flipped.contains(&part.id)).hash(hasher),
            PartKind::ToolCall { tool_call_id, status, .. } => {
                (*status as u8, folds.flipped.contains(&part.id)).hash(hasher);
                if let Some(outcome) = self.outcome(tool_call_id) {
                    (outcome.running, outcome.is_error, outcome.duration_ms).hash(hasher);
                    // Output that is replaced by as many other bytes is rare, but a counter does it.
                    self.pictures(tool_call_id).iter().for_each(|source| self.stamp_picture(source, hasher));
                    if outcome.running { outcome.output.hash(hasher) } else { outcome.output.len().hash(hasher) }
                }
            }
            PartKind::Image { source, .. } => self.stamp_picture(source, hasher),
            _ => folds.flipped.contains(&part.id).hash(hasher),
        }
    }

    fn stamp_picture(&self, source: &Source, hasher: &mut DefaultHasher) {
        let stage = self.gallery.stage(source);
        (stage.map(std::mem::discriminant), self.gallery.drawing(source).map(|drawing| drawing.size)).hash(hasher);
    }
}

fn first_text(message: &Message) -> Option<&str> {
    message.parts.iter().find_map(|part| match &part.kind {
        PartKind::Text { text, .. } => Some(text.as_str()),
        _ => None,
    })
}

fn given(session: &Session) -> HashMap<&ToolCallId, Vec<&Source>> {
    let mut given: HashMap<&ToolCallId, Vec<&Source>> = HashMap::new();
    for message in session.messages() {
        let Some(id) = &message.tool_call_id else { continue };
        for part in &message.parts {
            if let PartKind::Image { source, .. } = &part.kind {
                given.entry(id).or_default().push(source);
            }
        }
    }
    given
}

fn outcomes(session: &Session) -> HashMap<&ToolCallId, Outcome<'_>> {
    let mut outcomes: HashMap<&ToolCallId, Outcome<'_>> = HashMap::new();
    for (id, ended) in &session.ended {
        let outcome = Outcome {
            output: &ended.output,
            diff: ended.diff.as_deref(),
            is_error: ended.is_error,
            duration_ms: Some(ended.duration_ms),
            ..Outcome::default()
        };
        outcomes.insert(id, outcome);
    }
    for message in session.messages() {
        for part in &message.parts {
            match &part.kind {
                PartKind::ToolResult { tool_call_id, output, is_error, duration_ms, .. } => {
                    let outcome = outcomes.entry(tool_call_id).or_default();
                    outcome.output = output;
                    outcome.is_error = *is_error;
                    outcome.duration_ms = duration_ms.or(outcome.duration_ms);
                    outcome.elided = part.elided_bytes.unwrap_or(0);
                }
                PartKind::Diff { unified, .. } => {
                    if let Some(id) = &message.tool_call_id {
                        outcomes.entry(id).or_default().diff = Some(unified);
                    }
                }
                _ => {}
            }
        }
    }
    for tool in session.view.iter().flat_map(|view| &view.live.tools) {
        let outcome = Outcome { output: &tool.output, running: true, ..Outcome::default() };
        outcomes.insert(&tool.tool_call_id, outcome);
    }
    outcomes
}
