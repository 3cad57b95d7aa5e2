//! What passes over a shim's socket: `length u32, kind u8, fields`, numbers little endian. Version 3.
//!
//! The first frame of a connection is `Attach`. Kinds and fields of a version never change; later versions add:
//! the second has `Resize`, the third `Took`.

use super::spec::Size;

/// The oldest version that is spoken.
pub const OLDEST: u16 = 1;
/// The newest version that is spoken.
pub const NEWEST: u16 = 3;
/// The first version that knows [`Command::Took`].
pub const PACED: u16 = 3;
/// The most bytes of one frame behind its length.
pub const MAX_FRAME: usize = crate::transcript::MAX_BYTES + 128 * 1024;

/// What a controller asks of the shim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command<'a> {
    /// Become the one controller.
    Attach {
        /// The oldest and the newest version that the controller speaks.
        versions: (u16, u16),
        /// The controller's generation: a lower one than the last is refused.
        generation: u64,
    },
    /// Record the bytes, then write them to the process in full, then acknowledge.
    Write {
        /// Names the command in its acknowledgement.
        id: u64,
        /// Goes into the record.
        key: &'a str,
        /// The whole frame.
        bytes: &'a [u8],
    },
    /// Record a note.
    Note {
        /// Names the command in its acknowledgement.
        id: u64,
        /// The kind of the note.
        key: &'a str,
        /// Its content.
        bytes: &'a [u8],
    },
    /// Close the standard input of the process, behind a write that is under way.
    Eof {
        /// Names the command in its acknowledgement.
        id: u64,
    },
    /// Send a signal to the process.
    Signal {
        /// Names the command in its acknowledgement.
        id: u64,
        /// The number of the signal.
        signal: i32,
    },
    /// Kill the process and everything that it started.
    KillTree {
        /// Names the command in its acknowledgement, which comes when nothing of the tree is left.
        id: u64,
    },
    /// Give the terminal of the process another size, behind a note of it.
    Resize {
        /// Names the command in its acknowledgement.
        id: u64,
        /// The size.
        size: Size,
    },
    /// The transcript is taken in up to here. It is not acknowledged. From the first one on, a terminal is read no faster
    /// than it is taken in.
    Took {
        /// The offset.
        end: u64,
    },
}

/// What the shim tells its controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The connection is the controller now.
    Attached {
        /// The version that both speak from here on.
        version: u16,
        /// How the process is.
        child: ChildState,
        /// The end of the transcript.
        end: u64,
    },
    /// Not attached: a controller of this later generation was here.
    RefusedGeneration(u64),
    /// Not attached: the shim speaks only these versions.
    RefusedVersion(u16, u16),
    /// The transcript is whole up to here.
    End(u64),
    /// The command was carried out; the transcript is whole up to `end`.
    Done {
        /// The command.
        id: u64,
        /// The end of the transcript.
        end: u64,
    },
    /// The command was not carried out.
    Failed {
        /// The command.
        id: u64,
        /// Why.
        failure: Failure,
    },
    /// The transcript cannot be written, so the process is not read: the system's error number. Zero: it goes on.
    Stalled(i32),
    /// Another controller took over.
    Replaced,
}

/// How the process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChildState {
    /// It runs under this pid.
    Running(i32),
    /// It ended with this code.
    Exited(i32),
    /// It was ended by this signal.
    Signalled(i32),
}

/// Why a command was not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The process ended, or closed its standard input, before it took all.
    #[error("the process does not take input any more")]
    ChildGone,
    /// An earlier write is under way: one at a time.
    #[error("an earlier write is still under way")]
    Busy,
    /// The transcript could not be written: the system's error number.
    #[error("the transcript cannot be written (error {0}); free some disk space")]
    Disk(i32),
    /// The frame is larger than a record takes.
    #[error("the frame is larger than a transcript record takes")]
    TooLarge,
    /// There is no such signal, or it may not be sent.
    #[error("the signal cannot be sent")]
    Signal,
    /// Something of the tree could not be killed in time.
    #[error("something of the process tree is still there")]
    StillThere,
    /// The process runs on pipes. Only a controller of version 2 hears of it.
    #[error("the process has no terminal")]
    NoTerminal,
}

