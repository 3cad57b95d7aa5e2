//! The one configuration of both daemons: defaults, then the system's file, the user's, the environment, the flags.
//!
//! Everything is read once when a daemon starts, and passed down as values.

mod keys;
mod layers;
mod retired;
mod sandbox;
mod size;

use std::{collections::BTreeMap, io, net::IpAddr, path::PathBuf};

use serde::{Deserialize, Serialize};
use toml::Value;

use self::{
    keys::KEYS,
    layers::{Layers, Setting},
};
pub use self::{
    layers::Source,
    size::{ByteSize, NotASize},
};
use crate::paths::Paths;

/// What both daemons do, as far as it can be chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Where octod listens for HTTP.
    pub server: ServerConfig,
    /// Who may use the HTTP side from a browser.
    pub auth: AuthConfig,
    /// How octod finds and starts the user's runner.
    pub runner: RunnerConfig,
    /// The agent Pi.
    pub pi: PiConfig,
    /// The environment of agents.
    pub env: EnvConfig,
    /// How much of what agents said is kept as it was.
    pub transcripts: TranscriptsConfig,
    /// What is logged.
    pub logging: LoggingConfig,
    /// The `sandbox.toml` that asks for agents to be confined. No agent may start while there is one, since this
    /// release cannot confine them.
    #[serde(skip)]
    pub sandbox_asked_by: Option<PathBuf>,
}

/// `[server]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServerConfig {
    /// The address, of this machine's loopback.
    pub host: String,
    /// The port; 0 takes any free one.
    pub port: u16,
    /// Names besides those of the loopback that a `Host` header may have, as behind a proxy.
    pub allowed_hosts: Vec<String>,
}

/// `[auth]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuthConfig {
    /// Origins besides our own whose pages may connect, as `https://octo.example.com`.
    pub allowed_origins: Vec<String>,
}

/// `[runner]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunnerConfig {
    /// Whether octod starts it.
    pub start: RunnerStart,
    /// The program; by default `octo-runner` beside octod.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub executable: Option<String>,
}

/// Whether octod starts the user's runner when its socket refuses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunnerStart {
    /// Unless systemd started octod, and so also starts the runner.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// `[pi]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PiConfig {
    /// Whether it is offered.
    pub enabled: bool,
    /// The program.
    pub executable: String,
    /// The provider of sessions that name no model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_provider: Option<String>,
    /// The model of sessions that name none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_model: Option<String>,
}

/// `[env]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EnvConfig {
    /// Variables of the runner's own environment that agents get too.
    pub pass: Vec<String>,
}

/// `[transcripts]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TranscriptsConfig {
    /// The most that one process keeps.
    pub max_per_process: ByteSize,
    /// The most that all keep together.
    pub max_total: ByteSize,
    /// How long those of ended processes are kept; 0 is for ever.
    pub keep_days: u32,
}

/// `[logging]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LoggingConfig {
    /// The least grave that is logged.
    pub level: LogLevel,
}

/// How grave a line of the log is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words say it")]
pub enum LogLevel {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
    Trace,
}

