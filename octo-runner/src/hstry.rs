//! The history: one database with one writer, and everybody's way to read it.

mod elide;
mod read;
mod rows;
mod schema;
mod store;
mod write;

pub use elide::{Attachment, elide};
pub use read::{Before, Piece};
pub use rows::{
    AcceptedRow, Checkpoint, FactRow, KnownRequest, Op, ProcessRow, ProcessState, SessionRow, StoredSession,
};
pub use store::{Store, StoreError};

#[cfg(test)]
mod tests;
