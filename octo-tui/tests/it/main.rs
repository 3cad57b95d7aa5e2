//! The real program in a real PTY, before an octod of the tests' own.

mod octod;
mod pty;
mod whole;
