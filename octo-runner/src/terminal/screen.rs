//! `octo-runner screen`: what a recording of output leaves on a screen.

use std::io::{Read, Write};

use octo_proto::emulator::Emulator;

/// Lines of history that a terminal keeps.
const SCROLLBACK: usize = 2_000;

/// Bytes read at once.
const PIECE: usize = 64 << 10;

/// How a screen is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Its text.
    Text,
    /// JSON, with attributes, cursor, modes, and what the program told and asked.
    Json,
    /// Output that draws it again, after so many lines of history.
    Redraw { scrollback: usize },
}

/// Reads a recording to its end and prints the screen that it leaves on a terminal of the first size, which then gets
/// the others.
///
/// # Errors
/// If reading or writing fails.
pub(crate) fn run(
    sizes: &[(u16, u16)],
    form: Form,
    mut input: impl Read,
    mut output: impl Write,
) -> anyhow::Result<()> {
    let Some(((columns, rows), resizes)) = sizes.split_first() else { return Ok(()) };
    let mut emulator = Emulator::new((*columns).into(), (*rows).into(), SCROLLBACK);
    let (mut notices, mut replies) = (Vec::new(), Vec::new());
    let mut piece = vec![0; PIECE];
    loop {
        let read = input.read(&mut piece)?;
        if read == 0 {
            break;
        }
        // A recording has no times, so nothing in it comes too late.
        let outcome = emulator.feed(&piece[..read], 0);
        if form == Form::Json {
            notices.extend(outcome.notices);
            replies.extend(outcome.replies);
        }
    }
    // Nothing more comes, so what was held back is shown.
    if let Some(deadline) = emulator.deadline() {
        emulator.tick(deadline);
    }
    for (columns, rows) in resizes {
        emulator.resize((*columns).into(), (*rows).into());
    }
    match form {
        Form::Text => output.write_all(emulator.text().as_bytes())?,
        Form::Redraw { scrollback: 0 } => output.write_all(&emulator.redraw())?,
        Form::Redraw { scrollback } => output.write_all(&emulator.redraw_with_scrollback(scrollback))?,
        Form::Json => {
            let value = serde_json::json!({
                "screen": emulator.picture(),
                "notices": notices,
                "replies": String::from_utf8_lossy(&replies),
            });
            serde_json::to_writer_pretty(&mut output, &value)?;
            output.write_all(b"\n")?;
        }
    }
    Ok(())
}
