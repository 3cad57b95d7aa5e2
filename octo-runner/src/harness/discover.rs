//! Which harnesses this machine has.
