//! What the app shows and asks for what happens.

mod chat;
mod dialogs;
mod links;
mod offers;
mod panes;
mod screens;
mod stage;

use stage::{Stage, assistant, entry, user};
