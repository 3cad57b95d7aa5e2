//! Making sessions: new ones, and forks of those there are.

use std::path::Path;

use octo_proto::{
    Code, Command, Error, Event,
    command::{ForkReply, SessionReply},
    id::{MessageId, ProcessId, RequestId, SessionId},
    index::IndexEntry,
    message::Message,
    session::{SessionInfo, SessionState},
};
use serde_json::Value;

use crate::{
    harness::{Fork as ForkPoint, SessionSpec, any::AnyHarness},
    hstry::{Op, SessionRow},
    requests::{Ticket, write_answer},
    runner::Runner,
    session::state::{HANDLED, LONGEST_TITLE, title_of},
};

/// A session to begin from a message of another.
pub struct Fork {
    /// The other session.
    pub of: SessionId,
    /// A person's message of it, which the fork leaves out.
    pub message_id: MessageId,
}

/// Who asks for a session to be made, by which request.
pub struct Asker<'a> {
    /// Whose request.
    pub account: &'a str,
    /// Its id.
    pub key: &'a RequestId,
    /// The right to do it, once.
    pub ticket: &'a Ticket,
}

/// A session of this id is not there.
#[must_use]
pub fn unknown(id: &SessionId) -> Error {
    Error::not_found(format!("there is no session {id}")).hint("`octoctl session list` shows those there are")
}

/// Makes a session. Its agent starts with the first prompt.
///
/// # Errors
/// Where the harness is not known or cannot be started, or the folder is none.
pub async fn create(runner: &Runner, command: Command, asker: &Asker<'_>) -> Result<Value, Error> {
    let Command::SessionCreate { harness, cwd, model, title, thinking_level } = command else {
        return Err(Error::internal("not a command that makes a session"));
    };
    runner.room()?;
    let cwd = folder(&cwd)?;
    runner.installed(&harness).await?;
    let id = SessionId::draw();
    let title = title_of(&title.unwrap_or_default(), LONGEST_TITLE);
    let spec = SessionSpec {
        session_id: id.clone(),
        cwd: cwd.clone().into(),
        model: model.clone(),
        thinking_level: thinking_level.clone(),
        title: title.clone(),
        resume: None,
        fork: None,
    };
    // Before its agent has answered, a session can do what its harness can at best.
    let capabilities = AnyHarness::new(&harness, &spec, &ProcessId::from(""))?.capabilities().clone();
    let now = runner.now();
    let info = SessionInfo {
        session_id: id,
        title,
        capabilities,
        harness,
        cwd,
        model,
        mode: None,
        thinking_level,
        native_id: None,
        process_id: None,
        parent_session_id: None,
        forked_at: None,
        created_at: now,
        updated_at: now,
    };
    let entry = IndexEntry { info, state: SessionState::Stopped, unread: 0, needs_you: None, messages: 0 };
    let reply = serde_json::to_value(SessionReply { session: entry.clone() });
    let reply = reply.map_err(|error| Error::internal(error.to_string()))?;
    let new = New { entry, spec, messages: Vec::new() };
    store(runner, new, asker, &reply).await?;
    Ok(reply)
}

