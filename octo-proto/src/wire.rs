//! The one codec of frames over a byte stream, and of frames as messages of a WebSocket.

use std::{
    future::poll_fn,
    io,
    mem::MaybeUninit,
    pin::Pin,
    task::{Poll, ready},
};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

use crate::{
    Code, Error,
    frame::{BadFrame, Frame, MAX_BYTES, MAX_LINE, parse_line},
};

/// After this many unparsable lines in a row a connection is closed.
pub const MAX_BAD_LINES: u32 = 16;

/// How much is read at once.
const READ: usize = 16 * 1024;

/// What a connection gave.
#[derive(Debug)]
pub enum Incoming {
    /// A frame.
    Frame(Frame),
    /// A line that is none; reading goes on behind it.
    Bad(BadFrame),
}

/// Why a connection cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The stream failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A line longer than [`MAX_LINE`]: where the next begins cannot be waited for.
    #[error("a line is longer than {MAX_LINE} bytes")]
    LineTooLong,
    /// [`MAX_BAD_LINES`] in a row.
    #[error("{MAX_BAD_LINES} lines in a row were no frames")]
    TooManyBadLines,
}

impl WireError {
    /// As the last reply before the connection is closed carries it; none where nobody listens any more.
    #[must_use]
    pub fn to_error(&self) -> Option<Error> {
        match self {
            Self::Io(_) => None,
            Self::LineTooLong => Some(
                Error::new(Code::TooLarge, self.to_string())
                    .hint("send large content as bytes behind a frame, in pieces"),
            ),
            Self::TooManyBadLines => {
                Some(Error::bad_request(self.to_string()).hint("a frame is one JSON object a line"))
            }
        }
    }
}

/// Takes frames out of bytes, however those are cut. Used by [`FrameReader`], and where bytes come some other way.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: BytesMut,
    /// How far the buffer was searched for an LF.
    searched: usize,
    bad: u32,
}

impl Decoder {
    /// Adds bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next frame, if it is whole.
    ///
    /// # Errors
    /// Where the stream cannot be gone on with.
    pub fn take(&mut self) -> Result<Option<Incoming>, WireError> {
        loop {
            let Some(at) = self.buffer[self.searched..].iter().position(|byte| *byte == b'\n') else {
                self.searched = self.buffer.len();
                return if self.buffer.len() >= MAX_LINE { Err(WireError::LineTooLong) } else { Ok(None) };
            };
            let end = self.searched + at;
            if end >= MAX_LINE {
                return Err(WireError::LineTooLong);
            }
            let line = &self.buffer[..end];
            if line.trim_ascii().is_empty() {
                self.skip(end + 1);
                continue;
            }
            match parse_line(line) {
                Ok(head) => {
                    let whole = end + 1 + head.follow;
                    if self.buffer.len() < whole {
                        // The line is parsed again when its bytes are there: rare, and simpler than keeping it.
                        self.searched = end;
                        self.buffer.reserve(whole - self.buffer.len());
                        return Ok(None);
                    }
                    self.buffer.advance(end + 1);
                    let bytes = self.buffer.split_to(head.follow).freeze();
                    self.searched = 0;
                    self.bad = 0;
                    return Ok(Some(Incoming::Frame(head.with_bytes(bytes))));
                }
                Err(bad) => {
                    self.skip(end + 1);
                    self.bad += 1;
                    return if self.bad >= MAX_BAD_LINES {
                        Err(WireError::TooManyBadLines)
                    } else {
                        Ok(Some(Incoming::Bad(bad)))
                    };
                }
            }
        }
    }

    fn skip(&mut self, bytes: usize) {
        self.buffer.advance(bytes);
        self.searched = 0;
    }

    /// Whether bytes of an unfinished frame are held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Gives the memory back while nothing is held: most connections are silent most of the time.
    fn settle(&mut self) {
        if self.buffer.is_empty() {
            self.buffer = BytesMut::new();
        }
    }
}

/// Reads frames from a byte stream. Cancelling [`FrameReader::next`] loses nothing.
#[derive(Debug)]
pub struct FrameReader<R> {
    stream: R,
    decoder: Decoder,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    /// Reads frames from here.
    pub fn new(stream: R) -> Self {
        Self { stream, decoder: Decoder::default() }
    }

    /// The next frame; none at the end of the stream.
    ///
    /// # Errors
    /// Where the stream fails or cannot be gone on with.
    pub async fn next(&mut self) -> Result<Option<Incoming>, WireError> {
        loop {
            if let Some(incoming) = self.decoder.take()? {
                return Ok(Some(incoming));
            }
            self.decoder.settle();
            if self.read().await? == 0 {
                return Ok(None);
            }
        }
    }

    /// Reads what is there by way of the stack, so that a connection that waits holds no buffer.
    async fn read(&mut self) -> io::Result<usize> {
        let Self { stream, decoder } = self;
        poll_fn(|context| {
            let mut space = [MaybeUninit::uninit(); READ];
            let mut read = ReadBuf::uninit(&mut space);
            ready!(Pin::new(&mut *stream).poll_read(context, &mut read))?;
            decoder.feed(read.filled());
            Poll::Ready(Ok(read.filled().len()))
        })
        .await
    }
}

/// Writes one frame to a byte stream.
///
/// # Errors
/// Where the stream fails.
pub async fn write_frame<W: AsyncWrite + Unpin>(stream: &mut W, frame: &Frame) -> io::Result<()> {
    stream.write_all(&frame.encode()).await
}

/// Reads the one frame of a WebSocket message: a line, and for a binary message LF and exactly its bytes.
///
/// # Errors
/// Where it is no frame, has an LF in its line, or other bytes behind it than it says.
pub fn parse_message(message: &Bytes, binary: bool) -> Result<Frame, BadFrame> {
    let end = if binary { message.iter().position(|byte| *byte == b'\n') } else { Some(message.len()) };
    let Some(end) = end else {
        let error = Error::bad_request("a binary message is a line, LF and the frame's bytes");
        return Err(BadFrame { id: None, channel: None, error });
    };
    if end > MAX_LINE || message.len() > MAX_LINE + MAX_BYTES {
        return Err(BadFrame { id: None, channel: None, error: Error::new(Code::TooLarge, "a message is too large") });
    }
    let head = parse_line(&message[..end])?;
    if message[..end].iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
        return Err(head.refuse("a frame is one line: it may have no raw CR or LF"));
    }
    let bytes = if binary { message.slice(end + 1..) } else { Bytes::new() };
    if bytes.len() != head.follow {
        return Err(head.refuse("the bytes behind the line are not as many as `bytes` says"));
    }
    Ok(head.with_bytes(bytes))
}

/// A frame as the message of a WebSocket: its bytes, and whether the message is binary.
#[must_use]
pub fn encode_message(frame: &Frame) -> (Vec<u8>, bool) {
    let binary = match frame {
        Frame::Request(request) => !request.bytes.is_empty(),
        Frame::Reply(reply) => !reply.bytes.is_empty(),
        Frame::Data(_) => true,
        Frame::Event(_) => false,
    };
    let mut encoded = frame.encode();
    if !binary {
        encoded.pop();
    }
    (encoded, binary)
}

#[cfg(test)]
mod tests;
