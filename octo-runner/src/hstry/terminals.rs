//! Terminals, as rows.

use octo_proto::id::{SessionId, TerminalId};
use rusqlite::{Connection, Result, Row, params};

use super::{Store, StoreError, TerminalRow, read, write::json};
use crate::process::Size;

impl Store {
    /// All terminals, the oldest first.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn terminals(&self) -> Result<Vec<TerminalRow>, StoreError> {
        self.read(|db| {
            let sql = "SELECT id, session, cwd, command, cols, rows, boot_id, state, created_at, ended_at FROM terminals \
                       ORDER BY created_at, id";
            let mut statement = db.prepare_cached(sql)?;
            statement.query_map([], terminal_row)?.collect()
        })
        .await
    }
}

pub(super) fn put(db: &Connection, row: &TerminalRow) -> Result<()> {
    let sql = "INSERT INTO terminals VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (id) DO UPDATE SET \
               cols = ?5, rows = ?6, state = ?8, ended_at = ?10";
    db.prepare_cached(sql)?.execute(params![
        row.id.as_str(),
        row.session.as_ref().map(SessionId::as_str),
        row.cwd,
        json(&row.command)?,
        row.size.cols,
        row.size.rows,
        row.boot_id,
        json(&row.state)?,
        row.created_at,
        row.ended_at,
    ])?;
    Ok(())
}

pub(super) fn delete(db: &Connection, id: &TerminalId) -> Result<()> {
    db.prepare_cached("DELETE FROM terminals WHERE id = ?1")?.execute([id.as_str()])?;
    Ok(())
}

fn terminal_row(row: &Row<'_>) -> Result<TerminalRow> {
    Ok(TerminalRow {
        id: TerminalId(row.get(0)?),
        session: row.get::<_, Option<String>>(1)?.map(SessionId),
        cwd: row.get(2)?,
        command: read::json(row, 3)?,
        size: Size { cols: row.get(4)?, rows: row.get(5)? },
        boot_id: row.get(6)?,
        state: read::json(row, 7)?,
        created_at: row.get(8)?,
        ended_at: row.get(9)?,
    })
}
