//! The runner from the outside, in one binary: real processes, real files, real Pi.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a test that cannot go on says so by failing; agents get the PATH of the test run"
)]

mod bad_input;
mod care;
mod clock;
mod damage;
mod deaths;
mod desk;
mod discover;
mod disk;
mod files;
mod fileserver;
mod generated;
mod household;
mod hstry;
mod large;
mod limits;
mod pi_launch;
mod pi_plan;
mod pi_properties;
mod pi_recordings;
mod pi_trouble;
mod process;
mod protocol;
mod recordings;
mod screen;
mod survival;
mod terminal;
mod world;
