//! The history for other programs of this user: gRPC on `hstry.sock`.

mod admission;
mod convert;
mod read;
mod socket;
mod write;

use std::{future::Future, io, time::Duration};

use futures_util::{Stream, stream};
use octo_proto::{Code, Error, id::SessionId, message::Message};
use tokio_util::sync::CancellationToken;
use tonic::{Status, service::InterceptorLayer, transport::Server};
use tonic_health::{ServingStatus, server::HealthReporter};

use super::Store;
use admission::Admission;
use proto::{read_service_server::ReadServiceServer, write_service_server::WriteServiceServer};
pub use socket::{Again, Socket};

/// How long the answers under way have, when the runner stops.
const GRACE: Duration = Duration::from_secs(1);

/// How long a failing listener is left alone.
const PAUSE: Duration = Duration::from_millis(100);

/// What `hstry.proto` says, as Rust.
#[expect(
    unused_qualifications,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::too_many_lines,
    reason = "it is generated"
)]
pub mod proto {
    tonic::include_proto!("hstry.v1");

    /// The same as descriptors, for reflection.
    pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/hstry.bin"));
}

/// Who adds messages to sessions: they go through the session's own log, so that its watchers see them.
pub trait Appender: Clone + Send + Sync + 'static {
    /// Adds a message; gives the number of its fact. The same message again adds nothing.
    fn append(&self, session: SessionId, message: Message) -> impl Future<Output = Result<u64, Error>> + Send;
}

/// Serves the history until `stop`.
///
/// # Errors
/// Where the descriptors or the transport are not as they should be.
pub async fn serve(
    socket: Socket,
    store: Store,
    appender: impl Appender,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(proto::DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()?;
    let (reporter, health) = tonic_health::server::health_reporter();
    let read = ReadServiceServer::new(read::Read::new(store.clone()));
    let write = WriteServiceServer::new(write::Write::new(appender));
    let server = Server::builder()
        .layer(InterceptorLayer::new(admission::check))
        .add_service(reflection)
        .add_service(health)
        .add_service(read)
        .add_service(write)
        .serve_with_incoming_shutdown(connections(socket), stop.cancelled());
    tokio::select! {
        served = server => Ok(served?),
        () = report(&store, &reporter) => Ok(()),
        // Who does not read what it asked for is not waited for longer.
        () = async { stop.cancelled().await; tokio::time::sleep(GRACE).await } => Ok(()),
    }
}

/// Tells whoever asks for our health how the store does. Ends with the store.
async fn report(store: &Store, reporter: &HealthReporter) {
    let mut healthy = store.healthy();
    reporter.set_serving::<ReadServiceServer<read::Read>>().await;
    loop {
        let writes = if *healthy.borrow_and_update() { ServingStatus::Serving } else { ServingStatus::NotServing };
        reporter.set_service_status("hstry.v1.WriteService", writes).await;
        if healthy.changed().await.is_err() {
            return;
        }
    }
}

/// Connections as they are served.
fn connections(socket: Socket) -> impl Stream<Item = io::Result<Admission>> {
    stream::unfold(socket, |mut socket| async move {
        loop {
            match socket.accept().await {
                Ok(stream) => return Some((Ok(Admission::of(stream)), socket)),
                Err(error) => {
                    tracing::warn!(%error, "a connection to the history could not be accepted");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    })
}

/// An error as gRPC tells it; the hint follows the message.
fn status(error: &Error) -> Status {
    let code = match error.code {
        Code::BadRequest => tonic::Code::InvalidArgument,
        Code::Unauthorized => tonic::Code::Unauthenticated,
        Code::Forbidden => tonic::Code::PermissionDenied,
        Code::NotFound => tonic::Code::NotFound,
        Code::Conflict => tonic::Code::AlreadyExists,
        Code::Unsupported => tonic::Code::Unimplemented,
        Code::TooLarge => tonic::Code::OutOfRange,
        Code::RateLimited => tonic::Code::ResourceExhausted,
        Code::Timeout => tonic::Code::DeadlineExceeded,
        Code::Busy | Code::Unavailable => tonic::Code::Unavailable,
        Code::AgentFailed | Code::Internal => tonic::Code::Internal,
    };
    match &error.hint {
        Some(hint) => Status::new(code, format!("{} ({hint})", error.message)),
        None => Status::new(code, &error.message),
    }
}
