//! octo-runner: a user's side of Octo. Processes, transcripts, sessions and history live here.

pub mod failpoint;
pub mod lines;
pub mod process;
pub mod shim;
pub mod transcript;
