//! Where things lie, and the check that what lies there is ours.

use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
};

use rustix::process::geteuid;

/// The longest name that a local socket can have, in bytes, its NUL left out (`sockaddr_un`, unix(7)).
pub const MAX_SOCKET_NAME: usize = 107;

/// The folders of one user's Octo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// `config.toml`, `sandbox.toml`, `tui.toml`, `env`.
    pub config: PathBuf,
    /// What a person would miss: history, attachments, installed harnesses.
    pub data: PathBuf,
    /// What outlives a logout: processes, transcripts, locks.
    pub state: PathBuf,
    /// Sockets and tokens.
    pub run: PathBuf,
    /// `/etc/octo`; none below `OCTO_HOME`.
    pub system: Option<PathBuf>,
}

/// The variables of the environment that decide where things lie.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// `OCTO_HOME`.
    pub octo_home: Option<PathBuf>,
    /// `HOME`.
    pub home: Option<PathBuf>,
    /// `XDG_CONFIG_HOME`.
    pub xdg_config: Option<PathBuf>,
    /// `XDG_DATA_HOME`.
    pub xdg_data: Option<PathBuf>,
    /// `XDG_STATE_HOME`.
    pub xdg_state: Option<PathBuf>,
    /// `XDG_RUNTIME_DIR`.
    pub xdg_runtime: Option<PathBuf>,
}

/// A folder that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PathError {
    /// Neither `OCTO_HOME` nor `HOME` is set to an absolute path.
    #[error("neither OCTO_HOME nor HOME is an absolute path, so there is no place for Octo's files")]
    NoHome,
    /// It is not ours, or others could have changed it.
    #[error("{}: {problem}", path.display())]
    NotOurs {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// It could not be read or made.
    #[error("{}: {source}", path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A socket's name would be too long.
    #[error("{}: the name of a socket may have {MAX_SOCKET_NAME} bytes, this has {}; choose a shorter OCTO_HOME or XDG_RUNTIME_DIR", path.display(), path.as_os_str().len())]
    TooLong {
        /// The socket.
        path: PathBuf,
    },
}

impl Surroundings {
    /// As this process was started with.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads where things lie")]
    pub fn of_process() -> Self {
        let path = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        Self {
            octo_home: path("OCTO_HOME"),
            home: path("HOME"),
            xdg_config: path("XDG_CONFIG_HOME"),
            xdg_data: path("XDG_DATA_HOME"),
            xdg_state: path("XDG_STATE_HOME"),
            xdg_runtime: path("XDG_RUNTIME_DIR"),
        }
    }
}

impl Paths {
    /// Where things lie in these surroundings. Nothing is made or checked yet.
    ///
    /// # Errors
    /// [`PathError::NoHome`].
    pub fn find(around: &Surroundings) -> Result<Self, PathError> {
        if let Some(home) = &around.octo_home {
            let home = std::path::absolute(home).map_err(|source| PathError::Io { path: home.clone(), source })?;
            return Ok(Self {
                config: home.join("config"),
                data: home.join("data"),
                state: home.join("state"),
                run: home.join("run"),
                system: None,
            });
        }
        let absolute = |path: &Option<PathBuf>| path.clone().filter(|path| path.is_absolute());
        let home = absolute(&around.home);
        let place = |xdg: &Option<PathBuf>, below: &str| {
            absolute(xdg)
                .or_else(|| Some(home.as_ref()?.join(below)))
                .map(|path| path.join("octo"))
                .ok_or(PathError::NoHome)
        };
        let uid = geteuid().as_raw();
        Ok(Self {
            config: place(&around.xdg_config, ".config")?,
            data: place(&around.xdg_data, ".local/share")?,
            state: place(&around.xdg_state, ".local/state")?,
            run: absolute(&around.xdg_runtime)
                .filter(|path| path.is_dir())
                .map_or_else(|| PathBuf::from(format!("/tmp/octo-{uid}")), |path| path.join("octo")),
            system: Some(PathBuf::from("/etc/octo")),
        })
    }

    /// Makes the folders that are not there, and refuses those that are not safely ours.
    ///
    /// # Errors
    /// Where one is a link, another user's, or lies where others could have put it.
    pub fn prepare(&self) -> Result<(), PathError> {
        for folder in [&self.config, &self.data, &self.state, &self.run] {
            own_folder(folder)?;
        }
        for socket in [self.octod_socket(), self.runner_socket(), self.hstry_socket()] {
            if socket.as_os_str().len() > MAX_SOCKET_NAME {
                return Err(PathError::TooLong { path: socket });
            }
        }
        Ok(())
    }

    /// Where clients reach octod.
    #[must_use]
    pub fn octod_socket(&self) -> PathBuf {
        self.run.join("octod.sock")
    }

    /// Where octod reaches the user's runner.
    #[must_use]
    pub fn runner_socket(&self) -> PathBuf {
        self.run.join("octo-runner.sock")
    }

