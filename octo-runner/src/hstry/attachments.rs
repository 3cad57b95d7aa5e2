//! Attachments in the store: put in pieces, given in pieces.

use octo_proto::id::{AttachmentId, RequestId};
use rusqlite::{OptionalExtension, Row, params};

use super::{Store, StoreError, write};

/// A piece of an attachment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Of the whole, in bytes.
    pub size: u64,
    /// The media type.
    pub mime_type: String,
    /// The bytes.
    pub bytes: bytes::Bytes,
}

impl Store {
    /// A piece of an attachment.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn attachment(&self, id: &AttachmentId, offset: u64, limit: u64) -> Result<Option<Piece>, StoreError> {
        let id = id.clone();
        self.read(move |db| {
            let sql = "SELECT size, mime_type, substr(bytes, ?2, ?3) FROM attachments WHERE id = ?1";
            let piece = |row: &Row<'_>| {
                let bytes: Vec<u8> = row.get(2)?;
                Ok(Piece { size: row.get::<_, i64>(0)?.cast_unsigned(), mime_type: row.get(1)?, bytes: bytes.into() })
            };
            let from = offset.saturating_add(1).cast_signed();
            db.prepare_cached(sql)?.query_row(params![id.as_str(), from, limit.cast_signed()], piece).optional()
        })
        .await
    }

    /// Puts a piece of an upload behind what is there; gives the size so far, none where a piece is missing.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn put_piece(
        &self,
        upload: &RequestId,
        offset: u64,
        bytes: bytes::Bytes,
        now: i64,
    ) -> Result<Option<u64>, StoreError> {
        let upload = upload.clone();
        self.write(move |db| write::put_piece(db, upload.as_str(), offset, &bytes, now)).await
    }

    /// Makes an attachment of an upload; none where it does not have the hash.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn finish_upload(
        &self,
        upload: &RequestId,
        sha256: &str,
        mime_type: &str,
    ) -> Result<Option<AttachmentId>, StoreError> {
        let (upload, sha256, mime_type) = (upload.clone(), sha256.to_owned(), mime_type.to_owned());
        self.write(move |db| write::finish_upload(db, upload.as_str(), &sha256, &mime_type)).await
    }
}
