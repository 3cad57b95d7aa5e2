//! Reads records in order from a start offset, over plain and compressed segments.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

use super::record::{Found, Record, inspect, view};
use super::segments::{SEGMENT_MAGIC, Segment, segments};

/// How much is read from a file at once.
const CHUNK: usize = 64 * 1024;
/// A buffer that a large record made larger than this is given back.
const KEPT: usize = 4 * CHUNK;

/// Up to where the bytes of a transcript are trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// The shim announced this end: all below it is whole, or damaged.
    Announced(u64),
    /// The shim is dead: up to the last whole record; a torn one behind it is not there.
    LastWhole,
}

/// Why a transcript cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system refused to read.
    #[error("cannot read {path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Bytes in the middle are not what was written: the records behind them cannot be trusted.
    #[error("{path} is damaged at byte {position} (transcript offset {offset})")]
    Damaged {
        /// The segment.
        path: PathBuf,
        /// The byte in the (decompressed) segment.
        position: u64,
        /// The same place as a transcript offset.
        offset: u64,
    },
    /// The records at the start offset were dropped.
    #[error("the transcript {dir} begins at {first}, the records at {offset} were dropped")]
    Gone {
        /// The process folder.
        dir: PathBuf,
        /// The offset that was asked for.
        offset: u64,
        /// The first offset that is there.
        first: u64,
    },
    /// No segment holds the offset, which is below the end.
    #[error("the transcript {dir} has no segment for offset {offset}")]
    Missing {
        /// The process folder.
        dir: PathBuf,
        /// The offset that was asked for.
        offset: u64,
    },
    /// The file is no segment, or of a later format.
    #[error("{path} is not a transcript segment that this version reads; a newer version of Octo may have written it")]
    Format {
        /// The file.
        path: PathBuf,
    },
}

/// Iterates over the records of one transcript.
#[derive(Debug)]
pub struct Reader {
    dir: PathBuf,
    bound: Bound,
    /// Where the next record begins.
    offset: u64,
    open: Option<OpenSegment>,
    /// Bytes read ahead, from `offset` on, beginning at `consumed`.
    buffer: Vec<u8>,
    consumed: usize,
}

#[derive(Debug)]
struct OpenSegment {
    segment: Segment,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Plain(File),
    /// A compressed file and the position in its content to which it was unpacked.
    Packed(Box<GzDecoder<File>>, u64),
}

impl Reader {
    /// Opens the transcript of a process folder at an offset which a record or a segment begins at (0 is the beginning).
    pub fn open(dir: &Path, start: u64, bound: Bound) -> Result<Self, ReadError> {
        let reader = Self { dir: dir.to_owned(), bound, offset: start, open: None, buffer: Vec::new(), consumed: 0 };
        let first = reader.list()?.first().map_or(0, |segment| segment.base);
        if start < first {
            return Err(ReadError::Gone { dir: reader.dir, offset: start, first });
        }
        Ok(reader)
    }

    /// Where the next record begins.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Trusts bytes up to another place from now on.
    pub fn set_bound(&mut self, bound: Bound) {
        self.bound = bound;
    }

