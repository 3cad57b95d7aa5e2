//! Appends records. Keeps space in hand, so that what must be said can still be said on a full disk.

use std::fs::File;
use std::io::{self, IoSlice};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::{Errno, pwritev};
use rustix::process::{Resource, getrlimit};

use super::reader::{Bound, ReadError, Reader};
use super::record::{Direction, HEADER, MAX_BYTES, header};
use super::segments::{SEGMENT_MAGIC, drop_before, path_of, segments};

/// The last part of the space in hand, which only `in` and `note` records use.
pub const APPEND_RESERVE: u64 = 64 * 1024;

/// Space taken ahead of the end.
const AHEAD: u64 = 1024 * 1024;
/// Where a segment ends and the next begins.
const SEGMENT_BYTES: u64 = 64 * 1024 * 1024;
/// The same in a ring, whose oldest segment goes as a whole.
const RING_SEGMENT_BYTES: u64 = 4 * 1024 * 1024;
/// What a ring holds at most.
const RING_BYTES: u64 = 64 * 1024 * 1024;

/// Why a record was not appended; the transcript is as it was before.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The disk has no room for it, or does not take it: try again later.
    #[error("the transcript cannot be written: {0}")]
    Full(io::Error),
    /// It is larger than [`MAX_BYTES`], or its key is longer than 65,535 bytes.
    #[error("a record of {0} bytes is larger than a transcript takes")]
    TooLarge(usize),
}

impl AppendError {
    /// Whether it is for want of space.
    fn is_for_space(&self) -> bool {
        match self {
            Self::Full(error) => matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded),
            Self::TooLarge(_) => false,
        }
    }
}

/// The one writer of a transcript.
#[derive(Debug)]
pub struct Writer {
    dir: PathBuf,
    segment_bytes: u64,
    /// Of all segments together; none: all of them stay.
    ring_bytes: Option<u64>,
    segment: OpenSegment,
}

#[derive(Debug)]
struct OpenSegment {
    file: File,
    base: u64,
    /// Bytes that are whole records: nothing behind it counts.
    len: u64,
    /// Bytes that the disk has promised.
    allocated: u64,
    /// Whether the file system promises at all.
    promises: bool,
}

impl Writer {
    /// Begins a transcript in an existing folder that holds none.
    pub fn create(dir: &Path) -> Result<Self, AppendError> {
        Self::create_with(dir, SEGMENT_BYTES)
    }

    /// Begins a transcript that holds the newest 64 MiB and forgets what is older.
    pub fn ring(dir: &Path) -> Result<Self, AppendError> {
        Self::ring_with(dir, RING_SEGMENT_BYTES, RING_BYTES)
    }

    pub(super) fn ring_with(dir: &Path, segment_bytes: u64, ring_bytes: u64) -> Result<Self, AppendError> {
        Ok(Self { ring_bytes: Some(ring_bytes), ..Self::create_with(dir, segment_bytes)? })
    }

    pub(super) fn create_with(dir: &Path, segment_bytes: u64) -> Result<Self, AppendError> {
        let segment = OpenSegment::create(dir, 0, APPEND_RESERVE).map_err(AppendError::Full)?;
        Ok(Self { dir: dir.to_owned(), segment_bytes, ring_bytes: None, segment })
    }

    /// Goes on behind the last whole record of a transcript whose writer is dead.
    pub fn open(dir: &Path) -> Result<Self, ReadError> {
        let found = segments(dir).map_err(|source| ReadError::Io { path: dir.to_owned(), source })?;
        let Some(newest) = found.last() else {
            return Self::create(dir)
                .map_err(|error| ReadError::Io { path: dir.to_owned(), source: io::Error::other(error) });
        };
        let mut reader = Reader::open(dir, newest.base, Bound::LastWhole)?;
        while reader.next()?.is_some() {}
        let end = reader.offset();
        let open = |path: &Path| File::options().read(true).write(true).open(path);
        let segment = if newest.compressed {
            OpenSegment::create(dir, end, APPEND_RESERVE)
        } else {
            open(&newest.path).and_then(|file| OpenSegment::resume(file, newest.base, end - newest.base))
        };
        let segment = segment.map_err(|source| ReadError::Io { path: newest.path.clone(), source })?;
        Ok(Self { dir: dir.to_owned(), segment_bytes: SEGMENT_BYTES, ring_bytes: None, segment })
    }

    /// The offset behind the last record.
    pub fn end(&self) -> u64 {
        self.segment.base + self.segment.len
    }

    /// Whether the next record is the first of its segment.
    pub fn begins_segment(&self) -> bool {
        self.segment.len == SEGMENT_MAGIC.len() as u64
    }

    /// Makes sure that an `out` or `err` record of up to `payload` bytes will find room, or says why not.
    pub fn make_room(&mut self, payload: usize) -> Result<(), AppendError> {
        let mut made = self.try_room(payload);
        while made.as_ref().is_err_and(AppendError::is_for_space) && self.give_up_oldest() {
            made = self.try_room(payload);
        }
        made
    }

    fn try_room(&mut self, payload: usize) -> Result<(), AppendError> {
        let total = (HEADER + payload) as u64;
        self.roll(total, Direction::Out)?;
        self.segment.back(self.segment.len + total + APPEND_RESERVE).map_err(AppendError::Full)
    }

    /// A ring on a full disk gives up what it holds of old, so that what is new finds room: whether there was any.
    fn give_up_oldest(&self) -> bool {
        let oldest = match (self.ring_bytes, segments(&self.dir)) {
            (Some(_), Ok(all)) => all.into_iter().find(|segment| segment.base < self.segment.base),
            _ => None,
        };
        oldest.is_some_and(|segment| std::fs::remove_file(segment.path).is_ok())
    }

