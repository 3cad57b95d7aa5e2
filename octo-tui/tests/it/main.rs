//! The real program in a real PTY, before an octod of the tests' own.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy's exemption for tests reaches test functions only, not what they call"
)]

mod generated;
mod octod;
mod pty;
mod whole;
