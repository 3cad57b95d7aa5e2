//! `octoctl history`.

use clap::Subcommand;
use octo_proto::{
    Command,
    command::{HistoryPage, SessionList},
    plain,
};

use super::{
    Context, Failure,
    output::age,
    process::now,
    session::title,
    table::Table,
    target::{self, short},
};

/// `octoctl history …`.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// List the sessions with what they hold.
    List,
    /// Print messages of a session, the oldest first.
    Show {
        /// Which.
        session: String,
        /// Only messages before this number.
        #[arg(long, value_name = "N")]
        before: Option<u64>,
        /// At most this many, 1 to 200.
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=200))]
        limit: u64,
    },
}

pub(super) async fn run(context: &Context, verb: &Verb) -> Result<(), Failure> {
    match verb {
        Verb::List => list(context).await,
        Verb::Show { session, before, limit } => show(context, session, *before, *limit).await,
    }
}

async fn list(context: &Context) -> Result<(), Failure> {
    let list = SessionList { sessions: context.connect().await?.sessions().await?, has_more: false };
    if context.output.json {
        return context.output.object(&list);
    }
    let mut table = Table::new(["ID", "MESSAGES", "CREATED", "UPDATED", "TITLE"]);
    let now = now();
    for entry in &list.sessions {
        table.row([
            short(&entry.info.session_id).into(),
            entry.messages.to_string().into(),
            age(now, entry.info.created_at).into(),
            age(now, entry.info.updated_at).into(),
            title(entry).into(),
        ]);
    }
    context.output.table(&table)
}

async fn show(context: &Context, session: &str, before: Option<u64>, limit: u64) -> Result<(), Failure> {
    let mut connection = context.connect().await?;
    let session = target::session(&mut connection, session).await?;
    let command = Command::HistoryPage { before, limit: Some(limit) };
    let page: HistoryPage = connection.ask(Some(&session), &command).await?;
    if context.output.json {
        return context.output.object(&page);
    }
    if let Some(first) = page.messages.first().filter(|_| page.has_more) {
        context.output.line(&format!("(earlier ones: --before {})", first.idx))?;
    }
    for message in &page.messages {
        context.output.text(&plain::message(message))?;
    }
    Ok(())
}
