//! Who is served: decided once for each connection, told to each of its requests.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use octo_proto::{
    Error,
    peer::{self, Peer},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::UnixStream,
};
use tonic::{Request, Status, transport::server::Connected};

use super::status;

/// Why a connection is not served, if it is not.
type Verdict = Option<Error>;

/// A connection, and whether it is served.
pub(super) struct Admission {
    stream: UnixStream,
    verdict: Verdict,
}

impl Admission {
    /// Only our own user is served, and no agent.
    pub(super) fn of(stream: UnixStream) -> Self {
        let peer = stream.peer_cred().ok().map(|peer| Peer { uid: peer.uid(), pid: peer.pid() });
        let verdict = peer::admit(peer, rustix::process::geteuid().as_raw()).err();
        if let Some(error) = &verdict {
            tracing::warn!(%error, "a connection to the history was refused");
        }
        Self { stream, verdict }
    }
}

/// Lets a request of an admitted connection pass.
pub(super) fn check(request: Request<()>) -> Result<Request<()>, Status> {
    match request.extensions().get::<Verdict>() {
        Some(None) => Ok(request),
        Some(Some(error)) => Err(status(error)),
        None => Err(Status::unauthenticated("nobody looked who you are")),
    }
}

impl Connected for Admission {
    type ConnectInfo = Verdict;

    fn connect_info(&self) -> Verdict {
        self.verdict.clone()
    }
}

impl AsyncRead for Admission {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl AsyncWrite for Admission {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use octo_proto::Code;

    use super::*;

    fn asked(verdict: Option<Verdict>) -> Result<(), tonic::Code> {
        let mut request = Request::new(());
        if let Some(verdict) = verdict {
            request.extensions_mut().insert(verdict);
        }
        check(request).map(drop).map_err(|status| status.code())
    }

    #[test]
    fn only_our_own_user_is_served() {
        let own = rustix::process::geteuid().as_raw();
        let stranger = peer::admit(Some(Peer { uid: own + 1, pid: None }), own).unwrap_err();
        assert_eq!(asked(Some(Some(stranger))), Err(tonic::Code::Unauthenticated));
        let agent = Error::new(Code::Forbidden, "an agent");
        assert_eq!(asked(Some(Some(agent))), Err(tonic::Code::PermissionDenied));
        assert_eq!(asked(Some(None)), Ok(()));
        assert_eq!(asked(None), Err(tonic::Code::Unauthenticated), "who was not looked at is not served");
    }
}
