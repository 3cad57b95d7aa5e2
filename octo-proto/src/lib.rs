//! What every part of Octo agrees on: frames, commands, events, messages, and the view that clients fold from them.
//!
//! This crate knows no daemon, no agent and no screen. With the feature `io` it also holds the one frame codec and the
//! client side of a connection; with the feature `schema`, the JSON Schema of all that crosses the wire; with the
//! feature `emulator`, what the bytes of a terminal mean.

#![warn(missing_docs)]

pub mod access;
pub mod command;
pub mod config;
pub mod cursor;
pub mod descriptors;
pub mod error;
pub mod event;
pub mod files;
pub mod frame;
pub mod hello;
pub mod id;
pub mod index;
pub mod message;
pub mod names;
pub mod paths;
pub mod peer;
pub mod plain;
pub mod session;
pub mod terminal;
pub mod view;

#[cfg(feature = "io")]
pub mod client;
#[cfg(feature = "emulator")]
pub mod emulator;
#[cfg(feature = "schema")]
pub mod schema;
#[cfg(feature = "io")]
pub mod wire;

pub use command::Command;
pub use cursor::Cursor;
pub use error::{Code, Error};
pub use event::Event;
pub use frame::Frame;
pub use message::{Message, Part, PartKind, Role};
pub use view::View;

/// The protocol range this release speaks, lowest and highest, as `hello` carries it.
pub const PROTOCOL: [u32; 2] = [1, 1];

/// The channels of the protocol. A channel is text on the wire; an unknown one is carried, not understood.
pub mod channel {
    /// Sessions, prompts and what agents report.
    pub const AGENT: &str = "agent";
    /// Files of workspaces.
    pub const FILES: &str = "files";
    /// Stored sessions and messages.
    pub const HISTORY: &str = "history";
    /// The daemons themselves: hello, ping, whoami, runners, notices.
    pub const SYSTEM: &str = "system";
    /// Terminals.
    pub const TERMINAL: &str = "terminal";
}
