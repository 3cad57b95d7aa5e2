//! What keeps a scripted model from starting or going on.

use std::{io, net::SocketAddr, path::PathBuf};

/// Why the scripted model could not start or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The listener can be reached from elsewhere.
    #[error("the scripted model answers anyone, so it listens on a loopback address only, not on {0}; use 127.0.0.1")]
    NotLoopback(SocketAddr),
    /// The port cannot be had.
    #[error("cannot listen on 127.0.0.1:{port}: {source}; leave out --port to get a free one")]
    Listen {
        /// The port that was asked for.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// The log cannot be written.
    #[error("cannot open the request log {}: {source}; name a file in a folder you may write", path.display())]
    Log {
        /// The file that was asked for.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Signals, the runtime or the listener failed.
    #[error("the scripted model cannot run: {0}")]
    Io(#[from] io::Error),
}
