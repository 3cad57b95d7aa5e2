//! `octoctl answer`.

use octo_proto::{Event, View, command::Done};

use super::{Context, Failure, Watching, connection::request, question, target};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Which session.
    session: String,
    /// Which question, as `send --wait` and `watch` name it.
    request: String,
    /// `yes` or `no`, the value of a choice, or a text.
    #[arg(required_unless_present = "cancel")]
    value: Option<String>,
    /// Answer nothing: the agent goes on without.
    #[arg(long, conflicts_with = "value")]
    cancel: bool,
}

pub(super) async fn run(context: &Context, args: Args) -> Result<(), Failure> {
    let mut connection = context.connect().await?;
    let session = target::session(&mut connection, &args.session).await?;
    let mut watching = Watching::begin(context, connection, Some(&session), None).await?;
    let view = present(&mut watching).await?;
    let asked = view.live.questions.iter().find(|question| question.request_id.as_str() == args.request);
    let Some(asked) = asked else {
        let open: Vec<_> = view.live.questions.iter().map(|question| question.request_id.as_str()).collect();
        let hint =
            if open.is_empty() { "no question is open".to_owned() } else { format!("open: {}", open.join(", ")) };
        return Err(Failure::not_found(format!("no open question '{}' in {session}", args.request)).hint(hint));
    };
    let command = match &args.value {
        Some(value) => question::answer(asked, value)?,
        None => question::cancel(asked),
    };
    let done: Done = watching.ask(request(Some(&session), &command)?).await?;
    if context.output.json { context.output.object(&done) } else { Ok(()) }
}

/// The session as it is: what a watch without a cursor begins with.
async fn present(watching: &mut Watching) -> Result<View, Failure> {
    loop {
        if let (_, Event::SessionSnapshot { view }) = watching.next().await? {
            return Ok(*view);
        }
    }
}
