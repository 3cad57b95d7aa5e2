//! The files of a transcript: their names, their size on disk, compressing and dropping whole ones.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

/// The first bytes of every segment; the digit is the format's version.
pub const SEGMENT_MAGIC: [u8; 8] = *b"octotr1\n";

const PLAIN: &str = ".seg";
const PACKED: &str = ".seg.gz";

/// One file of a transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The offset of the file's first byte.
    pub base: u64,
    /// Where it lies.
    pub path: PathBuf,
    /// Whether it is stored with gzip.
    pub compressed: bool,
}

/// The segments of a process folder in the order of their offsets.
pub fn segments(dir: &Path) -> io::Result<Vec<Segment>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if let Some(segment) = parse(path) {
            found.push(segment);
        }
    }
    // A crash between the rename and the removal of `compress_segment` leaves both; they say the same.
    found.sort_by_key(|segment| (segment.base, segment.compressed));
    found.dedup_by_key(|segment| segment.base);
    Ok(found)
}

/// Bytes that everything in a process folder takes on the disk, preallocation included.
pub fn usage(dir: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(dir)? {
        match entry?.metadata() {
            Ok(found) => bytes += found.blocks() * 512,
            // Of a ring, the oldest goes at any time.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(bytes)
}

/// Removes the segments that lie wholly behind `offset`, never the newest, and returns how many went.
pub fn drop_before(dir: &Path, offset: u64) -> io::Result<usize> {
    let all = segments(dir)?;
    let mut dropped = 0;
    for pair in all.windows(2) {
        if let [segment, next] = pair
            && next.base <= offset
        {
            fs::remove_file(&segment.path)?;
            dropped += 1;
        }
    }
    Ok(dropped)
}

/// Stores a finished segment with gzip in its place and returns its new path.
///
/// The newest segment of a living process is refused: its shim still appends to it.
pub fn compress_segment(path: &Path) -> io::Result<PathBuf> {
    let segment = parse(path.to_owned()).filter(|segment| !segment.compressed);
    let (Some(segment), Some(dir)) = (segment, path.parent()) else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not an uncompressed segment"));
    };
    let newest = segments(dir)?.last().is_some_and(|newest| newest.base == segment.base);
    if newest && crate::process::is_alive(dir)? {
        return Err(io::Error::new(io::ErrorKind::ResourceBusy, "the shim still appends to this segment"));
    }
    let packed = dir.join(format!("{:016x}{PACKED}", segment.base));
    let partial = dir.join(format!("{:016x}.partial", segment.base));
    let file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&partial)?;
    let mut encoder = GzEncoder::new(file, Compression::fast());
    let mut source = File::open(path)?;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = source.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        encoder.write_all(&buffer[..count])?;
    }
    encoder.finish()?.sync_all()?;
    fs::rename(&partial, &packed)?;
    File::open(dir)?.sync_all()?;
    fs::remove_file(path)?;
    Ok(packed)
}

pub(super) fn path_of(dir: &Path, base: u64) -> PathBuf {
    dir.join(format!("{base:016x}{PLAIN}"))
}

fn parse(path: PathBuf) -> Option<Segment> {
    let name = path.file_name()?.to_str()?;
    let (digits, compressed) = match name.strip_suffix(PACKED) {
        Some(digits) => (digits, true),
        None => (name.strip_suffix(PLAIN)?, false),
    };
    let base = u64::from_str_radix(digits, 16).ok().filter(|_| digits.len() == 16)?;
    Some(Segment { base, path, compressed })
}
