//! The runner's side of a process: starting it in a shim, attaching, following its transcript, clearing up after it.

mod attach;
mod boot;
pub(crate) mod cgroup;
mod dir;
mod note;
mod reap;
mod spawn;
mod tail;
pub(crate) mod tree;

pub use crate::shim::{
    Size,
    protocol::{ChildState, Failure},
};
pub use attach::{Announcements, AttachError, Attached, CommandError, Controller, Loss, attach};
pub use boot::{BootId, boot_id};
pub use dir::is_alive;
pub use note::{Note, SHIM_LOST};
pub use reap::{ReapError, Reaped, reap};
pub use spawn::{Launch, ShimPath, SpawnError, Spawned, spawn};
pub use tail::Tail;
