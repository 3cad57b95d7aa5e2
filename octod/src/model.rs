//! The scripted model: a loopback model server whose answers come from rules, for the demo and the tests.
//!
//! A request becomes a [`Conversation`](conversation::Conversation), the rules turn that into an
//! [`Answer`](step::Answer), a [`Turn`](turn::Turn) paces it, and one of two encoders writes it in the words of
//! OpenAI Chat Completions or Anthropic Messages. All but the server is pure.

mod ask;
mod attempts;
mod chat;
mod conversation;
mod error;
mod journal;
mod messages;
mod pi;
mod play;
pub mod program;
mod replies;
mod rules;
mod server;
mod step;
mod tools;
mod turn;
mod wire;
mod wrapping;

use std::{path::PathBuf, time::Duration};

pub use error::Error;
pub use pi::pi_config;
pub use server::serve;

/// The models that are listed; any name is answered alike.
pub const MODELS: [&str; 3] = ["scripted-large", "scripted-small", "scripted-thinking"];

/// How a scripted model behaves.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Where each request and its outcome is appended as a JSON line; no log without it.
    pub log: Option<PathBuf>,
    /// The pause after each piece of an ordinary answer, so that it is seen to stream.
    pub pace: Duration,
}
