//! Changes, as SQL.

use octo_proto::{
    Event,
    id::{AttachmentId, SessionId, ToolCallId},
    message::{Message, PartKind, ToolStatus},
};
use rusqlite::{Connection, OptionalExtension, Result, params};

use super::{Attachment, Op, ProcessRow, ProcessState, SessionRow, elide::references, rows::Checkpoint, terminals};

/// Carries out one change, within a transaction of the caller's.
pub(super) fn apply(db: &Connection, op: &Op) -> Result<()> {
    match op {
        Op::PutSession(row) => put_session(db, row)?,
        Op::DeleteSession(id) => delete(db, id)?,
        Op::PutProcess(row) => put_process(db, row)?,
        Op::Fact { session, number, ts, source, event } => fact(db, session, (*number, *ts), source.as_ref(), event)?,
        Op::Checkpoint(row) => checkpoint(db, row)?,
        Op::Accept { account, request_id, session, digest, body, at } => {
            // The same again is no error: after a disk that failed nobody knows whether the first came through.
            let sql = "INSERT INTO accepted_requests (account, id, session, digest, body, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
                       ON CONFLICT DO UPDATE SET digest = ?4 WHERE digest = ?4 AND session IS ?3";
            let session = session.as_ref().map(SessionId::as_str);
            let put =
                db.prepare_cached(sql)?.execute(params![account, request_id.as_str(), session, digest, body, at])?;
            if put == 0 {
                return Err(contradiction(format!("request {request_id} was another")));
            }
        }
        Op::Settle { account, request_id, reply, at } => {
            let sql = "UPDATE accepted_requests SET reply = ?3, at = ?4 WHERE account = ?1 AND id = ?2";
            db.prepare_cached(sql)?.execute(params![account, request_id.as_str(), reply, at])?;
        }
        Op::End { account, request_id } => {
            let sql = "UPDATE accepted_requests SET ended = 1, body = x'' WHERE account = ?1 AND id = ?2";
            db.prepare_cached(sql)?.execute(params![account, request_id.as_str()])?;
        }
        Op::PutTerminal(row) => terminals::put(db, row)?,
        Op::DeleteTerminal(id) => terminals::delete(db, id)?,
        Op::PutAttachment { session, attachment } => {
            put_attachment(db, attachment, 0)?;
            own(db, session, &attachment.id)?;
        }
    }
    Ok(())
}

fn put_session(db: &Connection, row: &SessionRow) -> Result<()> {
    let sql = "INSERT INTO sessions VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id) DO UPDATE SET \
               info = ?2, spec = ?3, facts = ?4, unread = ?5, error = ?6, updated_at = ?7";
    db.prepare_cached(sql)?.execute(params![
        row.info.session_id.as_str(),
        json(&row.info)?,
        json(&row.spec)?,
        row.facts.cast_signed(),
        row.unread.cast_signed(),
        row.error,
        row.info.updated_at,
    ])?;
    Ok(())
}

fn put_process(db: &Connection, row: &ProcessRow) -> Result<()> {
    let state = match row.state {
        ProcessState::Spawning => "spawning",
        ProcessState::Ended => "ended",
    };
    let sql = "INSERT INTO processes VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (id) DO UPDATE SET \
               state = ?5, ended_at = ?8";
    let (id, session, generation) = (row.id.as_str(), row.session.as_str(), row.generation.cast_signed());
    db.prepare_cached(sql)?.execute(params![
        id,
        session,
        row.kind,
        generation,
        state,
        row.boot_id,
        row.created_at,
        row.ended_at
    ])?;
    if row.state == ProcessState::Ended {
        db.prepare_cached("DELETE FROM checkpoints WHERE process = ?1")?.execute([id])?;
    }
    Ok(())
}

fn put_attachment(db: &Connection, attachment: &Attachment, at: i64) -> Result<()> {
    let sql = "INSERT INTO attachments (id, mime_type, size, bytes, put_at) VALUES (?1, ?2, ?3, ?4, ?5) \
               ON CONFLICT DO UPDATE SET put_at = max(put_at, ?5)";
    let size = (attachment.bytes.len() as u64).cast_signed();
    let Attachment { id, mime_type, bytes } = attachment;
    db.prepare_cached(sql)?.execute(params![id.as_str(), mime_type, size, bytes, at])?;
    Ok(())
}

