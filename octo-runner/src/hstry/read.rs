//! Looking things up.

use octo_proto::{
    Event,
    command::HistoryPage,
    id::{MessageId, ProcessId, RequestId, SessionId},
    message::{Message, Part, Role},
};
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use super::{
    AcceptedRow, Checkpoint, FactRow, KnownRequest, ProcessRow, ProcessState, SessionRow, Store, StoreError,
    StoredSession, write,
};

/// A person's message, and all that stands before it.
#[derive(Clone, Debug, PartialEq)]
pub struct Before {
    /// The message.
    pub message: Message,
    /// What stands before, the oldest first.
    pub messages: Vec<Message>,
}

impl Store {
    /// This runner's generation, one more than the last.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn next_epoch(&self) -> Result<u64, StoreError> {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_millis();
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        self.write(move |db| {
            write::prune(db, now)?;
            write::next_epoch(db)
        })
        .await
    }

    /// All sessions.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn sessions(&self) -> Result<Vec<StoredSession>, StoreError> {
        self.read(|db| {
            let sql = format!("{SESSION} ORDER BY updated_at DESC");
            let mut statement = db.prepare_cached(&sql)?;
            statement.query_map([], session_row)?.collect()
        })
        .await
    }

    /// One session.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn session(&self, id: &SessionId) -> Result<Option<StoredSession>, StoreError> {
        let id = id.clone();
        self.read(move |db| {
            let sql = format!("{SESSION} WHERE id = ?1");
            db.prepare_cached(&sql)?.query_row([id.as_str()], session_row).optional()
        })
        .await
    }

    /// The sessions that had a process or open commands when they were last heard of.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn unfinished_sessions(&self) -> Result<Vec<SessionId>, StoreError> {
        self.read(|db| {
            let sql = "SELECT session FROM processes WHERE state != 'ended' UNION \
                       SELECT session FROM accepted_requests WHERE ended = 0 AND session IS NOT NULL";
            let mut statement = db.prepare_cached(sql)?;
            statement.query_map([], |row| Ok(SessionId(row.get(0)?)))?.collect()
        })
        .await
    }

    /// The last messages of a session, the oldest first.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn messages_tail(&self, session: &SessionId, limit: u64) -> Result<Vec<Message>, StoreError> {
        let page = self.page(session, None, limit, usize::MAX).await?;
        Ok(page.messages)
    }

    /// Messages before a place, as many as fit.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn page(
        &self,
        session: &SessionId,
        before: Option<u64>,
        limit: u64,
        bytes: usize,
    ) -> Result<HistoryPage, StoreError> {
        let session = session.clone();
        let before = before.map_or(i64::MAX, |before| i64::try_from(before).unwrap_or(i64::MAX));
        self.read(move |db| {
            let sql = "SELECT head FROM messages WHERE session = ?1 AND idx < ?2 ORDER BY idx DESC LIMIT ?3";
            let mut statement = db.prepare_cached(sql)?;
            // One more than wanted tells whether there are earlier ones.
            let limit = limit.saturating_add(1).cast_signed();
            let mut rows = statement.query(params![session.as_str(), before, limit])?;
            let (mut messages, mut room, mut has_more) = (Vec::new(), bytes, false);
            while let Some(row) = rows.next()? {
                let message = whole(db, &session, row)?;
                let size = serde_json::to_vec(&message).map_or(0, |bytes| bytes.len());
                if messages.len() as u64 + 1 == limit.cast_unsigned() || (size > room && !messages.is_empty()) {
                    has_more = true;
                    break;
                }
                room = room.saturating_sub(size);
                messages.push(message);
            }
            messages.reverse();
            Ok(HistoryPage { messages, has_more })
        })
        .await
    }

    /// Messages from a place on, the oldest first.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn messages_from(&self, session: &SessionId, idx: u64, limit: u64) -> Result<Vec<Message>, StoreError> {
        let session = session.clone();
        self.read(move |db| {
            let sql = "SELECT head FROM messages WHERE session = ?1 AND idx >= ?2 ORDER BY idx LIMIT ?3";
            let mut statement = db.prepare_cached(sql)?;
            let mut rows = statement.query(params![session.as_str(), idx.cast_signed(), limit.cast_signed()])?;
            let mut messages = Vec::new();
            while let Some(row) = rows.next()? {
                messages.push(whole(db, &session, row)?);
            }
            Ok(messages)
        })
        .await
    }

    /// A message of a session, and the number of the fact that told it.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn message(&self, session: &SessionId, id: &MessageId) -> Result<Option<(Message, u64)>, StoreError> {
        let (session, id) = (session.clone(), id.clone());
        self.read(move |db| {
            let mut statement = db.prepare_cached("SELECT head FROM messages WHERE session = ?1 AND id = ?2")?;
            let mut rows = statement.query(params![session.as_str(), id.as_str()])?;
            let Some(row) = rows.next()? else { return Ok(None) };
            let message = whole(db, &session, row)?;
            let sql = "SELECT number FROM facts WHERE session = ?1 AND message = ?2";
            let fact: i64 =
                db.prepare_cached(sql)?.query_row(params![session.as_str(), id.as_str()], |row| row.get(0))?;
            Ok(Some((message, fact.cast_unsigned())))
        })
        .await
    }

    /// A person's message of a session, and all that stands before it.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn before_message(&self, session: &SessionId, id: &MessageId) -> Result<Option<Before>, StoreError> {
        let (session, id) = (session.clone(), id.clone());
        self.read(move |db| {
            let sql = "SELECT head FROM messages WHERE session = ?1 AND idx <= (SELECT idx FROM messages WHERE session = ?1 \
                       AND id = ?2) ORDER BY idx";
            let mut statement = db.prepare_cached(sql)?;
            let mut rows = statement.query(params![session.as_str(), id.as_str()])?;
            let mut messages = Vec::new();
            while let Some(row) = rows.next()? {
                messages.push(whole(db, &session, row)?);
            }
            let message = messages.pop().filter(|message: &Message| message.role == Role::User);
            Ok(message.map(|message| Before { message, messages }))
        })
        .await
    }

    /// Facts after a number, in order.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn facts_after(&self, session: &SessionId, after: u64, limit: u64) -> Result<Vec<FactRow>, StoreError> {
        let session = session.clone();
        self.read(move |db| {
            let sql = "SELECT number, ts, process, place, ordinal, body, message FROM facts \
                       WHERE session = ?1 AND number > ?2 ORDER BY number LIMIT ?3";
            let mut statement = db.prepare_cached(sql)?;
            let mut rows = statement.query(params![session.as_str(), after.cast_signed(), limit.cast_signed()])?;
            let mut facts = Vec::new();
            while let Some(row) = rows.next()? {
                facts.push(fact_row(db, &session, row)?);
            }
            Ok(facts)
        })
        .await
    }

    /// What is known of a mutating request.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn accepted(&self, account: &str, id: &RequestId) -> Result<Option<KnownRequest>, StoreError> {
        let (account, id) = (account.to_owned(), id.clone());
        self.read(move |db| {
            let sql = "SELECT digest, reply FROM accepted_requests WHERE account = ?1 AND id = ?2";
            let known = |row: &Row<'_>| Ok(KnownRequest { digest: row.get(0)?, reply: row.get(1)? });
            db.prepare_cached(sql)?.query_row(params![account, id.as_str()], known).optional()
        })
        .await
    }

    /// The accepted commands of a session that are still to be done, the oldest first.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn open_accepted(&self, session: &SessionId) -> Result<Vec<AcceptedRow>, StoreError> {
        let session = session.clone();
        self.read(move |db| {
            // Within one millisecond the ids, which are ULIDs, tell the order.
            let sql = "SELECT account, body FROM accepted_requests WHERE session = ?1 AND ended = 0 ORDER BY at, id";
            let mut statement = db.prepare_cached(sql)?;
            let row = |row: &Row<'_>| Ok(AcceptedRow { account: row.get(0)?, body: row.get(1)? });
            statement.query_map([session.as_str()], row)?.collect()
        })
        .await
    }

    /// The newest checkpoint of a process.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn checkpoint(&self, process: &ProcessId) -> Result<Option<Checkpoint>, StoreError> {
        let process = process.clone();
        self.read(move |db| {
            let sql = "SELECT session, resume_offset, skip, last_fact, format, harness, turn FROM checkpoints WHERE process = ?1";
            let row = |row: &Row<'_>| {
                Ok(Checkpoint {
                    process: process.clone(),
                    session: SessionId(row.get(0)?),
                    resume_offset: row.get::<_, i64>(1)?.cast_unsigned(),
                    skip: row.get::<_, i64>(2)?.cast_unsigned(),
                    last_fact: row.get::<_, i64>(3)?.cast_unsigned(),
                    format: row.get(4)?,
                    harness_state: row.get(5)?,
                    turn_state: row.get(6)?,
                })
            };
            db.prepare_cached(sql)?.query_row([process.as_str()], row).optional()
        })
        .await
    }

    /// The processes of a session, the oldest first.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn processes(&self, session: &SessionId) -> Result<Vec<ProcessRow>, StoreError> {
        let session = session.clone();
        self.read(move |db| {
            let sql = format!("{PROCESS} WHERE session = ?1 ORDER BY created_at, id");
            let mut statement = db.prepare_cached(&sql)?;
            statement.query_map([session.as_str()], process_row)?.collect()
        })
        .await
    }

    /// All processes.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn all_processes(&self) -> Result<Vec<ProcessRow>, StoreError> {
        self.read(|db| {
            let mut statement = db.prepare_cached(PROCESS)?;
            statement.query_map([], process_row)?.collect()
        })
        .await
    }

    /// Whether a session of this id was deleted: it is never brought back.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn is_deleted(&self, session: &SessionId) -> Result<bool, StoreError> {
        let session = session.clone();
        self.read(move |db| {
            let sql = "SELECT count(*) FROM tombstones WHERE session = ?1";
            db.prepare_cached(sql)?.query_row([session.as_str()], |row| Ok(row.get::<_, i64>(0)? > 0))
        })
        .await
    }
}

