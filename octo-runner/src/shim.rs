//! The shim: holds one process, keeps what passes in its transcript, and outlives everybody else of Octo.
//!
//! One thread, one poll loop. Nothing here may need tokio or serde: the shim stays small, and is never replaced under
//! a running process, so every version of its protocol is understood for ever.

mod child;
mod control;
mod note;
pub mod protocol;
mod pump;
mod spec;
mod start;
mod terminal;

pub(crate) use note::{BASE, EXITED, GAP, RESIZE, SPAWNED, STDIN_CLOSED};
pub use spec::{MARKER, Size, Spec};
pub(crate) use start::{LOCK, SOCKET};
pub use start::{Report, Stage, run};
