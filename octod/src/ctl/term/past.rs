//! `octoctl term screen`: what is on a terminal, and what scrolled off it.

use octo_proto::terminal::{HistoryLine, MAX_HISTORY_LINES, TerminalCommand, TerminalHistory, TerminalScreen};
use serde::Serialize;

use super::request;
use crate::ctl::{Connection, Context, Failure, target};

/// What `--json` prints.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    screen: TerminalScreen,
    /// The lines above the screen, the oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    history: Vec<HistoryLine>,
}

pub(super) async fn screen(context: &Context, id: &str, wanted: u32) -> Result<(), Failure> {
    let mut connection = context.connect().await?;
    let terminal_id = target::terminal(&mut connection, id).await?;
    let attributes = context.output.json;
    let command = TerminalCommand::Screen { terminal_id, attributes };
    let screen: TerminalScreen = connection.send(request(None, &command)?).await?;
    let history = history(&mut connection, &screen, (wanted, attributes)).await?;
    if context.output.json {
        return context.output.object(&Shown { screen, history });
    }
    for line in &history {
        context.output.line(&line.text)?;
    }
    context.output.line(screen.text.trim_end())
}

/// The last lines above this screen, the oldest first: page by page.
async fn history(
    connection: &mut Connection,
    screen: &TerminalScreen,
    (wanted, attributes): (u32, bool),
) -> Result<Vec<HistoryLine>, Failure> {
    let (mut pages, mut left) = (Vec::new(), wanted);
    let mut below = u32::from(screen.terminal.rows);
    while left > 0 {
        let command = TerminalCommand::History {
            terminal_id: screen.terminal.terminal_id.clone(),
            offset: Some(screen.offset),
            below,
            limit: Some(left.min(MAX_HISTORY_LINES)),
            attributes,
        };
        let page: TerminalHistory = connection.send(request(None, &command)?).await?;
        let count = u32::try_from(page.lines.len()).unwrap_or(u32::MAX);
        (below, left) = (below + count, left.saturating_sub(count));
        pages.push(page.lines);
        if !page.has_more {
            break;
        }
    }
    Ok(pages.into_iter().rev().flatten().collect())
}
