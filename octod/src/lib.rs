//! Octo's platform daemon: who are you, what may you do, where is your runner. It carries frames and starts no agent.

pub mod caller;
pub mod cli;
pub mod config;
pub mod daemon;
pub mod gateway;
pub mod link;
pub mod logging;
pub mod runners;
pub mod token;
pub mod wirelog;
