//! The HTTP side: health, and the WebSocket that carries the same frames.

mod socket;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{Request, State, WebSocketUpgrade, ws::WebSocket},
    http::{HeaderMap, StatusCode, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::get,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
    service::TowerToHyperService,
};
use octo_proto::{
    Code, Error,
    frame::{MAX_BYTES, MAX_LINE},
    names,
};
use rustix::process::geteuid;
use serde_json::json;
use socket2::SockRef;
use tokio::{
    net::{TcpListener, TcpStream, UnixStream},
    sync::OwnedSemaphorePermit,
    time::{sleep, timeout},
};

use super::{
    Gateway,
    client::{Admission, Client},
};

/// How long a request's head may take to arrive.
const HEAD: Duration = Duration::from_secs(10);

/// How long a runner may take to accept when its health is asked.
const PROBE: Duration = Duration::from_millis(250);

/// After an accept that failed, as for want of descriptors.
const PAUSE: Duration = Duration::from_millis(200);

/// Bytes that may wait in the kernel before they are sent.
const UNSENT: u32 = 16 * 1024;

/// A WebSocket reads so much at once; the default costs 128 KiB a client.
const READ: usize = 4096;

/// Every route, and whether it needs a token.
pub const ROUTES: &[(&str, bool)] = &[("/api/health", false), ("/api/ws/mux", true)];

/// Accepts HTTP until octod stops.
pub async fn run(listener: TcpListener, gateway: Arc<Gateway>) {
    let router = router(Arc::clone(&gateway));
    while let Some(room) = gateway.room().await {
        let accepted = tokio::select! {
            () = gateway.stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                gateway.tasks.spawn(serve(stream, peer, router.clone(), Arc::clone(&gateway), room));
            }
            Err(error) => {
                tracing::warn!(%error, "an HTTP connection could not be accepted");
                sleep(PAUSE).await;
            }
        }
    }
}

async fn serve(stream: TcpStream, peer: SocketAddr, router: Router, gateway: Arc<Gateway>, room: OwnedSemaphorePermit) {
    // Small frames must not wait for each other; without it they are only later.
    drop(stream.set_nodelay(true));
    // What waits here cannot be taken back: a client that falls behind gets a fresh screen in its place only where little
    // waits.
    drop(SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT));
    // The room is held by the connection, and handed on to the WebSocket that it may become.
    let room = Arc::new(room);
    let router = router.layer(axum::Extension(Arc::clone(&room)));
    let mut builder = auto::Builder::new(TokioExecutor::new()).http1_only();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(16 * 1024);
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = gateway.stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, error, "an HTTP connection failed");
    }
}

fn router(gateway: Arc<Gateway>) -> Router {
    Router::new()
        .route("/api/health", get(health))
        .route("/api/ws/mux", get(mux))
        .fallback(async || refuse(StatusCode::NOT_FOUND, &Error::not_found("there is nothing at this address")))
        .layer(from_fn_with_state(Arc::clone(&gateway), check_names))
        .with_state(gateway)
}

/// Host, then Origin, before anything is looked at: a page of somebody else must not reach us through a browser.
async fn check_names(State(gateway): State<Arc<Gateway>>, request: Request, next: Next) -> Response {
    match named_well(request.headers(), &gateway) {
        Ok(()) => next.run(request).await,
        Err(error) => refuse(StatusCode::FORBIDDEN, &error),
    }
}

fn named_well(headers: &HeaderMap, gateway: &Gateway) -> Result<(), Error> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let host = text(header::HOST);
    if !names::is_own_host(host, &gateway.allowed_hosts) {
        let message = match host {
            Some(host) => format!("octod does not answer to the name {host}"),
            None => "a request names its Host".to_owned(),
        };
        return Err(Error::new(Code::Forbidden, message).hint("add it to server.allowed_hosts"));
    }
    let origin = text(header::ORIGIN);
    if !names::is_own_origin(origin, host, &gateway.allowed_origins) {
        let message = format!("pages of {} may not talk to octod", origin.unwrap_or_default());
        return Err(Error::new(Code::Forbidden, message).hint("add the origin to auth.allowed_origins"));
    }
    Ok(())
}

async fn health(State(gateway): State<Arc<Gateway>>) -> Response {
    let answers = matches!(timeout(PROBE, UnixStream::connect(gateway.runners.socket())).await, Ok(Ok(_)));
    let runner =
        if answers { json!({"state": "up"}) } else { json!({"state": "down", "hint": gateway.runners.hint()}) };
    Json(json!({"status": "ok", "version": env!("CARGO_PKG_VERSION"), "runner": runner})).into_response()
}

async fn mux(
    State(gateway): State<Arc<Gateway>>,
    axum::Extension(room): axum::Extension<Arc<OwnedSemaphorePermit>>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Response {
    let owner = octo_proto::peer::of_owner(geteuid().as_raw());
    let admission = match headers.get(header::AUTHORIZATION) {
        // A browser cannot send the header; it shows the token in its hello.
        None => Admission::ByToken(owner),
        Some(value) => {
            let shown = value.to_str().ok().and_then(|value| value.strip_prefix("Bearer "));
            if !shown.is_some_and(|token| gateway.token.matches(token.trim())) {
                let error = Error::new(Code::Unauthorized, "the token is wrong")
                    .hint("it is new at every start of octod: read it again");
                return refuse(StatusCode::UNAUTHORIZED, &error);
            }
            Admission::Admitted(owner)
        }
    };
    let Ok(upgrade) = upgrade else {
        return match admission {
            Admission::Admitted(_) => {
                refuse(StatusCode::UPGRADE_REQUIRED, &Error::bad_request("this address speaks WebSocket only"))
            }
            Admission::ByToken(_) => {
                refuse(StatusCode::UNAUTHORIZED, &Error::new(Code::Unauthorized, "a token is needed"))
            }
        };
    };
    let largest = MAX_LINE + 1 + MAX_BYTES;
    let serve = move |socket: WebSocket| {
        let tasks = gateway.tasks.clone();
        tasks.track_future(async move {
            let (receive, deliver) = socket::split(socket);
            Client::new(gateway, receive, deliver).run(admission).await;
            drop(room);
        })
    };
    upgrade
        .read_buffer_size(READ)
        .write_buffer_size(0)
        .max_write_buffer_size(2 * largest)
        .max_message_size(largest)
        .max_frame_size(largest)
        .on_upgrade(serve)
}

fn refuse(status: StatusCode, error: &Error) -> Response {
    (status, Json(json!({ "error": error }))).into_response()
}

/// Listens for HTTP.
///
/// # Errors
/// Where the address is taken, or is not one of this machine.
pub async fn bind(host: &str, port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((host, port)).await
}
