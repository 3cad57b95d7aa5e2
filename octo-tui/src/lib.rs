//! A terminal for a person's agents. It knows octod's protocol and nothing of how agents are run.

pub mod state;
pub mod text;
pub mod theme;
pub mod transcript;
