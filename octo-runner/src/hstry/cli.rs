//! The command line of `hstry`: reads the history through `hstry.sock`.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use hyper_util::rt::TokioIo;
use octo_proto::{
    Error,
    paths::{Paths, Surroundings},
    plain,
};
use serde_json::value::RawValue;
use tokio::net::UnixStream;
use tonic::{
    Code, Status,
    transport::{Channel, Endpoint, Uri},
};

use super::grpc::proto::{
    ExportSessionRequest, ListSessionsRequest, Message, PageMessagesRequest, PageMessagesResponse, Session,
    export_session_response::Item, read_service_client::ReadServiceClient,
};

/// Messages and sessions come in answers of at most so many bytes.
const LARGEST_ANSWER: usize = 64 * 1024 * 1024;

/// Read the history of this user's sessions.
#[derive(Debug, Parser)]
#[command(name = "hstry", version)]
pub struct Cli {
    /// Where the history is served, if not in this user's usual place
    #[arg(long, global = true, value_name = "PATH")]
    socket: Option<PathBuf>,
    /// Print JSON: one object a line
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Sub,
}

#[derive(Debug, Subcommand)]
enum Sub {
    /// List the sessions, the one that changed last first
    List,
    /// Print the messages of a session, the oldest first
    Show {
        /// Which: its id, or the end of it
        session: String,
        /// Only the last so many, 1 to 200; without it all
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=200))]
        last: Option<u64>,
    },
}

/// Why it did not do what was asked. The exit codes are those of octoctl.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Wrong(Error),
    #[error("the history cannot be reached at {}: {detail}", path.display())]
    Unreachable { path: PathBuf, detail: String },
    #[error("{}", .0.message())]
    Refused(Box<Status>),
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self::Refused(Box::new(status))
    }
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let result = runtime.map_err(Failure::Output).and_then(|runtime| runtime.block_on(run(&cli)));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read the output has seen enough.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            complain(&failure);
            ExitCode::from(exit_code(&failure))
        }
    }
}

fn exit_code(failure: &Failure) -> u8 {
    match failure {
        Failure::Wrong(error) if error.code == octo_proto::Code::NotFound => 3,
        Failure::Wrong(error) if error.code == octo_proto::Code::BadRequest => 2,
        Failure::Wrong(_) | Failure::Output(_) => 1,
        Failure::Unreachable { .. } => 4,
        Failure::Refused(status) => match status.code() {
            Code::NotFound => 3,
            Code::Unavailable => 4,
            Code::PermissionDenied | Code::Unauthenticated => 5,
            _ => 1,
        },
    }
}

#[expect(clippy::print_stderr, reason = "the last word of a command line")]
fn complain(failure: &Failure) {
    eprintln!("hstry: error: {failure}");
    let hint = match failure {
        Failure::Wrong(error) => error.hint.as_deref(),
        Failure::Unreachable { .. } => Some("octo-runner serves it; `octoctl status` starts and shows it"),
        Failure::Refused(_) | Failure::Output(_) => None,
    };
    if let Some(hint) = hint {
        eprintln!("hstry: hint: {hint}");
    }
}

async fn run(cli: &Cli) -> Result<(), Failure> {
    let mut client = connect(cli.socket.clone()).await?;
    match &cli.command {
        Sub::List => {
            let sessions = client.list_sessions(ListSessionsRequest {}).await?.into_inner().sessions;
            sessions.iter().try_for_each(|session| print_session(session, cli.json))
        }
        Sub::Show { session, last } => {
            let session_id = find(&mut client, session).await?;
            match last {
                Some(limit) => {
                    let request = PageMessagesRequest { session_id, before: None, limit: *limit };
                    let PageMessagesResponse { messages, .. } = client.page_messages(request).await?.into_inner();
                    messages.iter().try_for_each(|message| print_message(message, cli.json))
                }
                None => {
                    let request = ExportSessionRequest { session_id };
                    let mut items = client.export_session(request).await?.into_inner();
                    while let Some(item) = items.message().await? {
                        if let Some(Item::Message(message)) = item.item {
                            print_message(&message, cli.json)?;
                        }
                    }
                    Ok(())
                }
            }
        }
    }
}

async fn connect(socket: Option<PathBuf>) -> Result<ReadServiceClient<Channel>, Failure> {
    let path = match socket {
        Some(path) => path,
        None => {
            let paths = Paths::find(&Surroundings::of_process());
            paths.map_err(|error| Failure::Wrong(Error::bad_request(error.to_string())))?.hstry_socket()
        }
    };
    // The address is asked for and means nothing: the connection goes to the socket.
    let endpoint = Endpoint::from_static("http://hstry.local");
    let own = path.clone();
    let connector = tower::service_fn(move |_: Uri| {
        let path = own.clone();
        async move { UnixStream::connect(path).await.map(TokioIo::new) }
    });
    let channel = endpoint.connect_with_connector(connector).await.map_err(|error| {
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        Failure::Unreachable { path, detail: cause.unwrap_or_else(|| error.to_string()) }
    })?;
    Ok(ReadServiceClient::new(channel).max_decoding_message_size(LARGEST_ANSWER))
}

/// The one session whose id is or ends like this.
async fn find(client: &mut ReadServiceClient<Channel>, name: &str) -> Result<String, Failure> {
    let sessions = client.list_sessions(ListSessionsRequest {}).await?.into_inner().sessions;
    let name = name.to_lowercase();
    let mut found = sessions.into_iter().filter(|session| session.session_id.to_lowercase().ends_with(&name));
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one.session_id),
        (None, _) => Err(Failure::Wrong(
            Error::not_found(format!("there is no session '{name}'")).hint("`hstry list` shows those there are"),
        )),
        (Some(one), Some(other)) => Err(Failure::Wrong(
            Error::bad_request(format!("'{name}' is the end of {} and {}", one.session_id, other.session_id))
                .hint("give more of the id"),
        )),
    }
}

fn print_session(session: &Session, json: bool) -> Result<(), Failure> {
    if json {
        let info = raw(&session.json)?;
        let object = serde_json::json!({ "info": info, "messages": session.messages, "unread": session.unread });
        return print(&format!("{object}\n"));
    }
    let Session { session_id, messages, title, .. } = session;
    print(&plain::without_controls(&format!("{session_id}  {messages:>6}  {}\n", title.replace('\n', " "))))
}

fn print_message(message: &Message, json: bool) -> Result<(), Failure> {
    if json {
        return print(&format!("{}\n", message.json));
    }
    let whole: octo_proto::Message = serde_json::from_str(&message.json).map_err(|error| not_json(&error))?;
    print(&plain::without_controls(&plain::message(&whole)))
}

fn raw(json: &str) -> Result<Box<RawValue>, Failure> {
    RawValue::from_string(json.to_owned()).map_err(|error| not_json(&error))
}

fn not_json(error: &serde_json::Error) -> Failure {
    Failure::Wrong(
        Error::internal(format!("the answer cannot be read: {error}")).hint("update hstry: the runner is newer"),
    )
}

fn print(text: &str) -> Result<(), Failure> {
    Ok(io::stdout().lock().write_all(text.as_bytes())?)
}
