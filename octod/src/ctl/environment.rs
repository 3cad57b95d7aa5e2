//! `octoctl env`.

use octo_proto::{Command, command::Environment};

use super::{Context, Failure, table::Table, target};

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Of this session; without it, what a new one would get.
    session: Option<String>,
    /// Also show where each variable comes from.
    #[arg(long)]
    why: bool,
    /// Have the login shell read again.
    #[arg(long)]
    refresh: bool,
}

pub(super) async fn run(context: &Context, args: &Args) -> Result<(), Failure> {
    let mut connection = context.connect().await?;
    let session = match &args.session {
        Some(session) => Some(target::session(&mut connection, session).await?),
        None => None,
    };
    let command = Command::Env { refresh: args.refresh };
    let environment: Environment = connection.ask(session.as_ref(), &command).await?;
    if context.output.json {
        return context.output.object(&environment);
    }
    if !args.why {
        for variable in &environment.variables {
            context.output.line(&format!("{}={}", variable.name, variable.value))?;
        }
        return Ok(());
    }
    let mut table = Table::new(["NAME", "FROM", "VALUE"]);
    for variable in &environment.variables {
        let cells = [&variable.name, &variable.source, &variable.value];
        table.row(cells.map(|text| text.as_str().into()));
    }
    context.output.table(&table)
}
