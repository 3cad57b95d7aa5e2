//! Files that prompts mention: each that is in the workspace becomes a part of the message, with the lines that are meant.

use std::io::{BufRead, BufReader, Read};

use octo_proto::{
    Error,
    id::SessionId,
    message::{Mention, PartKind},
};
use rustix::fs::FileType;

use crate::{
    files::{Root, parse, watch::blocking},
    runner::Runner,
    sessions::unknown,
};

/// Files that one prompt mentions at most.
const MOST: usize = 64;

/// Bytes that are quoted of all files of a prompt together. An agent reads the rest by itself.
const QUOTED: usize = 16 * 1024;

/// Bytes of a file in which its lines are looked for.
const SEARCHED: u64 = 16 * 1024 * 1024;

/// The parts that the files of a prompt become. What is not in the workspace becomes none: then the text only looked as if it
/// named a file.
///
/// # Errors
/// `bad_request` where they are too many or a range is none, `not_found` where there is no such session or no workspace.
pub async fn parts(runner: &Runner, session: &SessionId, mentions: &[Mention]) -> Result<Vec<PartKind>, Error> {
    if mentions.is_empty() {
        return Ok(Vec::new());
    }
    if mentions.len() > MOST {
        return Err(Error::bad_request(format!("a prompt mentions at most {MOST} files")));
    }
    if let Some(wrong) = mentions.iter().find(|mention| mention.range.is_some_and(|[from, to]| from == 0 || from > to))
    {
        let path = &wrong.path;
        return Err(Error::bad_request(format!("the range of `{path}` is [first, last] line, from 1")));
    }
    let cwd = runner.index().get(session).ok_or_else(|| unknown(session))?.info.cwd;
    let mentions = mentions.to_vec();
    blocking(move || {
        let root = Root::open(cwd.as_ref())?;
        let mut room = QUOTED;
        Ok(mentions.into_iter().filter_map(|mention| part(&root, mention, &mut room)).collect())
    })
    .await
}

fn part(root: &Root, mention: Mention, room: &mut usize) -> Option<PartKind> {
    let path = parse(&mention.path).ok().filter(|path| !path.is_empty())?;
    if let Ok((file, _)) = root.file(&path) {
        let quote = mention.range.and_then(|range| quote(file.take(SEARCHED), range, *room));
        *room -= quote.as_ref().map_or(0, String::len).min(*room);
        return Some(PartKind::FileRef { uri: mention.path, label: None, range: mention.range, quote });
    }
    let is_directory = FileType::from_raw_mode(root.stat(&path).ok()?.st_mode) == FileType::Directory;
    is_directory.then_some(PartKind::FileRef { uri: mention.path, label: None, range: None, quote: None })
}

/// The lines of a range, as far as there is room; none where it is no text or has none of them.
fn quote(file: impl Read, [from, to]: [u64; 2], room: usize) -> Option<String> {
    let mut lines = BufReader::new(file);
    let mut quote = Vec::new();
    for number in 1..=to {
        let before = quote.len();
        let read = lines.read_until(b'\n', &mut quote).ok()?;
        if number < from || read == 0 {
            quote.truncate(before);
        }
        if quote.contains(&0) || read == 0 {
            break;
        }
        if quote.len() > room {
            quote.truncate(before);
            break;
        }
    }
    let quote = String::from_utf8_lossy(&quote);
    (!quote.is_empty() && !quote.contains('\0')).then(|| quote.trim_end_matches(['\n', '\r']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_quoted_as_far_as_there_is_room_and_text() {
        let text = b"one\ntwo\r\nthree\nfour";
        for (range, room, quoted) in [
            ([1, 1], 99, Some("one")),
            ([2, 3], 99, Some("two\r\nthree")),
            ([3, 9], 99, Some("three\nfour")),
            ([5, 9], 99, None),
            ([2, 4], 8, Some("two")),
            ([2, 4], 3, None),
        ] {
            assert_eq!(quote(&text[..], range, room).as_deref(), quoted, "{range:?} in {room}");
        }
        assert_eq!(quote(&b"a\0b\nc"[..], [1, 2], 99), None);
        assert_eq!(quote(&b"caf\xe9"[..], [1, 1], 99).as_deref(), Some("caf\u{fffd}"));
    }
}
