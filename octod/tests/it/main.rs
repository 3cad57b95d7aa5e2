//! octod from outside: a real daemon, clients over its sockets, and a runner that the test plays.

#[cfg(test)]
mod frames;
#[cfg(test)]
mod link;
#[cfg(test)]
mod process;
#[cfg(test)]
mod web;
#[cfg(test)]
mod world;
