//! Owns the transcript: the file format in which a shim keeps everything that passes to and from a process.
//!
//! A transcript is a folder of segments named by their base offset. An offset is a byte position over all segments,
//! so `base + position in file`. Each segment begins with [`SEGMENT_MAGIC`]; records follow without gaps.

mod reader;
mod record;
mod segments;
mod writer;

pub use reader::{Bound, ReadError, Reader};
pub use record::{Direction, MAX_BYTES, Record, records};
pub use segments::{SEGMENT_MAGIC, Segment, compress_segment, drop_before, segments, usage};
pub use writer::{APPEND_RESERVE, AppendError, Writer};

#[cfg(test)]
mod tests;
