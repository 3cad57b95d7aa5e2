//! The crate's integration tests: real processes, real files.

mod process;
mod protocol;
mod world;
