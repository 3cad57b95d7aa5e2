//! The files of workspaces: looked at, written, searched and watched, always beneath the workspace's root.

pub mod edit;
pub mod entry;
pub mod grep;
mod ignored;
mod problem;
pub mod read;
pub mod root;
pub mod search;
pub mod tree;
pub mod uploads;
pub mod walk;
pub mod write;

pub use root::{Root, parse};
