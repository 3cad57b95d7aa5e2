//! Routes that answer with a few words: health, tree, mkdir, rename, delete.

use std::sync::Arc;

use axum::{
    Json,
    extract::{
        Query, State,
        rejection::{JsonRejection, QueryRejection},
    },
    http::HeaderMap,
    response::Response,
};
use octo_proto::{Code, Error, command::Done, files::Shown};
use serde::Deserialize;
use serde_json::json;

use super::{
    Server,
    condition::expected,
    reply::{Answer, Refused, ok, unmet},
};
use crate::files::{
    edit, parse,
    tree::{self, Page},
    write::Expected,
};

/// A page of a tree.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TreeQuery {
    #[serde(default)]
    path: String,
    depth: Option<u64>,
    #[serde(default)]
    offset: u64,
    limit: Option<u64>,
    #[serde(default)]
    hidden: bool,
    #[serde(default)]
    ignored: bool,
}

/// A directory to make.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MakeQuery {
    path: String,
    #[serde(default)]
    parents: bool,
}

/// An entry to delete.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeleteQuery {
    path: String,
    #[serde(default)]
    recursive: bool,
}

/// From where to where.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Move {
    path: String,
    to: String,
    #[serde(default)]
    replace: bool,
}

/// What a query says, or what is wrong with it.
pub(super) fn said<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, Error> {
    query.map(|Query(query)| query).map_err(|rejection| Error::bad_request(rejection.body_text()))
}

/// Whether it is up.
pub(super) async fn health() -> Response {
    ok(json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
}

/// There is no such route.
pub(super) async fn nothing() -> Refused {
    Refused(Error::not_found("there is nothing at this address"))
}

/// A page of a tree.
pub(super) async fn tree(
    State(server): State<Arc<Server>>,
    query: Result<Query<TreeQuery>, QueryRejection>,
) -> Answer<Response> {
    let TreeQuery { path, depth, offset, limit, hidden, ignored } = said(query)?;
    let path = parse(&path)?;
    let listing = server.with_root(move |root| {
        let shown = Shown { hidden, ignored };
        tree::page(&root, &Page { path: &path, depth: depth.unwrap_or(1), offset, limit, shown })
    });
    Ok(ok(listing.await?))
}

/// Makes a directory.
pub(super) async fn make_directory(
    State(server): State<Arc<Server>>,
    query: Result<Query<MakeQuery>, QueryRejection>,
) -> Answer<Response> {
    let MakeQuery { path, parents } = said(query)?;
    let path = parse(&path)?;
    Ok(ok(server.with_root(move |root| edit::make_directory(&root, &path, parents)).await?))
}

/// Moves an entry.
pub(super) async fn rename(
    State(server): State<Arc<Server>>,
    body: Result<Json<Move>, JsonRejection>,
) -> Answer<Response> {
    let Json(Move { path, to, replace }) = body.map_err(|rejection| Error::bad_request(rejection.body_text()))?;
    let (path, to) = (parse(&path)?, parse(&to)?);
    Ok(ok(server.with_root(move |root| edit::rename(&root, &path, &to, replace)).await?))
}

/// Deletes an entry.
pub(super) async fn delete(
    State(server): State<Arc<Server>>,
    headers: HeaderMap,
    query: Result<Query<DeleteQuery>, QueryRejection>,
) -> Answer<Response> {
    let DeleteQuery { path, recursive } = said(query)?;
    let (path, expected) = (parse(&path)?, expected(&headers)?);
    let conditional = expected != Expected::Anything;
    match server.with_root(move |root| edit::delete_expected(&root, &path, recursive, &expected)).await {
        Err(error) if conditional && error.code == Code::Conflict => Ok(unmet(error)),
        deleted => Ok(ok(deleted.map(|()| Done {})?)),
    }
}
