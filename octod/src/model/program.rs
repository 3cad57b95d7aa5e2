//! The program `octo-model`: its arguments, its ready line and when it stops.

use std::{
    io::{self, Read, Write},
    net::Ipv4Addr,
    path::PathBuf,
    process::ExitCode,
    thread,
    time::Duration,
};

use clap::Parser;
use serde_json::json;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;

use super::{Error, Options, server::prepare};

/// A model server on 127.0.0.1 whose answers follow a script.
///
/// Speaks OpenAI Chat Completions and Anthropic Messages; any key will do. Say `hello` to it to learn its words.
#[derive(Debug, Parser)]
#[command(name = "octo-model", version)]
struct Arguments {
    /// The port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Append each request and its outcome to this file, as JSON lines
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Pause this long after each few words of an ordinary answer
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pace: u64,
    /// Stop when standard input ends, so as not to outlive whoever started this
    #[arg(long)]
    with_parent: bool,
}

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(io::stderr).init();
    let arguments = Arguments::parse();
    let ran = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Error::from)
        .and_then(|runtime| runtime.block_on(run(arguments)));
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Error> {
    let Arguments { port, log, pace, with_parent } = arguments;
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    let listener = listener.map_err(|source| Error::Listen { port, source })?;
    let port = listener.local_addr()?.port();
    let shutdown = CancellationToken::new();
    if with_parent {
        stop_with_input(shutdown.clone());
    }
    let options = Options { log, pace: Duration::from_millis(pace) };
    let serving = prepare(listener, options, shutdown.clone())?;
    // The listener is bound and all is prepared, so whoever reads this can connect at once.
    let ready = json!({"ready": true, "port": port, "url": format!("http://127.0.0.1:{port}")});
    writeln!(io::stdout(), "{ready}")?;
    let signalled = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        shutdown.cancel();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        served = serving => served,
        () = signalled => Ok(()),
    }
}

/// Reading blocks, and nobody waits for it at the end: a thread of its own.
fn stop_with_input(shutdown: CancellationToken) {
    thread::spawn(move || {
        let mut input = io::stdin().lock();
        let mut scrap = [0; 256];
        loop {
            match input.read(&mut scrap) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        shutdown.cancel();
    });
}
