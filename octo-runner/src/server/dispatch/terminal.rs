//! Requests about terminals that are no matter of one connection.

use std::time::Duration;

use octo_proto::{
    Error,
    command::Done,
    frame::Request,
    hello::Caller,
    id::RequestId,
    terminal::{TerminalCommand, TerminalList, TerminalReply, check_size},
};

use super::{finish, finish_with, to_value};
use crate::{
    hstry::Op,
    process::Size,
    requests::{Answer, Ticket},
    runner::Runner,
    terminal::Wanted,
    terminals::{self, Opening},
};

/// How long `wait` waits at most.
const WAIT: Duration = Duration::from_secs(300);

/// A request that changes something.
pub(super) async fn act(
    runner: &Runner,
    caller: &Caller,
    request: &Request,
    command: TerminalCommand,
    ticket: Ticket,
) -> Answer {
    let key = RequestId::from(request.id.as_str());
    match command {
        TerminalCommand::Open { cwd, command, cols, rows } => {
            check_size(cols, rows)?;
            let (session, size) = (request.session_id.clone(), Size { cols, rows });
            let opening = Opening { request: key.clone(), session, cwd, command, size };
            let terminal = terminals::open(runner, opening).await?;
            finish(runner, caller, &key, ticket, to_value(Ok(TerminalReply { terminal }))).await
        }
        TerminalCommand::Close { terminal_id } => {
            terminals::close(runner, &terminal_id).await?;
            // Its row goes with the answer, so that a repeat finds one or the other.
            let gone = vec![Op::DeleteTerminal(terminal_id.clone())];
            let answer = finish_with(runner, caller, (&key, ticket), to_value(Ok(Done {})), gone).await;
            terminals::forget(runner, &terminal_id).await;
            answer
        }
        TerminalCommand::Attach { .. }
        | TerminalCommand::Detach { .. }
        | TerminalCommand::Input { .. }
        | TerminalCommand::Take { .. }
        | TerminalCommand::Resize { .. }
        | TerminalCommand::List {}
        | TerminalCommand::Screen { .. }
        | TerminalCommand::History { .. }
        | TerminalCommand::Wait { .. } => look(runner, request, command).await,
    }
}

/// A request that changes nothing.
pub(super) async fn look(runner: &Runner, request: &Request, command: TerminalCommand) -> Answer {
    match command {
        TerminalCommand::List {} => {
            to_value(Ok(TerminalList { terminals: runner.terminals().list(request.session_id.as_ref()) }))
        }
        TerminalCommand::Screen { terminal_id, attributes } => {
            let terminal = runner.terminals().get(&terminal_id)?;
            to_value(terminal.screen(runner, attributes).await)
        }
        TerminalCommand::History { terminal_id, offset, below, limit, attributes } => {
            let terminal = runner.terminals().get(&terminal_id)?;
            let wanted = Wanted { offset, below, limit, attributes };
            to_value(runner.terminals().pasts().page(runner, &terminal, wanted).await)
        }
        TerminalCommand::Wait { terminal_id, timeout_ms } => {
            let within = timeout_ms.map_or(WAIT, Duration::from_millis).min(WAIT);
            let terminal = runner.terminals().get(&terminal_id)?;
            to_value(terminal.ended(within).await.map(|terminal| TerminalReply { terminal }))
        }
        TerminalCommand::Open { .. }
        | TerminalCommand::Close { .. }
        | TerminalCommand::Attach { .. }
        | TerminalCommand::Detach { .. }
        | TerminalCommand::Input { .. }
        | TerminalCommand::Take { .. }
        | TerminalCommand::Resize { .. } => Err(Error::internal("this is a matter of one connection")),
    }
}
