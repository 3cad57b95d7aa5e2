//! Channel `files`: which workspace a request is about, and who answers it.

mod stream;

use std::path::PathBuf;

use bytes::Bytes;
use octo_proto::{
    Code, Error,
    access::{self, Right},
    command::Done,
    files::{self, Changes, FilesCommand, FilesRequest, Shown},
    frame::{Frame, Reply, Request},
    hello::Caller,
    id::{RequestId, SessionId},
};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

pub(super) use stream::Desk;

use super::{
    connection::reply_of,
    dispatch::{self, to_value},
};
use crate::{
    files::{
        Root, changes, edit, entry, parse, read,
        tree::{self, Page},
        uploads::Piece,
        watch::blocking,
        write::{Expected, Replacement},
    },
    requests::{Answer, Begun, digest},
    runner::Runner,
};

/// Messages that are read from the history at once.
const PAGE: u64 = 64;

/// Everything that is shown.
const ALL: Shown = Shown { hidden: true, ignored: true };

/// A request, and who asks.
pub(super) struct Asked {
    pub(super) runner: Runner,
    pub(super) caller: Caller,
    pub(super) request: Request,
    /// To the one who asks.
    pub(super) tell: mpsc::Sender<Box<Frame>>,
}

/// Answers a request; a watch goes on until it is cancelled or the connection ends.
pub(super) async fn serve(asked: Asked, desk: Desk, permit: Option<OwnedSemaphorePermit>) {
    let reply = match allowed(&asked.request, &asked.caller) {
        Err(error) => asked.request.reply(Err(error)),
        Ok(FilesRequest { root, command: FilesCommand::Watch { path } }) => {
            return stream::watch(&asked, &desk, (root, path), permit).await;
        }
        Ok(FilesRequest { root, command }) => answer(&asked, &desk, root, command).await,
    };
    // The connection may be gone; a repeat of the request gets the same answer.
    drop(asked.tell.send(Box::new(Frame::Reply(reply))).await);
}

/// What is asked, if this caller may.
fn allowed(request: &Request, caller: &Caller) -> Result<FilesRequest, Error> {
    let cmd = request.cmd()?;
    let mut needed = access::needed(&request.channel, &cmd);
    let asked = files::parse(request.body.get())?;
    if asked.root.is_some() {
        // Any file of the user, and not only those of a session.
        needed = Right::Control;
    }
    if needed > caller.right {
        return Err(Error::new(Code::Forbidden, format!("`{cmd}` is more than this connection may do")));
    }
    if asked.command.is_mutating() && !RequestId::from(request.id.as_str()).is_ulid() {
        return Err(Error::bad_request(format!("the id of `{cmd}` must be a ULID"))
            .hint("it is remembered, so that a repeat has no second effect"));
    }
    Ok(asked)
}

async fn answer(asked: &Asked, desk: &Desk, root: Option<String>, command: FilesCommand) -> Reply {
    let request = &asked.request;
    match command {
        FilesCommand::Cancel { request_id } => {
            desk.cancel(request_id.as_str());
            reply_of(request, Ok(Done {}))
        }
        FilesCommand::Read { path, offset, limit, if_version } => {
            let piece = with_root(asked, root, move |root| {
                read::piece(&root, &parse(&path)?, (offset, limit), if_version.as_deref())
            });
            match piece.await {
                Ok((piece, bytes)) => Reply { bytes, ..reply_of(request, Ok(piece)) },
                Err(error) => request.reply(Err(error)),
            }
        }
        FilesCommand::Search { .. } | FilesCommand::Grep { .. } => {
            reply_of(request, stream::look(asked, desk, root, command).await)
        }
        FilesCommand::Changes { path, diff, offset, limit } => {
            let wanted = parse(&path).map(|path| changes::Asked { path, diff, offset, limit });
            let changes = match wanted {
                Ok(wanted) => changed(asked, root, wanted).await,
                Err(error) => Err(error),
            };
            reply_of(request, changes)
        }
        command if command.is_mutating() => reply_of(request, once(asked, root, command).await),
        command => reply_of(request, with_root(asked, root, move |root| look(&root, command)).await),
    }
}

