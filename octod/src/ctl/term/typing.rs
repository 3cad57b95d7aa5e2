//! `octoctl term send`: what is typed, and how it gets into a terminal whose program reads slowly.

use std::{
    io::Read,
    time::{Duration, Instant},
};

use octo_proto::{
    command::Done,
    id::TerminalId,
    terminal::{MAX_INPUT, TerminalCommand},
};

use super::request;
use crate::ctl::{Connection, Failure};

/// Between two tries, while the program has not read what was typed before.
const PAUSE: Duration = Duration::from_millis(20);

/// A program that reads nothing for so long does not read.
const PATIENCE: Duration = Duration::from_secs(10);

/// The bytes of an argument; `-` is stdin, whatever it has.
pub(super) fn typed(argument: &str, enter: bool) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    if argument == "-" {
        std::io::stdin().lock().read_to_end(&mut bytes)?;
    } else {
        bytes.extend_from_slice(argument.as_bytes());
    }
    bytes.iter_mut().filter(|byte| **byte == b'\n').for_each(|byte| *byte = b'\r');
    if enter {
        bytes.push(b'\r');
    }
    Ok(bytes)
}

/// Types piece by piece, as fast as the program reads.
pub(super) async fn type_into(connection: &mut Connection, id: &TerminalId, bytes: &[u8]) -> Result<(), Failure> {
    for piece in bytes.chunks(MAX_INPUT) {
        let begun = Instant::now();
        // A piece is taken as a whole, or not at all.
        while let Err(failure) = one(connection, id, piece).await {
            if !failure.is_busy() || begun.elapsed() > PATIENCE {
                return Err(failure);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok(())
}

async fn one(connection: &mut Connection, id: &TerminalId, piece: &[u8]) -> Result<(), Failure> {
    let mut input = request(None, &TerminalCommand::Input { terminal_id: id.clone() })?;
    input.bytes = piece.to_vec().into();
    connection.send::<Done>(input).await.map(drop)
}