const SESSION: &str = "SELECT info, spec, facts, unread, error, (SELECT coalesce(max(idx) + 1, 0) FROM messages \
                       WHERE messages.session = sessions.id) FROM sessions";

const PROCESS: &str = "SELECT id, session, kind, generation, state, boot_id, created_at, ended_at FROM processes";

fn session_row(row: &Row<'_>) -> Result<StoredSession> {
    Ok(StoredSession {
        row: SessionRow {
            info: json(row, 0)?,
            spec: json(row, 1)?,
            facts: row.get::<_, i64>(2)?.cast_unsigned(),
            unread: row.get::<_, i64>(3)?.cast_unsigned(),
            error: row.get(4)?,
        },
        messages: row.get::<_, i64>(5)?.cast_unsigned(),
    })
}

fn process_row(row: &Row<'_>) -> Result<ProcessRow> {
    let state: String = row.get(4)?;
    Ok(ProcessRow {
        id: ProcessId(row.get(0)?),
        session: SessionId(row.get(1)?),
        kind: row.get(2)?,
        generation: row.get::<_, i64>(3)?.cast_unsigned(),
        state: if state == "ended" { ProcessState::Ended } else { ProcessState::Spawning },
        boot_id: row.get(5)?,
        created_at: row.get(6)?,
        ended_at: row.get(7)?,
    })
}

