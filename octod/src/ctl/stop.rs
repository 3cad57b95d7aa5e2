//! `octoctl stop --all`.

use octo_proto::{Command, command::Done};

use super::{Context, Failure};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// End the processes of all sessions; with --runner the runner too.
    #[arg(long, required = true)]
    all: bool,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<(), Failure> {
    let command = Command::StopAll { runner: context.runner && args.all };
    let done: Done = context.connect().await?.ask(None, &command).await?;
    if context.output.json { context.output.object(&done) } else { Ok(()) }
}
