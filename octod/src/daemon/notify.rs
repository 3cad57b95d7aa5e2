//! Tells systemd how we are (sd_notify(3)).

use std::{
    io,
    os::{
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixDatagram},
    },
};

/// Sends a state, as `READY=1`, to the socket that systemd named. Without one nobody wants to know.
pub fn notify(socket: Option<&str>, state: &str) {
    if let Some(socket) = socket
        && let Err(error) = send(socket, state)
    {
        tracing::warn!(%error, socket, "systemd could not be told {state}");
    }
}

fn send(socket: &str, state: &str) -> io::Result<()> {
    let address = match socket.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(socket)?,
    };
    UnixDatagram::unbound()?.send_to_addr(state.as_bytes(), &address)?;
    Ok(())
}
