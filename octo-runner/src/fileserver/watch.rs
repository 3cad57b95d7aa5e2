//! A WebSocket that tells changes. A browser, which can send no header with it, shows the token in its first message.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{
        Query, State, WebSocketUpgrade,
        rejection::QueryRejection,
        ws::{Message, WebSocket, rejection::WebSocketUpgradeRejection},
    },
    http::{HeaderMap, header},
    response::Response,
};
use octo_proto::{Code, Error};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{sync::OwnedSemaphorePermit, time::timeout};

use super::{Server, gate::unauthorized, reply::Answer, verbs::said};
use crate::files::{
    parse,
    watch::{Seen, Watch},
};

/// How long the first message may take, and how long a client may take to read one.
const PATIENCE: Duration = Duration::from_secs(10);

/// A client says no more than its token.
const LARGEST: usize = 16 * 1024;

/// Below which directory.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WatchQuery {
    #[serde(default)]
    path: String,
}

/// Begins to watch.
pub(super) async fn socket(
    State(server): State<Arc<Server>>,
    axum::Extension(room): axum::Extension<Arc<OwnedSemaphorePermit>>,
    headers: HeaderMap,
    query: Result<Query<WatchQuery>, QueryRejection>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Answer<Response> {
    // The gate has let it pass: with a header the token was right.
    let admitted = headers.contains_key(header::AUTHORIZATION);
    let Ok(upgrade) = upgrade else {
        let plain = if admitted {
            Error::bad_request("this address speaks WebSocket only")
        } else {
            unauthorized("a token is needed")
        };
        return Err(plain.into());
    };
    let path = parse(&said(query)?.path)?;
    let tasks = server.tasks.clone();
    let watch = move |socket: WebSocket| {
        tasks.track_future(async move {
            serve(&server, socket, path, admitted).await;
            drop(room);
        })
    };
    let upgrade = upgrade.max_message_size(LARGEST).max_frame_size(LARGEST).read_buffer_size(4096);
    Ok(upgrade.write_buffer_size(0).on_upgrade(watch))
}

async fn serve(server: &Server, mut socket: WebSocket, path: Vec<u8>, admitted: bool) {
    let begun = async {
        if !admitted {
            admit(server, &mut socket).await?;
        }
        let permit = Arc::clone(&server.watches).try_acquire_owned();
        let permit = permit.map_err(|_| Error::new(Code::Busy, "too many watch already").hint("try again later"))?;
        let root = server.with_root(Ok).await?;
        Ok::<_, Error>((Watch::start(root, path).await?, permit))
    };
    let ended = match begun.await {
        Ok((watch, _permit)) => {
            if say(&mut socket, &json!({ "watching": watch.watching() })).await {
                tokio::select! {
                    () = server.stop.cancelled() => Ok(()),
                    ended = pump(&mut socket, watch) => ended,
                }
            } else {
                Ok(())
            }
        }
        Err(error) => Err(error),
    };
    if let Err(error) = ended {
        say(&mut socket, &json!({ "error": error })).await;
    }
    // Nobody may be there to hear it.
    drop(timeout(PATIENCE, socket.send(Message::Close(None))).await);
}

/// Waits for the token.
async fn admit(server: &Server, socket: &mut WebSocket) -> Result<(), Error> {
    #[derive(Deserialize)]
    struct First {
        token: String,
    }
    let message = timeout(PATIENCE, socket.recv()).await.ok().flatten();
    let text = match &message {
        Some(Ok(Message::Text(text))) => text.as_str(),
        _ => "",
    };
    match serde_json::from_str::<First>(text) {
        Ok(first) if server.token.matches(&first.token) => Ok(()),
        Ok(_) => Err(unauthorized("the token is wrong")),
        Err(_) => Err(unauthorized("the first message is {\"token\": \"...\"}")),
    }
}

/// Tells changes until the client is gone.
async fn pump(socket: &mut WebSocket, watch: Watch) -> Result<(), Error> {
    let mut next = Box::pin(watch.next());
    loop {
        tokio::select! {
            seen = &mut next => {
                let (watch, Seen { paths, rescan }) = seen?;
                if !say(socket, &json!({ "event": "file.changed", "paths": paths, "rescan": rescan })).await {
                    return Ok(());
                }
                next = Box::pin(watch.next());
            }
            heard = socket.recv() => match heard {
                // What it says is not asked for; pings are answered below.
                Some(Ok(Message::Text(_) | Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Ok(()),
            },
        }
    }
}

/// False where the client does not hear any more.
async fn say(socket: &mut WebSocket, message: &Value) -> bool {
    matches!(timeout(PATIENCE, socket.send(Message::text(message.to_string()))).await, Ok(Ok(())))
}