/// A configuration that was read, and what was noticed.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What holds.
    pub config: Config,
    /// What a person should know, each a sentence.
    pub warnings: Vec<String>,
    sources: BTreeMap<&'static str, Source>,
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A key that nothing knows.
    #[error("{source}: unknown key `{key}`{}", meant.as_ref().map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default())]
    Unknown {
        /// Where.
        #[source]
        source: Source,
        /// The key.
        key: String,
        /// The known one that it is nearest to.
        meant: Option<String>,
    },
    /// A value that a key does not take, or text that is no TOML.
    #[error("{source}: {message}")]
    Invalid {
        /// Where.
        #[source]
        source: Source,
        /// What is wrong.
        message: String,
    },
    /// A file that others could have changed.
    #[error("{}: {problem}", path.display())]
    NotTrusted {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A file that cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl std::error::Error for Source {}

impl Default for ServerConfig {
    fn default() -> Self {
        Self { host: "127.0.0.1".to_owned(), port: 8080, allowed_hosts: Vec::new() }
    }
}

impl Default for PiConfig {
    fn default() -> Self {
        Self { enabled: true, executable: "pi".to_owned(), default_provider: None, default_model: None }
    }
}

impl Default for TranscriptsConfig {
    fn default() -> Self {
        Self { max_per_process: ByteSize(256 << 20), max_total: ByteSize(8 << 30), keep_days: 90 }
    }
}

impl LogLevel {
    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// The variables of this process's environment, for [`load`]. Those that are no UTF-8 configure nothing.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// Reads the configuration: defaults < system file < user file < environment < `overrides` (key and value, from flags).
///
/// # Errors
/// Where a key is unknown, a value does not fit, or a file cannot be read or trusted.
pub fn load(
    paths: &Paths,
    env: impl Iterator<Item = (String, String)>,
    overrides: &[(&str, Value)],
) -> Result<Loaded, ConfigError> {
    let mut env: Vec<_> = env.filter(|(name, _)| name == "HOME" || name.starts_with("OCTO__")).collect();
    env.sort();
    let home = env.iter().find(|(name, _)| name == "HOME").map(|(_, home)| PathBuf::from(home));
    let mut layers = Layers::new(KEYS, home.filter(|home| home.is_absolute()));
    for folder in paths.system.iter().chain([&paths.config]) {
        layers.file(&folder.join("config.toml"))?;
    }
    layers.variables(env)?;
    for (name, value) in overrides {
        layers.set(name, value.clone(), Source::Flag)?;
    }
    keep_to_loopback(&mut layers)?;
    let mut loaded = build(layers)?;
    loaded.config.sandbox_asked_by = sandbox::asked(paths, &mut loaded.warnings)?;
    Ok(loaded)
}

/// Without accounts there is nobody to tell apart, so octod serves this machine only. A file that was written for
/// another release still loads; who asks for it now is refused.
fn keep_to_loopback(layers: &mut Layers) -> Result<(), ConfigError> {
    let Some(Setting { value: Value::String(host), source }) = layers.settings.get("server.host") else {
        return Ok(());
    };
    if is_loopback(host) {
        return Ok(());
    }
    let message = format!(
        "octod listens on the loopback only, not on {host}; reach it from elsewhere with `ssh -L 8080:127.0.0.1:8080`"
    );
    match source {
        Source::File { .. } | Source::Default => {
            layers.warnings.push(format!("{source}: {message}"));
            layers.settings.remove("server.host");
            Ok(())
        }
        Source::Variable(_) | Source::Flag => Err(ConfigError::Invalid { source: source.clone(), message }),
    }
}

/// Whether a host, without brackets or port, is this machine's loopback.
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn build(layers: Layers) -> Result<Loaded, ConfigError> {
    let mut table = toml::Table::new();
    let mut sources = BTreeMap::new();
    for (path, Setting { value, source }) in layers.settings {
        sources.insert(path, source);
        if let Some((section, key)) = path.split_once('.') {
            let section = table.entry(section).or_insert_with(|| Value::Table(toml::Table::new()));
            if let Value::Table(section) = section {
                section.insert(key.to_owned(), value);
            }
        }
    }
    // Each value was checked where it was read; a refusal here is a key whose kind does not fit its field.
    let config = table.try_into().map_err(|error: toml::de::Error| ConfigError::Invalid {
        source: Source::Default,
        message: error.message().to_owned(),
    })?;
    Ok(Loaded { config, warnings: layers.warnings, sources })
}

impl Loaded {
    /// The configuration that holds as TOML, each value with where it comes from. A key that is not set and has no
    /// default is left out. No key holds a secret.
    #[must_use]
    pub fn show(&self) -> String {
        let table = toml::Table::try_from(&self.config).unwrap_or_default();
        let mut out = String::new();
        let mut section = "";
        for (path, value) in KEYS.iter().filter_map(|key| Some((key.path, lookup(&table, key.path)?))) {
            let Some((heading, key)) = path.split_once('.') else { continue };
            if heading != section {
                let gap = if section.is_empty() { "" } else { "\n" };
                out.push_str(&format!("{gap}[{heading}]\n"));
                section = heading;
            }
            let source = self.sources.get(path).unwrap_or(&Source::Default);
            out.push_str(&format!("{key} = {value}  # {source}\n"));
        }
        out
    }

    /// Where the value of a key comes from.
    #[must_use]
    pub fn source(&self, path: &str) -> &Source {
        self.sources.get(path).unwrap_or(&Source::Default)
    }

    /// The whole configuration as JSON, for programs.
    ///
    /// # Errors
    /// Never for a configuration that was loaded.
    pub fn to_json(&self) -> Result<serde_json::Value, serde_json::Error> {
        serde_json::to_value(&self.config)
    }
}

fn lookup<'a>(table: &'a toml::Table, path: &str) -> Option<&'a Value> {
    let (section, key) = path.split_once('.')?;
    table.get(section)?.get(key)
}

/// The user's configuration file.
#[must_use]
pub fn user_file(paths: &Paths) -> PathBuf {
    paths.config.join("config.toml")
}

#[cfg(test)]
mod tests;
