//! One frame on its way out of a byte stream.

use std::io;

use octo_proto::Frame;
use tokio::io::{AsyncWrite, AsyncWriteExt};

/// With less than this waiting there is room for another frame: small ones that come together leave together.
const ROOM: usize = 4096;

/// Holds a frame, or a few small ones, until the stream has taken them.
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

    /// Takes a frame; call only when [`Outbox::has_room`].
    pub fn put(&mut self, frame: &Frame) {
        self.bytes.drain(..std::mem::take(&mut self.sent));
        frame.encode_into(&mut self.bytes);
    }

    /// Whether another frame can be taken.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.bytes.len() - self.sent < ROOM
    }

    /// Whether all that was taken has gone.
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
        // Most connections are silent most of the time: they hold no buffer.
        self.bytes = Vec::new();
        self.sent = 0;
        Ok(())
    }

    /// Closes the stream.
    pub async fn close(&mut self) {
        // It may be closed already.
        drop(self.stream.shutdown().await);
    }
}

#[cfg(test)]
mod tests {
    use octo_proto::frame::parse_line;

    use super::*;

    #[tokio::test]
    async fn a_stream_that_takes_little_never_makes_it_hold_much() {
        let (near, mut far) = tokio::io::duplex(100);
        let mut outbox = Outbox::new(near);
        let frame = parse_line(br#"{"channel":"agent","cursor":"1.2.3","ts":5,"body":{"event":"x"}}"#).unwrap();
        let frame = frame.with_bytes(bytes::Bytes::new());
        let encoded = frame.encode();
        let (mut put, mut got) = (0, Vec::new());
        for _ in 0..500 {
            while outbox.has_room() {
                outbox.put(&frame);
                put += 1;
            }
            let mut piece = [0; 100];
            // Sending is begun here, and dropped before it is done.
            let taken = tokio::select! {
                biased;
                _ = outbox.flush() => panic!("so much does not leave at once"),
                taken = tokio::io::AsyncReadExt::read(&mut far, &mut piece) => taken.unwrap(),
            };
            assert!(outbox.bytes.len() < 2 * ROOM + encoded.len(), "{}", outbox.bytes.len());
            got.extend_from_slice(&piece[..taken]);
        }
        let rest = async {
            tokio::io::AsyncReadExt::read_to_end(&mut far, &mut got).await.unwrap();
        };
        let send = async move {
            outbox.flush().await.unwrap();
            assert!(outbox.is_idle());
        };
        tokio::join!(send, rest);
        assert_eq!(got, encoded.repeat(put));
    }
}
