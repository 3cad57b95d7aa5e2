//! A tmux server of our own with one window.

use std::{path::PathBuf, process::Command};

use anyhow::{Context, Result, ensure};

use super::{COLS, Pty, ROWS, Way};
use crate::house::House;

/// As much history as Octo has, no status line, and no waiting behind Escape.
const CONFIGURATION: &str = "set -g history-limit 10000\nset -g status off\nset -g escape-time 0\n";

/// The server.
pub(crate) struct Tmux {
    dir: PathBuf,
    pub(crate) pid: u32,
    /// The session that was made last.
    session: String,
}

/// A client of it on a PTY.
pub(crate) struct Attached {
    client: Pty,
    server: Tmux,
}

impl Tmux {
    /// A server whose window runs this script; none where tmux is not installed.
    pub(crate) fn start(house: &House, script: &str) -> Result<Option<Self>> {
        if Command::new("tmux").arg("-V").output().is_err() {
            return Ok(None);
        }
        let dir = house.work();
        std::fs::write(dir.join("tmux.conf"), CONFIGURATION)?;
        let mut server = Self { dir, pid: 0, session: String::new() };
        server.window(script)?;
        server.pid = server.tell(&["display-message", "-p", "#{pid}"])?.trim().parse()?;
        Ok(Some(server))
    }

    /// One more session.
    pub(crate) fn window(&mut self, script: &str) -> Result<()> {
        let (cols, rows) = (COLS.to_string(), ROWS.to_string());
        let script = format!("exec /bin/sh -c '{}'", script.replace('\'', r"'\''"));
        let made = ["new-session", "-d", "-P", "-F", "#{session_id}", "-x", &cols, "-y", &rows, &script];
        self.session = self.tell(&made)?.trim().to_owned();
        Ok(())
    }

    /// Attaches to the session that was made last.
    pub(crate) fn client(&self) -> Result<Pty> {
        let words = self.words();
        let words: Vec<&str> = words.iter().map(String::as_str).chain(["attach", "-t", &self.session]).collect();
        Pty::spawn(&words)
    }

    pub(crate) fn attach(self) -> Result<Attached> {
        Ok(Attached { client: self.client()?, server: self })
    }

    fn words(&self) -> [String; 5] {
        let path = |name: &str| self.dir.join(name).display().to_string();
        ["tmux".to_owned(), "-f".to_owned(), path("tmux.conf"), "-S".to_owned(), path("tmux.sock")]
    }

    fn tell(&self, command: &[&str]) -> Result<String> {
        let [program, arguments @ ..] = self.words();
        let output = Command::new(program).args(arguments).args(command).env_remove("TMUX").output()?;
        ensure!(output.status.success(), "tmux {command:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).context("tmux prints text")
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        // It ends by itself with its last program.
        drop(self.tell(&["kill-server"]));
    }
}

impl Way for Attached {
    fn types(&mut self, bytes: &[u8]) -> Result<()> {
        self.client.types(bytes)
    }

    fn next(&mut self) -> Result<Vec<u8>> {
        self.client.next()
    }

    fn roots(&self) -> Vec<u32> {
        vec![self.server.pid]
    }
}
