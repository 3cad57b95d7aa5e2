//! What files hold: whole or a range, to be shown or to be kept.

use std::{fs::File, io, os::unix::fs::FileExt, sync::Arc};

use axum::{
    body::Body,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream::try_unfold;
use octo_proto::Error;
use serde::Deserialize;

use super::{Server, reply::Answer, verbs::said};
use crate::files::{entry, parse};

/// So much of a file is in memory at once for each who reads it.
const CHUNK: u64 = 64 * 1024;

/// Media types by the end of a name; text that a browser would run is shown as text.
const TYPES: [(&str, &str); 17] = [
    ("css", "text/css; charset=utf-8"),
    ("csv", "text/csv; charset=utf-8"),
    ("gif", "image/gif"),
    ("htm", "text/html; charset=utf-8"),
    ("html", "text/html; charset=utf-8"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("json", "application/json"),
    ("md", "text/markdown; charset=utf-8"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("txt", "text/plain; charset=utf-8"),
    ("webp", "image/webp"),
    ("zip", "application/zip"),
];

/// Which file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileQuery {
    path: String,
}

/// A file to be shown.
pub(super) async fn show(
    State(server): State<Arc<Server>>,
    headers: HeaderMap,
    query: Result<Query<FileQuery>, QueryRejection>,
) -> Answer<Response> {
    send(&server, &headers, said(query)?, false).await
}

/// A file to be kept.
pub(super) async fn download(
    State(server): State<Arc<Server>>,
    headers: HeaderMap,
    query: Result<Query<FileQuery>, QueryRejection>,
) -> Answer<Response> {
    send(&server, &headers, said(query)?, true).await
}

async fn send(server: &Server, headers: &HeaderMap, query: FileQuery, keep: bool) -> Answer<Response> {
    let path = parse(&query.path)?;
    let at = path.clone();
    let (file, stat) = server.with_root(move |root| root.file(&at)).await?;
    let (size, tag) = (stat.st_size.cast_unsigned(), format!("\"{}\"", entry::version(&stat)));
    let asked = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let mut answer = if asked(header::IF_NONE_MATCH).is_some_and(|known| known == "*" || known.contains(&tag)) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        // A range of another version is no use.
        let range = asked(header::RANGE).filter(|_| asked(header::IF_RANGE).is_none_or(|known| known == tag));
        match range.map(|range| range_of(range, size)) {
            None | Some(Wanted::Whole) => whole(file, size),
            Some(Wanted::Range(first, last)) => part(file, (first, last), size),
            Some(Wanted::Nothing) => {
                let range = [(header::CONTENT_RANGE, format!("bytes */{size}"))];
                (StatusCode::RANGE_NOT_SATISFIABLE, range).into_response()
            }
        }
    };
    dress(answer.headers_mut(), &path, &tag, keep);
    Ok(answer)
}

fn whole(file: File, size: u64) -> Response {
    ([(header::CONTENT_LENGTH, size)].map(|(name, size)| (name, size.to_string())), stream(file, 0, size))
        .into_response()
}

fn part(file: File, (first, last): (u64, u64), size: u64) -> Response {
    let length = last - first + 1;
    let headers =
        [(header::CONTENT_LENGTH, length.to_string()), (header::CONTENT_RANGE, format!("bytes {first}-{last}/{size}"))];
    (StatusCode::PARTIAL_CONTENT, headers, stream(file, first, length)).into_response()
}

/// What every answer with a file's content says of it. Nothing in it runs with the rights of our own pages.
fn dress(headers: &mut HeaderMap, path: &[u8], tag: &str, keep: bool) {
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
    let texts = [
        (header::ACCEPT_RANGES, "bytes".to_owned()),
        (header::CACHE_CONTROL, "private, no-cache".to_owned()),
        (header::CONTENT_DISPOSITION, disposition(name, keep)),
        (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'; img-src 'self'".to_owned()),
        (header::CONTENT_TYPE, type_of(name).to_owned()),
        (header::ETAG, tag.to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    for (name, text) in texts {
        if let Ok(text) = HeaderValue::from_str(&text) {
            headers.insert(name, text);
        }
    }
}

fn type_of(name: &[u8]) -> &'static str {
    let end = name.rsplit(|byte| *byte == b'.').next().unwrap_or_default().to_ascii_lowercase();
    let known = TYPES.iter().find(|(known, _)| known.as_bytes() == end);
    known.map_or("application/octet-stream", |(_, media_type)| media_type)
}

/// What a browser is to do with a file of this name.
pub(super) fn disposition(name: &[u8], keep: bool) -> String {
    use std::fmt::Write as _;
    let kind = if keep { "attachment" } else { "inline" };
    let mut text = format!("{kind}; filename*=UTF-8''");
    for byte in String::from_utf8_lossy(name).bytes() {
        if byte.is_ascii_alphanumeric() || b"-._".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing into a String cannot fail.
            let _written = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// What a client wants of a file.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    /// All of it: what it says of a range is not understood, or means several.
    Whole,
    /// From this byte to that one.
    Range(u64, u64),
    /// What is not there.
    Nothing,
}

fn range_of(header: &str, size: u64) -> Wanted {
    let Some((first, last)) = header.strip_prefix("bytes=").and_then(|range| range.trim().split_once('-')) else {
        return Wanted::Whole;
    };
    let number = |text: &str| text.parse::<u64>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    match (first, number(first), last, number(last)) {
        ("", _, _, Some(length)) if length == 0 || size == 0 => Wanted::Nothing,
        ("", _, _, Some(length)) => Wanted::Range(size.saturating_sub(length), size - 1),
        (_, Some(first), _, Some(last)) if first > last => Wanted::Whole,
        (_, Some(first), "", _) | (_, Some(first), _, Some(_)) if first >= size => Wanted::Nothing,
        (_, Some(first), "", _) => Wanted::Range(first, size - 1),
        (_, Some(first), _, Some(last)) => Wanted::Range(first, last.min(size - 1)),
        _ => Wanted::Whole,
    }
}

/// So many bytes of a file, read when there is room for them. A file that becomes shorter meanwhile ends in an error.
fn stream(file: File, offset: u64, length: u64) -> Body {
    let file = Arc::new(file);
    Body::from_stream(try_unfold((offset, length), move |(offset, left)| {
        let file = Arc::clone(&file);
        async move {
            if left == 0 {
                return Ok(None);
            }
            let read = crate::files::watch::blocking(move || {
                read(&file, offset, left.min(CHUNK)).map_err(|error| Error::internal(error.to_string()))
            });
            let bytes = read.await.map_err(io::Error::other)?;
            let length = bytes.len() as u64;
            Ok::<_, io::Error>(Some((bytes, (offset + length, left - length))))
        }
    }))
}

fn read(file: &File, offset: u64, length: u64) -> io::Result<Bytes> {
    let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    file.read_exact_at(&mut bytes, offset)?;
    Ok(bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_taken_as_it_was_meant() {
        for (header, size, wanted) in [
            ("bytes=0-0", 10, Wanted::Range(0, 0)),
            ("bytes=2-5", 10, Wanted::Range(2, 5)),
            ("bytes=2-", 10, Wanted::Range(2, 9)),
            ("bytes=2-99", 10, Wanted::Range(2, 9)),
            ("bytes=-3", 10, Wanted::Range(7, 9)),
            ("bytes=-99", 10, Wanted::Range(0, 9)),
            ("bytes=10-", 10, Wanted::Nothing),
            ("bytes=10-12", 10, Wanted::Nothing),
            ("bytes=-0", 10, Wanted::Nothing),
            ("bytes=0-", 0, Wanted::Nothing),
            ("bytes=-5", 0, Wanted::Nothing),
            ("bytes=5-2", 10, Wanted::Whole),
            ("bytes=0-1,4-5", 10, Wanted::Whole),
            ("bytes=x-", 10, Wanted::Whole),
            ("bytes=+1-2", 10, Wanted::Whole),
            ("bytes=-", 10, Wanted::Whole),
            ("lines=1-2", 10, Wanted::Whole),
            ("bytes=99999999999999999999-", 10, Wanted::Whole),
        ] {
            assert_eq!(range_of(header, size), wanted, "{header} of {size}");
        }
    }

    #[test]
    fn a_name_cannot_end_its_header() {
        assert_eq!(disposition(b"a\"b;\r\nX: y", true), "attachment; filename*=UTF-8''a%22b%3B%0D%0AX%3A%20y");
        assert_eq!(disposition("Grüße.txt".as_bytes(), false), "inline; filename*=UTF-8''Gr%C3%BC%C3%9Fe.txt");
    }
}
