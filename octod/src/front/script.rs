//! The conversation of a demo without a terminal: a greeting, a shell command, a file written, and the proof of it.

use std::{path::Path, time::Duration};

use octo_proto::{
    Command,
    command::PromptReply,
    id::{RequestId, SessionId},
    session::{Outcome, When},
};

use crate::ctl::{
    Asked, Connection, Context, End, Failure, Narrator, OnQuestion, Waited, Watching, prompt_request, wait, within,
};

/// The file that the agent is asked to write, and with what.
const FILE: (&str, &str) = ("hello.txt", "Written by a real agent.");

/// How long one prompt may take; the first one starts the agent.
const PATIENCE: Duration = Duration::from_secs(90);

/// Holds the conversation and prints it.
pub(super) async fn hold(
    context: &Context,
    connection: Connection,
    session: &SessionId,
    work: &Path,
) -> Result<(), Failure> {
    let mut watching = Watching::begin(context, connection, Some(session), None).await?;
    let mut narrator = Narrator::default();
    let (name, text) = FILE;
    for prompt in ["hello", "run: echo $((6 * 7)) is the answer", &format!("write {name}: {text}")] {
        within(Some(PATIENCE), say(context, &mut watching, &mut narrator, prompt)).await?;
    }
    let path = work.join(name);
    let written = std::fs::read_to_string(&path)
        .map_err(|error| Failure::failed(format!("the agent did not write {}: {error}", path.display())))?;
    if written.trim_end() != text {
        return Err(Failure::failed(format!("{} holds something else: {written}", path.display())));
    }
    context.output.line(&format!("$ cat {}\n{}", path.display(), written.trim_end()))
}

async fn say(
    context: &Context,
    watching: &mut Watching,
    narrator: &mut Narrator,
    message: &str,
) -> Result<(), Failure> {
    let id = RequestId::draw();
    let mut asked = Asked::new(id.clone());
    let session = watching.session().cloned().ok_or_else(|| Failure::failed("the index takes no prompts"))?;
    let command =
        Command::Prompt { message: message.to_owned(), images: Vec::new(), files: Vec::new(), when: When::Now };
    drop(watching.ask::<PromptReply>(prompt_request(&session, &command, &id)?).await?);
    let output = context.output;
    let ended = wait(watching, &mut asked, OnQuestion::Deny, |_, event| output.text(&narrator.on(event))).await?;
    match ended {
        Waited::Ended(End { outcome: Outcome::Done, .. }) => Ok(()),
        Waited::Ended(End { message, .. }) => {
            Err(Failure::failed(message.unwrap_or_else(|| "the prompt did not end as it should".to_owned())))
        }
        Waited::Question(question) => Err(Failure::failed(format!("the agent asks: {}", question.title))),
    }
}
