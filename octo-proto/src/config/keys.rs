//! Every key of the configuration with the values it takes, and what a mistyped one was meant to be.

use toml::Value;

use super::size::ByteSize;

/// One key.
#[derive(Debug)]
pub(super) struct Key {
    /// `section.key`.
    pub(super) path: &'static str,
    pub(super) kind: Kind,
}

/// What values a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Any text.
    Text,
    /// A program: a name to be looked for, or a path; `~/` is the home folder.
    Program,
    /// `true` or `false`.
    Switch,
    /// A whole number in this range.
    Number(i64, i64),
    /// A list of texts.
    List,
    /// Bytes.
    Size,
    /// One of these.
    OneOf(&'static [&'static str]),
    /// `HOST:PORT`, which is another way to write `host` and `port`.
    Address,
}

/// The keys of `config.toml`.
pub(super) const KEYS: &[Key] = &[
    Key { path: "server.listen", kind: Kind::Address },
    Key { path: "server.host", kind: Kind::Text },
    Key { path: "server.port", kind: Kind::Number(0, 65_535) },
    Key { path: "server.allowed_hosts", kind: Kind::List },
    Key { path: "auth.allowed_origins", kind: Kind::List },
    Key { path: "runner.start", kind: Kind::OneOf(&["auto", "always", "never"]) },
    Key { path: "runner.executable", kind: Kind::Program },
    Key { path: "pi.enabled", kind: Kind::Switch },
    Key { path: "pi.executable", kind: Kind::Program },
    Key { path: "pi.default_provider", kind: Kind::Text },
    Key { path: "pi.default_model", kind: Kind::Text },
    Key { path: "env.pass", kind: Kind::List },
    Key { path: "transcripts.max_per_process", kind: Kind::Size },
    Key { path: "transcripts.max_total", kind: Kind::Size },
    Key { path: "transcripts.keep_days", kind: Kind::Number(0, 36_500) },
    Key { path: "logging.level", kind: Kind::OneOf(&["error", "warn", "info", "debug", "trace"]) },
];

/// The keys of `sandbox.toml`.
pub(super) const SANDBOX_KEYS: &[Key] = &[
    Key { path: "enabled", kind: Kind::Switch },
    Key { path: "profile", kind: Kind::OneOf(&["minimal", "development", "strict"]) },
    Key { path: "deny_read", kind: Kind::List },
    Key { path: "allow_write", kind: Kind::List },
    Key { path: "isolate_network", kind: Kind::Switch },
    Key { path: "isolate_pid", kind: Kind::Switch },
];

impl Kind {
    /// The value, if it is one that the key takes; else what it takes, in words.
    pub(super) fn check(self, value: Value) -> Result<Value, String> {
        let fits = match (self, &value) {
            (Self::Text | Self::Program, Value::String(text)) => !text.is_empty() && !text.contains('\0'),
            (Self::Switch, Value::Boolean(_)) => true,
            (Self::Number(low, high), Value::Integer(number)) => (low..=high).contains(number),
            (Self::List, Value::Array(items)) => items.iter().all(|item| item.as_str().is_some_and(|t| !t.is_empty())),
            (Self::Size, Value::Integer(bytes)) => *bytes >= 0,
            (Self::Size, Value::String(text)) => text.parse::<ByteSize>().is_ok(),
            (Self::OneOf(choices), Value::String(text)) => choices.contains(&text.as_str()),
            (Self::Address, Value::String(text)) => split_address(text).is_some(),
            _ => false,
        };
        if fits { Ok(value) } else { Err(self.describe()) }
    }

    /// The value that a variable of the environment or a flag writes as text.
    pub(super) fn parse(self, text: &str) -> Value {
        let as_text = || Value::String(text.to_owned());
        match self {
            Self::Text | Self::Program | Self::Size | Self::OneOf(_) | Self::Address => as_text(),
            Self::Switch => text.parse().map_or_else(|_| as_text(), Value::Boolean),
            Self::Number(..) => text.parse().map_or_else(|_| as_text(), Value::Integer),
            Self::List => {
                Value::Array(text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(Value::from).collect())
            }
        }
    }

    fn describe(self) -> String {
        match self {
            Self::Text => "a text in quotes".to_owned(),
            Self::Program => "the name or path of a program, in quotes".to_owned(),
            Self::Switch => "true or false".to_owned(),
            Self::Number(low, high) => format!("a whole number from {low} to {high}"),
            Self::List => "a list of texts, as [\"a\", \"b\"]".to_owned(),
            Self::Size => "a size, as \"256 MiB\" or a number of bytes".to_owned(),
            Self::OneOf(choices) => format!("one of \"{}\"", choices.join("\", \"")),
            Self::Address => "an address, as \"127.0.0.1:8080\"".to_owned(),
        }
    }
}

/// Host and port of `HOST:PORT`; the brackets of an IPv6 address are taken off.
pub(super) fn split_address(text: &str) -> Option<(&str, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let port = port.parse().ok()?;
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']')?,
        None if host.contains(':') => return None,
        None => host,
    };
    (!host.is_empty()).then_some((host, port))
}

/// The known name that a mistyped one is nearest to, if it is near.
pub(super) fn nearest<'a>(wrong: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|name| (distance(wrong, name), name))
        .filter(|(distance, name)| *distance <= 1 + name.len().min(wrong.len()) / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Insertions, deletions, replacements and swaps of neighbours that make one text the other.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            if i == 0 || j == 0 {
                rows[i][j] = i.max(j);
                continue;
            }
            let same = usize::from(a[i - 1] != b[j - 1]);
            let mut least = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + same);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = least;
        }
    }
    rows[a.len()][b.len()]
}
