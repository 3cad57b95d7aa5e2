//! Files of workspaces, as they are looked at, written, searched and watched.

mod apply;
mod changes;
mod channel;
mod hostile;
mod look;
mod watch;
mod write;

use std::path::Path;

use octo_proto::{Code, Error};
use octo_runner::files::Root;

/// A workspace, and a folder beside it that nothing may reach.
pub(crate) struct Place {
    _dir: tempfile::TempDir,
    pub(crate) work: std::path::PathBuf,
    pub(crate) outside: std::path::PathBuf,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self::within(crate::household::folder())
    }

    /// The same in memory where this machine offers that, for what makes very many files.
    pub(crate) fn in_memory() -> Self {
        let dir = tempfile::Builder::new().prefix("octo-it-").tempdir_in("/dev/shm");
        Self::within(dir.unwrap_or_else(|_| crate::household::folder()))
    }

    fn within(dir: tempfile::TempDir) -> Self {
        let (work, outside) = (dir.path().join("work"), dir.path().join("outside"));
        for folder in [&work, &outside] {
            std::fs::create_dir(folder).unwrap();
        }
        std::fs::write(outside.join("secret"), "secret").unwrap();
        Self { _dir: dir, work, outside }
    }

    pub(crate) fn root(&self) -> Root {
        Root::open(&self.work).unwrap()
    }

    /// Puts a file into the workspace.
    pub(crate) fn put(&self, path: &str, text: &str) {
        let path = self.work.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn text(&self, path: &str) -> String {
        std::fs::read_to_string(self.work.join(path)).unwrap()
    }
}

/// The names in a folder.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

pub(crate) fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> Code {
    result.unwrap_err().code
}
