//! What tells while it goes on: searches, greps and watches of one connection, each of which can be cancelled.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use octo_proto::{
    Code, Cursor, Error,
    files::{FilesCommand, FilesEvent, Found, MatchedLine, Watching, name},
    frame::{EventFrame, Frame},
    id::{RequestId, SessionId},
};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio_util::sync::CancellationToken;

use super::{Asked, with_root};
use crate::{
    files::{grep, parse, search, watch::Watch},
    requests::Answer,
    server::{connection::reply_of, dispatch::to_value},
};

/// Watches of one connection: each takes one of the few that the kernel gives to a user.
const MAX_WATCHES: usize = 16;

/// What is under way on one connection. Cheap to clone.
#[derive(Clone, Default)]
pub(in crate::server) struct Desk(Arc<Mutex<Open>>);

#[derive(Default)]
struct Open {
    by_request: HashMap<String, CancellationToken>,
    watches: usize,
    closed: bool,
}

/// What is under way ends with it.
struct Entered {
    desk: Desk,
    id: String,
    watches: bool,
    stop: CancellationToken,
}

impl Desk {
    /// Ends what was asked under this id, if it is under way.
    pub(super) fn cancel(&self, id: &str) {
        let open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stop) = open.by_request.get(id) {
            stop.cancel();
        }
    }

    /// Ends all of it: nobody hears any more.
    pub(in crate::server) fn close(&self) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.closed = true;
        open.by_request.values().for_each(CancellationToken::cancel);
    }

    fn enter(&self, id: &str, watches: bool) -> Result<Entered, Error> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if open.by_request.contains_key(id) {
            return Err(Error::bad_request(format!("a request with the id {id} is still under way")));
        }
        if watches && open.watches == MAX_WATCHES {
            return Err(Error::new(Code::Busy, format!("{MAX_WATCHES} workspaces are watched on this connection"))
                .hint("`cancel` one"));
        }
        open.watches += usize::from(watches);
        let stop = CancellationToken::new();
        if open.closed {
            stop.cancel();
        }
        open.by_request.insert(id.to_owned(), stop.clone());
        Ok(Entered { desk: self.clone(), id: id.to_owned(), watches, stop })
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let mut open = self.desk.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.by_request.remove(&self.id);
        open.watches -= usize::from(self.watches);
    }
}

/// Tells the one who asked, at the pace at which they read.
struct Teller {
    tell: mpsc::Sender<Box<Frame>>,
    session: Option<SessionId>,
    request: RequestId,
    stop: CancellationToken,
    ts: i64,
}

impl Teller {
    fn new(asked: &Asked, stop: &CancellationToken) -> Self {
        Self {
            tell: asked.tell.clone(),
            session: asked.request.session_id.clone(),
            request: RequestId::from(asked.request.id.as_str()),
            stop: stop.clone(),
            ts: asked.runner.now(),
        }
    }

    fn frame(&self, event: &FilesEvent) -> Result<Frame, Error> {
        let body = serde_json::value::to_raw_value(event).map_err(|error| Error::internal(error.to_string()))?;
        Ok(Frame::Event(EventFrame {
            channel: octo_proto::channel::FILES.to_owned(),
            session_id: self.session.clone(),
            runner_id: None,
            cursor: Cursor::default(),
            ts: self.ts,
            body,
        }))
    }

    /// Waits in its thread for room; who is gone hears nothing, and needs no more.
    fn say(&self, event: &FilesEvent) {
        if self.frame(event).is_ok_and(|frame| self.tell.blocking_send(Box::new(frame)).is_err()) {
            self.stop.cancel();
        }
    }
}

impl search::News for Teller {
    fn goes_on(&mut self) -> bool {
        !self.stop.is_cancelled()
    }

    fn found(&mut self, found: Found) {
        self.say(&FilesEvent::Found { request_id: self.request.clone(), found });
    }
}

impl grep::News for Teller {
    fn goes_on(&mut self) -> bool {
        !self.stop.is_cancelled()
    }

    fn matched(&mut self, path: &[u8], lines: Vec<MatchedLine>) {
        let (request_id, path) = (self.request.clone(), name::escape(path));
        self.say(&FilesEvent::Matched { request_id, path, lines });
    }
}

/// Searches, and tells meanwhile.
pub(super) async fn look(asked: &Asked, desk: &Desk, root: Option<String>, command: FilesCommand) -> Answer {
    let entered = desk.enter(&asked.request.id, false)?;
    let mut teller = Teller::new(asked, &entered.stop);
    with_root(asked, root, move |root| match command {
        FilesCommand::Search { query, path, limit, shown } => {
            let query = search::Query { text: query, path: parse(&path)?, limit, shown };
            to_value(search::search(&root, &query, &mut teller))
        }
        FilesCommand::Grep { pattern, path, literal, case_sensitive, limit, shown } => {
            let query = grep::Query { pattern, literal, case_sensitive, path: parse(&path)?, limit, shown };
            to_value(grep::grep(&root, &query, &mut teller))
        }
        _ => Err(Error::internal("a command was to be answered elsewhere")),
    })
    .await
}

/// Watches until it is cancelled; its place among the requests that are answered at once is free meanwhile.
pub(super) async fn watch(
    asked: &Asked,
    desk: &Desk,
    at: (Option<String>, String),
    permit: Option<OwnedSemaphorePermit>,
) {
    let begun = begin(asked, desk, at).await;
    let answer: Result<Watching, Error> = begun.as_ref().map(|(watch, _)| watch.watching()).map_err(Clone::clone);
    let told = asked.tell.send(Box::new(Frame::Reply(reply_of(&asked.request, answer)))).await;
    drop(permit);
    let (Ok(()), Ok((watch, entered))) = (told, begun) else { return };
    let stop = entered.stop.clone();
    tokio::select! {
        () = stop.cancelled() => {}
        // The one who asked may be gone while nothing changes.
        () = asked.tell.closed() => {}
        () = pump(asked, watch, &stop) => {}
    }
}

async fn begin(asked: &Asked, desk: &Desk, (root, path): (Option<String>, String)) -> Result<(Watch, Entered), Error> {
    let entered = desk.enter(&asked.request.id, true)?;
    let path = parse(&path)?;
    let root = with_root(asked, root, Ok).await?;
    Ok((Watch::start(root, path).await?, entered))
}

async fn pump(asked: &Asked, mut watch: Watch, stop: &CancellationToken) {
    loop {
        let seen = match watch.next().await {
            Ok((next, seen)) => {
                watch = next;
                seen
            }
            Err(error) => {
                tracing::warn!(%error, "a workspace is watched no more");
                return;
            }
        };
        let teller = Teller::new(asked, stop);
        let (request_id, paths) = (RequestId::from(asked.request.id.as_str()), seen.paths);
        let Ok(frame) = teller.frame(&FilesEvent::Changed { request_id, paths, rescan: seen.rescan }) else { return };
        if asked.tell.send(Box::new(frame)).await.is_err() {
            return;
        }
    }
}
