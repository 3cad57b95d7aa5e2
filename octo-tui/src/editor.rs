//! The person's own editor: which program, with which words, and where. Nothing here passes through a shell.

use octo_proto::files::name;
use serde::Deserialize;

/// The table `[open]` of `tui.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OpenConfig {
    /// The program and its arguments; `{path}` and `{line}` stand for the place. Without `{path}` the path is the last one.
    pub command: Option<Words>,
    /// Where it runs: without it, `command` in the background and another editor in a pane.
    #[serde(rename = "in")]
    pub within: Option<Within>,
}

/// Where an editor runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Within {
    /// Nowhere on this screen: it has a window of its own.
    Background,
    /// In a terminal pane.
    Pane,
    /// In a split of tmux.
    Tmux,
}

/// A command line, divided into words as a shell does it, and nothing else that a shell does.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Words(Vec<String>);

/// A command line that has no words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoWords {
    /// A quote is not closed, or a backslash is the last character.
    #[error("a quote is not closed")]
    Open,
    /// There is none.
    #[error("it names no program")]
    Empty,
}

impl TryFrom<String> for Words {
    type Error = NoWords;

    fn try_from(line: String) -> Result<Self, NoWords> {
        let mut words: Vec<String> = Vec::new();
        let mut word: Option<String> = None;
        let mut quote = None;
        let mut chars = line.chars();
        while let Some(c) = chars.next() {
            match (quote, c) {
                (Some(open), c) if c == open => quote = None,
                (None, '\'' | '"') => {
                    quote = Some(c);
                    word.get_or_insert_default();
                }
                (None | Some('"'), '\\') => word.get_or_insert_default().push(chars.next().ok_or(NoWords::Open)?),
                (None, c) if c.is_whitespace() => words.extend(word.take()),
                (_, c) => word.get_or_insert_default().push(c),
            }
        }
        words.extend(word);
        match words.first() {
            _ if quote.is_some() => Err(NoWords::Open),
            Some(program) if !program.is_empty() => Ok(Self(words)),
            _ => Err(NoWords::Empty),
        }
    }
}

/// What is known of the person's editors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Editor {
    /// `[open]` of the configuration.
    pub config: OpenConfig,
    /// Where a neovim listens in whose terminal we run.
    pub neovim: Option<String>,
    /// `$VISUAL`, else `$EDITOR`.
    pub program: Option<String>,
    /// Whether we run in tmux.
    pub in_tmux: bool,
}

/// How a place is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// By running this.
    Run(Vec<String>),
    /// By running this in a terminal pane.
    Pane(Vec<String>),
}

impl Editor {
    /// How a file is opened: by its absolute path, as the files channel writes it.
    ///
    /// # Errors
    /// Why it cannot be, in words.
    pub fn way(&self, path: &str, line: Option<u64>) -> Result<Way, String> {
        let bytes = name::unescape(path).map_err(|error| format!("{path}: {error}"))?;
        let path = match String::from_utf8(bytes) {
            Ok(path) if !path.contains(char::is_control) => path,
            _ => return Err(format!("{path} has a name that no editor can be given")),
        };
        if let Some(Words(words)) = &self.config.command {
            let line = line.unwrap_or(1).to_string();
            let has_path = words.iter().any(|word| word.contains("{path}"));
            let given = words.iter().map(|word| word.replace("{line}", &line).replace("{path}", &path));
            // Without its place it is the last word, as for `$EDITOR`.
            let words = given.chain((!has_path).then(|| path.clone())).collect();
            return Ok(self.place(words, Within::Background));
        }
        if let Some(socket) = &self.neovim {
            let words = ["nvim", "--server", socket, "--remote-expr", &neovim(&path, line)];
            return Ok(Way::Run(words.map(str::to_owned).to_vec()));
        }
        let Some(program) = &self.program else {
            return Err("no editor is known: set $EDITOR, or `command` below `[open]` in tui.toml".to_owned());
        };
        let Words(mut words) = Words::try_from(program.clone()).map_err(|error| format!("$EDITOR: {error}"))?;
        words.extend(line.map(|line| format!("+{line}")));
        words.push(path);
        Ok(self.place(words, Within::Pane))
    }

    fn place(&self, words: Vec<String>, unless_said: Within) -> Way {
        match self.config.within.unwrap_or(unless_said) {
            Within::Background => Way::Run(words),
            Within::Tmux if self.in_tmux => {
                // Each word is an argument of its own, so tmux asks no shell.
                let split = ["tmux", "split-window", "-h", "--"].map(str::to_owned);
                Way::Run(split.into_iter().chain(words).collect())
            }
            Within::Pane | Within::Tmux => Way::Pane(words),
        }
    }
}

