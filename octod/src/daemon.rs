//! From a configuration to a serving octod, and to its end.

pub mod notify;
mod sockets;

use std::{io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use octo_proto::{
    config::Config,
    paths::{PathError, Paths},
};
use serde::Serialize;
use tokio::time::timeout;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::sockets::Sockets;
use crate::{
    config::Start,
    gateway::{Gateway, web},
    runners::Runners,
    token::Token,
};

/// How long connections may take to end.
const DRAIN: Duration = Duration::from_secs(5);

/// What octod serves with.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where things lie.
    pub paths: Paths,
    /// What is configured.
    pub config: Config,
    /// How we were started.
    pub start: Start,
}

/// What octod says once it accepts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ready {
    /// Always true.
    pub ready: bool,
    /// The local socket.
    pub socket: PathBuf,
    /// Where HTTP is.
    pub http: SocketAddr,
    /// Our release.
    pub version: &'static str,
    /// Our process.
    pub pid: u32,
}

/// Why octod does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another one serves.
    #[error("another octod serves already; it holds {}", lock.display())]
    AlreadyServes {
        /// What it holds.
        lock: PathBuf,
    },
    /// The port is taken.
    #[error(
        "port {port} of {host} is in use; stop what uses it, or choose another with --port or server.port (0: any)"
    )]
    PortInUse {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// A folder cannot be used.
    #[error(transparent)]
    Path(#[from] PathError),
    /// Something the system refused.
    #[error("{what}: {source}")]
    System {
        /// What was wanted.
        what: String,
        /// Why not.
        source: io::Error,
    },
}

impl StartError {
    fn system(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::System { what, source }
    }

    /// What the process ends with: 75, try again later, where another one serves.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::AlreadyServes { .. } => 75,
            Self::PortInUse { .. } | Self::Path(_) | Self::System { .. } => 1,
        }
    }
}

/// A serving octod.
#[derive(Debug)]
pub struct Daemon {
    /// What it says of itself.
    pub ready: Ready,
    gateway: Arc<Gateway>,
    accepting: TaskTracker,
    _lock: std::fs::File,
}

impl Daemon {
    /// Starts to serve. `stop` ends it.
    ///
    /// # Errors
    /// Where it cannot serve.
    pub async fn start(options: Options, stop: CancellationToken) -> Result<Self, StartError> {
        let Options { paths, config, start } = options;
        paths.prepare()?;
        let lock = sockets::lock(&paths)?;
        raise_descriptors();
        let token = Token::draw().map_err(StartError::system("no token can be drawn"))?;
        let Sockets { local, http, path } = sockets::open(&paths, &config.server, &start, &token).await?;
        let address = http.local_addr().map_err(StartError::system("the HTTP socket has no address"))?;
        let runners = Arc::new(Runners::new(&paths, &config.runner, &start, stop.clone()));
        let mut gateway = Gateway::new(runners, token, stop);
        gateway.allowed_hosts = config.server.allowed_hosts;
        gateway.allowed_origins = config.auth.allowed_origins;
        gateway.trace_wire = start.trace_wire;
        let gateway = Arc::new(gateway);
        let accepting = TaskTracker::new();
        accepting.spawn(local.run(Arc::clone(&gateway)));
        accepting.spawn(web::run(http, Arc::clone(&gateway)));
        let ready = Ready {
            ready: true,
            socket: path,
            http: address,
            version: env!("CARGO_PKG_VERSION"),
            pid: std::process::id(),
        };
        tracing::info!(socket = %ready.socket.display(), http = %ready.http, "octod accepts");
        Ok(Self { ready, gateway, accepting, _lock: lock })
    }

    /// Serves until stopped, then lets every connection end. The runner goes on.
    pub async fn serve(self) {
        self.gateway.stop.cancelled().await;
        self.accepting.close();
        self.accepting.wait().await;
        self.gateway.tasks.close();
        if timeout(DRAIN, self.gateway.tasks.wait()).await.is_err() {
            tracing::warn!(left = self.gateway.tasks.len(), "connections did not end in time");
        }
        self.gateway.runners.stopped().await;
    }
}

/// Two descriptors a client: the usual 1,024 would be 500 clients.
fn raise_descriptors() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
}
