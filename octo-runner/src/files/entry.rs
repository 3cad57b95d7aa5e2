//! What is told of a directory entry: its kind, size, time and version.

use octo_proto::{
    Error,
    files::{self, EntryKind, FileEntry, name},
};
use rustix::fs::{FileType, Stat};

use super::root::Root;

/// What an entry is.
#[must_use]
pub fn kind(file_type: FileType) -> EntryKind {
    match file_type {
        FileType::RegularFile => EntryKind::File,
        FileType::Directory => EntryKind::Directory,
        FileType::Symlink => EntryKind::Link,
        FileType::Fifo | FileType::Socket | FileType::CharacterDevice | FileType::BlockDevice | FileType::Unknown => {
            EntryKind::Other
        }
    }
}

/// The version of what was looked at: another one after each change.
#[must_use]
pub fn version(stat: &Stat) -> String {
    let nanoseconds = |seconds: i64, rest| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
    let modified = nanoseconds(stat.st_mtime, stat.st_mtime_nsec);
    // A program can set the time of the content back, the one of the entry not.
    let changed = nanoseconds(stat.st_ctime, stat.st_ctime_nsec);
    format!("{modified}.{changed}.{}.{}", stat.st_size, stat.st_ino)
}

/// An entry that was looked at.
#[must_use]
pub fn entry(path: &[u8], stat: &Stat) -> FileEntry {
    let kind = kind(FileType::from_raw_mode(stat.st_mode));
    FileEntry {
        path: name::escape(path),
        kind,
        size: (kind == EntryKind::File).then_some(stat.st_size.cast_unsigned()),
        modified: Some(stat.st_mtime.saturating_mul(1000).saturating_add(milliseconds(stat))),
    }
}

fn milliseconds(stat: &Stat) -> i64 {
    i64::try_from(stat.st_mtime_nsec / 1_000_000).unwrap_or(0)
}

/// One entry, looked at closely.
///
/// # Errors
/// Where there is none.
pub fn stat(root: &Root, path: &[u8]) -> Result<files::Stat, Error> {
    let found = root.stat(path)?;
    let entry = entry(path, &found);
    let target = if entry.kind == EntryKind::Link { Some(name::escape(&root.link_target(path)?)) } else { None };
    Ok(files::Stat { entry, version: version(&found), mode: found.st_mode & 0o7777, target })
}
