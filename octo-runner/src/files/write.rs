//! Files that are replaced as a whole: who looks sees the old one or the new one, also after a loss of power.

use std::{
    fs::File,
    io::{self, Write},
    os::fd::{AsFd, OwnedFd},
    sync::{Mutex, MutexGuard, PoisonError},
};

use octo_proto::{
    Code, Error,
    files::{ABSENT, Written},
};
use rustix::{
    fs::{
        AtFlags, CWD, Mode, OFlags, RenameFlags, Stat, fchmod, fchown, fstat, fsync, linkat, openat, renameat_with,
        unlinkat,
    },
    io::Errno,
    process::{Gid, Uid},
};
use ulid::Ulid;

use super::{
    dress::dress,
    entry, problem, read,
    root::{self, Place, Root},
};

/// Held from the look at the version to the rename, so that of two writers who know the same version one is refused.
static REPLACING: Mutex<()> = Mutex::new(());

/// Nobody else here replaces or deletes a file meanwhile.
pub(super) fn replacing() -> MutexGuard<'static, ()> {
    REPLACING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How a file that is being written is open.
const OPEN: OFlags = OFlags::RDWR.union(OFlags::CLOEXEC);

/// The mode of a new file, less what the user's mask takes away.
const NEW: u32 = 0o666;

/// What the names of files begin with that are being written.
const BEFORE: &str = ".octo-";

/// What they end with.
const BEHIND: &str = ".tmp";

/// Whether a name is that of a file that is being written here, and no news for anybody.
pub(super) fn is_temporary(name: &[u8]) -> bool {
    let ulid = name.strip_prefix(BEFORE.as_bytes()).and_then(|rest| rest.strip_suffix(BEHIND.as_bytes()));
    ulid.is_some_and(|ulid| ulid.len() == ulid::ULID_LEN)
}

/// What may be in the place of a file that is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Whatever is there.
    Anything,
    /// Nothing.
    Nothing,
    /// Some file.
    Something,
    /// This version of it.
    Version(String),
}

impl Expected {
    /// What a request's `if_version` says.
    #[must_use]
    pub fn from_version(if_version: Option<String>) -> Self {
        match if_version {
            None => Self::Anything,
            Some(version) if version == ABSENT => Self::Nothing,
            Some(version) => Self::Version(version),
        }
    }

    /// That this is what there is.
    pub(super) fn check(&self, place: &Place, there: Option<&Stat>) -> Result<(), Error> {
        match (self, there) {
            (Self::Anything, _) | (Self::Nothing, None) | (Self::Something, Some(_)) => Ok(()),
            (Self::Version(version), Some(stat)) if *version == entry::version(stat) => Ok(()),
            (Self::Nothing, Some(_)) => Err(place.problem(Errno::EXIST)),
            (Self::Something, None) => {
                Err(Error::new(Code::Conflict, format!("there is no `{}` any more", Place::shown(&place.path))))
            }
            (Self::Version(_), _) => Err(read::changed(&place.path)),
        }
    }
}

/// What a file is that is new in its place; where one was, it is as that one.
#[derive(Clone, Copy, Debug)]
pub(super) enum Like<'a> {
    /// As any new file of the user.
    New,
    /// The same, and who may read it may run it.
    Program,
    /// As this one.
    Of(&'a File),
}

/// A file that is being written, unseen until it takes its place.
#[derive(Debug)]
pub struct Replacement {
    place: Place,
    file: File,
    /// The mode of a new one.
    mode: u32,
    /// The name that it has meanwhile, where it needs one.
    name: Option<String>,
}

impl Replacement {
    /// Begins to write a file at this path.
    ///
    /// # Errors
    /// Where it cannot be written there.
    pub fn begin(root: &Root, path: &[u8]) -> Result<Self, Error> {
        Self::at(root.target(path)?)
    }

