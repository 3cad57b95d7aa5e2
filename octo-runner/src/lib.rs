//! A user's side of Octo: agents held by shims, their sessions as logs, and the history.

pub mod attachments;
mod bounds;
pub mod care;
pub mod cli;
pub mod daemon;
pub mod environment;
pub mod failpoint;
pub mod files;
pub mod fileserver;
pub mod harness;
pub mod hstry;
pub mod index;
pub mod lines;
pub mod outside;
pub mod process;
pub mod records;
pub mod requests;
pub mod runner;
pub mod server;
pub mod session;
pub mod sessions;
pub mod shim;
pub mod terminal;
pub mod terminals;
pub mod transcript;
pub mod translate;
mod watchers;
