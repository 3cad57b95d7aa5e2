//! The runner from the outside, in one binary.

mod pi_plan;
mod pi_properties;
mod pi_recordings;
mod recordings;
