//! The files of workspaces: looked at, written, searched and watched, always beneath the workspace's root.

pub mod changes;
mod dress;
pub mod edit;
pub mod entry;
mod git;
pub mod grep;
mod ignored;
mod problem;
pub mod read;
pub mod root;
pub mod search;
pub mod tree;
pub mod uploads;
pub mod walk;
pub mod watch;
pub mod write;

pub use root::{Root, parse};
