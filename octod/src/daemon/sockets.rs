//! The sockets that octod accepts at: made by us, or by systemd before us.

use std::{
    ffi::OsStr,
    fs::{File, OpenOptions},
    io,
    os::{
        fd::{FromRawFd, OwnedFd},
        unix::{ffi::OsStrExt, fs::OpenOptionsExt},
    },
    path::PathBuf,
};

use interprocess::{local_socket::tokio::Listener, os::unix::uds_local_socket::tokio::Listener as UnixListener};
use octo_proto::{config::ServerConfig, paths::Paths};
use rustix::{
    fs::{FlockOperation, flock},
    io::{FdFlags, fcntl_setfd},
    net::{AddressFamily, SocketAddrUnix, getsockname},
};
use tokio::net::TcpListener;

use super::StartError;
use crate::{
    config::Start,
    gateway::{local::Local, web},
    token::Token,
};

/// The first descriptor that systemd passes (sd_listen_fds(3)).
const FIRST: i32 = 3;

pub(super) struct Sockets {
    pub(super) local: Local,
    pub(super) http: TcpListener,
    /// Where the local one lies.
    pub(super) path: PathBuf,
}

/// Takes the lock that says who serves. It lies under state, which no logout removes.
pub(super) fn lock(paths: &Paths) -> Result<File, StartError> {
    let path = paths.state.join("octod.lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(StartError::system(path.display().to_string()))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(StartError::AlreadyServes { lock: path }),
        Err(error) => Err(StartError::System { what: path.display().to_string(), source: error.into() }),
    }
}

/// Opens both sockets, and puts the token beside the local one.
pub(super) async fn open(
    paths: &Paths,
    server: &ServerConfig,
    start: &Start,
    token: &Token,
) -> Result<Sockets, StartError> {
    let (given_local, given_http) = given(start.listen_fds)?;
    let http = match given_http {
        Some(http) => http,
        None => web::bind(&server.host, server.port).await.map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => StartError::PortInUse { host: server.host.clone(), port: server.port },
            _ => StartError::System { what: format!("cannot listen at {}:{}", server.host, server.port), source },
        })?,
    };
    let file = paths.token_file();
    token.write(&file).map_err(StartError::system(file.display().to_string()))?;
    let (local, path) = match given_local {
        Some((listener, path)) => (Local::given(listener), path),
        None => {
            let path = paths.octod_socket();
            let (paths, token) = (paths.clone(), token.clone());
            let again = Box::new(move || {
                paths.prepare().map_err(io::Error::other)?;
                token.write(&paths.token_file())
            });
            let local = Local::bind(&path, again).map_err(StartError::system(path.display().to_string()))?;
            (local, path)
        }
    };
    Ok(Sockets { local, http, path })
}

/// What systemd made.
type Given = (Option<(Listener, PathBuf)>, Option<TcpListener>);

/// The sockets that systemd made, told apart by their kind.
fn given(count: u32) -> Result<Given, StartError> {
    let (mut local, mut http) = (None, None);
    let refuse = |source| StartError::System { what: "a socket from systemd cannot be used".to_owned(), source };
    for number in (FIRST..).take(count as usize) {
        let socket = adopt(number).map_err(refuse)?;
        let address = getsockname(&socket).map_err(|error| refuse(error.into()))?;
        if address.address_family() == AddressFamily::UNIX {
            let name = SocketAddrUnix::try_from(address).map_err(|error| refuse(error.into()))?;
            let path = name.path_bytes().map(OsStr::from_bytes).unwrap_or_default();
            let listener = Listener::from(UnixListener::try_from(socket).map_err(refuse)?);
            local = Some((listener, PathBuf::from(path)));
        } else {
            let listener = std::net::TcpListener::from(socket);
            listener.set_nonblocking(true).map_err(refuse)?;
            http = Some(TcpListener::from_std(listener).map_err(refuse)?);
        }
    }
    Ok((local, http))
}

#[expect(unsafe_code, reason = "a descriptor that was passed by number can only be taken by number")]
fn adopt(number: i32) -> io::Result<OwnedFd> {
    // SAFETY: systemd gave it to this process (LISTEN_PID was compared), and nothing else here uses the number.
    let socket = unsafe { OwnedFd::from_raw_fd(number) };
    fcntl_setfd(&socket, FdFlags::CLOEXEC)?;
    Ok(socket)
}