/// The session needs the attachment: it stays as long as the session does.
fn own(db: &Connection, session: &SessionId, attachment: &AttachmentId) -> Result<()> {
    let sql = "INSERT OR IGNORE INTO attachment_owners VALUES (?1, ?2)";
    db.prepare_cached(sql)?.execute(params![attachment.as_str(), session.as_str()])?;
    Ok(())
}

fn fact(
    db: &Connection,
    session: &SessionId,
    (number, ts): (u64, i64),
    source: Option<&(octo_proto::id::ProcessId, u64, u32)>,
    event: &Event,
) -> Result<()> {
    // A message is stored once, in its own tables; its fact only names it.
    let (message_id, body) = match event {
        Event::MessageEnd { message } => (Some(message.id.as_str()), None),
        other => (None, Some(json(other)?)),
    };
    let (process, place, ordinal) = match source {
        Some((process, place, ordinal)) => (Some(process.as_str()), Some(place.cast_signed()), Some(*ordinal)),
        None => (None, None, None),
    };
    let (id, number) = (session.as_str(), number.cast_signed());
    // The same again is no error: after a disk that failed nobody knows whether the first came through.
    let sql = "SELECT 1 FROM facts WHERE session = ?1 AND number = ?2 AND ts = ?3 AND process IS ?4 AND place IS ?5 \
               AND ordinal IS ?6 AND message IS ?7 AND body IS ?8";
    let values = params![id, number, ts, process, place, ordinal, message_id, body];
    if db.prepare_cached(sql)?.exists(values)? {
        return Ok(());
    }
    db.prepare_cached("INSERT INTO facts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?.execute(values)?;
    match event {
        Event::MessageEnd { message } => message_row(db, session, message),
        Event::PromptAccepted { prompt } => match &prompt.message {
            Some(message) => references(message).iter().try_for_each(|attachment| own(db, session, attachment)),
            None => Ok(()),
        },
        Event::ToolEnd { tool_call_id, is_error, .. } => {
            let status = if *is_error { ToolStatus::Error } else { ToolStatus::Success };
            tool_status(db, session, tool_call_id, status)
        }
        _ => Ok(()),
    }
}

fn message_row(db: &Connection, session: &SessionId, message: &Message) -> Result<()> {
    let head = Message { parts: Vec::new(), ..message.clone() };
    let role = json(&message.role)?;
    let sql = "INSERT INTO messages VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let idx = message.idx.cast_signed();
    let id = message.id.as_str();
    db.prepare_cached(sql)?.execute(params![
        session.as_str(),
        idx,
        id,
        role.trim_matches('"'),
        message.created_at,
        json(&head)?
    ])?;
    let mut insert = db.prepare_cached("INSERT INTO parts VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for (part, number) in message.parts.iter().zip(0_i64..) {
        let tool_call = match &part.kind {
            PartKind::ToolCall { tool_call_id, .. } => Some(tool_call_id.as_str()),
            _ => None,
        };
        insert.execute(params![session.as_str(), id, number, tool_call, json(part)?])?;
    }
    references(message).iter().try_for_each(|attachment| own(db, session, attachment))
}

fn tool_status(db: &Connection, session: &SessionId, call: &ToolCallId, to: ToolStatus) -> Result<()> {
    let sql = "UPDATE parts SET body = json_set(body, '$.status', ?3) WHERE session = ?1 AND tool_call = ?2";
    let status = json(&to)?;
    db.prepare_cached(sql)?.execute(params![session.as_str(), call.as_str(), status.trim_matches('"')])?;
    Ok(())
}

fn checkpoint(db: &Connection, row: &Checkpoint) -> Result<()> {
    let sql = "INSERT OR REPLACE INTO checkpoints VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    db.prepare_cached(sql)?.execute(params![
        row.process.as_str(),
        row.session.as_str(),
        row.resume_offset.cast_signed(),
        row.skip.cast_signed(),
        row.last_fact.cast_signed(),
        row.format,
        row.harness_state,
        row.turn_state,
    ])?;
    Ok(())
}

