//! Pieces of files.

use std::{fs::File, io, os::unix::fs::FileExt};

use bytes::Bytes;
use octo_proto::{
    Code, Error,
    files::{FilePiece, MAX_PIECE},
};
use rustix::fs::fstat;

use super::{
    entry::version,
    problem,
    root::{Place, Root},
};

/// So much of a file's beginning tells whether it is text, as git looks at it.
const HEAD: usize = 8000;

/// A piece of a file.
///
/// # Errors
/// Where it is no file within, or another version than `if_version`.
pub fn piece(
    root: &Root,
    path: &[u8],
    range: (u64, Option<u64>),
    if_version: Option<&str>,
) -> Result<(FilePiece, Bytes), Error> {
    let (file, stat) = root.file(path)?;
    if if_version.is_some_and(|wanted| wanted != version(&stat)) {
        return Err(changed(path));
    }
    let limit = range.1.unwrap_or(MAX_PIECE).min(MAX_PIECE);
    let refuse = |error: io::Error| problem::io(path, &error);
    let bytes = read_at(&file, range.0, usize::try_from(limit).unwrap_or(HEAD)).map_err(refuse)?;
    let binary =
        if range.0 == 0 && bytes.len() >= HEAD { is_binary(&bytes) } else { is_binary_file(&file).map_err(refuse)? };
    // What was read belongs to what it is now; a change after this look is another version.
    let now = fstat(&file).map_err(|errno| problem::at(path, errno))?;
    if if_version.is_some() && version(&now) != version(&stat) {
        return Err(changed(path));
    }
    Ok((FilePiece { size: now.st_size.cast_unsigned(), version: version(&now), binary }, bytes.into()))
}

/// That a file is not the one that was meant.
pub(super) fn changed(path: &[u8]) -> Error {
    Error::new(Code::Conflict, format!("`{}` was changed meanwhile", Place::shown(path)))
        .hint("look at it again, then repeat with its version")
}

/// As many bytes as are there, up to `limit`.
pub(super) fn read_at(file: &File, offset: u64, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; limit];
    let mut filled = 0;
    while filled < limit {
        match file.read_at(&mut bytes[filled..], offset.saturating_add(filled as u64)) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // No offset of a file is that large, so there is nothing.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => break,
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// Whether a file is no text.
pub(super) fn is_binary_file(file: &File) -> io::Result<bool> {
    Ok(is_binary(&read_at(file, 0, HEAD)?))
}

/// Whether what begins so is no text.
#[must_use]
pub(super) fn is_binary(bytes: &[u8]) -> bool {
    bytes.iter().take(HEAD).any(|byte| *byte == 0)
}
