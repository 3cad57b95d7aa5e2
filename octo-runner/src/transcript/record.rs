//! The bytes of one record: `length u32, crc32c u32, microseconds u64, direction u8, key length u16, key, bytes`.
//!
//! Numbers are little endian. The length counts what follows the crc; the crc covers the length and what follows it.

/// The most payload bytes that one record holds.
pub const MAX_BYTES: usize = 32 * 1024 * 1024;

/// Bytes of a record before its key.
pub(super) const HEADER: usize = 19;
/// Bytes before the part that the length counts.
const PREFIX: usize = 8;
const MAX_LENGTH: usize = HEADER - PREFIX + u16::MAX as usize + MAX_BYTES;

/// Which way the bytes of a record went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The process wrote them to its standard output.
    Out,
    /// The process wrote them to its standard error.
    Err,
    /// They were handed to the process.
    In,
    /// Nobody said them to anybody: what the shim or the runner noted down.
    Note,
}

impl Direction {
    const fn to_byte(self) -> u8 {
        match self {
            Self::Out => 1,
            Self::Err => 2,
            Self::In => 3,
            Self::Note => 4,
        }
    }

    const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Out),
            2 => Some(Self::Err),
            3 => Some(Self::In),
            4 => Some(Self::Note),
            _ => None,
        }
    }
}

/// One record of a transcript, borrowed from its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// Where the record begins.
    pub offset: u64,
    /// Where the next one begins: what a reader that has folded this record resumes at.
    pub next_offset: u64,
    /// Microseconds since 1970, by the clock of the machine when the record was made.
    pub at_us: u64,
    /// Which way the bytes went.
    pub direction: Direction,
    /// The sender's name for an `in` record, the kind of a `note`; else empty.
    pub key: &'a str,
    /// What passed.
    pub bytes: &'a [u8],
}

/// What a run of bytes at a record's place turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A whole record of this many bytes.
    Whole(usize),
    /// It may become a record, once this many bytes are there.
    Needs(usize),
    /// No record.
    Damaged,
}

pub(super) fn header(at_us: u64, direction: Direction, key: &str, bytes: &[u8]) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    let length = HEADER - PREFIX + key.len() + bytes.len();
    header[..4].copy_from_slice(&(length as u32).to_le_bytes());
    header[8..16].copy_from_slice(&at_us.to_le_bytes());
    header[16] = direction.to_byte();
    header[17..].copy_from_slice(&(key.len() as u16).to_le_bytes());
    let mut crc = crc32c::crc32c(&header[..4]);
    for part in [&header[PREFIX..], key.as_bytes(), bytes] {
        crc = crc32c::crc32c_append(crc, part);
    }
    header[4..8].copy_from_slice(&crc.to_le_bytes());
    header
}

pub(super) fn inspect(bytes: &[u8]) -> Found {
    if bytes.len() < HEADER {
        return Found::Needs(HEADER);
    }
    let length = u32_at(bytes, 0) as usize;
    let key = usize::from(u16::from_le_bytes([bytes[17], bytes[18]]));
    if !(HEADER - PREFIX + key..=MAX_LENGTH).contains(&length) || Direction::from_byte(bytes[16]).is_none() {
        return Found::Damaged;
    }
    let total = PREFIX + length;
    if bytes.len() < total {
        return Found::Needs(total);
    }
    let crc = crc32c::crc32c_append(crc32c::crc32c(&bytes[..4]), &bytes[PREFIX..total]);
    if crc == u32_at(bytes, 4) && std::str::from_utf8(&bytes[HEADER..HEADER + key]).is_ok() {
        Found::Whole(total)
    } else {
        Found::Damaged
    }
}

/// Reads a record which [`inspect`] found whole; `None` says that it was not.
pub(super) fn view(bytes: &[u8], offset: u64) -> Option<Record<'_>> {
    let key = usize::from(u16::from_le_bytes([bytes[17], bytes[18]]));
    Some(Record {
        offset,
        next_offset: offset + bytes.len() as u64,
        at_us: u64::from_le_bytes(bytes[8..16].try_into().ok()?),
        direction: Direction::from_byte(bytes[16])?,
        key: std::str::from_utf8(&bytes[HEADER..HEADER + key]).ok()?,
        bytes: &bytes[HEADER + key..],
    })
}

/// The whole records in the content of a segment, behind its header, up to its end or the first damage.
pub fn records(content: &[u8]) -> impl Iterator<Item = Record<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let Found::Whole(total) = inspect(&content[at..]) else { return None };
        let record = view(&content[at..at + total], at as u64);
        at += total;
        record
    })
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
