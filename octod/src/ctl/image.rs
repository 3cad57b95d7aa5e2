//! Pictures of a prompt: put into Octo's store in pieces, then named in the prompt.

use std::path::Path;

use bytes::Bytes;
use octo_proto::{
    Command,
    command::AttachmentPut,
    id::{RequestId, SessionId},
    message::Source,
};
use sha2::{Digest, Sha256};

use super::{Connection, Failure, connection::request};

/// Bytes of one piece.
const PIECE: usize = 192 * 1024;

/// A picture larger than this is refused before it is read.
const LARGEST: u64 = 32 * 1024 * 1024;

/// Puts a picture and gives what a prompt names it by.
pub(super) async fn upload(connection: &mut Connection, session: &SessionId, path: &Path) -> Result<Source, Failure> {
    let unreadable = |error: std::io::Error| Failure::usage(format!("{}: {error}", path.display()));
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > LARGEST {
        let message = format!("{} has {size} bytes; a picture may have {LARGEST}", path.display());
        return Err(Failure::usage(message));
    }
    let picture = Bytes::from(std::fs::read(path).map_err(unreadable)?);
    let mime_type = mime_type(&picture).ok_or_else(|| {
        Failure::usage(format!("{} is not a picture", path.display())).hint("PNG, JPEG, GIF and WebP are")
    })?;
    let sha256: String = Sha256::digest(&picture).iter().map(|byte| format!("{byte:02x}")).collect();
    let upload = RequestId::draw();
    let mut offset = 0;
    loop {
        let end = picture.len().min(offset + PIECE);
        let last = end == picture.len();
        let command = Command::AttachmentPut {
            upload: upload.clone(),
            offset: offset as u64,
            sha256: last.then(|| sha256.clone()),
            mime_type: Some(mime_type.to_owned()),
        };
        let mut piece = request(Some(session), &command)?;
        piece.bytes = picture.slice(offset..end);
        let put: AttachmentPut = connection.send(piece).await?;
        offset = end;
        if let Some(attachment_id) = put.attachment_id {
            return Ok(Source::Attachment { attachment_id, mime_type: mime_type.to_owned() });
        }
        if last {
            return Err(Failure::failed(format!("{} was sent, but not stored", path.display())));
        }
    }
}

/// What kind of picture its first bytes say it is.
fn mime_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}
