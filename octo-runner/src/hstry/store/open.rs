//! Opening the file: what is not ours, damaged or of a later release is refused before anything of it is changed.

use std::{
    ffi::OsString,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::{StoreError, told};
use crate::hstry::schema::{self, VERSION};

/// A file up to this size, in bytes, is looked through at each start; a larger one only after a crash.
const SMALL: u64 = 32 * 1024 * 1024;

/// How long one connection waits for another's lock.
const PATIENCE: Duration = Duration::from_secs(5);

/// The connection that writes, at the start of the runner: the file is made, or examined and brought to today's schema.
pub(super) fn first(path: &Path) -> Result<Connection, StoreError> {
    let disk = |error: std::io::Error| StoreError::Disk { detail: format!("{}: {error}", path.display()) };
    // Made here and not by SQLite, so that it is never open to others, not for a moment.
    let file = std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path).map_err(disk)?;
    let size = file.metadata().map_err(disk)?.len();
    let to_check = size <= SMALL || crashed(path);
    let connection = Connection::open(path).map_err(|error| told(path, &error))?;
    examine(&connection, path, to_check)?;
    file.set_permissions(std::fs::Permissions::from_mode(0o600)).map_err(disk)?;
    prepare(connection).map_err(|error| told(path, &error))
}

/// The same, after the disk failed: the file was examined before, and is as large as it is.
pub(super) fn again(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags).and_then(prepare).map_err(|error| told(path, &error))
}

/// A connection that reads.
pub(super) fn reader(path: &Path) -> Result<Connection, StoreError> {
    let open = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(PATIENCE)?;
        connection.pragma_update(None, "cache_size", -1024)?;
        Ok(connection)
    };
    open().map_err(|error| told(path, &error))
}

/// Whether the last writer left without closing: then its log is still there.
fn crashed(path: &Path) -> bool {
    let mut log: OsString = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).is_ok_and(|log| log.len() > 0)
}

/// Looks at the file, and leaves it as it is.
fn examine(connection: &Connection, path: &Path, to_check: bool) -> Result<(), StoreError> {
    let told = |error: rusqlite::Error| told(path, &error);
    let corrupt = |detail: &str| StoreError::Corrupt { path: path.to_owned(), detail: detail.to_owned() };
    // Else closing it, when it is refused, would write the log of a crashed runner into it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(told)?;
    connection.busy_timeout(PATIENCE).map_err(told)?;
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(told);
    if number("SELECT count(*) FROM sqlite_schema")? == 0 {
        return Ok(());
    }
    if number("PRAGMA application_id")? != i64::from(schema::APPLICATION_ID) {
        return Err(corrupt("it is another program's database"));
    }
    let found = number("PRAGMA user_version")?;
    if found > VERSION {
        return Err(StoreError::Newer { path: path.to_owned(), found });
    }
    if to_check {
        let said: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(told)?;
        if said != "ok" {
            return Err(corrupt(&said));
        }
    }
    Ok(())
}

fn prepare(mut connection: Connection) -> rusqlite::Result<Connection> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "cache_size", -2048)?;
    connection.pragma_update(None, "journal_size_limit", 16 * 1024 * 1024)?;
    connection.set_prepared_statement_cache_capacity(32);
    schema::migrate(&mut connection)?;
    Ok(connection)
}