fn delete(db: &Connection, session: &SessionId) -> Result<()> {
    let id = session.as_str();
    let sql = "DELETE FROM attachments WHERE id IN (SELECT attachment FROM attachment_owners WHERE session = ?1) \
               AND id NOT IN (SELECT attachment FROM attachment_owners WHERE session != ?1)";
    db.execute(sql, [id])?;
    for table in ["attachment_owners", "parts", "messages", "facts", "checkpoints", "processes", "tags"] {
        db.execute(&format!("DELETE FROM {table} WHERE session = ?1"), [id])?;
    }
    // What was asked stays known, so that a repeat finds its answer; what it said does not.
    db.execute("UPDATE accepted_requests SET body = x'', ended = 1 WHERE session = ?1", [id])?;
    db.execute("DELETE FROM sessions WHERE id = ?1", [id])?;
    db.execute("INSERT OR IGNORE INTO tombstones VALUES (?1, unixepoch('subsec') * 1000)", [id])?;
    Ok(())
}

/// Puts a piece of an upload behind what is there; gives the size so far, none where a piece is missing.
pub(super) fn put_piece(db: &Connection, id: &str, offset: u64, bytes: &[u8], at: i64) -> Result<Option<u64>> {
    let sql = "SELECT coalesce(max(offset + length(bytes)), 0) FROM uploads WHERE id = ?1";
    let size: i64 = db.prepare_cached(sql)?.query_row([id], |row| row.get(0))?;
    let size = size.cast_unsigned();
    let end = offset + bytes.len() as u64;
    if end <= size {
        // A repeat.
        return Ok(Some(size));
    }
    if offset != size {
        return Ok(None);
    }
    let sql = "INSERT INTO uploads VALUES (?1, ?2, ?3, ?4)";
    db.prepare_cached(sql)?.execute(params![id, offset.cast_signed(), at, bytes])?;
    Ok(Some(end))
}

/// Makes an attachment of an upload; none where it does not have the hash.
pub(super) fn finish_upload(db: &Connection, id: &str, sha256: &str, mime_type: &str) -> Result<Option<AttachmentId>> {
    let mut pieces = db.prepare_cached("SELECT bytes, at FROM uploads WHERE id = ?1 ORDER BY offset")?;
    let (mut whole, mut put_at) = (Vec::new(), 0);
    let mut rows = pieces.query([id])?;
    while let Some(row) = rows.next()? {
        whole.extend(row.get_ref(0)?.as_blob()?);
        put_at = row.get(1)?;
    }
    let attachment = Attachment::new(whole, mime_type);
    if attachment.id.as_str().trim_start_matches("att_") != sha256.to_ascii_lowercase() {
        return Ok(None);
    }
    put_attachment(db, &attachment, put_at)?;
    db.execute("DELETE FROM uploads WHERE id = ?1", [id])?;
    Ok(Some(attachment.id))
}

/// One more generation.
pub(super) fn next_epoch(db: &Connection) -> Result<u64> {
    let sql = "INSERT INTO meta VALUES ('epoch', 1) ON CONFLICT (key) DO UPDATE SET value = value + 1 RETURNING value";
    let epoch: Option<i64> = db.query_row(sql, [], |row| row.get(0)).optional()?;
    Ok(epoch.unwrap_or(1).cast_unsigned())
}

/// Forgets requests of sessions that are gone, and what was put and never used, after a week.
pub(super) fn prune(db: &Connection, now: i64) -> Result<()> {
    let week_ago = now - 7 * 24 * 3600 * 1000;
    let sql =
        "DELETE FROM accepted_requests WHERE at < ?1 AND (session IS NULL OR session NOT IN (SELECT id FROM sessions))";
    db.execute(sql, [week_ago])?;
    db.execute("DELETE FROM uploads WHERE at < ?1", [week_ago])?;
    let sql = "DELETE FROM attachments WHERE put_at < ?1 AND id NOT IN (SELECT attachment FROM attachment_owners)";
    db.execute(sql, [week_ago])?;
    Ok(())
}

fn contradiction(detail: String) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CONSTRAINT), Some(detail))
}

pub(super) fn json<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}
