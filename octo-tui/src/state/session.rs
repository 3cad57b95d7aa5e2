//! One session on this screen: the shared view of it, earlier messages, what was sent and what is being written.

use std::collections::HashMap;

use octo_proto::{
    Cursor, Event, Message, PartKind, View,
    id::{RequestId, SessionId, ToolCallId},
    index::IndexEntry,
    session::{InputRequest, Phase, SessionInfo, SessionState, When},
    view::WINDOW,
};

use super::{composer::Composer, dialog::Dialog, picture::Picture};
use crate::transcript::Transcript;

/// Earlier messages that are kept while the end is followed.
const KEPT_EARLIER: usize = 256;

/// Ends of tools that are remembered until their messages are there.
const KEPT_ENDS: usize = 64;

/// What a session is to octod.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// Nothing yet: it is created with its first prompt.
    Fresh(Fresh),
    /// A session there.
    Known(SessionId),
}

/// A session that is to be created.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fresh {
    /// Where it is to work.
    pub cwd: String,
    /// Which kind of agent; the first usable one where none was chosen.
    pub harness: Option<String>,
    /// The model to begin with.
    pub model: Option<String>,
    /// The thinking level to begin with.
    pub thinking_level: Option<String>,
    /// The request that creates it, once it is made.
    pub creating: Option<RequestId>,
}

/// A prompt that was sent from here and is not yet seen in the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    /// Its request.
    pub request_id: RequestId,
    /// What it says.
    pub text: String,
    /// What it shows.
    pub pictures: Vec<Picture>,
    /// When it is to reach the agent.
    pub when: When,
    /// Whether octod answered that it is stored.
    pub stored: bool,
}

/// The agent waits to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// From 1.
    pub attempt: u32,
    /// At most.
    pub max_attempts: u32,
    /// When it tries, ms since 1970.
    pub at: i64,
}

/// How a tool ended, until its message tells it.
#[derive(Clone, Debug)]
pub struct ToolEnded {
    /// What it gave back.
    pub output: String,
    /// The change it made.
    pub diff: Option<String>,
    /// Whether it failed.
    pub is_error: bool,
    /// How long it ran.
    pub duration_ms: u64,
}

/// One session.
#[derive(Debug)]
pub struct Session {
    /// What it is to octod.
    pub target: Target,
    /// The shared view; none while it is fresh.
    pub view: Option<View>,
    /// Whether the view was ever told by a watch.
    pub synced: bool,
    /// Messages before those of the view, the oldest first.
    pub earlier: Vec<Message>,
    /// Whether there are messages before those.
    pub has_more: bool,
    /// Whether a page of them is asked for.
    pub paging: bool,
    /// Ends of tools whose messages are not there yet.
    pub ended: Vec<(ToolCallId, ToolEnded)>,
    /// Prompts that are not yet seen in the log.
    pub sent: Vec<Sent>,
    /// What is being written.
    pub composer: Composer,
    /// Pictures for the next prompt.
    pub pictures: Vec<Picture>,
    /// The agent waits to try again.
    pub retry: Option<Retry>,
    /// The oldest question that waits.
    pub dialog: Option<Dialog>,
    /// The conversation as lines.
    pub transcript: Transcript,
    /// Counts changes of what the transcript shows.
    pub revision: u64,
}

impl Session {
    /// A session of this target, of which nothing else is known.
    #[must_use]
    pub fn new(target: Target) -> Self {
        Self {
            target,
            view: None,
            synced: false,
            earlier: Vec::new(),
            has_more: false,
            paging: false,
            ended: Vec::new(),
            sent: Vec::new(),
            composer: Composer::default(),
            pictures: Vec::new(),
            retry: None,
            dialog: None,
            transcript: Transcript::default(),
            revision: 0,
        }
    }

    /// A session that is to be created in this directory.
    #[must_use]
    pub fn fresh(cwd: &str) -> Self {
        Self::new(Target::Fresh(Fresh { cwd: cwd.to_owned(), ..Fresh::default() }))
    }

