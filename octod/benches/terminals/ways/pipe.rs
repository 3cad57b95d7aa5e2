//! The near end of a line to a program.

use std::{
    io::{Read, Write},
    os::unix::net::UnixStream,
};

use anyhow::{Result, ensure};

use super::{Pty, Way};

/// What comes over a line, and the program at its far end, which ends with it.
pub(crate) struct Pipe {
    stream: UnixStream,
    program: Pty,
}

impl Pipe {
    pub(crate) fn new(stream: UnixStream, program: Pty) -> Self {
        Self { stream, program }
    }
}

impl Way for Pipe {
    fn types(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.stream.write_all(bytes)?)
    }

    fn next(&mut self) -> Result<Vec<u8>> {
        let mut buffer = vec![0; 64 * 1024];
        let count = self.stream.read(&mut buffer)?;
        ensure!(count > 0, "the line was closed");
        buffer.truncate(count);
        Ok(buffer)
    }

    fn roots(&self) -> Vec<u32> {
        self.program.roots()
    }
}
