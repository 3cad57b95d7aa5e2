//! What changes the names in a workspace: directories made, entries moved, copied and deleted.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use octo_proto::{Code, Error, files};
use rustix::{
    fs::{
        AtFlags, Dir, FileType, Mode, OFlags, RenameFlags, fstat, mkdirat, openat, renameat_with, symlinkat, unlinkat,
    },
    io::Errno,
};

use super::{
    dress::dress,
    entry, problem,
    root::{self, Place, Root, join},
    write::{Expected, Like, Replacement, replacing, sync_directory},
};

/// Directories within each other that are deleted, each of which takes a descriptor.
const DEEPEST: usize = 256;

/// The most entries that one request copies.
const MOST: usize = 100_000;

/// Of the mode of a directory, what its copy has too.
const KEPT: u32 = 0o3777;

/// Makes a directory.
///
/// # Errors
/// Where it cannot be made; `conflict` where it is there, unless `parents`.
pub fn make_directory(root: &Root, path: &[u8], parents: bool) -> Result<files::Stat, Error> {
    let slashes = path.iter().enumerate().filter(|(at, byte)| *at > 0 && parents && **byte == b'/');
    let ends: Vec<usize> = slashes.map(|(at, _)| at).chain([path.len()]).collect();
    for end in ends {
        let place = match root.place(&path[..end]) {
            // `a/./b` and `a//b` name some directories twice.
            Err(error) if parents && error.code == Code::BadRequest && root.directory(&path[..end]).is_ok() => continue,
            place => place?,
        };
        match mkdirat(&place.dir, place.name.as_slice(), Mode::from_raw_mode(0o777)) {
            Ok(()) => sync_directory(&place)?,
            Err(Errno::EXIST) if parents => drop(root.directory(&path[..end])?),
            Err(errno) => return Err(place.problem(errno)),
        }
    }
    entry::stat(root, path)
}

/// Moves an entry.
///
/// # Errors
/// Where it cannot be moved; `conflict` where something is there, unless `replace`.
pub fn rename(root: &Root, path: &[u8], to: &[u8], replace: bool) -> Result<files::Stat, Error> {
    let (from, new) = (root.place(path)?, root.place(to)?);
    if from.stat()?.is_none() {
        return Err(from.problem(Errno::NOENT));
    }
    let flags = if replace { RenameFlags::empty() } else { RenameFlags::NOREPLACE };
    renameat_with(&from.dir, from.name.as_slice(), &new.dir, new.name.as_slice(), flags).map_err(
        |errno| match errno {
            Errno::INVAL => Error::bad_request(format!("`{}` cannot be moved into itself", Place::shown(path))),
            Errno::XDEV => Error::new(Code::Unsupported, "this would move it to another file system")
                .hint("copy it, then delete it"),
            Errno::NOTEMPTY => {
                let shown = Place::shown(to);
                Error::new(Code::Conflict, format!("the directory `{shown}` is not empty")).hint("delete it first")
            }
            errno => new.problem(errno),
        },
    )?;
    sync_directory(&new)?;
    sync_directory(&from)?;
    entry::stat(root, to)
}

/// Copies a file, or a directory with all in it, to where nothing is.
///
/// # Errors
/// Where it cannot be copied; `conflict` where something is there. Nothing is left of a copy that failed.
pub fn copy(root: &Root, path: &[u8], to: &[u8]) -> Result<files::Stat, Error> {
    let stat = root.stat(path)?;
    if root.place(to)?.stat()?.is_some() {
        return Err(problem::at(to, Errno::EXIST));
    }
    // All that is to be copied is known before the first copy, so that a copy into itself ends.
    let mut listed = vec![(Vec::new(), FileType::from_raw_mode(stat.st_mode))];
    let mut at = 0;
    while let Some((below, kind)) = listed.get(at).cloned() {
        if kind == FileType::Directory {
            list_into(root, path, &below, &mut listed)?;
        } else if kind != FileType::Symlink {
            let from = beneath(path, &below);
            root::check_file(&from, &root.stat(&from)?)?;
        }
        at += 1;
    }
    copy_one(root, listed[0].1, path, to)?;
    // From here on, what is there is ours.
    if let Err(error) = copy_below(root, &listed, (path, to)) {
        return Err(match delete(root, to, true) {
            Ok(()) => error,
            Err(_) => error.hint(format!("a part of the copy is left: delete `{}`", Place::shown(to))),
        });
    }
    entry::stat(root, to)
}