    /// Begins to write a file in this place.
    pub(super) fn at(place: Place) -> Result<Self, Error> {
        if let Some(stat) = place.stat()? {
            root::check_file(&place.path, &stat)?;
        }
        match openat(&place.dir, ".", OPEN | OFlags::TMPFILE, Mode::from_raw_mode(NEW)) {
            Ok(file) => {
                let mut begun = Self { place, file: file.into(), mode: NEW, name: None };
                begun.mode = begun.stat()?.st_mode;
                Ok(begun)
            }
            // Not every file system has files without a name.
            Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL | Errno::NOENT) => Self::named(place),
            Err(errno) => Err(place.problem(errno)),
        }
    }

    /// The same, with a name beside the one that it is for.
    fn named(place: Place) -> Result<Self, Error> {
        let name = Self::draw();
        let flags = OPEN | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
        let file = openat(&place.dir, &name, flags, Mode::from_raw_mode(NEW)).map_err(|errno| place.problem(errno))?;
        let mut begun = Self { place, file: file.into(), mode: NEW, name: Some(name) };
        begun.mode = begun.stat()?.st_mode;
        // It is nobody else's to read until it is known who may.
        fchmod(&begun.file, Mode::RUSR | Mode::WUSR).map_err(|errno| begun.place.problem(errno))?;
        Ok(begun)
    }

    fn stat(&self) -> Result<Stat, Error> {
        fstat(&self.file).map_err(|errno| self.place.problem(errno))
    }

    fn draw() -> String {
        format!("{BEFORE}{}{BEHIND}", Ulid::new())
    }

    /// The path that it is written for.
    #[must_use]
    pub fn path(&self) -> &[u8] {
        &self.place.path
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// As where no space is left.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file.write_all(bytes).map_err(|error| problem::io(&self.place.path, &error))
    }

    /// Appends all of another file.
    pub(super) fn append_file(&mut self, mut from: &File) -> Result<(), Error> {
        io::copy(&mut from, &mut self.file).map_err(|error| problem::io(&self.place.path, &error))?;
        Ok(())
    }

    /// Puts it into its place.
    ///
    /// # Errors
    /// `conflict` where something else is there than expected. Nothing is changed then.
    pub fn commit(self, expected: &Expected) -> Result<Written, Error> {
        self.commit_like(expected, Like::New)
    }

    /// The same, where it is said what a new file is like.
    pub(super) fn commit_like(mut self, expected: &Expected, like: Like<'_>) -> Result<Written, Error> {
        fsync(&self.file).map_err(|errno| self.place.problem(errno))?;
        let stat = {
            let _replacing = replacing();
            let old = self.place.hold()?;
            self.check(expected, old.as_ref().map(|(_, stat)| stat))?;
            match &old {
                Some((fd, stat)) => self.take_after(fd, stat)?,
                None => self.begin_as(like)?,
            }
            self.take_place(old.is_none() || *expected == Expected::Nothing)?;
            self.stat()?
        };
        sync_directory(&self.place)?;
        Ok(Written { size: stat.st_size.cast_unsigned(), version: Some(entry::version(&stat)) })
    }

    fn check(&self, expected: &Expected, old: Option<&Stat>) -> Result<(), Error> {
        if let Some(old) = old {
            root::check_file(&self.place.path, old)?;
        }
        expected.check(&self.place, old)
    }

    /// Owner, mode and all else of the file whose place it takes. What runs as somebody else does so no more: the content
    /// is new.
    fn take_after(&self, old: &OwnedFd, stat: &Stat) -> Result<(), Error> {
        let own = self.stat()?;
        if (own.st_uid, own.st_gid) != (stat.st_uid, stat.st_gid) {
            let (uid, gid) = (Uid::from_raw(stat.st_uid), Gid::from_raw(stat.st_gid));
            fchown(&self.file, Some(uid), Some(gid)).map_err(|errno| {
                self.place.problem(errno).hint("it is somebody else's, and would be yours if it was replaced")
            })?;
        }
        dress(self.file.as_fd(), old.as_fd(), stat.st_mode & 0o777).map_err(|errno| self.undressed(errno))
    }

    fn begin_as(&self, like: Like<'_>) -> Result<(), Error> {
        let mode = match like {
            Like::New => self.mode,
            Like::Program => self.mode | (self.mode & 0o444) >> 2,
            Like::Of(file) => {
                let mode = fstat(file).map_err(|errno| self.place.problem(errno))?.st_mode;
                return dress(self.file.as_fd(), file.as_fd(), mode & 0o777).map_err(|errno| self.undressed(errno));
            }
        };
        fchmod(&self.file, Mode::from_raw_mode(mode & 0o777)).map_err(|errno| self.place.problem(errno))
    }

    fn undressed(&self, errno: Errno) -> Error {
        self.place.problem(errno).hint("its access list and attributes could not be kept, so nothing was changed")
    }

    fn take_place(&mut self, new: bool) -> Result<(), Error> {
        let name = match self.name.take() {
            Some(name) => name,
            None => {
                let name = Self::draw();
                let own = root::link_of(self.file.as_fd());
                linkat(CWD, own, &self.place.dir, &name, AtFlags::SYMLINK_FOLLOW)
                    .map_err(|errno| self.place.problem(errno))?;
                name
            }
        };
        let flags = if new { RenameFlags::NOREPLACE } else { RenameFlags::empty() };
        let (from, to) = (&self.place.dir, self.place.name.as_slice());
        renameat_with(from, &name, from, to, flags).map_err(|errno| {
            // It is deleted with what was begun.
            self.name = Some(name);
            self.place.problem(errno)
        })
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if let Some(name) = &self.name
            && let Err(error) = unlinkat(&self.place.dir, name, AtFlags::empty())
        {
            tracing::warn!(%error, name, "a file that was not written to its end stays behind");
        }
    }
}

/// Makes sure that the names in a place's directory outlast a loss of power.
pub(super) fn sync_directory(place: &Place) -> Result<(), Error> {
    match root::reopen(&place.dir, OFlags::RDONLY | OFlags::DIRECTORY) {
        Ok(dir) => match fsync(dir) {
            // Not every file system can.
            Ok(()) | Err(Errno::INVAL) => Ok(()),
            Err(errno) => Err(place.problem(errno)),
        },
        // One that may be written and not read cannot be synced.
        Err(Errno::ACCESS) => Ok(()),
        Err(errno) => Err(place.problem(errno)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_system_without_nameless_files_is_no_hindrance() {
        let dir = tempfile::tempdir().unwrap();
        let names =
            || std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
        let root = Root::open(dir.path()).unwrap();
        let begin = || Replacement::named(root.target(b"file").unwrap()).unwrap();
        let mut first = begin();
        first.append(b"one").unwrap();
        assert!(names().iter().all(|name| is_temporary(name.as_encoded_bytes())));
        first.commit(&Expected::Nothing).unwrap();
        drop(begin());
        let refused = begin();
        assert!(refused.commit(&Expected::Nothing).is_err());
        assert_eq!((names(), std::fs::read(dir.path().join("file")).unwrap()), (vec!["file".into()], b"one".to_vec()));
    }

    #[test]
    fn only_our_own_names_are_no_news() {
        assert!(is_temporary(Replacement::draw().as_bytes()));
        for name in ["a.tmp", ".octo-.tmp", ".octo-notes.tmp", ""] {
            assert!(!is_temporary(name.as_bytes()), "{name}");
        }
    }
}
