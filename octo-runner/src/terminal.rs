//! Terminals: the screens of programs that run on a PTY.

pub(crate) mod emulator;
pub(crate) mod screen;
