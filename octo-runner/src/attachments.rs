//! Attachments of clients: put in pieces, checked as a whole, given back in pieces.

use std::collections::HashMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use octo_proto::{
    Code, Error,
    command::{AttachmentPiece, AttachmentPut},
    id::{AttachmentId, RequestId},
    message::{Message, PartKind, Source},
};

use crate::{runner::Runner, transcript::MAX_BYTES};

/// The largest piece that is given at once, in bytes.
const PIECE: u64 = 192 * 1024;

/// What the pictures of a prompt may have together, in base64: they go to the agent as one line.
const SHOWN: usize = MAX_BYTES - 8 * 1024 * 1024;

/// The largest attachment, in bytes.
const LARGEST: u64 = 32 * 1024 * 1024;

/// A piece of an attachment that a client puts.
pub struct Piece {
    /// Which attachment, by the client's choice.
    pub upload: RequestId,
    /// Where it begins.
    pub offset: u64,
    /// Of the whole, with the last piece.
    pub sha256: Option<String>,
    /// The media type, with the last piece.
    pub mime_type: Option<String>,
    /// The bytes.
    pub bytes: Bytes,
}

/// Keeps a piece; with the last one, the attachment.
///
/// # Errors
/// `conflict` where pieces are missing, `bad_request` where the whole is not what it should be, `too_large`.
pub async fn put(runner: &Runner, piece: Piece) -> Result<AttachmentPut, Error> {
    if !piece.upload.is_ulid() {
        return Err(Error::bad_request("`upload` must be a ULID, the same for all pieces"));
    }
    if piece.offset + piece.bytes.len() as u64 > LARGEST {
        return Err(Error::new(Code::TooLarge, format!("an attachment may have {} MiB", LARGEST >> 20)));
    }
    let store = runner.store();
    let size = store
        .put_piece(&piece.upload, piece.offset, piece.bytes, runner.now())
        .await
        .map_err(|error| error.to_error())?;
    let Some(size) = size else {
        return Err(Error::new(Code::Conflict, format!("no piece ends at {}: a piece is missing", piece.offset))
            .hint("begin again with a new `upload`"));
    };
    let Some(sha256) = piece.sha256 else { return Ok(AttachmentPut { size, attachment_id: None }) };
    let mime_type = piece.mime_type.unwrap_or_else(|| "application/octet-stream".to_owned());
    let id = store.finish_upload(&piece.upload, &sha256, &mime_type).await.map_err(|error| error.to_error())?;
    match id {
        Some(id) => Ok(AttachmentPut { size, attachment_id: Some(id) }),
        None => Err(Error::bad_request("the bytes do not have the sha256 that was given").hint("put them again")),
    }
}

/// A piece of an attachment.
///
/// # Errors
/// `not_found`.
pub async fn get(
    runner: &Runner,
    id: &AttachmentId,
    offset: u64,
    limit: Option<u64>,
) -> Result<(AttachmentPiece, Bytes), Error> {
    let limit = limit.unwrap_or(PIECE).clamp(1, PIECE);
    let found = runner.store().attachment(id, offset, limit).await.map_err(|error| error.to_error())?;
    let piece = found.ok_or_else(|| missing(id))?;
    Ok((AttachmentPiece { size: piece.size, mime_type: piece.mime_type }, piece.bytes))
}

fn missing(id: &AttachmentId) -> Error {
    Error::not_found(format!("there is no attachment {id}")).hint("put it with `attachment.put` first")
}

/// Whether the images of a prompt can be shown to an agent.
///
/// # Errors
/// `not_found` where one is not there, `bad_request` where one is no image that could be.
pub async fn check(runner: &Runner, images: &[Source]) -> Result<(), Error> {
    for image in images {
        match image {
            Source::Attachment { attachment_id, .. } => {
                let found = runner.store().attachment(attachment_id, 0, 1).await.map_err(|error| error.to_error())?;
                if found.is_none() {
                    return Err(missing(attachment_id));
                }
            }
            Source::Base64 { base64, .. } => {
                STANDARD
                    .decode(base64)
                    .map_err(|error| Error::bad_request(format!("an image is not base64: {error}")))?;
            }
            Source::Url { .. } => {
                return Err(Error::new(
                    Code::Unsupported,
                    "images of prompts are put as attachments, not as addresses",
                ));
            }
        }
    }
    Ok(())
}

/// The bytes of the attachments that a message shows, in base64, as agents' protocols want them.
///
/// # Errors
/// `not_found`, and `too_large` where they are too much for one line to an agent.
pub async fn pictures(runner: &Runner, message: &Message) -> Result<HashMap<AttachmentId, String>, Error> {
    let mut pictures = HashMap::new();
    for part in &message.parts {
        let PartKind::Image { source: Source::Attachment { attachment_id, .. }, .. } = &part.kind else { continue };
        let found = runner.store().attachment(attachment_id, 0, LARGEST).await.map_err(|error| error.to_error())?;
        let bytes = found.ok_or_else(|| missing(attachment_id))?.bytes;
        pictures.insert(attachment_id.clone(), STANDARD.encode(&bytes));
        if pictures.values().map(String::len).sum::<usize>() > SHOWN {
            let most = (SHOWN / 4 * 3) >> 20;
            return Err(Error::new(Code::TooLarge, format!("the pictures of a prompt may have {most} MiB together"))
                .hint("send them with several prompts, or smaller"));
        }
    }
    Ok(pictures)
}
