//! What the app shows for what happens.