/// What a running neovim is asked. It takes no line with `--remote`, and a quote in its texts is written twice.
fn neovim(path: &str, line: Option<u64>) -> String {
    let path = path.replace('\'', "''");
    format!("execute(['tab drop ' . fnameescape('{path}'), '{}'])", line.unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn editor(command: Option<&str>, within: Option<Within>) -> Editor {
        let command = command.map(|line| Words::try_from(line.to_owned()).unwrap());
        Editor { config: OpenConfig { command, within }, ..Editor::default() }
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_line_is_divided_into_words() {
        for (line, divided) in [
            ("code -g {path}:{line}", Ok(words(&["code", "-g", "{path}:{line}"]))),
            ("  'my editor'  a\\ b \"c 'd' \\\" e\" '' ", Ok(words(&["my editor", "a b", "c 'd' \" e", ""]))),
            ("x '$(rm)' $HOME;y", Ok(words(&["x", "$(rm)", "$HOME;y"]))),
            ("'a", Err(NoWords::Open)),
            ("a \\", Err(NoWords::Open)),
            ("   ", Err(NoWords::Empty)),
            ("''", Err(NoWords::Empty)),
        ] {
            assert_eq!(Words::try_from(line.to_owned()).map(|Words(words)| words), divided, "{line:?}");
        }
    }

    #[test]
    fn the_command_of_the_configuration_comes_first() {
        let mut editor = editor(Some("code -g '{path}:{line}'"), None);
        editor.neovim = Some("/run/nvim.0".to_owned());
        editor.program = Some("vi".to_owned());
        let run = words(&["code", "-g", "/w/it's; $(a).rs:7"]);
        assert_eq!(editor.way("/w/it's; $(a).rs", Some(7)), Ok(Way::Run(run)));
        assert_eq!(editor.way("/w/{line}", None), Ok(Way::Run(words(&["code", "-g", "/w/{line}:1"]))));
        editor.config.command = Words::try_from("edit +{line}".to_owned()).ok();
        assert_eq!(editor.way("/w/a", Some(7)), Ok(Way::Run(words(&["edit", "+7", "/w/a"]))));
    }

    #[test]
    fn then_the_neovim_around_us_and_then_the_editor_of_the_environment() {
        let mut editor = Editor { neovim: Some("/run/nvim.0".to_owned()), ..editor(None, None) };
        editor.program = Some("vim -f".to_owned());
        let expression = "execute(['tab drop ' . fnameescape('/w/it''s'), '7'])";
        let run = words(&["nvim", "--server", "/run/nvim.0", "--remote-expr", expression]);
        assert_eq!(editor.way("/w/it's", Some(7)), Ok(Way::Run(run)));
        editor.neovim = None;
        assert_eq!(editor.way("/w/a", Some(7)), Ok(Way::Pane(words(&["vim", "-f", "+7", "/w/a"]))));
        assert_eq!(editor.way("/w/a", None), Ok(Way::Pane(words(&["vim", "-f", "/w/a"]))));
        editor.program = None;
        assert!(editor.way("/w/a", None).unwrap_err().contains("$EDITOR"));
    }

    #[test]
    fn it_runs_where_it_is_said_to_and_in_a_pane_where_there_is_no_tmux() {
        let mut editor = editor(Some("vi +{line} {path}"), Some(Within::Tmux));
        let plain = words(&["vi", "+3", "/w/a"]);
        assert_eq!(editor.way("/w/a", Some(3)), Ok(Way::Pane(plain.clone())));
        editor.in_tmux = true;
        let split = words(&["tmux", "split-window", "-h", "--", "vi", "+3", "/w/a"]);
        assert_eq!(editor.way("/w/a", Some(3)), Ok(Way::Run(split)));
        editor.config.within = Some(Within::Pane);
        assert_eq!(editor.way("/w/a", Some(3)), Ok(Way::Pane(plain)));
    }

    #[test]
    fn a_name_is_given_as_it_is_or_not_at_all() {
        let editor = Editor { program: Some("vi".to_owned()), ..Editor::default() };
        assert_eq!(editor.way("/w/a\\\\b", None), Ok(Way::Pane(words(&["vi", "/w/a\\b"]))));
        for path in ["/w/\\xff", "/w/a\\x0ab", "/w/a\\b"] {
            assert!(editor.way(path, None).is_err(), "{path}");
        }
    }
}