/// The bytes are no frame of this protocol: the connection is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a frame of the shim's protocol")]
pub struct Broken;

/// The first whole frame in `bytes`, behind its length, and how many bytes it took.
pub fn frame(bytes: &[u8]) -> Result<Option<(&[u8], usize)>, Broken> {
    let Some((length, rest)) = bytes.split_first_chunk() else {
        return Ok(None);
    };
    let length = u32::from_le_bytes(*length) as usize;
    if length > MAX_FRAME {
        return Err(Broken);
    }
    Ok(rest.get(..length).map(|frame| (frame, 4 + length)))
}

impl<'a> Command<'a> {
    /// Whether a record takes its key and bytes; only then may it be sent.
    pub fn fits(&self) -> bool {
        match self {
            Self::Write { key, bytes, .. } | Self::Note { key, bytes, .. } => {
                key.len() <= usize::from(u16::MAX) && bytes.len() <= crate::transcript::MAX_BYTES
            }
            Self::Attach { .. } | Self::Eof { .. } | Self::Signal { .. } => true,
            Self::KillTree { .. } | Self::Resize { .. } | Self::Took { .. } => true,
        }
    }

    /// Appends the frame.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match *self {
            Self::Attach { versions: (oldest, newest), generation } => {
                put(out, 1, &[&oldest.to_le_bytes(), &newest.to_le_bytes(), &generation.to_le_bytes()]);
            }
            Self::Write { id, key, bytes } => put_keyed(out, 2, id, key, bytes),
            Self::Note { id, key, bytes } => put_keyed(out, 3, id, key, bytes),
            Self::Eof { id } => put(out, 4, &[&id.to_le_bytes()]),
            Self::Signal { id, signal } => put(out, 5, &[&id.to_le_bytes(), &signal.to_le_bytes()]),
            Self::KillTree { id } => put(out, 6, &[&id.to_le_bytes()]),
            Self::Resize { id, size: Size { cols, rows } } => {
                put(out, 7, &[&id.to_le_bytes(), &cols.to_le_bytes(), &rows.to_le_bytes()]);
            }
            Self::Took { end } => put(out, 8, &[&end.to_le_bytes()]),
        }
    }

    /// Reads a frame behind its length.
    pub fn decode(frame: &'a [u8]) -> Result<Self, Broken> {
        let mut fields = Fields(frame);
        let command = match fields.u8()? {
            1 => Self::Attach { versions: (fields.u16()?, fields.u16()?), generation: fields.u64()? },
            2 => Self::Write { id: fields.u64()?, key: fields.text()?, bytes: fields.rest() },
            3 => Self::Note { id: fields.u64()?, key: fields.text()?, bytes: fields.rest() },
            4 => Self::Eof { id: fields.u64()? },
            5 => Self::Signal { id: fields.u64()?, signal: fields.i32()? },
            6 => Self::KillTree { id: fields.u64()? },
            7 => Self::Resize { id: fields.u64()?, size: Size { cols: fields.u16()?, rows: fields.u16()? } },
            8 => Self::Took { end: fields.u64()? },
            _ => return Err(Broken),
        };
        fields.end(command)
    }
}

