//! Files that come in pieces, over several requests and, after a loss, several connections.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use octo_proto::{Code, Error, files::Written, id::RequestId};
use sha2::{Digest as _, Sha256};

use super::{
    root::Root,
    write::{Expected, Replacement},
};

/// So many may be under way at once.
const MAX_OPEN: usize = 32;

/// One that nobody went on with for so long is given up.
const IDLE: Duration = Duration::from_secs(600);

/// The files that are under way.
#[derive(Debug, Default)]
pub struct Uploads(Mutex<HashMap<RequestId, Upload>>);

#[derive(Debug)]
struct Upload {
    root: PathBuf,
    path: Vec<u8>,
    replacement: Replacement,
    size: u64,
    hash: Sha256,
    touched: Instant,
}

/// A piece of a file.
pub struct Piece<'a> {
    /// Of which upload.
    pub upload: &'a RequestId,
    /// Where it begins.
    pub offset: u64,
    /// Of the whole, with the last piece.
    pub sha256: Option<&'a str>,
    /// The bytes.
    pub bytes: &'a [u8],
}

impl Uploads {
    /// Takes a piece in; with the last one the file takes its place.
    ///
    /// # Errors
    /// `conflict` where a piece is missing, `bad_request` where the whole is not what it should be.
    pub fn put(&self, root: &Root, path: &[u8], expected: &Expected, piece: &Piece<'_>) -> Result<Written, Error> {
        if !piece.upload.is_ulid() {
            return Err(Error::bad_request("`upload` must be a ULID, the same for all pieces"));
        }
        let mut upload = self.take(root, path, piece)?;
        upload.replacement.append(piece.bytes)?;
        upload.hash.update(piece.bytes);
        upload.size += piece.bytes.len() as u64;
        upload.touched = Instant::now();
        let Some(sha256) = piece.sha256 else {
            let size = upload.size;
            let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            open.insert(piece.upload.clone(), upload);
            return Ok(Written { size, version: None });
        };
        if !hexadecimal(&upload.hash.finalize()).eq_ignore_ascii_case(sha256) {
            return Err(Error::bad_request("the bytes do not have the sha256 that was given")
                .hint("put them again, with a new `upload`"));
        }
        upload.replacement.commit(expected)
    }

    /// Takes out the upload that the piece belongs to. One that fails is not put back: it begins anew.
    fn take(&self, root: &Root, path: &[u8], piece: &Piece<'_>) -> Result<Upload, Error> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, upload| upload.touched.elapsed() < IDLE);
        let belongs =
            |upload: &Upload| upload.size == piece.offset && upload.root == root.path() && upload.path == path;
        match open.remove(piece.upload) {
            Some(upload) if belongs(&upload) => return Ok(upload),
            Some(upload) => {
                open.insert(piece.upload.clone(), upload);
            }
            None if piece.offset == 0 => {
                if open.len() >= MAX_OPEN {
                    return Err(Error::new(Code::Busy, format!("{MAX_OPEN} files are being written in pieces"))
                        .hint("finish one, or wait ten minutes"));
                }
                drop(open);
                let (root, path) = (root.path().to_owned(), path.to_vec());
                let (replacement, hash) = (Replacement::begin(&Root::open(&root)?, &path)?, Sha256::new());
                return Ok(Upload { root, path, replacement, size: 0, hash, touched: Instant::now() });
            }
            None => {}
        }
        Err(Error::new(Code::Conflict, format!("no piece of this upload ends at {}", piece.offset))
            .hint("begin again with a new `upload`"))
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a String cannot fail.
        let _written = write!(text, "{byte:02x}");
        text
    })
}
