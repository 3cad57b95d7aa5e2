//! One frame on its way out of a byte stream.

use std::io;

use octo_proto::Frame;
use tokio::io::{AsyncWrite, AsyncWriteExt};

/// A frame's buffer that is larger than this is given back once it is sent.
const KEEP: usize = 4096;

/// Holds one frame until the stream has taken all of it.
#[derive(Debug)]
pub struct Outbox<W> {
    stream: W,
    bytes: Vec<u8>,
    sent: usize,
}

impl<W: AsyncWrite + Unpin> Outbox<W> {
    /// Sends over this stream.
    pub fn new(stream: W) -> Self {
        Self { stream, bytes: Vec::new(), sent: 0 }
    }

    /// Takes a frame; call only when [`Outbox::is_idle`], or it waits behind the other.
    pub fn put(&mut self, frame: &Frame) {
        frame.encode_into(&mut self.bytes);
    }

    /// Whether all of the last frame has gone.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.sent == self.bytes.len()
    }

    /// Sends until all has gone. Cancelling it loses nothing.
    ///
    /// # Errors
    /// Where the stream fails.
    pub async fn flush(&mut self) -> io::Result<()> {
        while self.sent < self.bytes.len() {
            let written = self.stream.write(&self.bytes[self.sent..]).await?;
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            self.sent += written;
        }
        self.bytes.clear();
        self.sent = 0;
        if self.bytes.capacity() > KEEP {
            self.bytes = Vec::new();
        }
        Ok(())
    }

    /// Closes the stream.
    pub async fn close(&mut self) {
        // It may be closed already.
        drop(self.stream.shutdown().await);
    }
}
