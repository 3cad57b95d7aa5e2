//! What `tui.toml` and the environment decide.

use std::{io, path::Path};

use crossterm::event::{KeyCode, KeyModifiers};
use serde::Deserialize;

use crate::{editor::OpenConfig, keymap, theme::ThemeName};

/// The prefix where none is set: it is what leaves `octoctl term attach` too.
const PREFIX: (KeyModifiers, KeyCode) = (KeyModifiers::CONTROL, KeyCode::Char(']'));

/// The keys of `tui.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `ansi`: the terminal's sixteen colours; `mono`: none.
    pub theme: ThemeName,
    /// Whether the mouse scrolls and clicks; without it the terminal selects text.
    pub mouse: bool,
    /// Whether thinking is shown whole.
    pub thinking: bool,
    /// How files are opened in the person's own editor.
    pub open: OpenConfig,
    /// The key before those that are about panes, as `ctrl+]`: with Ctrl or Alt, or a function key.
    #[serde(deserialize_with = "prefix")]
    pub prefix: (KeyModifiers, KeyCode),
}

fn prefix<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<(KeyModifiers, KeyCode), D::Error> {
    let name = String::deserialize(deserializer)?;
    keymap::named(&name).ok_or_else(|| {
        serde::de::Error::custom(format!("`{name}` is no prefix: it needs ctrl+ or alt+ before a key, or is f1 to f12"))
    })
}

impl Default for Config {
    fn default() -> Self {
        let open = OpenConfig::default();
        Self { theme: ThemeName::Ansi, mouse: true, thinking: false, open, prefix: PREFIX }
    }
}

/// What the environment says of the terminal and its person.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `NO_COLOR` is set.
    pub no_color: bool,
    /// The terminal is at the other end of an SSH connection.
    pub is_remote: bool,
    /// `HOME`.
    pub home: Option<String>,
    /// `SSH_AUTH_SOCK`, to be offered to the agents.
    pub ssh_auth_sock: Option<String>,
    /// `TERM_PROGRAM`.
    pub program: Option<String>,
    /// `NVIM`: where the neovim listens in whose terminal this is.
    pub neovim: Option<String>,
    /// `VISUAL`, else `EDITOR`.
    pub editor: Option<String>,
    /// `TMUX` is set.
    pub in_tmux: bool,
    /// Where a debug build panics on a key, for the tests of what becomes of the terminal: on the thread of the loop, or
    /// `elsewhere`.
    #[cfg(debug_assertions)]
    pub panic_on_key: Option<String>,
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// A key is unknown or has a wrong value.
    #[error("{path}: {problem}")]
    Wrong {
        /// The file.
        path: String,
        /// Which key, and what is wrong with it.
        problem: String,
    },
}

impl Config {
    /// Reads the file; where there is none, the defaults hold.
    ///
    /// # Errors
    /// Where it cannot be read, or a key is unknown or wrong.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let name = || path.display().to_string();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(ConfigError::Unreadable { path: name(), source }),
        };
        toml::from_str(&text).map_err(|error| ConfigError::Wrong { path: name(), problem: error.to_string() })
    }
}

impl Environment {
    /// As this process was started with.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place of this crate that reads the environment")]
    pub fn of_process() -> Self {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let text = |name| set(name).and_then(|value| value.into_string().ok());
        Self {
            no_color: set("NO_COLOR").is_some(),
            is_remote: set("SSH_CONNECTION").is_some(),
            home: text("HOME"),
            ssh_auth_sock: text("SSH_AUTH_SOCK"),
            program: text("TERM_PROGRAM"),
            neovim: text("NVIM"),
            editor: text("VISUAL").or_else(|| text("EDITOR")),
            in_tmux: set("TMUX").is_some(),
            #[cfg(debug_assertions)]
            panic_on_key: text("OCTO_TUI_TEST_PANIC"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::editor::{Within, Words};

    #[test]
    fn a_file_sets_what_it_names_and_nothing_else_is_let_in() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("tui.toml");
        assert_eq!(Config::load(&file).unwrap(), Config::default());
        let text = "theme = \"mono\"\nmouse = false\nthinking = true\nprefix = \"ctrl+g\"\n";
        let open = "[open]\ncommand = \"code -g '{path}:{line}'\"\nin = \"tmux\"\n";
        std::fs::write(&file, format!("{text}{open}")).unwrap();
        let prefix = (KeyModifiers::CONTROL, KeyCode::Char('g'));
        let command = Words::try_from("code -g {path}:{line}".to_owned()).unwrap();
        let open = OpenConfig { command: Some(command), within: Some(Within::Tmux) };
        let expected = Config { theme: ThemeName::Mono, mouse: false, thinking: true, open, prefix };
        assert_eq!(Config::load(&file).unwrap(), expected);
        for (text, named) in [
            ("colour = 1\n", "colour"),
            ("theme = \"pink\"\n", "pink"),
            ("mouse = 3\n", "mouse"),
            ("[open]\ncommand = \"'a\"\n", "a quote"),
            ("prefix = \"g\"\n", "prefix"),
        ] {
            std::fs::write(&file, text).unwrap();
            let error = Config::load(&file).unwrap_err().to_string();
            assert!(error.contains(named) && error.contains("tui.toml"), "{error}");
        }
    }
}
