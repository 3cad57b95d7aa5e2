//! Files that are sent here: as large as is allowed, and in their place only when they are whole.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, BodyDataStream},
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, header},
    response::Response,
};
use bytes::Bytes;
use futures_util::StreamExt as _;
use octo_proto::{Code, Error, config::ByteSize};
use serde::Deserialize;
use tokio::{sync::mpsc, time::timeout};

use super::{
    Server,
    condition::expected,
    reply::{Answer, ok, unmet},
    verbs::said,
};
use crate::files::{
    parse,
    write::{Expected, Replacement},
};

/// How long nothing may come of an upload.
const IDLE: Duration = Duration::from_secs(30);

/// Chunks that may wait for the disk.
const WAITING: usize = 4;

/// Where to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UploadQuery {
    path: String,
}

/// What comes of an upload; all that came before `Whole` is given up without it.
enum Step {
    Chunk(Bytes),
    Whole,
}

/// Takes a file.
pub(super) async fn put(
    State(server): State<Arc<Server>>,
    headers: HeaderMap,
    query: Result<Query<UploadQuery>, QueryRejection>,
    body: Body,
) -> Answer<Response> {
    if headers.contains_key(header::CONTENT_RANGE) {
        // As a whole it would be all that is left of the file.
        return Err(Error::bad_request("an upload is a whole file: with Content-Range it would be a piece").into());
    }
    let path = parse(&said(query)?.path)?;
    let expected = expected(&headers)?;
    let conditional = expected != Expected::Anything;
    let limit = server.settings.limits.upload;
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > limit) {
        return Err(too_large(limit).into());
    }
    let (send, mut steps) = mpsc::channel(WAITING);
    let writing = server.with_root(move |root| {
        let mut file = Replacement::begin(&root, &path)?;
        while let Some(step) = steps.blocking_recv() {
            match step {
                Step::Chunk(bytes) => file.append(&bytes)?,
                Step::Whole => return file.commit(&expected).map(Some),
            }
        }
        Ok(None)
    });
    let (sent, written) = tokio::join!(receive(body.into_data_stream(), limit, send), writing);
    // What went wrong with writing is why nothing more was taken.
    match (written, sent) {
        (Err(error), _) if conditional && error.code == Code::Conflict => Ok(unmet(error)),
        (Err(error), _) | (Ok(None), Err(error)) => Err(error.into()),
        (Ok(Some(written)), _) => Ok(ok(written)),
        (Ok(None), Ok(())) => Err(Error::internal("an upload ended before its end").into()),
    }
}

async fn receive(mut body: BodyDataStream, limit: u64, send: mpsc::Sender<Step>) -> Result<(), Error> {
    let mut size = 0;
    loop {
        let chunk = timeout(IDLE, body.next())
            .await
            .map_err(|_| Error::new(Code::Timeout, format!("nothing came for {} s", IDLE.as_secs())))?;
        let step = match chunk {
            None => Step::Whole,
            Some(chunk) => {
                Step::Chunk(chunk.map_err(|error| Error::bad_request(format!("the upload broke off: {error}")))?)
            }
        };
        let last = matches!(step, Step::Whole);
        if let Step::Chunk(bytes) = &step {
            size += bytes.len() as u64;
            if size > limit {
                return Err(too_large(limit));
            }
        }
        if send.send(step).await.is_err() || last {
            return Ok(());
        }
    }
}

fn too_large(limit: u64) -> Error {
    Error::new(Code::TooLarge, format!("an upload may have {}", ByteSize(limit)))
        .hint("octo-files takes more with --max-upload")
}
