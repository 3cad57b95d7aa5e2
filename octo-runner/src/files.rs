//! The files of workspaces: looked at, written, searched and watched, always beneath the workspace's root.

pub mod edit;
pub mod entry;
mod problem;
pub mod read;
pub mod root;
pub mod uploads;
pub mod write;

pub use root::{Root, parse};
