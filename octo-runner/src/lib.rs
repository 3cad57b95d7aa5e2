//! A user's side of Octo: agents held by shims, their sessions as logs, and the history.

pub mod harness;
pub mod translate;
