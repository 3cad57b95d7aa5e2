//! The terminals that one connection shows, and what is done with them there: in the order in which it was asked.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use octo_proto::{
    Error,
    access::Right,
    command::Done,
    frame::Request,
    hello::Caller,
    id::TerminalId,
    terminal::{TerminalCommand, check_size},
};
use serde_json::Value;
use tokio::sync::Notify;

use crate::{
    process::Size,
    runner::Runner,
    terminal::{Asking, Shown, TerminalWatch},
};

/// The terminals of a connection.
#[derive(Debug, Default)]
pub(super) struct Screens {
    shown: BTreeMap<TerminalId, TerminalWatch>,
}

impl Screens {
    /// Does what a command asks of this connection. None: it is no matter of one connection.
    pub(super) fn on(
        &mut self,
        runner: &Runner,
        caller: &Caller,
        (request, command): (&Request, &TerminalCommand),
        wake: &Arc<Notify>,
    ) -> Option<Result<Value, Error>> {
        let answer = match command {
            TerminalCommand::Attach { terminal_id, after, cols, rows, write, history } => {
                let size = Size { cols: *cols, rows: *rows };
                let (may_write, history) = (caller.right >= Right::Write, *history);
                let asking = Asking { size, write: *write, may_write, after: *after, history };
                self.attach(runner, terminal_id, asking, wake)
            }
            TerminalCommand::Detach { terminal_id } => {
                self.shown.remove(terminal_id);
                done(Ok(()))
            }
            TerminalCommand::Input { terminal_id } => {
                let number = self.shown.get(terminal_id).map(TerminalWatch::number);
                let terminal = runner.terminals().get(terminal_id);
                done(terminal.and_then(|terminal| terminal.input(number, &request.bytes)))
            }
            TerminalCommand::Take { terminal_id } => done(self.does(terminal_id, Shown::Take)),
            TerminalCommand::Resize { terminal_id, cols, rows } => {
                let size = Size { cols: *cols, rows: *rows };
                done(check_size(*cols, *rows).and_then(|()| self.does(terminal_id, Shown::Resize(size))))
            }
            TerminalCommand::Open { .. } | TerminalCommand::Close { .. } => return None,
            TerminalCommand::List {} | TerminalCommand::Screen { .. } => return None,
            TerminalCommand::History { .. } | TerminalCommand::Wait { .. } => return None,
        };
        Some(answer)
    }

    fn attach(&mut self, runner: &Runner, id: &TerminalId, asking: Asking, wake: &Arc<Notify>) -> Result<Value, Error> {
        check_size(asking.size.cols, asking.size.rows)?;
        let terminal = runner.terminals().get(id)?;
        // Who attaches again goes first, so that it can be the one who writes again.
        self.shown.remove(id);
        let (attached, watch) = terminal.attach(runner, asking, wake);
        self.shown.insert(id.clone(), watch);
        serde_json::to_value(attached).map_err(|error| Error::internal(error.to_string()))
    }

    fn does(&self, id: &TerminalId, what: Shown) -> Result<(), Error> {
        let shown = self.shown.get(id).ok_or_else(|| {
            Error::bad_request(format!("this connection does not show {id}")).hint("`attach` to it first")
        })?;
        shown.does(what)
    }

    /// The next encoded frames of each, about `limit` bytes of it.
    pub(super) fn pull(&mut self, limit: usize) -> impl Iterator<Item = Bytes> + '_ {
        self.shown.values_mut().flat_map(move |watch| watch.pull(limit))
    }
}

fn done(answer: Result<(), Error>) -> Result<Value, Error> {
    answer.and_then(|()| serde_json::to_value(Done {}).map_err(|error| Error::internal(error.to_string())))
}
