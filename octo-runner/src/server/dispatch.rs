//! What a request means: which right it needs, which command it is, and who answers it.

mod terminal;

use std::{collections::HashMap, time::Duration};

use octo_proto::{
    Code, Command, Error, Part, access, channel,
    command::{self, CommandList, Done, ModelList, SessionList, SessionReply, Stats},
    frame::{Reply, Request},
    hello::Caller,
    id::{RequestId, SessionId},
    session::When,
    terminal::TerminalCommand,
};
use serde::Serialize;
use tokio::{sync::watch, time::timeout};

use super::connection::reply_of;
use crate::{
    attachments, care,
    harness::Accepted,
    hstry::Op,
    mentions,
    requests::{Answer, Begun, Ticket, digest, write_answer},
    runner::Runner,
    session::{SessionMsg, state::prompt_message},
    sessions, terminals,
};

/// How long an agent may take to end.
const END: Duration = Duration::from_secs(30);

/// What a request asks for, by its channel.
pub(super) enum Asked {
    /// Whether we are there.
    Ping,
    /// Something of a session, or of all.
    Agent(Command),
    /// Something of a terminal.
    Terminal(TerminalCommand),
}

impl Asked {
    fn is_mutating(&self) -> bool {
        match self {
            Self::Ping => false,
            Self::Agent(command) => command.is_mutating(),
            Self::Terminal(command) => command.is_mutating(),
        }
    }
}

/// What a request asks for, where this caller may.
///
/// # Errors
/// `forbidden` where the caller may not, `bad_request` where the request cannot be understood.
pub(super) fn allowed(request: &Request, caller: &Caller) -> Result<Asked, Error> {
    let cmd = request.cmd()?;
    if access::needed(&request.channel, &cmd) > caller.right {
        return Err(Error::new(Code::Forbidden, format!("`{cmd}` is more than this connection may do")));
    }
    let asked = match request.channel.as_str() {
        channel::AGENT | channel::HISTORY => Asked::Agent(command::parse(request.body.get())?),
        channel::TERMINAL => Asked::Terminal(octo_proto::terminal::parse(request.body.get())?),
        channel::SYSTEM if cmd == "ping" => Asked::Ping,
        other => {
            return Err(Error::new(Code::Unsupported, format!("`{cmd}` on channel `{other}` is not known here"))
                .hint("docs/PROTOCOL.md lists the channels and commands of this release"));
        }
    };
    if asked.is_mutating() && !RequestId::from(request.id.as_str()).is_ulid() {
        return Err(Error::bad_request(format!("the id of `{cmd}` must be a ULID"))
            .hint("it is remembered, so that a repeat has no second effect"));
    }
    Ok(asked)
}

/// Answers a request.
pub(super) async fn answer(runner: &Runner, caller: &Caller, request: Request, asked: Asked) -> Reply {
    if let Asked::Agent(Command::AttachmentGet { id, offset, limit }) = &asked {
        return match attachments::get(runner, id, *offset, *limit).await {
            Ok((piece, bytes)) => Reply { bytes, ..reply_of(&request, Ok(piece)) },
            Err(error) => request.reply(Err(error)),
        };
    }
    let answer = match asked {
        Asked::Ping => to_value(Ok(Done {})),
        asked if asked.is_mutating() => once(runner, caller, &request, asked).await,
        Asked::Agent(command) => look(runner, caller, &request, command).await,
        Asked::Terminal(command) => terminal::look(runner, &request, command).await,
    };
    reply_of(&request, answer)
}

/// A mutating request: one effect and one answer, however often it comes.
async fn once(runner: &Runner, caller: &Caller, request: &Request, asked: Asked) -> Answer {
    let id = RequestId::from(request.id.as_str());
    let begun = runner.requests().begin(&caller.account, &id, digest(request)).await?;
    let receiver = match begun {
        Begun::Known(answer) => return answer,
        Begun::New(ticket) => {
            return match asked {
                Asked::Agent(command) => act(runner, caller, request, command, ticket).await,
                Asked::Terminal(command) => terminal::act(runner, caller, request, command, ticket).await,
                Asked::Ping => to_value(Ok(Done {})),
            };
        }
        Begun::Open(receiver) => {
            // The session that has to answer it may not be at hand since a restart.
            if let Some(session) = &request.session_id {
                runner.session(session).await?;
            }
            receiver
        }
    };
    waited(receiver).await
}

