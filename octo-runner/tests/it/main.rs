//! The crate's integration tests: real processes, real files.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that cannot go on says so by failing; agents get the PATH of the test run"
)]

mod process;
mod protocol;
mod world;
