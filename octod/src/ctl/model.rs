//! `octoctl models`.

use octo_proto::{Command, command::ModelList};

use super::{Context, Failure, table::Table, target};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Of this session.
    session: Option<String>,
    /// Of this kind of agent [default: pi].
    #[arg(long, conflicts_with = "session")]
    harness: Option<String>,
}

pub(super) async fn run(context: &Context, args: Args) -> Result<(), Failure> {
    let mut connection = context.connect().await?;
    let session = match &args.session {
        Some(session) => Some(target::session(&mut connection, session).await?),
        None => None,
    };
    let harness = session.is_none().then(|| args.harness.unwrap_or_else(|| "pi".to_owned()));
    let list: ModelList = connection.ask(session.as_ref(), &Command::GetModels { harness }).await?;
    if context.output.json {
        return context.output.object(&list);
    }
    let mut table = Table::new(["MODEL", "NAME", "WINDOW", "THINKS", "SEES"]);
    let mark = |yes: bool| if yes { "yes" } else { "" };
    for model in &list.models {
        table.row([
            model.id.as_str().into(),
            model.name.as_str().into(),
            model.context_window.map(|window| window.to_string()).unwrap_or_default().into(),
            mark(model.reasoning).into(),
            mark(model.images).into(),
        ]);
    }
    context.output.table(&table)
}
