//! `octoctl harnesses`.

use octo_proto::{Command, command::HarnessList};

use super::{
    Context, Failure,
    output::Color,
    table::{Cell, Table},
};

pub(super) async fn run(context: &Context) -> Result<(), Failure> {
    let list: HarnessList = context.connect().await?.ask(None, &Command::Harnesses {}).await?;
    if context.output.json {
        return context.output.object(&list);
    }
    let mut table = Table::new(["AGENT", "VERSION", "USABLE", "PROGRAM"]);
    for harness in &list.harnesses {
        table.row([
            harness.name.as_str().into(),
            harness.version.as_deref().unwrap_or_default().into(),
            if harness.usable { Cell::colored("yes", Color::Green) } else { Cell::colored("no", Color::Red) },
            harness.program.as_deref().unwrap_or_default().into(),
        ]);
    }
    context.output.table(&table)?;
    for harness in list.harnesses.iter().filter(|harness| !harness.usable) {
        let problem = harness.problem.as_deref().unwrap_or("not usable");
        context.output.line(&format!("{}: {problem}\n  install: {}", harness.name, harness.install))?;
    }
    Ok(())
}
