//! octo-runner
