//! `octoctl send`.

use std::{io::Read, path::PathBuf, time::Duration};

use octo_proto::{Command, Cursor, command::PromptReply, id::RequestId, session::When};

use super::{
    Context, Failure, Watching, image,
    prompt::{Asked, OnQuestion, prompt_request, tell, wait, within},
    target,
};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Which session.
    session: String,
    /// What to say; `-` reads it from stdin.
    #[arg(allow_hyphen_values = true)]
    text: String,
    /// Wait for the prompt's end and print the answer: 0 done, 1 failed or aborted, 6 out of time, 7 the agent asks.
    #[arg(long)]
    wait: bool,
    /// A picture to send along; may be given several times.
    #[arg(long, value_name = "FILE")]
    image: Vec<PathBuf>,
    /// Put it into the turn that is under way.
    #[arg(long, conflicts_with = "follow_up")]
    steer: bool,
    /// Say it after the turn and what already waits.
    #[arg(long)]
    follow_up: bool,
    /// Wait at most this many seconds; the agent goes on.
    #[arg(long, value_name = "S", requires = "wait", value_parser = seconds)]
    timeout: Option<Duration>,
    /// The prompt's id, a ULID: sending the same again with the same id has one effect.
    #[arg(long, value_name = "ULID", value_parser = ulid)]
    id: Option<RequestId>,
}

/// A time in seconds, as arguments give it.
pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

fn ulid(text: &str) -> Result<RequestId, String> {
    let id = RequestId::from(text);
    if id.is_ulid() { Ok(id) } else { Err("not a ULID: 26 characters of 0-9 and A-Z".to_owned()) }
}

/// The text of an argument; `-` is stdin.
pub(super) fn text_of(argument: String) -> Result<String, Failure> {
    if argument != "-" {
        return Ok(argument);
    }
    let mut text = String::new();
    std::io::stdin().lock().read_to_string(&mut text)?;
    match text.trim_end_matches('\n') {
        "" => Err(Failure::usage("stdin was empty, so there is nothing to say")),
        text => Ok(text.to_owned()),
    }
}

pub(super) async fn run(context: &Context, args: Args) -> Result<(), Failure> {
    let message = text_of(args.text)?;
    let mut connection = context.connect().await?;
    let session = target::session(&mut connection, &args.session).await?;
    let mut images = Vec::new();
    for path in &args.image {
        images.push(image::upload(&mut connection, &session, path).await?);
    }
    let when = match (args.steer, args.follow_up) {
        (true, _) => When::Steer,
        (_, true) => When::FollowUp,
        (false, false) => When::Now,
    };
    let repeated = args.id.is_some();
    let id = args.id.unwrap_or_else(RequestId::draw);
    let request = prompt_request(&session, &Command::Prompt { message, images, files: Vec::new(), when }, &id)?;
    if !args.wait {
        let reply: PromptReply = connection.send(request).await?;
        return if context.output.json { context.output.object(&reply) } else { Ok(()) };
    }
    // A prompt that may have been sent before may also be over: its end is in the facts from the beginning.
    let after = repeated.then_some(Cursor::default());
    let mut asked = Asked::new(id);
    let waited = within(args.timeout, async {
        let mut watching = Watching::begin(context, connection, Some(&session), after).await?;
        let reply: PromptReply = watching.ask(request).await?;
        let waited = wait(&mut watching, &mut asked, OnQuestion::Fail, |_, _| Ok(())).await?;
        Ok((reply, waited))
    })
    .await;
    let (reply, waited) = waited.map_err(|failure| match failure {
        Failure::Told { exit: super::Exit::TimedOut, .. } => {
            failure.hint(format!("the agent goes on: octoctl watch {session}"))
        }
        failure => failure,
    })?;
    tell(context, &asked, &reply, &waited)
}
