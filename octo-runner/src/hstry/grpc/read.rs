//! The service that reads.

use futures_util::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use octo_proto::{Error, id::SessionId, message::Message};
use tonic::{Request, Response, Status};

use super::{
    convert,
    proto::{
        ExportSessionRequest, ExportSessionResponse, GetSessionRequest, GetSessionResponse, ListSessionsRequest,
        ListSessionsResponse, PageMessagesRequest, PageMessagesResponse, export_session_response::Item,
        read_service_server::ReadService,
    },
    status,
};
use crate::{
    hstry::{Store, StoredSession},
    sessions::unknown,
};

/// Messages in a page where the reader does not say.
const PAGE: u64 = 50;

/// The most messages in a page.
const LARGEST_PAGE: u64 = 200;

/// A page has at most so many bytes of messages, and at least one message.
const PAGE_BYTES: usize = 1024 * 1024;

/// Messages of an export that are read at once.
const AHEAD: u64 = 16;

pub(super) struct Read {
    store: Store,
}

impl Read {
    pub(super) fn new(store: Store) -> Self {
        Self { store }
    }

    async fn stored(&self, id: &SessionId) -> Result<StoredSession, Error> {
        self.store.session(id).await.map_err(|error| error.to_error())?.ok_or_else(|| unknown(id))
    }

    async fn list(&self) -> Result<ListSessionsResponse, Error> {
        let stored = self.store.sessions().await.map_err(|error| error.to_error())?;
        let sessions = stored.into_iter().map(convert::session).collect::<Result<_, _>>()?;
        Ok(ListSessionsResponse { sessions })
    }

    async fn page(&self, request: PageMessagesRequest) -> Result<PageMessagesResponse, Error> {
        let id = SessionId(request.session_id);
        let limit = if request.limit == 0 { PAGE } else { request.limit };
        if limit > LARGEST_PAGE {
            return Err(Error::bad_request(format!("`limit` is {limit}; a page has at most {LARGEST_PAGE} messages")));
        }
        self.stored(&id).await?;
        let page = self.store.page(&id, request.before, limit, PAGE_BYTES).await.map_err(|error| error.to_error())?;
        let messages = page.messages.into_iter().map(convert::message).collect::<Result<_, _>>()?;
        Ok(PageMessagesResponse { messages, has_more: page.has_more })
    }
}

#[tonic::async_trait]
impl ReadService for Read {
    type ExportSessionStream = BoxStream<'static, Result<ExportSessionResponse, Status>>;

    async fn list_sessions(
        &self,
        _request: Request<ListSessionsRequest>,
    ) -> Result<Response<ListSessionsResponse>, Status> {
        self.list().await.map(Response::new).map_err(|error| status(&error))
    }

    async fn get_session(&self, request: Request<GetSessionRequest>) -> Result<Response<GetSessionResponse>, Status> {
        let id = SessionId(request.into_inner().session_id);
        let stored = self.stored(&id).await.and_then(convert::session).map_err(|error| status(&error))?;
        Ok(Response::new(GetSessionResponse { session: Some(stored) }))
    }

    async fn page_messages(
        &self,
        request: Request<PageMessagesRequest>,
    ) -> Result<Response<PageMessagesResponse>, Status> {
        self.page(request.into_inner()).await.map(Response::new).map_err(|error| status(&error))
    }

    async fn export_session(
        &self,
        request: Request<ExportSessionRequest>,
    ) -> Result<Response<Self::ExportSessionStream>, Status> {
        let id = SessionId(request.into_inner().session_id);
        let stored = self.stored(&id).await.map_err(|error| status(&error))?;
        let count = stored.messages;
        let export = Export { store: self.store.clone(), id, head: Some(stored), next: 0, count, read: Vec::new() };
        let items = stream::try_unfold(export, |mut export| async move {
            let item = export.next().await.map_err(|error| status(&error))?;
            Ok(item.map(|item| (ExportSessionResponse { item: Some(item) }, export)))
        });
        Ok(Response::new(items.boxed()))
    }
}

/// What a session had when its export began. Read as the reader asks for it.
struct Export {
    store: Store,
    id: SessionId,
    head: Option<StoredSession>,
    next: u64,
    count: u64,
    /// Messages that were read ahead, the next one last.
    read: Vec<Message>,
}

impl Export {
    async fn next(&mut self) -> Result<Option<Item>, Error> {
        if let Some(head) = self.head.take() {
            return convert::session(head).map(|session| Some(Item::Session(session)));
        }
        if self.next == self.count {
            return Ok(None);
        }
        if self.read.is_empty() {
            let read = self.store.messages_from(&self.id, self.next, AHEAD).await;
            self.read = read.map_err(|error| error.to_error())?;
            self.read.reverse();
        }
        // None where it was deleted meanwhile.
        let message = self.read.pop().ok_or_else(|| unknown(&self.id))?;
        self.next += 1;
        convert::message(message).map(|message| Some(Item::Message(message)))
    }
}