impl Answer {
    /// Appends the frame.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match *self {
            Self::Attached { version, child, end } => {
                let (kind, number) = match child {
                    ChildState::Running(pid) => (0u8, pid),
                    ChildState::Exited(code) => (1, code),
                    ChildState::Signalled(signal) => (2, signal),
                };
                put(out, 1, &[&version.to_le_bytes(), &[kind], &number.to_le_bytes(), &end.to_le_bytes()]);
            }
            Self::RefusedGeneration(current) => put(out, 2, &[&current.to_le_bytes()]),
            Self::RefusedVersion(oldest, newest) => {
                put(out, 3, &[&oldest.to_le_bytes(), &newest.to_le_bytes()]);
            }
            Self::End(end) => put(out, 4, &[&end.to_le_bytes()]),
            Self::Done { id, end } => put(out, 5, &[&id.to_le_bytes(), &end.to_le_bytes()]),
            Self::Failed { id, failure } => {
                let (kind, errno) = match failure {
                    Failure::ChildGone => (0u8, 0),
                    Failure::Busy => (1, 0),
                    Failure::Disk(errno) => (2, errno),
                    Failure::TooLarge => (3, 0),
                    Failure::Signal => (4, 0),
                    Failure::StillThere => (5, 0),
                    Failure::NoTerminal => (6, 0),
                };
                put(out, 6, &[&id.to_le_bytes(), &[kind], &errno.to_le_bytes()]);
            }
            Self::Stalled(errno) => put(out, 7, &[&errno.to_le_bytes()]),
            Self::Replaced => put(out, 8, &[]),
        }
    }

    /// Reads a frame behind its length.
    pub fn decode(frame: &[u8]) -> Result<Self, Broken> {
        let mut fields = Fields(frame);
        let answer = match fields.u8()? {
            1 => Self::Attached { version: fields.u16()?, child: fields.child()?, end: fields.u64()? },
            2 => Self::RefusedGeneration(fields.u64()?),
            3 => Self::RefusedVersion(fields.u16()?, fields.u16()?),
            4 => Self::End(fields.u64()?),
            5 => Self::Done { id: fields.u64()?, end: fields.u64()? },
            6 => Self::Failed { id: fields.u64()?, failure: fields.failure()? },
            7 => Self::Stalled(fields.i32()?),
            8 => Self::Replaced,
            _ => return Err(Broken),
        };
        fields.end(answer)
    }
}

fn put_keyed(out: &mut Vec<u8>, kind: u8, id: u64, key: &str, bytes: &[u8]) {
    put(out, kind, &[&id.to_le_bytes(), &(key.len() as u16).to_le_bytes(), key.as_bytes(), bytes]);
}

fn put(out: &mut Vec<u8>, kind: u8, fields: &[&[u8]]) {
    let length = 1 + fields.iter().map(|field| field.len()).sum::<usize>();
    out.reserve(4 + length);
    out.extend_from_slice(&(length as u32).to_le_bytes());
    out.push(kind);
    for field in fields {
        out.extend_from_slice(field);
    }
}

struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Broken> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(Broken)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn u8(&mut self) -> Result<u8, Broken> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn u16(&mut self) -> Result<u16, Broken> {
        self.take().map(u16::from_le_bytes)
    }

    fn i32(&mut self) -> Result<i32, Broken> {
        self.take().map(i32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, Broken> {
        self.take().map(u64::from_le_bytes)
    }

    fn text(&mut self) -> Result<&'a str, Broken> {
        let length = usize::from(self.u16()?);
        let (text, rest) = self.0.split_at_checked(length).ok_or(Broken)?;
        self.0 = rest;
        std::str::from_utf8(text).map_err(|_| Broken)
    }

    fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    fn child(&mut self) -> Result<ChildState, Broken> {
        match (self.u8()?, self.i32()?) {
            (0, pid) => Ok(ChildState::Running(pid)),
            (1, code) => Ok(ChildState::Exited(code)),
            (2, signal) => Ok(ChildState::Signalled(signal)),
            _ => Err(Broken),
        }
    }

    fn failure(&mut self) -> Result<Failure, Broken> {
        match (self.u8()?, self.i32()?) {
            (0, _) => Ok(Failure::ChildGone),
            (1, _) => Ok(Failure::Busy),
            (2, errno) => Ok(Failure::Disk(errno)),
            (3, _) => Ok(Failure::TooLarge),
            (4, _) => Ok(Failure::Signal),
            (5, _) => Ok(Failure::StillThere),
            (6, _) => Ok(Failure::NoTerminal),
            _ => Err(Broken),
        }
    }

    fn end<T>(self, value: T) -> Result<T, Broken> {
        if self.0.is_empty() { Ok(value) } else { Err(Broken) }
    }
}
