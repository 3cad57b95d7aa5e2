//! A place in a session's log: how far a watcher has come.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// `fact.epoch.n`: opaque to clients, which only store it and give it back to `watch`.
///
/// `fact` is durable, gap-free and per session; `epoch` is the runner's generation, one more at each start; `n` counts
/// the volatile events since that fact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cursor {
    /// The number of the last fact, from 1; 0 before the first.
    pub fact: u64,
    /// The runner's generation.
    pub epoch: u64,
    /// Volatile events since the fact.
    pub n: u64,
}

/// A text that is no cursor.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("'{0}' is not a cursor")]
pub struct NotACursor(pub String);

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.fact, self.epoch, self.n)
    }
}

impl FromStr for Cursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Self, NotACursor> {
        let mut parts = text.split('.').map(str::parse::<u64>);
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(Ok(fact)), Some(Ok(epoch)), Some(Ok(n)), None) => Ok(Self { fact, epoch, n }),
            _ => Err(NotACursor(text.to_owned())),
        }
    }
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Cursor {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Cursor".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[0-9]+\\.[0-9]+\\.[0-9]+$" })
    }
}
