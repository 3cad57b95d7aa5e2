//! `octoctl du`.

use octo_proto::{Command, command::DiskUsage};

use super::{Context, Failure, output::size, table::Table};

pub(super) async fn run(context: &Context) -> Result<(), Failure> {
    let usage: DiskUsage = context.connect().await?.ask(None, &Command::DiskUsage {}).await?;
    if context.output.json {
        return context.output.object(&usage);
    }
    let mut table = Table::new(["SIZE", "PROCESS", "LIVES", "SESSION", "TITLE"]);
    for entry in &usage.entries {
        table.row([
            size(entry.bytes).into(),
            entry.process_id.as_str().into(),
            if entry.live { "yes" } else { "no" }.into(),
            entry.session_id.as_ref().map_or("", |id| id.as_str()).into(),
            entry.title.as_deref().unwrap_or_default().into(),
        ]);
    }
    if !usage.entries.is_empty() {
        context.output.table(&table)?;
    }
    if usage.more > 0 {
        context.output.line(&format!("and {} smaller ones", usage.more))?;
    }
    context.output.line(&format!(
        "transcripts {}, history {}, free {}",
        size(usage.transcript_bytes),
        size(usage.database_bytes),
        size(usage.free_bytes)
    ))
}
