//! A client that watches several sessions through every cut, and holds what it sees to the numbers in it.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result};
use octo_proto::{
    Event, Message, Role, View,
    client::{Client, Events, Told},
    frame::EventFrame,
    id::{MessageId, RequestId, SessionId},
};
use serde_json::{Value, json};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use super::house::{PATIENCE, agent::stamps, connect};

/// Before it tries again.
const PAUSE: Duration = Duration::from_millis(20);

/// What was wrong, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    pub(crate) lost: u64,
    pub(crate) doubled: u64,
    pub(crate) reordered: u64,
}

impl Findings {
    pub(crate) fn add(&mut self, other: Self) {
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.reordered += other.reordered;
    }

    /// Holds the numbers of a text to be those from `next` on; gives the number behind them.
    pub(crate) fn check(&mut self, next: u64, text: &str) -> u64 {
        let mut next = next;
        for (number, _) in stamps(text) {
            match number.cmp(&next) {
                std::cmp::Ordering::Equal => {}
                std::cmp::Ordering::Greater => self.lost += number - next,
                std::cmp::Ordering::Less => self.reordered += 1,
            }
            next = number + 1;
        }
        next
    }
}

/// One session as the witness knows it.
#[derive(Default)]
struct Watched {
    view: Option<View>,
    /// The number of the first delta of the next message.
    next: u64,
    seen: HashSet<MessageId>,
    /// How often each prompt ended.
    ended: HashMap<RequestId, u64>,
}

/// The witness.
pub(crate) struct Witness {
    socket: PathBuf,
    sessions: HashMap<SessionId, Watched>,
    /// What was wrong so far.
    pub(crate) findings: Findings,
    /// Events that were seen.
    pub(crate) events: u64,
    /// How often it had to connect again or to watch again.
    pub(crate) cuts: u64,
    /// How often it got the present instead of what it had missed.
    pub(crate) snapshots: u64,
}

impl Witness {
    pub(crate) fn new(socket: &Path, sessions: &[SessionId]) -> Self {
        let sessions = sessions.iter().map(|id| (id.clone(), Watched::default())).collect();
        let socket = socket.to_owned();
        Self { socket, sessions, findings: Findings::default(), events: 0, cuts: 0, snapshots: 0 }
    }

    /// Watches until each session has ended its prompt after `over` was said.
    pub(crate) async fn watch(mut self, mut over: watch::Receiver<bool>) -> Result<Self> {
        while !(*over.borrow() && self.is_settled()) {
            let Ok((client, events)) = connect(&self.socket).await else {
                sleep(PAUSE).await;
                continue;
            };
            self.follow(&client, events, &mut over).await?;
            self.cuts += 1;
        }
        self.sessions.values().for_each(|session| {
            self.findings.doubled += session.ended.values().map(|times| times - 1).sum::<u64>();
        });
        Ok(self)
    }

    /// Every session has no open prompt.
    fn is_settled(&self) -> bool {
        let open = |watched: &Watched| watched.view.as_ref().is_none_or(|view| !view.live.prompts.is_empty());
        !self.sessions.values().any(open)
    }

    /// How far each session has come.
    pub(crate) fn ends(&self) -> HashMap<SessionId, u64> {
        self.sessions.iter().map(|(id, session)| (id.clone(), session.next)).collect()
    }

    /// One connection, until it is lost or all is over. The runner may come and go within it.
    async fn follow(&mut self, client: &Client, mut events: Events, over: &mut watch::Receiver<bool>) -> Result<()> {
        loop {
            let cursors: Vec<_> = self.sessions.iter().map(|(id, session)| (id.clone(), session.cursor())).collect();
            let asking = async {
                for (id, after) in cursors {
                    let body = json!({ "cmd": "watch", "after": after });
                    client.ask::<Value>("agent", Some(&id), &body).await?;
                }
                Ok::<_, octo_proto::Error>(())
            };
            tokio::pin!(asking);
            let mut asked = false;
            loop {
                if *over.borrow() && self.is_settled() {
                    return Ok(());
                }
                tokio::select! {
                    told = timeout(PATIENCE, events.recv()) => match told.context("nothing came for a minute")? {
                        None => return Ok(()),
                        Some(Told::Data(_)) => {}
                        Some(Told::Event(frame)) if frame.session_id.is_some() => self.take(&frame)?,
                        Some(Told::Event(frame)) if frame.body.get().contains("runner.ready") => break,
                        Some(Told::Event(_)) => {}
                    },
                    answer = &mut asking, if !asked => {
                        // Without the runner there is no answer; that it is back is told.
                        asked = true;
                        drop(answer);
                    }
                    changed = over.changed() => changed?,
                }
            }
            self.cuts += 1;
        }
    }

    fn take(&mut self, frame: &EventFrame) -> Result<()> {
        let Some(session) = frame.session_id.as_ref().and_then(|id| self.sessions.get_mut(id)) else { return Ok(()) };
        self.events += 1;
        let event: Event = serde_json::from_str(frame.body.get())?;
        if let Event::SessionSnapshot { view } = &event {
            self.snapshots += 1;
            session.restart((**view).clone(), &mut self.findings);
        }
        if let Some(view) = &mut session.view {
            view.apply(frame.cursor, &event);
        }
        session.look(&event, &mut self.findings);
        Ok(())
    }
}

impl Watched {
    fn cursor(&self) -> Option<octo_proto::Cursor> {
        self.view.as_ref().map(|view| view.cursor)
    }

    /// Takes in the present: of what it skips only the last messages can be looked at.
    fn restart(&mut self, view: View, findings: &mut Findings) {
        for message in &view.messages {
            if !self.seen.contains(&message.id) && message.role == Role::Assistant {
                if self.view.is_some() || view.has_more {
                    self.next = stamps(&message.text()).next().map_or(self.next, |(number, _)| number);
                }
                self.whole(message, findings);
            }
        }
        self.view = Some(view);
    }

    fn look(&mut self, event: &Event, findings: &mut Findings) {
        match event {
            Event::MessageEnd { message } if message.role == Role::Assistant => self.whole(message, findings),
            Event::PromptEnded { request_id, .. } => *self.ended.entry(request_id.clone()).or_default() += 1,
            Event::TextDelta { .. } | Event::SessionLive { .. } => {
                let Some(view) = &self.view else { return };
                for message in view.live.in_flight.iter().filter(|message| message.role == Role::Assistant) {
                    findings.check(self.next, &message.text());
                }
            }
            _ => {}
        }
    }

    /// A message that is a fact.
    fn whole(&mut self, message: &Message, findings: &mut Findings) {
        if self.seen.insert(message.id.clone()) {
            self.next = findings.check(self.next, &message.text());
        } else {
            findings.doubled += 1;
        }
    }
}
