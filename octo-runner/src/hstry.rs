//! The history: one database with one writer, and everybody's way to read it.

mod attachments;
pub mod cli;
mod elide;
pub mod grpc;
mod read;
mod rows;
mod schema;
mod store;
mod terminals;
mod write;

pub use attachments::Piece;
pub use elide::{Attachment, elide};
pub use read::Before;
pub use rows::{
    AcceptedRow, Checkpoint, FactRow, KnownRequest, Op, ProcessRow, ProcessState, SessionRow, StoredSession,
    TerminalRow,
};
pub use store::{Store, StoreError};

#[cfg(test)]
mod tests;
