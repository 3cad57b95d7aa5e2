//! The real program in a real PTY, before an octod of the tests' own.

#[cfg(test)]
mod octod;
#[cfg(test)]
mod pty;
#[cfg(test)]
mod whole;