/// The answer of a request that is under way.
pub(super) async fn waited(mut receiver: watch::Receiver<Option<Answer>>) -> Answer {
    let answer = receiver.wait_for(Option::is_some).await.map(|answer| answer.clone());
    answer.ok().flatten().unwrap_or_else(|| {
        Err(Error::new(Code::Unavailable, "the request was given up before it was answered").hint("repeat it"))
    })
}

async fn act(runner: &Runner, caller: &Caller, request: &Request, command: Command, ticket: Ticket) -> Answer {
    let key = RequestId::from(request.id.as_str());
    match command {
        Command::SessionCreate { .. } => {
            let asker = sessions::Asker { account: &caller.account, key: &key, ticket: &ticket };
            let made = sessions::create(runner, command, &asker).await;
            settled(ticket, made)
        }
        Command::SessionFork { message_id } => {
            let of = session_of(request)?;
            let fork = sessions::Fork { of, message_id };
            let asker = sessions::Asker { account: &caller.account, key: &key, ticket: &ticket };
            let made = sessions::fork(runner, fork, &asker).await;
            settled(ticket, made)
        }
        Command::AttachmentPut { upload, offset, sha256, mime_type } => {
            let piece = attachments::Piece { upload, offset, sha256, mime_type, bytes: request.bytes.clone() };
            finish(runner, caller, &key, ticket, to_value(attachments::put(runner, piece).await)).await
        }
        Command::StopAll { runner: too } => {
            let stopped = care::stop_all(runner, too).await;
            finish(runner, caller, &key, ticket, to_value(stopped)).await
        }
        Command::SessionRename { title } => {
            let session = runner.session(&session_of(request)?).await?;
            let renamed = session.ask(|done| SessionMsg::Rename { title, done }).await?;
            let entry = renamed.and_then(|()| entry(runner, &session.id));
            finish(runner, caller, &key, ticket, to_value(entry)).await
        }
        Command::SessionStop {} => {
            let session = runner.session(&session_of(request)?).await?;
            let reason = "stopped by a person".to_owned();
            let stopped = within(END, session.ask(|done| SessionMsg::Stop { reason, delete: false, done })).await?;
            finish(runner, caller, &key, ticket, to_value(stopped.map(|()| Done {}))).await
        }
        Command::SessionDelete {} => {
            let session = runner.session(&session_of(request)?).await?;
            let reason = "deleted".to_owned();
            terminals::close_of(runner, &session.id).await;
            let deleted = within(END, session.ask(|done| SessionMsg::Stop { reason, delete: true, done })).await?;
            finish(runner, caller, &key, ticket, to_value(deleted.map(|()| Done {}))).await
        }
        command => to_session(runner, caller, request, command, Some(ticket)).await,
    }
}

/// Waits for the end of an agent, as long as one may take to end.
async fn within<T>(time: Duration, end: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    timeout(time, end).await.unwrap_or_else(|_| {
        Err(Error::new(Code::Timeout, format!("the agent did not end within {} s", time.as_secs()))
            .hint("it is still being ended; `octoctl doctor` may tell what holds it"))
    })
}

/// A command that its session orders with everything else.
async fn to_session(
    runner: &Runner,
    caller: &Caller,
    request: &Request,
    command: Command,
    ticket: Option<Ticket>,
) -> Answer {
    let id = session_of(request)?;
    let session = runner.session(&id).await?;
    let key = RequestId::from(request.id.as_str());
    let (mut message, mut pictures, mut when) = (None, HashMap::new(), When::Now);
    if let Command::Prompt { message: text, images, files, when: asked } = &command {
        attachments::check(runner, images).await?;
        if text.trim().is_empty() && images.is_empty() {
            return Err(Error::bad_request("a prompt says something, or shows an image"));
        }
        let mut said = prompt_message(&key, text, images, runner.now(), &caller.account);
        for kind in mentions::parts(runner, &id, files).await? {
            said.parts.push(Part::new(said.id.part(said.parts.len()), kind));
        }
        pictures = attachments::pictures(runner, &said).await?;
        message = Some(said);
        when = *asked;
    }
    let resumed = matches!(command, Command::SessionResume {});
    let by = caller.account.clone();
    let accepted = Box::new(Accepted { key, command, message, pictures, when, by });
    let account = caller.account.clone();
    let answer = session.ask(|reply| SessionMsg::Command { accepted, account, ticket, reply }).await??;
    if resumed { to_value(entry(runner, &id)) } else { Ok(answer) }
}

