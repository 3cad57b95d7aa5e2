//! A client of one terminal, which takes in what comes and holds it to the rules.

use std::time::Duration;

use octo_proto::{
    client::{Client, Events, Told, parse_reply},
    frame::Request,
    id::{RequestId, TerminalId},
    terminal::{Attached, TerminalEvent, TerminalState},
};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::super::household::PATIENCE;

/// What a client has of a terminal.
pub(super) struct Pane {
    pub(super) client: Client,
    pub(super) events: Events,
    pub(super) id: TerminalId,
    pub(super) name: String,
    /// What the last fresh screen drew.
    pub(super) drawn: Vec<u8>,
    /// The output since then.
    pub(super) bytes: Vec<u8>,
    /// Where that begins.
    pub(super) begin: u64,
    /// Bytes of a redraw that are still to come.
    redraw: u64,
    /// Bytes of data that came in all.
    pub(super) received: u64,
    pub(super) screens: usize,
    pub(super) owner: Option<(Option<String>, u16, u16)>,
    pub(super) gaps: Vec<u64>,
    pub(super) exited: Option<TerminalState>,
}

/// Types into a terminal, which this client may not even show.
pub(super) async fn type_at(client: &Client, id: &TerminalId, text: &str) -> Result<Value, octo_proto::Error> {
    let body = json!({ "cmd": "input", "terminal_id": id });
    let mut request = Request::new("terminal", RequestId::draw().0, &body).unwrap();
    request.bytes = text.to_owned().into_bytes().into();
    parse_reply(&client.request(request).await?)
}

impl Pane {
    pub(super) async fn attach(client: Client, events: Events, id: &TerminalId, cols: u16, write: bool) -> Self {
        Self::attach_after(client, events, id, (cols, write, None)).await
    }

    pub(super) async fn attach_after(
        client: Client,
        events: Events,
        id: &TerminalId,
        (cols, write, after): (u16, bool, Option<u64>),
    ) -> Self {
        let body =
            json!({ "cmd": "attach", "terminal_id": id, "cols": cols, "rows": 24, "write": write, "after": after });
        let attached: Attached = client.ask("terminal", None, &body).await.unwrap();
        Self {
            client,
            events,
            id: id.clone(),
            name: attached.client,
            drawn: Vec::new(),
            bytes: Vec::new(),
            begin: after.unwrap_or(0),
            redraw: 0,
            received: 0,
            screens: 0,
            owner: None,
            gaps: Vec::new(),
            exited: None,
        }
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.drawn).into_owned() + &String::from_utf8_lossy(&self.bytes)
    }

    /// The offset behind the last byte.
    pub(super) fn end(&self) -> u64 {
        self.begin + self.bytes.len() as u64
    }

    pub(super) async fn asks(&self, body: Value) -> Result<Value, octo_proto::Error> {
        self.client.ask("terminal", None, &body).await
    }

    pub(super) async fn types(&self, text: &str) {
        self.tries_to_type(text).await.unwrap();
    }

    pub(super) async fn tries_to_type(&self, text: &str) -> Result<Value, octo_proto::Error> {
        type_at(&self.client, &self.id, text).await
    }

    /// Takes in the next frame; false where the connection is lost.
    pub(super) async fn step(&mut self, deadline: Instant) -> bool {
        let told = timeout_at(deadline, self.events.recv()).await;
        match told.unwrap_or_else(|_| panic!("nothing more came: {}", self.text())) {
            None => return false,
            Some(Told::Data(data)) => {
                assert_eq!(data.terminal_id, self.id.0);
                self.received += data.bytes.len() as u64;
                if self.redraw > 0 {
                    self.redraw -= data.bytes.len() as u64;
                    self.drawn.extend_from_slice(&data.bytes);
                } else {
                    assert_eq!(data.offset, self.end(), "the output goes on where it ended");
                    self.bytes.extend_from_slice(&data.bytes);
                }
            }
            Some(Told::Event(event)) if event.channel == "terminal" => {
                self.hears(serde_json::from_str(event.body.get()).unwrap());
            }
            Some(Told::Event(_)) => {}
        }
        true
    }

    fn hears(&mut self, event: TerminalEvent) {
        match event {
            TerminalEvent::Screen { offset, redraw, .. } => {
                self.screens += 1;
                (self.begin, self.redraw) = (offset, redraw);
                self.bytes.clear();
                self.drawn.clear();
            }
            TerminalEvent::Owner { client, cols, rows, .. } => self.owner = Some((client, cols, rows)),
            TerminalEvent::Gap { bytes, .. } => {
                self.gaps.push(bytes);
            }
            TerminalEvent::Exited { state, .. } => self.exited = Some(state),
            TerminalEvent::Unknown => panic!("an event that this release does not know"),
        }
    }

    pub(super) async fn until_so(&mut self, what: &str, mut is_so: impl FnMut(&Self) -> bool) {
        // Where much comes, much time is needed; where nothing comes, none is given.
        let last = Instant::now() + 4 * PATIENCE;
        while !is_so(self) {
            assert!(Instant::now() < last, "it came to no end before {what}");
            assert!(
                self.step(Instant::now() + PATIENCE).await,
                "the connection was lost before {what}: {}",
                self.text()
            );
        }
    }

    /// Takes in what comes until the output has this.
    pub(super) async fn until(&mut self, text: &str) {
        self.until_so(text, |pane| pane.text().contains(text)).await;
    }

    pub(super) async fn until_exited(&mut self) {
        self.until_so("the end", |pane| pane.exited.is_some()).await;
    }

    /// Takes in what comes for a while.
    pub(super) async fn for_a_while(&mut self, time: Duration) {
        let until = Instant::now() + time;
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(until) => return,
                stepped = self.step(until + PATIENCE) => if !stepped { return },
            }
        }
    }
}