    /// Where other programs of the user reach the history.
    #[must_use]
    pub fn hstry_socket(&self) -> PathBuf {
        self.run.join("hstry.sock")
    }

    /// The bearer token of the WebSocket, new at every start of octod.
    #[must_use]
    pub fn token_file(&self) -> PathBuf {
        self.run.join("token")
    }

    /// The history's database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.data.join("hstry.db")
    }

    /// The folder of all processes.
    #[must_use]
    pub fn processes(&self) -> PathBuf {
        self.state.join("processes")
    }
}

/// Makes a folder of ours with mode 0700, or checks the one that is there: ours, no link, 0700, below parents that only
/// root or we can change, or that are sticky.
///
/// # Errors
/// Where it is not, or cannot be made so.
pub fn own_folder(path: &Path) -> Result<(), PathError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| PathError::Io { path, source }
    };
    let not_ours =
        |path: &Path, problem: &str| PathError::NotOurs { path: path.to_owned(), problem: problem.to_owned() };
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        if !parent.exists() {
            own_folder(parent)?;
        }
        check_parents(parent)?;
    }
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(io(path)(error)),
    }
    let found = fs::symlink_metadata(path).map_err(io(path))?;
    if found.is_symlink() {
        return Err(not_ours(path, "is a link; Octo's folders must be folders (remove the link, or set OCTO_HOME)"));
    }
    if !found.is_dir() {
        return Err(not_ours(path, "is not a folder"));
    }
    if found.uid() != geteuid().as_raw() {
        return Err(not_ours(path, &format!("belongs to uid {}, not to us", found.uid())));
    }
    if found.mode() & 0o077 != 0 {
        return Err(not_ours(
            path,
            &format!("is open to others (mode {:o}); chmod 700 it if it is Octo's", found.mode() & 0o777),
        ));
    }
    Ok(())
}

fn check_parents(path: &Path) -> Result<(), PathError> {
    // Links above are followed on purpose: /home may be one, and its target is checked like any other parent.
    let path = path.canonicalize().map_err(|source| PathError::Io { path: path.to_owned(), source })?;
    let uid = geteuid().as_raw();
    for parent in path.ancestors() {
        let found = fs::metadata(parent).map_err(|source| PathError::Io { path: parent.to_owned(), source })?;
        let owned = found.uid() == 0 || found.uid() == uid;
        let closed = found.mode() & 0o022 == 0 || found.mode() & 0o1000 != 0;
        // A group of one's own is a habit of Debian's users (umask 002), and no stranger is in it.
        let own_group =
            found.mode() & 0o002 == 0 && found.gid() == rustix::process::getegid().as_raw() && found.uid() == uid;
        if !owned || !(closed || own_group) {
            let problem =
                "can be changed by others, so what lies below cannot be trusted; set OCTO_HOME to a folder of yours";
            return Err(PathError::NotOurs { path: parent.to_owned(), problem: problem.to_owned() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn octo_home_holds_everything() {
        let around =
            Surroundings { octo_home: Some("/x".into()), home: Some("/home/a".into()), ..Surroundings::default() };
        let paths = Paths::find(&around).unwrap();
        assert_eq!(paths.octod_socket(), Path::new("/x/run/octod.sock"));
        assert_eq!(paths.database(), Path::new("/x/data/hstry.db"));
        assert_eq!(paths.system, None);
    }

    #[test]
    fn without_it_the_folders_are_those_of_the_desktop() {
        let around = Surroundings {
            home: Some("/home/a".into()),
            xdg_state: Some("relative".into()),
            ..Surroundings::default()
        };
        let paths = Paths::find(&around).unwrap();
        assert_eq!(paths.config, Path::new("/home/a/.config/octo"));
        assert_eq!(paths.state, Path::new("/home/a/.local/state/octo"));
        assert!(paths.run.starts_with("/tmp"));
        assert!(matches!(Paths::find(&Surroundings::default()), Err(PathError::NoHome)));
    }

    #[test]
    fn a_folder_that_is_not_safely_ours_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let good = dir.path().join("a/b");
        own_folder(&good).unwrap();
        assert_eq!(fs::metadata(&good).unwrap().mode() & 0o777, 0o700);
        own_folder(&good).unwrap();

        symlink(&good, dir.path().join("link")).unwrap();
        assert!(matches!(own_folder(&dir.path().join("link")), Err(PathError::NotOurs { .. })));

        fs::set_permissions(&good, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(matches!(own_folder(&good), Err(PathError::NotOurs { .. })));

        let open = dir.path().join("open");
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(own_folder(&open.join("inside")), Err(PathError::NotOurs { .. })));
    }

    #[test]
    fn a_socket_name_that_would_not_fit_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let around = Surroundings { octo_home: Some(dir.path().join("x".repeat(120))), ..Surroundings::default() };
        assert!(matches!(Paths::find(&around).unwrap().prepare(), Err(PathError::TooLong { .. })));
    }
}