/// Makes a session that begins with what stood before a message of another. The other is untouched.
///
/// # Errors
/// Where there is no such message, or the agent has nothing yet to fork from.
pub async fn fork(runner: &Runner, fork: Fork, asker: &Asker<'_>) -> Result<Value, Error> {
    runner.room()?;
    let source = runner.session(&fork.of).await?;
    let info = source.log.read(|view| view.info.clone());
    if !info.capabilities.fork {
        return Err(Error::new(Code::Unsupported, "this session's agent cannot begin a new session from a message"));
    }
    let spec = source.ask(|reply| crate::session::SessionMsg::Spec { reply }).await?;
    let found = runner.store().before_message(&fork.of, &fork.message_id).await.map_err(|error| error.to_error())?;
    let Some(before) = found else {
        return Err(Error::not_found(format!("session {} has no message {} of a person", fork.of, fork.message_id))
            .hint("`octoctl history show` prints the ids"));
    };
    let native = spec.resume.clone().ok_or_else(|| {
        Error::new(Code::Conflict, "the agent has no session of its own yet").hint("fork it after its first answer")
    })?;
    let id = SessionId::draw();
    let users = before.messages.iter().filter(|message| is_in_the_agents_session(message)).count() as u64;
    let point = (users > 0).then_some(ForkPoint { native, user_messages_before: users });
    let spec = SessionSpec { session_id: id.clone(), resume: None, fork: point, ..spec };
    let now = runner.now();
    let title = if info.title.is_empty() { String::new() } else { format!("{} (fork)", info.title) };
    let info = SessionInfo {
        session_id: id,
        title,
        native_id: None,
        process_id: None,
        parent_session_id: Some(fork.of),
        forked_at: Some(fork.message_id),
        created_at: now,
        updated_at: now,
        ..info
    };
    let messages = before.messages;
    let count = messages.len() as u64;
    let entry = IndexEntry { info, state: SessionState::Stopped, unread: 0, needs_you: None, messages: count };
    let reply = ForkReply { session: entry.clone(), text: before.message.text() };
    let reply = serde_json::to_value(reply).map_err(|error| Error::internal(error.to_string()))?;
    store(runner, New { entry, spec, messages }, asker, &reply).await?;
    Ok(reply)
}

/// A session that is to be stored.
struct New {
    entry: IndexEntry,
    spec: SessionSpec,
    messages: Vec<Message>,
}

async fn store(runner: &Runner, new: New, asker: &Asker<'_>, reply: &Value) -> Result<(), Error> {
    let Asker { account, key, ticket } = *asker;
    let New { entry, spec, messages } = new;
    let (id, now) = (entry.info.session_id.clone(), entry.info.created_at);
    let created = Event::SessionCreated { info: Box::new(entry.info.clone()) };
    let copied = messages.into_iter().enumerate().map(|(index, mut message)| {
        message.idx = index as u64;
        Event::MessageEnd { message: Box::new(message) }
    });
    let events: Vec<_> = std::iter::once(created).chain(copied).collect();
    let row = SessionRow { info: entry.info.clone(), spec, facts: events.len() as u64, unread: 0, error: None };
    let mut ops = vec![
        Op::Accept {
            account: account.to_owned(),
            request_id: key.clone(),
            session: Some(id.clone()),
            digest: ticket.digest,
            body: Vec::new(),
            at: now,
        },
        Op::PutSession(Box::new(row)),
    ];
    ops.extend(events.into_iter().zip(1..).map(|(event, number)| Op::Fact {
        session: id.clone(),
        number,
        ts: now,
        source: None,
        event: Box::new(event),
    }));
    let answer = Ok(reply.clone());
    ops.push(Op::Settle {
        account: account.to_owned(),
        request_id: key.clone(),
        reply: write_answer(&answer),
        at: now,
    });
    ops.push(Op::End { account: account.to_owned(), request_id: key.clone() });
    runner.store().commit(ops).await.map_err(|error| error.to_error())?;
    runner.index().put(entry);
    Ok(())
}

/// A folder to start something in.
///
/// # Errors
/// Where the path is not absolute, or is no folder.
pub(crate) fn folder(cwd: &str) -> Result<String, Error> {
    let path = Path::new(cwd);
    if !path.is_absolute() {
        return Err(
            Error::bad_request(format!("'{cwd}' is not an absolute path")).hint("say where the agent is to work")
        );
    }
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => Ok(cwd.to_owned()),
        Ok(_) => Err(Error::bad_request(format!("'{cwd}' is not a folder"))),
        Err(error) => {
            Err(Error::not_found(format!("'{cwd}': {error}")).hint("make the folder first, or choose another"))
        }
    }
}

/// Whether the agent's own session has this message as one of a person.
fn is_in_the_agents_session(message: &Message) -> bool {
    let handled = message.metadata.as_ref().is_some_and(|metadata| metadata.contains_key(HANDLED));
    message.role == octo_proto::Role::User && !handled
}
