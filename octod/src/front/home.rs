//! The folder that a demo lives in: everything it writes is below.

use std::{
    fs::{self, OpenOptions, Permissions},
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink},
    path::{Path, PathBuf},
};

use octo_proto::paths::{PathError, Paths, Surroundings, own_folder};
use tempfile::TempDir;

use crate::{ctl::Failure, model::pi_config};

/// A folder of the demo's own.
#[derive(Debug)]
pub(super) struct Home {
    pub(super) path: PathBuf,
    /// Removes it at the end.
    temporary: Option<TempDir>,
}

impl Home {
    /// The folder named, or a new one that is removed at the end.
    pub(super) fn new(named: Option<&Path>) -> Result<Self, Failure> {
        if let Some(path) = named {
            return Ok(Self { path: std::path::absolute(path)?, temporary: None });
        }
        let temporary =
            tempfile::Builder::new().prefix("octo-demo-").permissions(Permissions::from_mode(0o700)).tempdir()?;
        Ok(Self { path: temporary.path().to_owned(), temporary: Some(temporary) })
    }

    /// Where a process that is told of this home finds things.
    pub(super) fn surroundings(&self) -> Surroundings {
        Surroundings { octo_home: Some(self.path.clone()), ..Surroundings::default() }
    }

    /// Where the demo's agent works.
    pub(super) fn work(&self) -> PathBuf {
        self.path.join("work")
    }

    /// Makes the folders, tells Pi of the model at `url`, and points at the agents installed for `user`.
    pub(super) fn prepare(&self, url: &str, user: &Surroundings) -> Result<(), Failure> {
        let refused = |error: PathError| Failure::failed(error.to_string());
        let paths = Paths::find(&self.surroundings()).map_err(refused)?;
        let agent = self.path.join("pi-agent");
        own_folder(&self.path).map_err(refused)?;
        paths.prepare().map_err(refused)?;
        for folder in [&self.work(), &agent] {
            own_folder(folder).map_err(refused)?;
        }
        let (models, settings) = pi_config(url);
        write_private(&agent.join("models.json"), &models)?;
        write_private(&agent.join("settings.json"), &settings)?;
        let environment = format!("PI_CODING_AGENT_DIR={}\nPI_OFFLINE=1\n", agent.display());
        write_private(&paths.config.join("env"), &environment)?;
        let link = paths.data.join("harnesses");
        let installed = data_of(user).map_err(refused)?.join("harnesses");
        if installed.is_dir() && fs::symlink_metadata(&link).is_err() {
            symlink(&installed, &link)?;
        }
        Ok(())
    }

    /// A command that installs into the demo's folder, as one that installs for the user.
    pub(super) fn for_good(&self, command: &str, user: &Surroundings) -> String {
        let own = data_of(user).map(|data| data.display().to_string());
        own.map_or_else(
            |_| command.to_owned(),
            |own| command.replace(&self.path.join("data").display().to_string(), &own),
        )
    }

    /// Leaves the folder where it is, and says where.
    pub(super) fn keep(self) -> PathBuf {
        match self.temporary {
            Some(temporary) => temporary.keep(),
            None => self.path,
        }
    }

    /// Whether it goes when the demo ends.
    pub(super) fn is_temporary(&self) -> bool {
        self.temporary.is_some()
    }

    /// Removes it, if it is the demo's own.
    pub(super) fn remove(self) -> Result<(), Failure> {
        Ok(self.temporary.map_or(Ok(()), TempDir::close)?)
    }
}

/// Where a user keeps what is installed for them, whatever `OCTO_HOME` says.
fn data_of(user: &Surroundings) -> Result<PathBuf, PathError> {
    Ok(Paths::find(&Surroundings { octo_home: None, ..user.clone() })?.data)
}

fn write_private(path: &Path, text: &str) -> Result<(), Failure> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    Ok(file.write_all(text.as_bytes())?)
}
