//! A terminal for a person's agents. It knows octod's protocol and nothing of how agents are run.

pub mod app;
pub mod keymap;
pub mod link;
pub mod state;
pub mod text;
pub mod theme;
pub mod transcript;
pub mod view;
