//! `octo-files`: the files of one workspace over HTTP, for whoever shows the token.

pub mod cli;
mod condition;
mod content;
mod gate;
mod reply;
mod token;
mod upload;
mod verbs;
mod watch;
mod zip;

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use axum::{
    Router,
    middleware::from_fn_with_state,
    routing::{get, post, put},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
    service::TowerToHyperService,
};
use octo_proto::Error;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::token::Token;
use crate::files::{Root, watch::blocking};

/// How long a request's head may take to arrive.
const HEAD: Duration = Duration::from_secs(10);

/// After an accept that failed, as for want of descriptors.
const PAUSE: Duration = Duration::from_millis(200);

/// How long what is being sent may take when the server ends.
const GRACE: Duration = Duration::from_secs(5);

/// Workspaces that are watched at once: each takes one of the few watches that the kernel gives to a user.
const MAX_WATCHES: usize = 32;

/// Every route, and whether it needs the token before anything else. The watch takes it in its first message too.
pub const ROUTES: &[(&str, bool)] = &[
    ("/health", false),
    ("/tree", true),
    ("/file", true),
    ("/download", true),
    ("/download-zip", true),
    ("/mkdir", true),
    ("/rename", true),
    ("/ws/watch", false),
];

/// What is not allowed to be larger.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Of an upload, in bytes.
    pub upload: u64,
    /// Of all files of a zip, in bytes before they are packed.
    pub zip: u64,
    /// Of all files of a zip.
    pub zip_entries: u64,
    /// Of connections at once.
    pub connections: usize,
}

/// What a server is made of.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The workspace.
    pub root: PathBuf,
    /// Names besides those of the loopback that a `Host` may have.
    pub allowed_hosts: Vec<String>,
    /// Origins besides our own.
    pub allowed_origins: Vec<String>,
    /// What is not allowed to be larger.
    pub limits: Limits,
}

/// A server of one workspace.
#[derive(Debug)]
struct Server {
    settings: Settings,
    token: Token,
    watches: Arc<Semaphore>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Server {
    /// Does something in the workspace, where it may wait for disks.
    async fn with_root<T: Send + 'static>(
        &self,
        work: impl FnOnce(Root) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let path = self.settings.root.clone();
        blocking(move || work(Root::open(&path)?)).await
    }
}

fn router(server: Arc<Server>) -> Router {
    let file = get(content::show).put(upload::put).delete(verbs::delete);
    Router::new()
        .route("/health", get(verbs::health))
        .route("/tree", get(verbs::tree))
        .route("/file", file)
        .route("/download", get(content::download))
        .route("/download-zip", get(zip::download))
        .route("/mkdir", put(verbs::make_directory))
        .route("/rename", post(verbs::rename))
        .route("/ws/watch", get(watch::socket))
        .fallback(verbs::nothing)
        .layer(from_fn_with_state(Arc::clone(&server), gate::check))
        .with_state(server)
}

/// Serves until `stop`.
async fn run(listener: TcpListener, server: Arc<Server>) {
    let room = Arc::new(Semaphore::new(server.settings.limits.connections));
    let router = router(Arc::clone(&server));
    loop {
        let accepted = tokio::select! {
            () = server.stop.cancelled() => break,
            accepted = accept(&listener, &room) => accepted,
        };
        match accepted {
            Ok((stream, peer, permit)) => {
                let connection = serve(stream, peer, (router.clone(), Arc::new(permit)), server.stop.clone());
                server.tasks.spawn(connection);
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(PAUSE).await;
            }
        }
    }
    server.tasks.close();
    if timeout(GRACE, server.tasks.wait()).await.is_err() {
        tracing::info!("what was still being sent is broken off");
    }
}

/// The next connection, once there is room for one.
async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = Arc::clone(room).acquire_owned().await.map_err(std::io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, permit))
}

async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    (router, permit): (Router, Arc<OwnedSemaphorePermit>),
    stop: CancellationToken,
) {
    // The room is held by the connection, and by the watch that it may become.
    let router = router.layer(axum::Extension(permit));
    let mut builder = auto::Builder::new(TokioExecutor::new()).http1_only();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(64 * 1024);
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, error, "a connection failed");
    }
}
