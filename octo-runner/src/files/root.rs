//! A workspace: every path is resolved beneath it by the kernel, whatever others do to its links meanwhile.

use std::{
    fs::File,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
};

use octo_proto::{Code, Error, files::name};
use rustix::{
    fs::{
        AtFlags, CWD, Dir, FileType, Mode, OFlags, ResolveFlags, Stat, fstat, fstatfs, openat, openat2, readlinkat,
        statat,
    },
    io::Errno,
};

use super::problem;

/// How often a resolution is tried while others move directories.
const TRIES: usize = 128;

/// The longest path that the kernel takes, in bytes.
const LONGEST: usize = 4095;

/// As many links as the kernel follows.
const MAX_LINKS: usize = 40;

/// File systems whose files are views of the kernel: reading one may have effects, or never end.
const KERNEL_VIEWS: [i64; 4] = [0x9fa0, 0x6265_6572, 0x6462_6720, 0x7472_6163];

/// The directory that all paths of a request are beneath.
#[derive(Debug)]
pub struct Root {
    path: PathBuf,
    dir: OwnedFd,
}

/// Where a directory entry is or will be: its directory, held open, and its name there.
#[derive(Debug)]
pub struct Place {
    /// The directory.
    pub(super) dir: OwnedFd,
    /// The name, without a slash, not `.` and not `..`.
    pub(super) name: Vec<u8>,
    /// Where that is, for messages.
    pub(super) path: Vec<u8>,
}

/// A path of a request: bytes, relative to the workspace.
///
/// # Errors
/// `bad_request` where the text stands for no path.
pub fn parse(text: &str) -> Result<Vec<u8>, Error> {
    let path = name::unescape(text).map_err(|error| {
        Error::bad_request(format!("{text:.64?} is no path: {error}"))
            .hint("docs/PROTOCOL.md says how names are written")
    })?;
    // Before the first of many directories is made.
    if path.len() > LONGEST { Err(problem::at(&path, Errno::NAMETOOLONG)) } else { Ok(path) }
}

/// The path of an entry of a directory.
#[must_use]
pub fn join(directory: &[u8], name: &[u8]) -> Vec<u8> {
    if directory.is_empty() { name.to_vec() } else { [directory, b"/", name].concat() }
}

impl Root {
    /// The workspace at an absolute path.
    ///
    /// # Errors
    /// Where there is no such directory, or this kernel cannot hold paths beneath it.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let shown = path.display();
        if !path.is_absolute() {
            return Err(Error::bad_request(format!("the workspace {shown} is no absolute path")));
        }
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = openat(CWD, path, flags, Mode::empty()).map_err(|errno| match errno {
            Errno::NOENT => Error::not_found(format!("the workspace {shown} is not there")),
            Errno::NOTDIR => Error::bad_request(format!("the workspace {shown} is no directory")),
            Errno::ACCESS | Errno::PERM => Error::new(Code::Forbidden, format!("you may not look into {shown}")),
            errno => Error::internal(format!("the workspace {shown}: {errno}")),
        })?;
        if is_kernel_view(&dir)? {
            return Err(Error::new(Code::Unsupported, format!("{shown} holds no files but views of the kernel")));
        }
        let root = Self { path: path.to_owned(), dir };
        // A kernel without openat2 is told at once, not at the first path.
        root.resolve(b"", OFlags::PATH)?;
        Ok(root)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The directory itself.
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.dir.as_fd()
    }

    fn resolve(&self, path: &[u8], flags: OFlags) -> Result<OwnedFd, Error> {
        self.try_resolve(path, flags).map_err(|errno| problem::at(path, errno))
    }

    fn try_resolve(&self, path: &[u8], flags: OFlags) -> Result<OwnedFd, Errno> {
        let beneath = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        let path = if path.is_empty() { b"." } else { path };
        let mut tries = 0;
        loop {
            match openat2(&self.dir, path, flags | OFlags::CLOEXEC, Mode::empty(), beneath) {
                // Somebody moved a directory while the kernel walked through it.
                Err(Errno::AGAIN) if tries < TRIES => tries += 1,
                Err(Errno::INTR) => {}
                result => return result,
            }
        }
    }

    /// A directory, open for reading.
    ///
    /// # Errors
    /// Where it is none, or not within.
    pub fn directory(&self, path: &[u8]) -> Result<OwnedFd, Error> {
        self.resolve(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NONBLOCK)
    }

    /// What a directory holds.
    ///
    /// # Errors
    /// As [`Root::directory`].
    pub fn entries(&self, path: &[u8]) -> Result<Dir, Error> {
        Dir::new(self.directory(path)?).map_err(|errno| problem::at(path, errno))
    }

    /// What is at a path, itself and not what it leads to.
    ///
    /// # Errors
    /// Where there is nothing, or nothing within.
    pub fn stat(&self, path: &[u8]) -> Result<Stat, Error> {
        let fd = self.resolve(path, OFlags::PATH | OFlags::NOFOLLOW)?;
        fstat(fd).map_err(|errno| problem::at(path, errno))
    }

    /// What a link says.
    ///
    /// # Errors
    /// Where there is none.
    pub fn link_target(&self, path: &[u8]) -> Result<Vec<u8>, Error> {
        let fd = self.resolve(path, OFlags::PATH | OFlags::NOFOLLOW)?;
        let target = readlinkat(fd, b"".as_slice(), Vec::new()).map_err(|errno| problem::at(path, errno))?;
        Ok(target.into_bytes())
    }

    /// A regular file, open for reading. It is looked at before it is opened, so that opening has no effect on pipes and
    /// devices, and never waits.
    ///
    /// # Errors
    /// Where it is no file, or not within.
    pub fn file(&self, path: &[u8]) -> Result<(File, Stat), Error> {
        let seen = self.resolve(path, OFlags::PATH)?;
        let refuse = |errno| problem::at(path, errno);
        let stat = fstat(&seen).map_err(refuse)?;
        check_file(path, &stat)?;
        if is_kernel_view(&seen)? {
            return Err(problem::no_file(path, "a view of the kernel"));
        }
        let file = reopen(&seen, OFlags::RDONLY).map_err(refuse)?;
        Ok((File::from(file), stat))
    }

    /// Where something is to be made, replaced, moved or deleted. A link in the last place is not followed.
    ///
    /// # Errors
    /// Where its directory is none, or not within.
    pub fn place(&self, path: &[u8]) -> Result<Place, Error> {
        let trimmed = without_end_slashes(path);
        let (parent, name) = match trimmed.iter().rposition(|byte| *byte == b'/') {
            // Of `/name` the parent is the file system's root, which the kernel refuses.
            Some(0) => (b"/".as_slice(), &trimmed[1..]),
            Some(at) => (&trimmed[..at], &trimmed[at + 1..]),
            None => (b"".as_slice(), trimmed),
        };
        if matches!(name, b"" | b"." | b"..") {
            return Err(Error::bad_request(format!("`{}` names no entry of a directory", Place::shown(path))));
        }
        let dir = self.resolve(parent, OFlags::PATH | OFlags::DIRECTORY).map_err(|error| match error.code {
            Code::NotFound => Error::not_found(format!("there is no directory for `{}`", Place::shown(path)))
                .hint("make it first, with `mkdir` and `parents`"),
            _ => error,
        })?;
        Ok(Place { dir, name: name.to_vec(), path: trimmed.to_vec() })
    }

    /// Where a file is to be written: a link in the last place is followed as long as it stays within.
    ///
    /// # Errors
    /// As [`Root::place`].
    pub fn target(&self, path: &[u8]) -> Result<Place, Error> {
        let mut path = path.to_vec();
        for _ in 0..MAX_LINKS {
            let place = self.place(&path)?;
            match readlinkat(&place.dir, place.name.as_slice(), Vec::new()) {
                Ok(target) if target.as_bytes().starts_with(b"/") => return Err(problem::at(&path, Errno::XDEV)),
                Ok(target) => {
                    let above = place.path.len() - place.name.len();
                    path = [&place.path[..above], target.as_bytes()].concat();
                }
                Err(Errno::INVAL | Errno::NOENT) => return Ok(place),
                Err(errno) => return Err(problem::at(&path, errno)),
            }
        }
        Err(problem::at(&path, Errno::LOOP))
    }
}

