//! A client that follows a session whatever dies: it comes back with its cursor, and folds what it gets.

use std::path::PathBuf;

use octo_proto::{
    Cursor, Event, View,
    client::{Client, Events, Told},
    id::SessionId,
};
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinHandle, time::timeout};
use tokio_util::task::TaskTracker;

use super::house::{PATIENCE, connect};

/// A follower in a task of its own; it ends with this.
pub(crate) struct Follower {
    seen: watch::Receiver<Seen>,
    task: JoinHandle<()>,
}

/// What a follower has seen.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) view: Option<View>,
    /// Each fact it was told, and the cursor it came with.
    pub(crate) facts: Vec<(Cursor, Event)>,
    /// Deltas and the progress of tools.
    pub(crate) moves: u64,
    /// How often it came back.
    pub(crate) returns: u64,
}

impl Follower {
    pub(crate) fn new(socket: PathBuf, session: SessionId) -> Self {
        let (tell, seen) = watch::channel(Seen::default());
        let task = TaskTracker::new().spawn(async move {
            loop {
                let (client, events) = connect(&socket).await;
                follow(client, events, &session, &tell).await;
                tell.send_modify(|seen| seen.returns += 1);
            }
        });
        Self { seen, task }
    }

    /// Waits until what was seen is so.
    pub(crate) async fn until(&mut self, what: &str, is_so: impl Fn(&Seen) -> bool) {
        let waited = timeout(PATIENCE, self.seen.wait_for(|seen| is_so(seen))).await.map(|met| drop(met.unwrap()));
        if waited.is_err() {
            panic!("waited too long for {what}: {:?}", self.seen.borrow().view);
        }
    }

    pub(crate) fn look<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.seen.borrow())
    }

    pub(crate) fn view(&self) -> View {
        self.look(|seen| seen.view.clone().unwrap())
    }
}

impl Seen {
    /// Whether it knows that this prompt is over.
    pub(crate) fn is_over(&self, id: &str) -> bool {
        self.ends(id) > 0
    }

    pub(crate) fn ends(&self, id: &str) -> usize {
        let ends = |event: &Event| matches!(event, Event::PromptEnded { request_id, .. } if request_id.as_str() == id);
        self.facts.iter().filter(|(_, event)| ends(event)).count()
    }

    fn take(&mut self, cursor: Cursor, event: Event) {
        if let Event::SessionSnapshot { view } = &event {
            self.view = Some((**view).clone());
        }
        self.view.as_mut().expect("a snapshot comes first").apply(cursor, &event);
        if event.is_fact() {
            self.facts.push((cursor, event));
        } else if matches!(event, Event::TextDelta { .. } | Event::ToolProgress { .. }) {
            self.moves += 1;
        }
    }
}

async fn follow(client: Client, mut events: Events, session: &SessionId, tell: &watch::Sender<Seen>) {
    let mut watching = false;
    loop {
        if !watching {
            let after = tell.borrow().view.as_ref().map(|view| view.cursor);
            let body = json!({ "cmd": "watch", "after": after });
            // Refused while the runner is away; then `runner.ready` comes.
            watching = client.ask::<Value>("agent", Some(session), &body).await.is_ok();
        }
        let Some(told) = events.recv().await else { return };
        let Told::Event(frame) = told else { continue };
        if frame.session_id.as_ref() == Some(session) {
            let event: Event = serde_json::from_str(frame.body.get()).unwrap();
            tell.send_modify(|seen| seen.take(frame.cursor, event));
        } else {
            let body: Value = serde_json::from_str(frame.body.get()).unwrap();
            watching &= body["event"] != "runner.lost";
        }
    }
}

/// Every fact of a session, from the first, as the store gives them.
pub(crate) async fn facts(client: &Client, events: &mut Events, session: &SessionId) -> Vec<(Cursor, Event)> {
    let body = json!({ "cmd": "watch", "after": "0.0.0" });
    client.ask::<Value>("agent", Some(session), &body).await.unwrap();
    let mut facts = Vec::new();
    loop {
        let told = timeout(PATIENCE, events.recv()).await.unwrap().expect("the connection stays");
        let Told::Event(frame) = told else { continue };
        match serde_json::from_str(frame.body.get()).unwrap() {
            Event::SessionLive { .. } => return facts,
            event => facts.push((frame.cursor, event)),
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.task.abort();
    }
}