    /// A session as the index knows it.
    #[must_use]
    pub fn known(entry: &IndexEntry) -> Self {
        let mut session = Self::new(Target::Known(entry.info.session_id.clone()));
        session.adopt(entry);
        session
    }

    /// It exists now, or is known better.
    pub fn adopt(&mut self, entry: &IndexEntry) {
        self.target = Target::Known(entry.info.session_id.clone());
        let mut view = View::new(entry.info.clone());
        view.live.state = entry.state.clone();
        self.view = Some(view);
    }

    /// Its id, if it exists.
    #[must_use]
    pub fn id(&self) -> Option<&SessionId> {
        match &self.target {
            Target::Known(id) => Some(id),
            Target::Fresh(_) => None,
        }
    }

    /// What is known of it.
    #[must_use]
    pub fn info(&self) -> Option<&SessionInfo> {
        self.view.as_ref().map(|view| &view.info)
    }

    /// Its directory.
    #[must_use]
    pub fn cwd(&self) -> &str {
        match (&self.target, self.info()) {
            (Target::Fresh(fresh), _) => &fresh.cwd,
            (Target::Known(_), Some(info)) => &info.cwd,
            (Target::Known(_), None) => "",
        }
    }

    /// Whether a turn is under way.
    #[must_use]
    pub fn is_working(&self) -> bool {
        self.view
            .as_ref()
            .is_some_and(|view| matches!(view.live.state, SessionState::Working { .. } | SessionState::Starting))
    }

    /// From where a watch goes on.
    #[must_use]
    pub fn watch_after(&self) -> Option<Cursor> {
        self.view.as_ref().filter(|_| self.synced).map(|view| view.cursor)
    }

    /// The oldest question that waits.
    #[must_use]
    pub fn question(&self) -> Option<&InputRequest> {
        self.view.as_ref().and_then(|view| view.live.questions.first())
    }

    /// All messages that are here, the oldest first.
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &Message> {
        self.earlier.iter().chain(self.view.iter().flat_map(|view| &view.messages))
    }

    /// Takes in one event of a watch. Those that were seen already, as when a watch begins anew, change nothing.
    pub fn apply(&mut self, cursor: Cursor, event: &Event) {
        let replaces = matches!(event, Event::SessionSnapshot { .. } | Event::SessionLive { .. });
        match &self.view {
            Some(view) if self.synced && !replaces && cursor <= view.cursor => return,
            _ => {}
        }
        self.revision += 1;
        match event {
            Event::SessionSnapshot { view } => self.take_snapshot(view),
            Event::MessageEnd { message } => self.before_message(message),
            Event::ToolEnd { tool_call_id, output, diff, is_error, duration_ms, .. } => {
                let end = ToolEnded {
                    output: output.clone(),
                    diff: diff.clone(),
                    is_error: *is_error,
                    duration_ms: *duration_ms,
                };
                self.ended.push((tool_call_id.clone(), end));
                let surplus = self.ended.len().saturating_sub(KEPT_ENDS);
                self.ended.drain(..surplus);
            }
            Event::PromptEnded { request_id, .. } => self.sent.retain(|sent| sent.request_id != *request_id),
            _ => {}
        }
        if let Some(view) = &mut self.view {
            view.apply(cursor, event);
            self.synced = true;
        } else if let Event::SessionSnapshot { view } = event {
            self.view = Some(View { cursor, ..(**view).clone() });
            self.synced = true;
        }
        self.forget_seen();
    }

