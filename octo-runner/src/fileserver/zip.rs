//! A directory as a zip, packed while it is sent.

use std::{
    io::{self, Write},
    sync::Arc,
};

use ::zip::{CompressionMethod, ZipWriter, result::ZipError, write::SimpleFileOptions};
use axum::{
    body::Body,
    extract::{Query, State, rejection::QueryRejection},
    http::header,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream::unfold;
use octo_proto::{
    Code, Error,
    config::ByteSize,
    files::{Shown, name},
};
use rustix::fs::FileType;
use serde::Deserialize;
use tokio::sync::mpsc;

use super::{Limits, Server, content::disposition, reply::Answer, verbs::said};
use crate::files::{
    Root, parse,
    walk::{Step, Walk},
};

/// As deep as directories go.
const DEEPEST: usize = 256;

/// Packed bytes go out in chunks of this size.
const CHUNK: usize = 32 * 1024;

/// Chunks that may wait for the one who downloads.
const WAITING: usize = 4;

/// Files from this size on have the large headers of a zip.
const LARGE: u64 = u32::MAX as u64;

/// Which directory, and which of its files that are not shown by themselves.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ZipQuery {
    #[serde(default)]
    path: String,
    #[serde(default)]
    hidden: bool,
    #[serde(default)]
    ignored: bool,
}

/// Packs a directory.
pub(super) async fn download(
    State(server): State<Arc<Server>>,
    query: Result<Query<ZipQuery>, QueryRejection>,
) -> Answer<Response> {
    let ZipQuery { path, hidden, ignored } = said(query)?;
    let path = parse(&path)?;
    let (limits, shown) = (server.settings.limits, Shown { hidden, ignored });
    let below = path.clone();
    // What is too large is refused before the first byte.
    let (root, steps) = server
        .with_root(move |root| {
            let steps = list(&root, &below, shown, limits)?;
            Ok((root, steps))
        })
        .await?;
    let name = match path.rsplit(|byte| *byte == b'/').find(|part| !matches!(*part, b"" | b"." | b"..")) {
        Some(name) => name.to_vec(),
        None => server.settings.root.file_name().map_or(b"workspace".to_vec(), |name| name.as_encoded_bytes().to_vec()),
    };
    let (send, chunks) = mpsc::channel(WAITING);
    server.tasks.spawn_blocking(move || {
        let mut out = Chunks { send: send.clone(), bytes: Vec::with_capacity(CHUNK) };
        if let Err(error) = pack(&root, &path, &steps, &mut out) {
            // Who downloads sees a broken download, not a zip that looks whole; who is gone sees nothing.
            drop(send.blocking_send(Err(io::Error::other(error))));
        }
    });
    let body = Body::from_stream(unfold(chunks, async |mut chunks| Some((chunks.recv().await?, chunks))));
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_DISPOSITION, disposition(&[&name, b".zip".as_slice()].concat(), true)),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, body).into_response())
}

/// The files and directories of a zip. Links, pipes and the like are left out.
fn list(root: &Root, path: &[u8], shown: Shown, limits: Limits) -> Result<Vec<Step>, Error> {
    let (mut steps, mut size) = (Vec::new(), 0_u64);
    for step in Walk::new(root, path, DEEPEST, shown)? {
        match step.kind {
            FileType::Directory => {}
            // One that is gone by now is left out.
            FileType::RegularFile => size += root.stat(&step.path).map_or(0, |stat| stat.st_size.cast_unsigned()),
            _ => continue,
        }
        steps.push(step);
        if steps.len() as u64 > limits.zip_entries || size > limits.zip {
            let (most, largest) = (limits.zip_entries, ByteSize(limits.zip));
            return Err(Error::new(Code::TooLarge, format!("a zip may have {most} entries and {largest} of files"))
                .hint("octo-files packs more with --max-zip and --max-zip-entries"));
        }
    }
    Ok(steps)
}

fn pack(root: &Root, below: &[u8], steps: &[Step], out: &mut Chunks) -> Result<(), ZipError> {
    let mut zip = ZipWriter::new_stream(out);
    for step in steps {
        let path = step.path.strip_prefix(below).unwrap_or(&step.path);
        let path = path.strip_prefix(b"/").unwrap_or(path);
        let path = String::from_utf8(path.to_vec()).unwrap_or_else(|_| name::escape(path));
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        if step.kind == FileType::Directory {
            zip.add_directory(path, options)?;
            continue;
        }
        // One that is gone or closed by now is left out.
        let Ok((file, stat)) = root.file(&step.path) else { continue };
        let size = stat.st_size.cast_unsigned();
        zip.start_file(path, options.unix_permissions(stat.st_mode & 0o777).large_file(size >= LARGE))?;
        // One that grows meanwhile is packed as long as it was.
        io::copy(&mut io::Read::take(file, size), &mut zip)?;
    }
    zip.finish()?.into_inner().flush()?;
    Ok(())
}

/// Sends what is written, at the pace of the one who downloads.
struct Chunks {
    send: mpsc::Sender<io::Result<Bytes>>,
    bytes: Vec<u8>,
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() >= CHUNK {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let bytes = std::mem::replace(&mut self.bytes, Vec::with_capacity(CHUNK));
        if bytes.is_empty() {
            return Ok(());
        }
        self.send.blocking_send(Ok(bytes.into())).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}