/// All but the first, and then the directories as they are to be, the deepest first: until then they are nobody else's.
fn copy_below(root: &Root, listed: &[(Vec<u8>, FileType)], (path, to): (&[u8], &[u8])) -> Result<(), Error> {
    for (below, kind) in &listed[1..] {
        copy_one(root, *kind, &beneath(path, below), &beneath(to, below))?;
    }
    for (below, _) in listed.iter().rev().filter(|(_, kind)| *kind == FileType::Directory) {
        let (from, place) = (root.directory(&beneath(path, below))?, root.place(&beneath(to, below))?);
        let refuse = |errno| place.problem(errno);
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let made = openat(&place.dir, place.name.as_slice(), flags, Mode::empty()).map_err(refuse)?;
        let mode = fstat(&from).map_err(refuse)?.st_mode & KEPT;
        dress(made.as_fd(), from.as_fd(), mode).map_err(refuse)?;
    }
    Ok(())
}

fn beneath(path: &[u8], below: &[u8]) -> Vec<u8> {
    if below.is_empty() { path.to_vec() } else { join(path, below) }
}

fn list_into(root: &Root, path: &[u8], below: &[u8], listed: &mut Vec<(Vec<u8>, FileType)>) -> Result<(), Error> {
    let directory = beneath(path, below);
    for found in root.entries(&directory)? {
        let found = found.map_err(|errno| problem::at(&directory, errno))?;
        let name = found.file_name().to_bytes();
        if matches!(name, b"." | b"..") {
            continue;
        }
        let kind = match found.file_type() {
            FileType::Unknown => FileType::from_raw_mode(root.stat(&join(&directory, name))?.st_mode),
            kind => kind,
        };
        if listed.len() >= MOST {
            return Err(
                Error::new(Code::TooLarge, format!("a copy may have {MOST} entries")).hint("use `cp -a` in a terminal")
            );
        }
        listed.push((join(below, name), kind));
    }
    Ok(())
}

fn copy_one(root: &Root, kind: FileType, from: &[u8], to: &[u8]) -> Result<(), Error> {
    match kind {
        FileType::Directory => {
            let place = root.place(to)?;
            mkdirat(&place.dir, place.name.as_slice(), Mode::RWXU).map_err(|errno| place.problem(errno))
        }
        FileType::Symlink => {
            let place = root.place(to)?;
            symlinkat(root.link_target(from)?.as_slice(), &place.dir, place.name.as_slice())
                .map_err(|errno| place.problem(errno))
        }
        // What turns out to be no file is refused there.
        FileType::RegularFile
        | FileType::Fifo
        | FileType::Socket
        | FileType::CharacterDevice
        | FileType::BlockDevice
        | FileType::Unknown => {
            let (file, _) = root.file(from)?;
            let mut copy = Replacement::at(root.place(to)?)?;
            copy.append_file(&file)?;
            copy.commit_like(&Expected::Nothing, Like::Of(&file)).map(drop)
        }
    }
}

/// Deletes an entry; a directory with something in it only if `recursive`. Links are deleted, not followed.
///
/// # Errors
/// Where it cannot be deleted. What was deleted until then is gone.
pub fn delete(root: &Root, path: &[u8], recursive: bool) -> Result<(), Error> {
    delete_expected(root, path, recursive, &Expected::Anything)
}

/// The same.
///
/// # Errors
/// The same; `conflict` where something else is there than expected. Nothing is deleted then.
pub fn delete_expected(root: &Root, path: &[u8], recursive: bool, expected: &Expected) -> Result<(), Error> {
    let place = root.place(path)?;
    let refuse = |errno| place.problem(errno);
    let replacing = replacing();
    let stat = place.stat()?;
    expected.check(&place, stat.as_ref())?;
    let stat = stat.ok_or_else(|| refuse(Errno::NOENT))?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
        unlinkat(&place.dir, place.name.as_slice(), AtFlags::empty()).map_err(refuse)?;
    } else if recursive {
        // That may take long, and a directory is not replaced.
        drop(replacing);
        remove_tree(place.dir.as_fd(), &place.name, 0).map_err(|errno| match errno {
            Errno::NAMETOOLONG => Error::new(Code::TooLarge, "directories lie too deep within each other")
                .hint("use `rm -r` in a terminal"),
            errno => refuse(errno),
        })?;
    } else {
        unlinkat(&place.dir, place.name.as_slice(), AtFlags::REMOVEDIR).map_err(refuse)?;
    }
    sync_directory(&place)
}

/// Each step holds the directory that it deletes in, so no link that is put in its place leads elsewhere.
fn remove_tree(above: BorrowedFd<'_>, name: &[u8], depth: usize) -> Result<(), Errno> {
    if depth == DEEPEST {
        return Err(Errno::NAMETOOLONG);
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let directory: OwnedFd = openat(above, name, flags, Mode::empty())?;
    for found in Dir::read_from(&directory)? {
        let found = found?;
        let inner = found.file_name().to_bytes();
        if matches!(inner, b"." | b"..") {
            continue;
        }
        match unlinkat(&directory, inner, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(Errno::ISDIR) => remove_tree(directory.as_fd(), inner, depth + 1)?,
            Err(errno) => return Err(errno),
        }
    }
    unlinkat(above, name, AtFlags::REMOVEDIR)
}