impl Place {
    /// A path as messages show it.
    pub(super) fn shown(path: &[u8]) -> String {
        if path.is_empty() { ".".to_owned() } else { name::escape(path) }
    }

    /// What is there now, if anything is.
    pub(super) fn stat(&self) -> Result<Option<Stat>, Error> {
        match statat(&self.dir, self.name.as_slice(), AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(self.problem(errno)),
        }
    }

    /// The same, held so that it stays the one that was looked at.
    pub(super) fn hold(&self) -> Result<Option<(OwnedFd, Stat)>, Error> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match openat(&self.dir, self.name.as_slice(), flags, Mode::empty()).and_then(|fd| Ok((fstat(&fd)?, fd))) {
            Ok((stat, fd)) => Ok(Some((fd, stat))),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(self.problem(errno)),
        }
    }

    /// What was refused here.
    pub(super) fn problem(&self, errno: Errno) -> Error {
        problem::at(&self.path, errno)
    }
}

/// That this is a file, and nothing that must not be opened.
pub(super) fn check_file(path: &[u8], stat: &Stat) -> Result<(), Error> {
    let what = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => return Ok(()),
        FileType::Directory => return Err(problem::at(path, Errno::ISDIR)),
        FileType::Fifo => "a pipe",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        FileType::Symlink => "a link",
        FileType::Unknown => "no file",
    };
    Err(problem::no_file(path, what))
}

/// Opens what a descriptor stands for, whatever its name leads to by now.
pub(super) fn reopen(fd: &OwnedFd, flags: OFlags) -> Result<OwnedFd, Errno> {
    let flags = flags | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    openat(CWD, link_of(fd.as_fd()), flags, Mode::empty())
}

/// The name by which the kernel knows a descriptor.
pub(super) fn link_of(fd: BorrowedFd<'_>) -> String {
    format!("/proc/self/fd/{}", fd.as_raw_fd())
}

fn is_kernel_view(fd: &OwnedFd) -> Result<bool, Error> {
    let found = fstatfs(fd).map_err(|errno| problem::at(b"", errno))?;
    #[expect(clippy::useless_conversion, reason = "the type of f_type differs between machines")]
    Ok(KERNEL_VIEWS.contains(&i64::from(found.f_type)))
}

/// Slashes at the end of a path say nothing.
fn without_end_slashes(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|byte| *byte != b'/').map_or(path.len().min(1), |last| last + 1);
    &path[..end]
}