/// A request that changes nothing.
async fn look(runner: &Runner, caller: &Caller, request: &Request, command: Command) -> Answer {
    match command {
        Command::SessionList { before, limit } => {
            let limit = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
            let (sessions, has_more) = runner.index().page(before.as_ref(), limit);
            to_value(Ok(SessionList { sessions, has_more }))
        }
        Command::SessionGet {} => to_value(entry(runner, &session_of(request)?)),
        Command::Harnesses {} => to_value(Ok(runner.harnesses().await)),
        Command::GetModels { harness: Some(harness) } if request.session_id.is_none() => {
            runner.installed(&harness).await?;
            to_value(Ok(ModelList { models: runner.models_of(&harness) }))
        }
        Command::GetModels { .. } => {
            let session = runner.session(&session_of(request)?).await?;
            let harness = session.log.read(|view| view.info.harness.clone());
            to_value(Ok(ModelList { models: runner.models_of(&harness) }))
        }
        Command::GetStats {} => {
            let session = runner.session(&session_of(request)?).await?;
            let usage = session.log.read(|view| view.live.usage.clone()).unwrap_or_default();
            to_value(Ok(Stats { usage }))
        }
        Command::GetCommands {} => {
            let session = runner.session(&session_of(request)?).await?;
            to_value(Ok(CommandList { commands: session.log.read(|view| view.live.commands.clone()) }))
        }
        Command::HistoryPage { before, limit } => {
            let id = session_of(request)?;
            entry(runner, &id)?;
            to_value(care::page(runner, &id, before, limit).await)
        }
        Command::Env { refresh } => to_value(runner.environment().show(refresh).await),
        Command::DiskUsage {} => to_value(care::disk_usage(runner).await),
        Command::Doctor {} => to_value(Ok(care::doctor(runner).await)),
        command => to_session(runner, caller, request, command, None).await,
    }
}

/// What a store of its own has settled already.
fn settled(ticket: Ticket, answer: Answer) -> Answer {
    match &answer {
        Ok(_) => ticket.settle(&answer),
        // Nothing was changed: a repeat may work.
        Err(_) => drop(ticket),
    }
    answer
}

/// Stores the answer of a request whose effect is done, and tells those who wait. An error is not remembered: nothing
/// was changed, and a repeat may work.
pub(super) async fn finish(
    runner: &Runner,
    caller: &Caller,
    key: &RequestId,
    ticket: Ticket,
    answer: Answer,
) -> Answer {
    finish_with(runner, caller, (key, ticket), answer, Vec::new()).await
}

/// The same, together with more that is to be stored.
async fn finish_with(
    runner: &Runner,
    caller: &Caller,
    (key, ticket): (&RequestId, Ticket),
    answer: Answer,
    more: Vec<Op>,
) -> Answer {
    let answer = Ok(answer?);
    let account = caller.account.clone();
    let at = runner.now();
    let accept = Op::Accept {
        account: account.clone(),
        request_id: key.clone(),
        session: None,
        digest: ticket.digest,
        body: Vec::new(),
        at,
    };
    let settle = Op::Settle { account: account.clone(), request_id: key.clone(), reply: write_answer(&answer), at };
    let end = Op::End { account, request_id: key.clone() };
    if let Err(error) = runner.store().commit([accept, settle, end].into_iter().chain(more).collect()).await {
        tracing::warn!(%error, "the answer of a request could not be kept; a repeat would do it again");
    }
    ticket.settle(&answer);
    answer
}

fn session_of(request: &Request) -> Result<SessionId, Error> {
    request
        .session_id
        .clone()
        .ok_or_else(|| Error::bad_request("this command is about a session: `session_id` is missing"))
}

/// A session as the index has it.
///
/// # Errors
/// `not_found`.
pub(crate) fn entry(runner: &Runner, id: &SessionId) -> Result<SessionReply, Error> {
    let found = runner.index().get(id).map(|session| SessionReply { session });
    found.ok_or_else(|| sessions::unknown(id))
}

pub(super) fn to_value<T: Serialize>(answer: Result<T, Error>) -> Answer {
    answer.and_then(|ok| serde_json::to_value(ok).map_err(|error| Error::internal(error.to_string())))
}
