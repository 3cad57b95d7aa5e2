//! The layers of the configuration: each is read, checked against the known keys, and laid over the ones below.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use rustix::process::{getegid, geteuid};
use toml::{Value, de::DeTable};

use super::{
    ConfigError,
    keys::{Key, Kind, nearest, split_address},
    retired,
};

/// A configuration file larger than this is none.
const MAX_FILE: u64 = 1024 * 1024;

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nobody set it.
    Default,
    /// A line of a file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// A variable of the environment.
    Variable(String),
    /// The command line.
    Flag,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Flag => f.write_str("command line"),
        }
    }
}

/// A value that was set, and where.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    pub(super) value: Value,
    pub(super) source: Source,
}

/// What the layers read so far have set.
#[derive(Debug)]
pub(super) struct Layers {
    keys: &'static [Key],
    home: Option<PathBuf>,
    pub(super) settings: BTreeMap<&'static str, Setting>,
    pub(super) warnings: Vec<String>,
    warned: BTreeSet<&'static str>,
}

impl Layers {
    pub(super) fn new(keys: &'static [Key], home: Option<PathBuf>) -> Self {
        Self { keys, home, settings: BTreeMap::new(), warnings: Vec::new(), warned: BTreeSet::new() }
    }

    /// Lays a file over what is there; false where there is none.
    pub(super) fn file(&mut self, path: &Path) -> Result<bool, ConfigError> {
        let Some(text) = read(path)? else { return Ok(false) };
        let invalid = |line, message: String| ConfigError::Invalid {
            source: Source::File { path: path.to_owned(), line },
            message,
        };
        let broken = |error: toml::de::Error| {
            let line = error.span().map_or(1, |span| line_of(&text, span.start));
            invalid(line, error.message().to_owned())
        };
        let spans = DeTable::parse(&text).map_err(broken)?;
        let values: toml::Table = toml::from_str(&text).map_err(broken)?;
        let mut found = Vec::new();
        flatten(spans.get_ref(), &values, "", &mut found);
        for (name, value, at) in found {
            let source = Source::File { path: path.to_owned(), line: line_of(&text, at) };
            match value {
                Some(value) => self.set(&name, value, source)?,
                None => self.heading(&name, source)?,
            }
        }
        Ok(true)
    }

    /// Lays the variables `OCTO__SECTION__KEY` over what is there.
    pub(super) fn variables(&mut self, env: Vec<(String, String)>) -> Result<(), ConfigError> {
        for (variable, text) in env {
            let Some(rest) = variable.strip_prefix("OCTO__") else { continue };
            let name = rest.replace("__", ".").to_ascii_lowercase();
            let value = self.key(&name).map_or(Value::String(text.clone()), |key| key.kind.parse(&text));
            self.set(&name, value, Source::Variable(variable))?;
        }
        Ok(())
    }

    /// Sets one key, after a look whether it is known, retired or mistyped.
    pub(super) fn set(&mut self, name: &str, value: Value, source: Source) -> Result<(), ConfigError> {
        let Some(key) = self.key(name) else {
            return match retired::find(name) {
                Some(retired) => {
                    if self.warned.insert(retired.path) {
                        let instead = retired.instead;
                        self.warnings.push(format!("{source}: `{name}` is retired and does nothing: {instead}"));
                    }
                    Ok(())
                }
                None => Err(self.unknown(name, source)),
            };
        };
        let (path, kind) = (key.path, key.kind);
        let shown = value.to_string();
        let value = kind.check(value).map_err(|takes| ConfigError::Invalid {
            source: source.clone(),
            message: format!("`{name}` is {shown}; it takes {takes}"),
        })?;
        match (kind, value) {
            (Kind::Address, Value::String(address)) => {
                if let Some((host, port)) = split_address(&address) {
                    let port = Value::Integer(port.into());
                    self.settings.insert(
                        "server.host",
                        Setting { value: Value::String(host.to_owned()), source: source.clone() },
                    );
                    self.settings.insert("server.port", Setting { value: port, source });
                }
            }
            (Kind::Program, Value::String(program)) => {
                let value = Value::String(self.program(name, &program, &source)?);
                self.settings.insert(path, Setting { value, source });
            }
            (_, value) => {
                self.settings.insert(path, Setting { value, source });
            }
        }
        Ok(())
    }

    fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.path == name)
    }

    /// The program with `~/` put in; a relative path would mean another program in every folder.
    fn program(&self, name: &str, program: &str, source: &Source) -> Result<String, ConfigError> {
        let refuse = |message: String| Err(ConfigError::Invalid { source: source.clone(), message });
        if let Some(below) = program.strip_prefix("~/") {
            return match &self.home {
                Some(home) => Ok(home.join(below).to_string_lossy().into_owned()),
                None => refuse(format!("`{name}` begins with ~/, but HOME is not set; write the whole path")),
            };
        }
        if program.contains('/') && !program.starts_with('/') {
            return refuse(format!("`{name}` is \"{program}\"; write a bare name, a path from /, or one from ~/"));
        }
        Ok(program.to_owned())
    }

    /// A heading without keys is fine where its section is known.
    fn heading(&self, name: &str, source: Source) -> Result<(), ConfigError> {
        let begins = |key: &Key| key.path.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
        if self.keys.iter().any(begins) || retired::has_section(name) {
            return Ok(());
        }
        Err(self.unknown(name, source))
    }

    fn unknown(&self, name: &str, source: Source) -> ConfigError {
        let (section, last) = name.rsplit_once('.').unwrap_or(("", name));
        let paths = || self.keys.iter().map(|key| key.path);
        let sections = paths().filter_map(|path| path.rsplit_once('.').map(|(section, _)| section));
        let known =
            |section: &str| paths().any(|path| path.rsplit_once('.').is_some_and(|(known, _)| known == section));
        let meant = if section.is_empty() || known(section) {
            nearest(name, paths().chain(sections)).map(str::to_owned)
        } else {
            // The section is mistyped; its key may be right.
            nearest(section, sections).map(|section| format!("{section}.{last}"))
        };
        // The right key in the wrong section is the other usual slip.
        let meant = meant.or_else(|| paths().find(|path| path.rsplit('.').next() == Some(last)).map(str::to_owned));
        ConfigError::Unknown { source, key: name.to_owned(), meant }
    }
}

/// Every key with its value and its place, and every table without keys.
fn flatten(spans: &DeTable<'_>, values: &toml::Table, prefix: &str, out: &mut Vec<(String, Option<Value>, usize)>) {
    for (key, span) in spans {
        let name = if prefix.is_empty() { key.get_ref().to_string() } else { format!("{prefix}.{}", key.get_ref()) };
        let at = key.span().start;
        match (span.get_ref().as_table(), values.get(key.get_ref().as_ref())) {
            (Some(inner), Some(Value::Table(table))) if !table.is_empty() => flatten(inner, table, &name, out),
            (Some(_), _) => out.push((name, None, at)),
            (None, value) => out.push((name, value.cloned(), at)),
        }
    }
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

/// The text of a file that nobody else can change; none where there is no file.
fn read(path: &Path) -> Result<Option<String>, ConfigError> {
    let unreadable = |source: io::Error| ConfigError::Unreadable { path: path.to_owned(), source };
    let mut file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    let found = file.metadata().map_err(unreadable)?;
    let refuse = |problem: String| Err(ConfigError::NotTrusted { path: path.to_owned(), problem });
    if !found.is_file() {
        return refuse("is not a file".to_owned());
    }
    let uid = geteuid().as_raw();
    if found.uid() != 0 && found.uid() != uid {
        return refuse(format!("belongs to uid {}, so they decide what it says; make it yours", found.uid()));
    }
    // A group of one's own is a habit of Debian's users (umask 002), and no stranger is in it.
    let own_group = found.uid() == uid && found.gid() == getegid().as_raw();
    if found.mode() & 0o002 != 0 || (found.mode() & 0o020 != 0 && !own_group) {
        return refuse(format!("can be written by others (mode {:o}); chmod go-w it", found.mode() & 0o777));
    }
    if found.len() > MAX_FILE {
        return refuse(format!("has {} bytes; a configuration has at most {MAX_FILE}", found.len()));
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(unreadable)?;
    Ok(Some(text))
}
