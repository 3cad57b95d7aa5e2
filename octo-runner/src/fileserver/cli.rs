//! The command line of `octo-files`.

use std::{io::Write, net::IpAddr, path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::Context;
use clap::Parser;
use octo_proto::config::ByteSize;
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Limits, MAX_WATCHES, Server, Settings, run, token::Token};
use crate::files::Root;

/// What `--help` says behind the options.
const MORE: &str = "\
Each request shows the token: `Authorization: Bearer TOKEN`. Paths are relative to DIR; nothing outside of it is reached.

  GET    /health                        whether it is up; without a token
  GET    /tree?path=&depth=&offset=&limit=&hidden=&ignored=
  GET    /file?path=                    a file, or a range of it
  PUT    /file?path=                    its content, whole; heeds If-Match and If-None-Match: *
  DELETE /file?path=&recursive=         heeds If-Match too
  GET    /download?path=                a file, to be kept
  GET    /download-zip?path=&hidden=&ignored=    files and directories; links, pipes and the like are left out
  PUT    /mkdir?path=&parents=
  POST   /rename                        {\"path\", \"to\", \"replace\"}
  GET    /ws/watch?path=                WebSocket: changes as they happen

A page, which can send no header with a WebSocket, says {\"token\": \"...\"} as its first message.

Example:
  octo-files --root ~/project --token-file ~/.config/octo/files-token
  curl -H \"Authorization: Bearer $(cat ~/.config/octo/files-token)\" 'http://127.0.0.1:41821/tree?depth=2'
";

/// The files of one workspace over HTTP
#[derive(Debug, Parser)]
#[command(name = "octo-files", version, after_help = MORE)]
pub struct Cli {
    /// The workspace
    #[arg(long, value_name = "DIR", env = "OCTO_FILES_ROOT")]
    root: PathBuf,
    /// The port; 0 takes a free one
    #[arg(long, value_name = "N", default_value_t = 41821, env = "OCTO_FILES_PORT")]
    port: u16,
    /// The address to listen on. There is no encryption: leave it at the loopback unless a proxy or a container is around it
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1", env = "OCTO_FILES_BIND")]
    bind: IpAddr,
    /// Where the token is; without it one is made and printed
    #[arg(long, value_name = "FILE", env = "OCTO_FILES_TOKEN_FILE")]
    token_file: Option<PathBuf>,
    /// A name besides those of the loopback under which it is called; may be repeated
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<String>,
    /// Whose pages may call it besides its own, as https://example.com; may be repeated
    #[arg(long, value_name = "ORIGIN", value_parser = origin)]
    allow_origin: Vec<String>,
    /// The largest upload
    #[arg(long, value_name = "SIZE", default_value = "100 MiB")]
    max_upload: ByteSize,
    /// The most that is packed into one zip
    #[arg(long, value_name = "SIZE", default_value = "500 MiB")]
    max_zip: ByteSize,
    /// The most entries of one zip
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    max_zip_entries: u64,
    /// The most connections at once; more wait
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u64).range(1..=65_536))]
    max_connections: u64,
    /// Print one line of JSON when it accepts: {"ready":true,"http":...}
    #[arg(long)]
    json: bool,
}

/// An origin as browsers send it.
fn origin(text: &str) -> Result<String, String> {
    let origin = text.trim_end_matches('/');
    match origin.split_once("://") {
        Some((scheme, host)) if !scheme.is_empty() && !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']) => {
            Ok(origin.to_owned())
        }
        _ => Err("it has a scheme and a name, and nothing behind that, as https://example.com".to_owned()),
    }
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    match serve(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "the last word of a command line")]
fn complain(error: &anyhow::Error) {
    eprintln!("octo-files: error: {error:#}");
    if let Some(hint) = error.downcast_ref::<octo_proto::Error>().and_then(|error| error.hint.as_ref()) {
        eprintln!("octo-files: hint: {hint}");
    }
}

fn serve(cli: Cli) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let result = runtime.block_on(start(cli));
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    result
}

async fn start(cli: Cli) -> anyhow::Result<()> {
    let root = std::path::absolute(&cli.root)?;
    Root::open(&root)?;
    let (token, made) = match &cli.token_file {
        Some(file) => (Token::read(file)?, false),
        None => (Token::make()?, true),
    };
    let limits = Limits {
        upload: cli.max_upload.0,
        zip: cli.max_zip.0,
        zip_entries: cli.max_zip_entries,
        connections: usize::try_from(cli.max_connections)?,
    };
    let settings = Settings { root, allowed_hosts: cli.allow_host, allowed_origins: cli.allow_origin, limits };
    let address = (cli.bind, cli.port);
    let listener =
        TcpListener::bind(address).await.with_context(|| format!("cannot listen on {}:{}", cli.bind, cli.port))?;
    let url = format!("http://{}", listener.local_addr()?);
    let stop = CancellationToken::new();
    let tasks = TaskTracker::new();
    let shown = made.then(|| token.text().to_owned());
    let server = Server { settings, token, watches: Arc::new(Semaphore::new(MAX_WATCHES)), tasks, stop: stop.clone() };
    let signals = signals(stop)?;
    announce(&url, shown.as_deref(), cli.json)?;
    let serving = run(listener, Arc::new(server));
    tokio::join!(serving, signals);
    Ok(())
}

/// Ends it at SIGTERM or SIGINT. They are listened to before it says that it is ready.
fn signals(stop: CancellationToken) -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        stop.cancel();
    })
}

fn announce(url: &str, token: Option<&str>, json: bool) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        let mut line = serde_json::json!({ "ready": true, "http": url });
        if let Some(token) = token {
            line["token"] = token.into();
        }
        writeln!(out, "{line}")?;
    } else {
        writeln!(out, "{url}")?;
        if let Some(token) = token {
            writeln!(out, "token: {token}")?;
        }
    }
    out.flush()
}
