//! What the app shows and asks for what happens.

mod chat;
mod dialogs;
mod files;
mod gallery;
mod links;
mod mentions;
mod offers;
mod opening;
mod panes;
mod screens;
mod stage;

use stage::{Stage, assistant, entry, user};
