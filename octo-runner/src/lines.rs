//! Cuts what a process wrote into lines, each with a place that does not depend on how the writing was cut.

use std::borrow::Cow;

/// The longest line that is held; a longer one is told by its beginning and its length.
pub const MAX_LINE: usize = 8 * 1024 * 1024;

/// How much of a too long line is kept.
pub const OVERSIZE_HEAD: usize = 4 * 1024;

/// One line without its LF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line<'a> {
    /// The transcript offset of the record in which the line ends, plus the index of its LF in the payload: unique within
    /// the process, and rising in the order in which records are folded, of whatever direction.
    pub place: u64,
    /// What it says.
    pub text: Text<'a>,
}

/// The content of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Text<'a> {
    /// All of it.
    Whole(Cow<'a, [u8]>),
    /// The line is longer than [`MAX_LINE`].
    Oversize {
        /// Its first [`OVERSIZE_HEAD`] bytes.
        head: Vec<u8>,
        /// Its length in bytes.
        len: u64,
    },
}

/// Takes the payloads of the records of one direction in order and gives lines. Pure: no clock, no I/O.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineSplitter {
    held: Option<Held>,
    /// Records before this one were taken by an earlier splitter, and so many bytes of this one.
    resume: Option<(u64, u64)>,
}

/// The line that has begun and not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Held {
    record: u64,
    skip: u64,
    /// The bytes, or their head when they are too many.
    bytes: Vec<u8>,
    len: u64,
}

impl LineSplitter {
    /// A splitter for the beginning of a transcript.
    pub fn new() -> Self {
        Self::default()
    }

    /// A splitter that goes on where [`LineSplitter::resume_point`] of another one said.
    ///
    /// Feed it the records of its direction from `record` on. Records of other directions between there and the
    /// checkpoint were folded already: skip them.
    pub fn resuming_at(record: u64, skip: u64) -> Self {
        Self { held: None, resume: Some((record, skip)) }
    }

    /// From where another splitter must be fed to give the lines that this one has not given: a record, and bytes of
    /// its payload to skip. `next` is the offset behind the last record that was fed or passed by.
    pub fn resume_point(&self, next: u64) -> (u64, u64) {
        match (&self.held, self.resume) {
            (Some(held), _) => (held.record, held.skip),
            (None, Some(resume)) => resume,
            (None, None) => (next, 0),
        }
    }

    /// Takes the payload of the record at `record` and gives the lines that end in it.
    ///
    /// Lines that the caller leaves in the iterator are lost to it; what begins behind them is kept.
    pub fn feed<'a>(&'a mut self, record: u64, payload: &'a [u8]) -> Lines<'a> {
        let skip = match self.resume {
            Some((first, _)) if record < first => payload.len(),
            Some((first, skip)) => {
                self.resume = None;
                if record == first { usize::try_from(skip).unwrap_or(usize::MAX).min(payload.len()) } else { 0 }
            }
            None => 0,
        };
        Lines { splitter: self, record, payload, at: skip }
    }

    /// The line that was begun and ends at `end`, since its LF was found there or its writer is gone.
    pub fn finish(&mut self, end: u64) -> Option<Line<'static>> {
        self.held.take().map(|held| held.into_line(end))
    }

    fn hold(&mut self, record: u64, skip: usize, bytes: &[u8]) {
        let held = self.held.get_or_insert_with(|| Held { record, skip: skip as u64, bytes: Vec::new(), len: 0 });
        held.push(bytes);
    }
}

impl Held {
    fn push(&mut self, bytes: &[u8]) {
        self.len += bytes.len() as u64;
        if self.len <= MAX_LINE as u64 {
            self.bytes.extend_from_slice(bytes);
            return;
        }
        let missing = OVERSIZE_HEAD.saturating_sub(self.bytes.len()).min(bytes.len());
        self.bytes.extend_from_slice(&bytes[..missing]);
        self.bytes.truncate(OVERSIZE_HEAD);
        self.bytes.shrink_to_fit();
    }

    fn into_line(self, place: u64) -> Line<'static> {
        let text = if self.len > MAX_LINE as u64 {
            Text::Oversize { head: self.bytes, len: self.len }
        } else {
            Text::Whole(Cow::Owned(self.bytes))
        };
        Line { place, text }
    }
}

/// The lines that end in one payload.
#[derive(Debug)]
pub struct Lines<'a> {
    splitter: &'a mut LineSplitter,
    record: u64,
    payload: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        let rest = &self.payload[self.at..];
        let begin = self.at;
        let Some(length) = rest.iter().position(|byte| *byte == b'\n') else {
            self.at = self.payload.len();
            if !rest.is_empty() {
                self.splitter.hold(self.record, begin, rest);
            }
            return None;
        };
        self.at += length + 1;
        let line = &rest[..length];
        let place = self.record + (begin + length) as u64;
        if self.splitter.held.is_some() || length > MAX_LINE {
            self.splitter.hold(self.record, begin, line);
            return self.splitter.finish(place);
        }
        Some(Line { place, text: Text::Whole(Cow::Borrowed(line)) })
    }
}

impl Drop for Lines<'_> {
    fn drop(&mut self) {
        for _ in self.by_ref() {}
    }
}

#[cfg(test)]
mod tests;
