//! What the screen shows: sessions, what is written, what is chosen. Everything here is pure.

pub mod composer;
pub mod dialog;
pub mod gallery;
pub mod hints;
pub mod index;
pub mod layout;
pub mod offers;
pub mod overlay;
pub mod picker;
pub mod picture;
pub mod session;
pub mod workspace;
