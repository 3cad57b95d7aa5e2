//! The service that writes.

use octo_proto::id::SessionId;
use tonic::{Request, Response, Status};

use super::{
    Appender, convert,
    proto::{AppendMessageRequest, AppendMessageResponse, write_service_server::WriteService},
    status,
};

pub(super) struct Write<A> {
    appender: A,
}

impl<A: Appender> Write<A> {
    pub(super) fn new(appender: A) -> Self {
        Self { appender }
    }
}

#[tonic::async_trait]
impl<A: Appender> WriteService for Write<A> {
    async fn append_message(
        &self,
        request: Request<AppendMessageRequest>,
    ) -> Result<Response<AppendMessageResponse>, Status> {
        let mut request = request.into_inner();
        let session = SessionId(std::mem::take(&mut request.session_id));
        let message = convert::appended(request).map_err(|error| status(&error))?;
        let message_id = message.id.0.clone();
        let fact = self.appender.append(session, message).await.map_err(|error| status(&error))?;
        Ok(Response::new(AppendMessageResponse { message_id, fact }))
    }
}
