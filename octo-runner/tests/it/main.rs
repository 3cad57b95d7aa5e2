//! The runner from the outside, in one binary.
#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod desk;
mod discover;
#[cfg(test)]
mod hstry;
mod pi_launch;
mod pi_plan;
mod pi_properties;
mod pi_recordings;
mod pi_trouble;
mod recordings;
#[cfg(test)]
mod survival;
#[cfg(test)]
mod world;