    /// Whether the agent waits to try again, and until when.
    pub fn follow_retry(&mut self, now: i64, event: &Event) {
        match event {
            Event::RetryStart { attempt, max_attempts, delay_ms, .. } => {
                let at = now.saturating_add(i64::try_from(*delay_ms).unwrap_or(i64::MAX));
                self.retry = Some(Retry { attempt: *attempt, max_attempts: *max_attempts, at });
            }
            _ if self.retry.is_some() => {
                let state = self.view.as_ref().map(|view| &view.live.state);
                let waits = matches!(state, Some(SessionState::Working { phase: Phase::Retrying, .. }));
                if !waits || matches!(event, Event::RetryEnd { .. }) {
                    self.retry = None;
                }
            }
            _ => {}
        }
    }

    /// Earlier messages that are here stay, where the new view follows them without a gap.
    fn take_snapshot(&mut self, view: &View) {
        let first = view.messages.first().map_or(0, |message| message.idx);
        let known = std::mem::take(&mut self.earlier);
        let held = self.view.take().map(|view| view.messages).unwrap_or_default();
        self.earlier = known.into_iter().chain(held).filter(|message| message.idx < first).collect();
        if self.earlier.last().is_some_and(|last| last.idx + 1 != first) {
            self.earlier.clear();
        }
        if self.earlier.is_empty() {
            self.has_more = view.has_more;
        }
        self.paging = false;
    }

    /// The view lets go of its oldest message when a new one comes; it stays here.
    fn before_message(&mut self, message: &Message) {
        let Some(view) = &self.view else { return };
        let is_new = !view.messages.iter().any(|known| known.id == message.id);
        if is_new && view.messages.len() >= WINDOW {
            let leaving = view.messages.len() + 1 - WINDOW;
            self.earlier.extend_from_slice(&view.messages[..leaving]);
        }
        if self.earlier.len() > KEPT_EARLIER && self.transcript.follows() {
            let surplus = self.earlier.len() - KEPT_EARLIER;
            self.earlier.drain(..surplus);
            self.has_more = true;
        }
    }

    /// Takes in a page of earlier messages.
    pub fn put_page(&mut self, messages: Vec<Message>, has_more: bool) {
        self.paging = false;
        self.has_more = has_more && !messages.is_empty();
        let first = self.messages().next().map_or(u64::MAX, |message| message.idx);
        let mut page: Vec<Message> = messages.into_iter().filter(|message| message.idx < first).collect();
        page.append(&mut self.earlier);
        self.earlier = page;
        self.revision += 1;
    }

    /// A prompt that was not taken comes back to where it was written.
    pub fn put_back(&mut self, sent: Sent) {
        if !sent.text.is_empty() {
            self.composer.put_before(&sent.text);
        }
        self.pictures.splice(0..0, sent.pictures);
    }

    /// The place before which the next page ends.
    #[must_use]
    pub fn page_before(&self) -> Option<u64> {
        self.messages().next().map(|message| message.idx)
    }

    /// What the log has need not be shown a second time.
    fn forget_seen(&mut self) {
        let Some(view) = &self.view else { return };
        if !self.sent.is_empty() {
            self.sent.retain(|sent| {
                let id = sent.request_id.message_id();
                let is_it =
                    |message: &Message| message.request_id.as_ref() == Some(&sent.request_id) || message.id == id;
                !view.messages.iter().chain(&view.live.in_flight).any(is_it)
            });
        }
        if !self.ended.is_empty() && self.ended.len() == KEPT_ENDS {
            let told: HashMap<&ToolCallId, ()> =
                view.messages.iter().filter_map(|message| Some((message.tool_call_id.as_ref()?, ()))).collect();
            self.ended.retain(|(id, _)| !told.contains_key(id));
        }
    }

    /// The texts that a person said here, the oldest first, for the history of the composer.
    #[must_use]
    pub fn said(&self) -> Vec<String> {
        let said = self.messages().filter(|message| message.role == octo_proto::Role::User);
        said.map(|message| {
            let texts = message.parts.iter().filter_map(|part| match &part.kind {
                PartKind::Text { text, .. } => Some(text.as_str()),
                _ => None,
            });
            texts.collect::<Vec<_>>().join("\n")
        })
        .collect()
    }
}
