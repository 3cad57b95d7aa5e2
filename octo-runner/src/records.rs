//! The records of a transcript as a harness sees them: lines instead of pieces, notes instead of their text.

use crate::{
    harness::{Record, What},
    lines::{LineSplitter, Text},
    process::Note,
    transcript::{self, Direction},
};

/// The key of the note that a write was not answered in time.
pub const TIMEOUT: &str = "timeout";

/// A record, held while it is folded.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnedRecord {
    /// When, ms since 1970.
    pub at: i64,
    /// Where in the transcript: unique, and growing in the order of folding.
    pub place: u64,
    /// What it is.
    pub what: OwnedWhat,
}

/// What a record is.
#[derive(Clone, Debug, PartialEq)]
pub enum OwnedWhat {
    /// A line of stdout.
    Line(Vec<u8>),
    /// The beginning of a line of stdout that is too long, and its length in bytes.
    Oversize(Vec<u8>, u64),
    /// Something on stderr.
    Stderr(Vec<u8>),
    /// A line that was written, under its key.
    Wrote(String, Vec<u8>),
    /// The process was started, with this pid.
    Spawned(u32),
    /// The process ended, with a code or by a signal.
    Exited(Option<i32>, Option<i32>),
    /// The shim was lost, for this reason.
    ShimLost(String),
    /// The write with this key was not answered in time.
    Timeout(String),
}

impl OwnedRecord {
    /// As a harness sees it.
    #[must_use]
    pub fn as_record(&self) -> Record<'_> {
        let what = match &self.what {
            OwnedWhat::Line(line) => What::Line(line),
            OwnedWhat::Oversize(head, len) => What::Oversize { head, len: *len },
            OwnedWhat::Stderr(bytes) => What::Stderr(bytes),
            OwnedWhat::Wrote(key, line) => What::Wrote { key, line },
            OwnedWhat::Spawned(pid) => What::Spawned { pid: *pid },
            OwnedWhat::Exited(code, signal) => What::Exited { code: *code, signal: *signal },
            OwnedWhat::ShimLost(reason) => What::ShimLost { reason },
            OwnedWhat::Timeout(key) => What::Timeout { key },
        };
        Record { at: self.at, place: self.place, what }
    }

    /// Whether nothing comes behind it.
    #[must_use]
    pub fn is_end(&self) -> bool {
        matches!(self.what, OwnedWhat::Exited(..) | OwnedWhat::ShimLost(_))
    }
}

/// The records of a harness that one record of the transcript gives.
pub fn understand(record: &transcript::Record<'_>, splitter: &mut LineSplitter, out: &mut Vec<OwnedRecord>) {
    let at = (record.at_us / 1000).cast_signed();
    let own = |what| OwnedRecord { at, place: record.offset, what };
    match record.direction {
        Direction::Out => out.extend(splitter.feed(record.offset, record.bytes).map(|line| {
            let what = match line.text {
                Text::Whole(line) => OwnedWhat::Line(line.into_owned()),
                Text::Oversize { head, len } => OwnedWhat::Oversize(head, len),
            };
            OwnedRecord { at, place: line.place, what }
        })),
        Direction::Err => out.push(own(OwnedWhat::Stderr(record.bytes.to_vec()))),
        Direction::In => out.push(own(OwnedWhat::Wrote(record.key.to_owned(), record.bytes.to_vec()))),
        Direction::Note => match Note::read(record) {
            Some(Note::Spawned { pid, .. }) => out.push(own(OwnedWhat::Spawned(pid.unsigned_abs()))),
            Some(Note::Exited { code }) => out.push(own(OwnedWhat::Exited(Some(code), None))),
            Some(Note::Signalled { signal }) => out.push(own(OwnedWhat::Exited(None, Some(signal)))),
            Some(Note::ShimLost { rebooted }) => {
                let reason = if rebooted { "the host was restarted" } else { "the agent's holder was lost" };
                out.push(own(OwnedWhat::ShimLost(reason.to_owned())));
            }
            Some(Note::Other { key, bytes }) if key == TIMEOUT => {
                out.push(own(OwnedWhat::Timeout(String::from_utf8_lossy(&bytes).into_owned())));
            }
            Some(Note::StdinClosed | Note::Other { .. } | Note::Resized { .. }) => {}
            Some(Note::Base { .. } | Note::Gap { .. }) | None => {}
        },
    }
}
