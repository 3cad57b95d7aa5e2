//! The integration tests of octod, one binary: real daemons, clients over their sockets, and a runner that the test
//! plays.

#[cfg(test)]
mod ctl;
#[cfg(test)]
mod documented;
#[cfg(test)]
mod example;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod frames;
#[cfg(test)]
mod generated;
#[cfg(test)]
mod link;
#[cfg(test)]
mod model;
#[cfg(test)]
mod process;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod web;
#[cfg(test)]
mod whole;
#[cfg(test)]
mod world;
