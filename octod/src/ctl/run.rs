//! `octoctl run`: the one-shot for cron and CI.

use std::{path::PathBuf, time::Duration};

use octo_proto::{
    Command,
    command::{Done, PromptReply, SessionReply},
    id::{RequestId, SessionId},
    session::When,
};
use tokio::signal::unix::{SignalKind, signal};

use super::{
    Connection, Context, Failure, Watching,
    daemon::ensure,
    prompt::{Asked, OnQuestion, Waited, prompt_request, tell, wait, within},
    send::{seconds, text_of},
    session::NewArgs,
    watch::frame_line,
};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// What to ask; `-` reads it from stdin.
    #[arg(allow_hyphen_values = true)]
    prompt: String,
    /// Where the agent works [default: the current folder].
    #[arg(long, value_name = "DIR")]
    cwd: Option<PathBuf>,
    /// Which kind of agent.
    #[arg(long, default_value = "pi")]
    harness: String,
    /// The model, as `octoctl models` names it.
    #[arg(long)]
    model: Option<String>,
    /// Delete the session at the end.
    #[arg(long)]
    ephemeral: bool,
    /// What to do when the agent asks something.
    #[arg(long, value_enum, default_value_t = OnQuestion::Fail)]
    on_question: OnQuestion,
    /// Stop after this many seconds.
    #[arg(long, value_name = "S", value_parser = seconds)]
    timeout: Option<Duration>,
}

pub(super) async fn run(context: &Context, args: Args) -> Result<(), Failure> {
    let message = text_of(args.prompt)?;
    let mut connection = ensure(context).await?;
    let new = NewArgs { cwd: args.cwd, harness: args.harness, model: args.model, title: None };
    let created: SessionReply = connection.ask(None, &new.command()?).await?;
    let session = created.session.info.session_id;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let work = converse(context, connection, &session, message, args.on_question);
    let done = tokio::select! {
        done = within(args.timeout, work) => done,
        _ = interrupt.recv() => Err(Failure::failed("interrupted")),
        _ = terminate.recv() => Err(Failure::failed("terminated")),
    };
    // What went wrong first is what is told.
    let cleaned = clean_up(context, &session, args.ephemeral, done.is_err()).await;
    done.and(cleaned)
}

/// Says it, and tells what came of it.
async fn converse(
    context: &Context,
    connection: Connection,
    session: &SessionId,
    message: String,
    on_question: OnQuestion,
) -> Result<(), Failure> {
    let id = RequestId::draw();
    let mut asked = Asked::new(id.clone());
    let mut watching = Watching::begin(context, connection, Some(session), None).await?;
    let command = Command::Prompt { message, images: Vec::new(), files: Vec::new(), when: When::Now };
    let reply: PromptReply = watching.ask(prompt_request(session, &command, &id)?).await?;
    let output = context.output;
    let waited: Waited = wait(&mut watching, &mut asked, on_question, |frame, _| {
        if output.json { output.text(&frame_line(frame)) } else { Ok(()) }
    })
    .await?;
    tell(context, &asked, &reply, &waited)
}

/// Leaves nothing behind that still works on what nobody waits for.
async fn clean_up(context: &Context, session: &SessionId, ephemeral: bool, stop: bool) -> Result<(), Failure> {
    let command = match (ephemeral, stop) {
        (true, _) => Command::SessionDelete {},
        (false, true) => Command::Abort {},
        (false, false) => return Ok(()),
    };
    match context.connect().await?.ask::<Done>(Some(session), &command).await {
        Err(Failure::Told { error, .. }) if error.code == octo_proto::Code::NotFound => Ok(()),
        done => done.map(drop),
    }
}