    /// The next record; `None` at the bound.
    #[expect(clippy::should_implement_trait, reason = "the record borrows the reader, which no Iterator can say")]
    pub fn next(&mut self) -> Result<Option<Record<'_>>, ReadError> {
        match self.advance()? {
            None => Ok(None),
            Some(total) => {
                let begin = self.consumed;
                let offset = self.offset;
                self.consumed += total;
                self.offset += total as u64;
                Ok(view(&self.buffer[begin..begin + total], offset))
            }
        }
    }

    /// Whether [`Reader::next`] will give a record; reads it ahead.
    pub fn is_ready(&mut self) -> Result<bool, ReadError> {
        Ok(self.advance()?.is_some())
    }

    /// Buffers the next record and returns its size.
    fn advance(&mut self) -> Result<Option<usize>, ReadError> {
        loop {
            if self.open.is_none() && !self.enter()? {
                return Ok(None);
            }
            let held = self.buffer.len() - self.consumed;
            match inspect(&self.buffer[self.consumed..]) {
                Found::Whole(total) => return Ok(Some(total)),
                Found::Needs(total) => {
                    if self.fill(total)? {
                        continue;
                    }
                    let held_now = self.buffer.len() - self.consumed;
                    if held_now > held {
                        continue;
                    }
                    if held_now == 0 {
                        if !self.leave()? {
                            return Ok(None);
                        }
                    } else {
                        return self.torn();
                    }
                }
                Found::Damaged => return self.torn(),
            }
        }
    }

    /// Opens the segment that holds `offset`; false when there is none and need not be.
    fn enter(&mut self) -> Result<bool, ReadError> {
        if self.at_bound() {
            return Ok(false);
        }
        let holding = self.list()?.into_iter().rev().find(|segment| segment.base <= self.offset);
        let Some(segment) = holding else {
            return match self.bound {
                _ if self.first()? > self.offset => Err(self.gone()?),
                Bound::LastWhole => Ok(false),
                Bound::Announced(_) => Err(ReadError::Missing { dir: self.dir.clone(), offset: self.offset }),
            };
        };
        let file = File::open(&segment.path).map_err(|source| ReadError::Io { path: segment.path.clone(), source })?;
        let source =
            if segment.compressed { Source::Packed(Box::new(GzDecoder::new(file)), 0) } else { Source::Plain(file) };
        let mut open = OpenSegment { segment, source };
        let mut magic = [0; SEGMENT_MAGIC.len()];
        let count = open.read(&mut magic, 0)?;
        if magic[..count] != SEGMENT_MAGIC[..count] && magic != [0; SEGMENT_MAGIC.len()] {
            return Err(ReadError::Format { path: open.segment.path });
        }
        if magic != SEGMENT_MAGIC {
            // Its shim died before the first bytes were down.
            self.open = Some(open);
            self.torn()?;
            self.open = None;
            return Ok(false);
        }
        self.offset = self.offset.max(open.segment.base + SEGMENT_MAGIC.len() as u64);
        self.buffer.clear();
        self.consumed = 0;
        self.open = Some(open);
        Ok(true)
    }

    /// Goes from the end of one file to the next; false when there is none and need not be.
    fn leave(&mut self) -> Result<bool, ReadError> {
        if self.at_bound() {
            return Ok(false);
        }
        let next = self.list()?.into_iter().any(|segment| segment.base == self.offset);
        if next {
            self.open = None;
            return Ok(true);
        }
        match self.bound {
            // A ring went on meanwhile.
            _ if self.first()? > self.offset => Err(self.gone()?),
            Bound::LastWhole if !self.has_later()? => Ok(false),
            Bound::LastWhole | Bound::Announced(_) => Err(self.damaged()),
        }
    }

    /// The bytes at `offset` are no whole record: fine at the end of a dead shim's transcript, else damage.
    fn torn(&mut self) -> Result<Option<usize>, ReadError> {
        if self.bound == Bound::LastWhole && !self.has_later()? && !self.record_follows()? {
            // The torn bytes may be cut away and written anew before the next look.
            self.buffer.truncate(self.consumed);
            return Ok(None);
        }
        Err(self.damaged())
    }

    fn at_bound(&self) -> bool {
        matches!(self.bound, Bound::Announced(end) if self.offset >= end)
    }

    fn has_later(&self) -> Result<bool, ReadError> {
        let base = self.open.as_ref().map_or(0, |open| open.segment.base);
        Ok(self.list()?.iter().any(|segment| segment.base > base))
    }

    /// Whether some whole record lies behind the bytes at `offset` in this file: then they are damage, not a torn end.
    fn record_follows(&mut self) -> Result<bool, ReadError> {
        while self.fill(usize::MAX)? {}
        let rest = &self.buffer[self.consumed..];
        let follows = (1..rest.len()).any(|at| matches!(inspect(&rest[at..]), Found::Whole(_)));
        Ok(follows)
    }

    /// Reads ahead until `total` bytes are held, or what there is; true when they are held.
    fn fill(&mut self, total: usize) -> Result<bool, ReadError> {
        let Some(open) = &mut self.open else {
            return Ok(false);
        };
        self.buffer.drain(..self.consumed);
        self.consumed = 0;
        if self.buffer.len() >= total {
            return Ok(true);
        }
        let held = self.buffer.len();
        if self.buffer.capacity() > KEPT && total <= CHUNK {
            self.buffer.shrink_to(CHUNK);
        }
        let position = self.offset - open.segment.base + held as u64;
        let mut want = total.saturating_sub(held).clamp(CHUNK, 4 * KEPT);
        if let Bound::Announced(end) = self.bound {
            // What lies behind the end may still be rewritten.
            let trusted = end.saturating_sub(self.offset + held as u64);
            want = want.min(usize::try_from(trusted).unwrap_or(want));
        }
        self.buffer.resize(held + want, 0);
        let count = open.read(&mut self.buffer[held..], position)?;
        self.buffer.truncate(held + count);
        Ok(count > 0 && (self.buffer.len() >= total || total == usize::MAX))
    }

    fn list(&self) -> Result<Vec<Segment>, ReadError> {
        segments(&self.dir).map_err(|source| ReadError::Io { path: self.dir.clone(), source })
    }

    fn first(&self) -> Result<u64, ReadError> {
        Ok(self.list()?.first().map_or(0, |segment| segment.base))
    }

    fn gone(&self) -> Result<ReadError, ReadError> {
        Ok(ReadError::Gone { dir: self.dir.clone(), offset: self.offset, first: self.first()? })
    }

    fn damaged(&self) -> ReadError {
        match &self.open {
            Some(open) => ReadError::Damaged {
                path: open.segment.path.clone(),
                position: self.offset.saturating_sub(open.segment.base),
                offset: self.offset,
            },
            None => ReadError::Missing { dir: self.dir.clone(), offset: self.offset },
        }
    }
}

impl OpenSegment {
    /// Reads what there is from a position of the content, up to the buffer's length.
    fn read(&mut self, buffer: &mut [u8], position: u64) -> Result<usize, ReadError> {
        let count = match &mut self.source {
            Source::Plain(file) => read_full(buffer, |buffer, done| file.read_at(buffer, position + done)),
            Source::Packed(decoder, at) => unpack(decoder, at, buffer, position),
        };
        count.map_err(|source| ReadError::Io { path: self.segment.path.clone(), source })
    }
}

fn unpack(decoder: &mut GzDecoder<File>, at: &mut u64, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    let skipped = io::copy(&mut decoder.by_ref().take(position.saturating_sub(*at)), &mut io::sink())?;
    let count = read_full(buffer, |buffer, _| decoder.read(buffer))?;
    *at += skipped + count as u64;
    Ok(count)
}

fn read_full(buffer: &mut [u8], mut read: impl FnMut(&mut [u8], u64) -> io::Result<usize>) -> io::Result<usize> {
    let mut done = 0;
    while done < buffer.len() {
        match read(&mut buffer[done..], done as u64) {
            Ok(0) => break,
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}
