//! Everything that the app can want done.

use bytes::Bytes;
use octo_proto::{
    Command,
    id::{RequestId, SessionId},
};

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Ask octod.
    Send(Box<Asked>),
    /// Read a picture.
    Read {
        /// Which one.
        upload: RequestId,
        /// Its file.
        path: String,
    },
    /// Ring the terminal's bell.
    Bell,
    /// Take the mouse, or let it go.
    Mouse(bool),
    /// Draw the whole screen anew.
    Redraw,
    /// End the program.
    Quit,
}

/// A request to octod.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// The same however often it is sent.
    pub id: RequestId,
    /// The connection that it is meant for; on another it is dropped, since the app sends it again by itself.
    pub connection: u64,
    /// The session it concerns.
    pub session: Option<SessionId>,
    /// What is asked.
    pub command: Command,
    /// What goes with it.
    pub bytes: Bytes,
}