    /// Appends one record and returns the offset behind it.
    pub fn append(&mut self, at_us: u64, direction: Direction, key: &str, bytes: &[u8]) -> Result<u64, AppendError> {
        let total = HEADER + key.len() + bytes.len();
        if bytes.len() > MAX_BYTES || key.len() > usize::from(u16::MAX) {
            return Err(AppendError::TooLarge(total));
        }
        let total = total as u64;
        self.roll(total, direction)?;
        let segment = &mut self.segment;
        let wanted = segment.back(segment.len + total + APPEND_RESERVE);
        match direction {
            Direction::Out | Direction::Err => wanted,
            Direction::In | Direction::Note => wanted.or_else(|_| segment.back(segment.len + total)),
        }
        .map_err(AppendError::Full)?;
        let header = header(at_us, direction, key, bytes);
        segment.write([&header, key.as_bytes(), bytes]).map_err(AppendError::Full)?;
        segment.len += total;
        Ok(self.end())
    }

    /// Waits until everything appended is on the disk.
    pub fn sync(&self) -> io::Result<()> {
        self.segment.file.sync_data()
    }

    /// Begins the next segment where the record would not fit into this one.
    fn roll(&mut self, total: u64, direction: Direction) -> Result<(), AppendError> {
        let first = SEGMENT_MAGIC.len() as u64;
        if self.segment.len == first || self.segment.len + total <= self.segment_bytes {
            return Ok(());
        }
        match OpenSegment::create(&self.dir, self.end(), total + APPEND_RESERVE) {
            Ok(next) => {
                self.segment.finish();
                self.segment = next;
                self.forget();
                Ok(())
            }
            // The reserve is in the segment at hand: it may grow beyond its size for them.
            Err(_) if matches!(direction, Direction::In | Direction::Note) => Ok(()),
            Err(error) => Err(AppendError::Full(error)),
        }
    }

    /// Drops what a ring does not hold any more, so that there is room for the segment that was begun.
    fn forget(&self) {
        if let Some(ring) = self.ring_bytes {
            // The segment that was begun, and the one that reaches over the border.
            let oldest = self.end().saturating_sub(ring - 2 * self.segment_bytes);
            // What cannot be removed now goes with the next.
            drop_before(&self.dir, oldest).ok();
        }
    }
}

impl OpenSegment {
    fn create(dir: &Path, base: u64, room: u64) -> io::Result<Self> {
        let path = path_of(dir, base);
        // Truncating: a segment of this name can only be one that we could not finish creating.
        let file = File::options().read(true).write(true).create(true).truncate(true).mode(0o600).open(&path)?;
        let mut segment = Self { file, base, len: 0, allocated: 0, promises: true };
        let first = SEGMENT_MAGIC.len() as u64;
        let written = segment.back(first + room).and_then(|()| segment.write([&SEGMENT_MAGIC, &[], &[]]));
        if let Err(error) = written {
            // An empty segment would be read as the end of the transcript.
            std::fs::remove_file(&path)?;
            return Err(error);
        }
        segment.len = first;
        Ok(segment)
    }

    fn resume(file: File, base: u64, len: u64) -> io::Result<Self> {
        let mut segment = Self { file, base, len, allocated: len, promises: true };
        if len == 0 {
            segment.write([&SEGMENT_MAGIC, &[], &[]])?;
            segment.len = SEGMENT_MAGIC.len() as u64;
        }
        // Cutting the torn tail gives the space in hand away, so only cut where something is torn.
        if segment.file.metadata()?.len() > segment.len {
            segment.file.set_len(segment.len)?;
        }
        Ok(segment)
    }

    /// Gets the disk's promise for the first `bytes` of the file, and for more where it can be had.
    fn back(&mut self, bytes: u64) -> io::Result<()> {
        if bytes <= self.allocated || !self.promises {
            return Ok(());
        }
        // Space that we may not write to is no promise.
        let limit = getrlimit(Resource::Fsize).current.unwrap_or(u64::MAX);
        let mut refused = Errno::FBIG;
        for target in [bytes + AHEAD, bytes].into_iter().filter(|target| *target <= limit) {
            let missing = target - self.allocated;
            match fallocate(&self.file, FallocateFlags::KEEP_SIZE, self.allocated, missing) {
                Ok(()) => {
                    self.allocated = target;
                    return Ok(());
                }
                Err(Errno::OPNOTSUPP | Errno::NOSYS) => {
                    self.promises = false;
                    return Ok(());
                }
                Err(errno) => refused = errno,
            }
        }
        Err(refused.into())
    }

    /// Writes the parts at the end, all or nothing.
    fn write(&mut self, parts: [&[u8]; 3]) -> io::Result<()> {
        let total: usize = parts.iter().map(|part| part.len()).sum();
        let mut slices = parts.map(IoSlice::new);
        let mut rest = &mut slices[..];
        let mut done = 0;
        while done < total {
            let wrote = match pwritev(&self.file, rest, self.len + done as u64) {
                Ok(0) => Err(Errno::NOSPC),
                Ok(count) => Ok(count),
                Err(Errno::INTR) => continue,
                Err(errno) => Err(errno),
            };
            match wrote {
                Ok(count) => {
                    done += count;
                    IoSlice::advance_slices(&mut rest, count);
                }
                Err(errno) => {
                    if done > 0 {
                        self.file.set_len(self.len)?;
                        self.allocated = self.len;
                    }
                    return Err(errno.into());
                }
            }
        }
        Ok(())
    }

    /// Gives the space in hand back: nothing more comes here.
    fn finish(&self) {
        // Best effort: the space comes back with the file at the latest.
        self.file.set_len(self.len).ok();
    }
}