fn fact_row(db: &Connection, session: &SessionId, row: &Row<'_>) -> Result<FactRow> {
    let source = match (row.get::<_, Option<String>>(2)?, row.get::<_, Option<i64>>(3)?, row.get::<_, Option<u32>>(4)?)
    {
        (Some(process), Some(place), Some(ordinal)) => Some((ProcessId(process), place.cast_unsigned(), ordinal)),
        _ => None,
    };
    let event = match row.get::<_, Option<String>>(6)? {
        Some(message) => {
            let sql = "SELECT head FROM messages WHERE session = ?1 AND id = ?2";
            let mut statement = db.prepare_cached(sql)?;
            let mut rows = statement.query(params![session.as_str(), message])?;
            let row = rows.next()?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
            Event::MessageEnd { message: Box::new(whole(db, session, row)?) }
        }
        None => json(row, 5)?,
    };
    Ok(FactRow { number: row.get::<_, i64>(0)?.cast_unsigned(), ts: row.get(1)?, source, event })
}

/// The message of a row that begins with its head, with its parts.
fn whole(db: &Connection, session: &SessionId, row: &Row<'_>) -> Result<Message> {
    let mut message: Message = json(row, 0)?;
    let sql = "SELECT body FROM parts WHERE session = ?1 AND message = ?2 ORDER BY number";
    let mut statement = db.prepare_cached(sql)?;
    let parts = statement.query_map(params![session.as_str(), message.id.as_str()], |row| json::<Part>(row, 0))?;
    message.parts = parts.collect::<Result<_>>()?;
    Ok(message)
}

pub(super) fn json<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T> {
    let text = row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?;
    serde_json::from_str(text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
    })
}