/// A mutating request: one effect and one answer, however often it comes.
async fn once(asked: &Asked, root: Option<String>, command: FilesCommand) -> Answer {
    let Asked { runner, caller, request, .. } = asked;
    let id = RequestId::from(request.id.as_str());
    match runner.requests().begin(&caller.account, &id, digest(request)).await? {
        Begun::Known(answer) => answer,
        Begun::Open(receiver) => dispatch::waited(receiver).await,
        Begun::New(ticket) => {
            let (uploads, bytes) = (runner.uploads().clone(), request.bytes.clone());
            if let FilesCommand::Apply { path, action } = command {
                let wanted = parse(&path).map(|path| changes::Wanted { path, action, hunks: bytes.to_vec() });
                let done = match wanted {
                    Ok(wanted) => to_value(applied(asked, root, wanted).await),
                    Err(error) => Err(error),
                };
                return dispatch::finish(runner, caller, &id, ticket, done).await;
            }
            let done = with_root(asked, root, move |root| match command {
                FilesCommand::Write { path, if_version, upload: Some(upload), offset, sha256 } => {
                    let piece = Piece { upload: &upload, offset, sha256: sha256.as_deref(), bytes: &bytes };
                    to_value(uploads.put(&root, &parse(&path)?, &Expected::from_version(if_version), &piece))
                }
                command => change(&root, command, &bytes),
            });
            dispatch::finish(runner, caller, &id, ticket, done.await).await
        }
    }
}

fn change(root: &Root, command: FilesCommand, bytes: &Bytes) -> Answer {
    match command {
        FilesCommand::Write { path, if_version, offset, sha256, .. } => {
            if offset > 0 || sha256.is_some() {
                return Err(Error::bad_request(
                    "`offset` and `sha256` are for files in pieces, which have an `upload`",
                ));
            }
            let mut file = Replacement::begin(root, &parse(&path)?)?;
            file.append(bytes)?;
            to_value(file.commit(&Expected::from_version(if_version)))
        }
        FilesCommand::Mkdir { path, parents } => to_value(edit::make_directory(root, &parse(&path)?, parents)),
        FilesCommand::Rename { path, to, replace } => {
            to_value(edit::rename(root, &parse(&path)?, &parse(&to)?, replace))
        }
        FilesCommand::Copy { path, to } => to_value(edit::copy(root, &parse(&path)?, &parse(&to)?)),
        FilesCommand::Delete { path, recursive } => {
            to_value(edit::delete(root, &parse(&path)?, recursive).map(|()| Done {}))
        }
        _ => Err(Error::internal("a command that changes nothing was to change something")),
    }
}

fn look(root: &Root, command: FilesCommand) -> Answer {
    match command {
        FilesCommand::Tree { path, depth, offset, limit, shown } => {
            let path = parse(&path)?;
            to_value(tree::page(root, &Page { path: &path, depth: depth.unwrap_or(1), offset, limit, shown }))
        }
        FilesCommand::List { path, offset, limit } => {
            let path = parse(&path)?;
            to_value(tree::page(root, &Page { path: &path, depth: 1, offset, limit, shown: ALL }))
        }
        FilesCommand::Stat { path } => to_value(entry::stat(root, &parse(&path)?)),
        _ => Err(Error::internal("a command was to be answered elsewhere")),
    }
}

/// Who knows what was changed: git, else the messages of the session.
async fn changed(asked: &Asked, root: Option<String>, wanted: changes::Asked) -> Result<Changes, Error> {
    let root = with_root(asked, root, Ok).await?;
    let env = asked.runner.environment().minimal().await;
    if let Some(changes) = changes::of_git(&root, env, &wanted).await? {
        return Ok(changes);
    }
    let Some(session) = &asked.request.session_id else { return Ok(Changes::default()) };
    let mut edits = changes::Edits::new(root.path());
    let mut from = 0;
    loop {
        let messages = asked.runner.store().messages_from(session, from, PAGE).await;
        let messages = messages.map_err(|error| error.to_error())?;
        let Some(last) = messages.last() else { return Ok(edits.page(&wanted)) };
        from = last.idx + 1;
        messages.iter().for_each(|message| edits.take(message));
    }
}

/// Stages, unstages or reverts.
async fn applied(asked: &Asked, root: Option<String>, wanted: changes::Wanted) -> Result<Done, Error> {
    let workspace = with_root(asked, root.clone(), Ok).await?;
    let env = asked.runner.environment().minimal().await;
    if let Some(undo) = changes::apply(&workspace, env, &wanted).await? {
        with_root(asked, root, move |root| undo.run(&root)).await?;
    }
    Ok(Done {})
}

/// Does something in the workspace, where it may wait for disks.
async fn with_root<T: Send + 'static>(
    asked: &Asked,
    root: Option<String>,
    work: impl FnOnce(Root) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let path = workspace(&asked.runner, asked.request.session_id.as_ref(), root)?;
    blocking(move || work(Root::open(&path)?)).await
}

/// Which directory a request is about.
fn workspace(runner: &Runner, session: Option<&SessionId>, root: Option<String>) -> Result<PathBuf, Error> {
    match (root, session) {
        (Some(root), _) => Ok(root.into()),
        (None, Some(id)) => Ok(dispatch::entry(runner, id)?.session.info.cwd.into()),
        (None, None) => Err(Error::bad_request("this is about a workspace: `session_id` or `root` is missing")),
    }
}
