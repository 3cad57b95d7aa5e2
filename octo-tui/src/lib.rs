//! A terminal for a person's agents. It knows octod's protocol and nothing of how agents are run.

pub mod app;
pub mod cli;
pub mod config;
pub mod editor;
pub mod graphics;
pub mod keymap;
pub mod layouts;
pub mod link;
pub mod pane;
pub mod picture;
pub mod program;
pub mod run;
pub mod state;
pub mod syntax;
pub mod terminal;
pub mod text;
pub mod theme;
pub mod transcript;
pub mod view;
