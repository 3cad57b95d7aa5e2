//! The terminal from the outside: bytes in, pictures and answers out.

mod hostile;
mod property;
mod table;
mod vttest;

use super::{Emulator, Outcome, Picture};

/// A terminal of that size which has read these bytes at once.
fn after(columns: usize, rows: usize, bytes: &[u8]) -> (Emulator, Outcome) {
    let mut emulator = Emulator::new(columns, rows, 100);
    let outcome = emulator.feed(bytes, 0);
    (emulator, outcome)
}

/// What an empty terminal of the same size shows after a redraw of this one.
fn redrawn(emulator: &Emulator) -> Picture {
    let picture = emulator.picture();
    let (again, outcome) = after(picture.columns, picture.rows, &emulator.redraw());
    assert!(outcome.replies.is_empty(), "a redraw asks nothing");
    again.picture()
}
