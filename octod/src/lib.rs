//! Octo's platform: the daemon, its command line (`octoctl`), a person's front door (`octo`), and the scripted model of
//! the demo.

pub mod cli;
pub mod config;
pub mod ctl;
pub mod daemon;
pub mod detached;
pub mod front;
pub mod gateway;
pub mod link;
pub mod logging;
pub mod model;
pub mod runners;
pub mod token;
pub mod wirelog;
