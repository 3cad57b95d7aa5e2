//! The shape of the database, and how an older one comes to it. A step that was released is never edited.

use rusqlite::Connection;

/// Tells a database of ours from others (`sqlite3_file` header, SQLite's "application id").
pub(super) const APPLICATION_ID: i32 = 0x4f43_544f;

/// The steps from an empty database to today's.
const STEPS: [&str; 3] = [
    r"
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE sessions (
    id TEXT PRIMARY KEY, info TEXT NOT NULL, spec TEXT NOT NULL, facts INTEGER NOT NULL, unread INTEGER NOT NULL,
    error TEXT, updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE processes (
    id TEXT PRIMARY KEY, session TEXT NOT NULL, kind TEXT NOT NULL, generation INTEGER NOT NULL, state TEXT NOT NULL,
    boot_id TEXT NOT NULL, created_at INTEGER NOT NULL, ended_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX processes_of_session ON processes (session, created_at);
CREATE TABLE messages (
    session TEXT NOT NULL, idx INTEGER NOT NULL, id TEXT NOT NULL, role TEXT NOT NULL, created_at INTEGER NOT NULL,
    head TEXT NOT NULL, PRIMARY KEY (session, idx), UNIQUE (session, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE parts (
    session TEXT NOT NULL, message TEXT NOT NULL, number INTEGER NOT NULL, tool_call TEXT, body TEXT NOT NULL,
    PRIMARY KEY (session, message, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX parts_of_tool_call ON parts (session, tool_call) WHERE tool_call IS NOT NULL;
CREATE TABLE facts (
    session TEXT NOT NULL, number INTEGER NOT NULL, ts INTEGER NOT NULL, process TEXT, place INTEGER, ordinal INTEGER,
    message TEXT, body TEXT, PRIMARY KEY (session, number), UNIQUE (process, place, ordinal)
) STRICT, WITHOUT ROWID;
CREATE TABLE checkpoints (
    process TEXT PRIMARY KEY, session TEXT NOT NULL, resume_offset INTEGER NOT NULL, skip INTEGER NOT NULL,
    last_fact INTEGER NOT NULL, format INTEGER NOT NULL, harness BLOB NOT NULL, turn BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE accepted_requests (
    account TEXT NOT NULL, id TEXT NOT NULL, session TEXT, digest BLOB NOT NULL, body BLOB NOT NULL, reply BLOB,
    at INTEGER NOT NULL, ended INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX open_requests ON accepted_requests (session, at) WHERE ended = 0;
CREATE TABLE attachments (
    id TEXT PRIMARY KEY, mime_type TEXT NOT NULL, size INTEGER NOT NULL, bytes BLOB NOT NULL
) STRICT;
CREATE TABLE attachment_owners (
    attachment TEXT NOT NULL, session TEXT NOT NULL, PRIMARY KEY (attachment, session)
) STRICT, WITHOUT ROWID;
CREATE TABLE uploads (
    id TEXT NOT NULL, offset INTEGER NOT NULL, at INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (id, offset)
) STRICT;
CREATE TABLE tags (session TEXT NOT NULL, tag TEXT NOT NULL, PRIMARY KEY (session, tag)) STRICT, WITHOUT ROWID;
CREATE TABLE tombstones (session TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
",
    // An attachment belongs to each session that refers to it, not only to the one that brought it; what was put and
    // never used goes when it is old.
    r"
ALTER TABLE attachments ADD COLUMN put_at INTEGER NOT NULL DEFAULT 0;
UPDATE attachments SET put_at = unixepoch() * 1000;
CREATE INDEX attachments_of_session ON attachment_owners (session);
INSERT OR IGNORE INTO attachment_owners
    SELECT id, session FROM parts JOIN attachments
    ON id IN (json_extract(body, '$.source.attachment_id'), json_extract(body, '$.attachment_id'));
",
    r"
CREATE TABLE terminals (
    id TEXT PRIMARY KEY, session TEXT, cwd TEXT NOT NULL, command TEXT NOT NULL, cols INTEGER NOT NULL,
    rows INTEGER NOT NULL, boot_id TEXT NOT NULL, state TEXT NOT NULL, created_at INTEGER NOT NULL, ended_at INTEGER
) STRICT, WITHOUT ROWID;
",
];

/// The version of the schema that this release writes.
pub(super) const VERSION: i64 = STEPS.len() as i64;

/// Brings a database to today's schema. One of a later release is not to come here.
///
/// # Errors
/// Where SQLite fails.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    for (step, number) in STEPS.iter().zip(1_i64..).filter(|(_, number)| *number > version) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}
