//! The log of requests and their outcomes: JSON lines, keys masked.

use std::{
    fmt,
    fs::{File, OpenOptions},
    io::Write,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use axum::http::HeaderMap;
use serde_json::{Map, Value, json};

use super::error::Error;

const SECRET: [&str; 5] = ["authorization", "cookie", "proxy-authorization", "x-api-key", "api-key"];

/// Where entries go; without a file they are only counted.
#[derive(Debug, Default)]
pub(super) struct Journal {
    file: Option<Mutex<File>>,
    count: AtomicU64,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    ClientGone,
    Dropped,
    Error(u16),
}

/// A request that is being answered; its end is written when it is dropped, whoever drops it.
#[derive(Debug)]
pub(super) struct Entry {
    journal: Arc<Journal>,
    number: u64,
    began: Instant,
    pub(super) outcome: Outcome,
    pub(super) deltas: u64,
}

impl Journal {
    pub(super) fn open(path: Option<&Path>) -> Result<Self, Error> {
        let Some(path) = path else {
            return Ok(Self::default());
        };
        let file = OpenOptions::new().create(true).append(true).open(path);
        let file = file.map_err(|source| Error::Log { path: path.to_owned(), source })?;
        Ok(Self { file: Some(Mutex::new(file)), count: AtomicU64::new(0) })
    }

    /// Writes a request; `about` is an object that says what was asked.
    pub(super) fn request(self: &Arc<Self>, headers: &HeaderMap, about: Value) -> Entry {
        let number = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        let mut line = json!({"kind": "request", "n": number, "at": milliseconds(), "headers": masked(headers)});
        if let (Some(line), Value::Object(about)) = (line.as_object_mut(), about) {
            line.extend(about);
        }
        self.write(&line);
        Entry { journal: Arc::clone(self), number, began: Instant::now(), outcome: Outcome::ClientGone, deltas: 0 }
    }

    fn write(&self, line: &Value) {
        let Some(file) = &self.file else { return };
        let written = file.lock().unwrap_or_else(PoisonError::into_inner).write_all(format!("{line}\n").as_bytes());
        if let Err(error) = written {
            tracing::warn!(%error, "a line of the request log is lost");
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let spent = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.journal.write(&json!({
            "kind": "end", "of": self.number, "outcome": self.outcome.to_string(), "deltas": self.deltas, "ms": spent,
        }));
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::ClientGone => f.write_str("client_gone"),
            Self::Dropped => f.write_str("dropped"),
            Self::Error(status) => write!(f, "error {status}"),
        }
    }
}

fn masked(headers: &HeaderMap) -> Map<String, Value> {
    let mask = |name: &str, value: &[u8]| match SECRET.contains(&name) {
        true => "***".to_owned(),
        false => String::from_utf8_lossy(value).into_owned(),
    };
    headers.iter().map(|(name, value)| (name.to_string(), mask(name.as_str(), value.as_bytes()).into())).collect()
}

fn milliseconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
