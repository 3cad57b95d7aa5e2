//! Follows a transcript as its shim announces it.

use std::path::Path;

use tokio::sync::watch;

use crate::transcript::{Bound, ReadError, Reader, Record};

/// Reads records from an offset on, and waits for more. Holds one record and a read-ahead, whatever it is behind.
#[derive(Debug)]
pub struct Tail {
    reader: Reader,
    end: watch::Receiver<u64>,
}

impl Tail {
    /// Follows the transcript of a process folder from `offset` on, up to the announced `end`.
    pub fn new(dir: &Path, offset: u64, end: watch::Receiver<u64>) -> Result<Self, ReadError> {
        let reader = Reader::open(dir, offset, Bound::Announced(*end.borrow()))?;
        Ok(Self { reader, end })
    }

    /// The next record, when it is there. `None` when nothing is announced any more: the link to the shim is lost, or
    /// the process has ended; what a dead shim did not announce is read with [`Reader`] from [`Tail::offset`] on.
    ///
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Result<Option<Record<'_>>, ReadError> {
        // Reading from the page cache never waits: let others have their turn.
        tokio::task::consume_budget().await;
        loop {
            if self.is_ready()? {
                return self.reader.next();
            }
            if self.end.changed().await.is_err() {
                return Ok(None);
            }
        }
    }

    /// The next record, where it is announced by now.
    ///
    /// Unlike a poll of [`Tail::next`] it never says that there is none only because others should have their turn.
    pub fn next_known(&mut self) -> Result<Option<Record<'_>>, ReadError> {
        if self.is_ready()? { self.reader.next() } else { Ok(None) }
    }

    fn is_ready(&mut self) -> Result<bool, ReadError> {
        let end = *self.end.borrow_and_update();
        self.reader.set_bound(Bound::Announced(end));
        Ok(self.reader.offset() < end && self.reader.is_ready()?)
    }

    /// Where the next record begins.
    pub fn offset(&self) -> u64 {
        self.reader.offset()
    }
}
