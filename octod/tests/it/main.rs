//! The integration tests of octod, one binary.

#[cfg(test)]
mod model;
