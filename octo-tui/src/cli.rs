//! The command line of `octo-tui`.

use std::{io::IsTerminal, path::PathBuf, process::ExitCode};

use anyhow::Context;
use clap::Parser;
use octo_proto::{
    hello::Hello,
    id::{RequestId, SessionId},
    paths::{Paths, Surroundings},
};

use crate::{
    app::{Options, Start},
    config::{Config, Environment},
    editor::Editor,
    run,
    theme::{Theme, ThemeName},
};

/// Talk to your agents. Without options it opens the newest session of the current folder, or begins one.
#[derive(Debug, Parser)]
#[command(name = "octo-tui", version)]
pub struct Arguments {
    /// Open this session
    #[arg(long, value_name = "ID", conflicts_with = "new")]
    session: Option<String>,
    /// Be in this folder instead of the current one
    #[arg(long, value_name = "DIR")]
    cwd: Option<PathBuf>,
    /// Begin a new session
    #[arg(long)]
    new: bool,
    /// The socket of octod
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
}

/// Runs the program: 0 at its end, 1 where it failed, 2 where it cannot be used like this.
#[must_use]
pub fn main() -> ExitCode {
    run(&Arguments::parse())
}

/// Runs the program with these arguments.
#[must_use]
pub fn run(arguments: &Arguments) -> ExitCode {
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        complain("octo-tui needs a terminal; for scripts there is `octoctl`");
        return ExitCode::from(2);
    }
    let setup = match setup(arguments) {
        Ok(setup) => setup,
        Err(error) => {
            complain(&format!("octo-tui: {error:#}"));
            return ExitCode::from(2);
        }
    };
    match run::run(setup) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("octo-tui: {error}"));
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "the terminal is not taken here, and this is for the person at it")]
fn complain(text: &str) {
    eprintln!("{text}");
}

fn setup(arguments: &Arguments) -> anyhow::Result<run::Setup> {
    let paths = Paths::find(&Surroundings::of_process())?;
    let config = Config::load(&paths.config.join("tui.toml"))?;
    let environment = Environment::of_process();
    let cwd = match &arguments.cwd {
        Some(cwd) => cwd.canonicalize().with_context(|| format!("--cwd {}", cwd.display()))?,
        None => std::env::current_dir().context("the current folder is gone; change to another, or give --cwd")?,
    };
    let start = match &arguments.session {
        Some(id) => Start::Session(SessionId(id.clone())),
        None if arguments.new => Start::New,
        None => Start::Folder,
    };
    let theme = Theme::named(if environment.no_color { ThemeName::Mono } else { config.theme });
    let hello = Hello {
        ssh_auth_sock: environment.ssh_auth_sock.clone(),
        ..Hello::request("octo-tui", env!("CARGO_PKG_VERSION"))
    };
    let options = Options {
        theme,
        mouse: config.mouse,
        thinking: config.thinking,
        cwd: cwd.to_string_lossy().into_owned(),
        host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        home: environment.home.clone(),
        start,
        editor: Editor {
            config: config.open,
            neovim: environment.neovim.clone(),
            program: environment.editor.clone(),
            in_tmux: environment.in_tmux,
        },
        prefix: config.prefix,
        seed: seed(),
    };
    let socket = arguments.socket.clone().unwrap_or_else(|| paths.octod_socket());
    let layouts = paths.state.join("tui").join("layouts");
    Ok(run::Setup { options, socket, hello, environment, layouts })
}

/// A seed that no other run has: the chance in a ULID.
fn seed() -> u128 {
    RequestId::draw().0.parse::<ulid::Ulid>().map_or(0, |drawn| drawn.random())
}
