//! What `git status --porcelain=v2 -z --branch` prints.

use octo_proto::files::{ChangeKind, FileChange, name};

/// A status.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Status {
    /// The branch, where one is checked out.
    pub(super) branch: Option<String>,
    /// By path.
    pub(super) files: Vec<Changed>,
}

/// A changed file, and its paths as bytes.
#[derive(Debug, PartialEq)]
pub(super) struct Changed {
    pub(super) file: FileChange,
    pub(super) path: Vec<u8>,
    pub(super) from: Option<Vec<u8>>,
}

/// Reads a status; paths are given from the workspace, which is at `prefix` in the work tree.
pub(super) fn read(printed: &[u8], prefix: &[u8]) -> Status {
    let mut status = Status::default();
    let mut records = printed.split(|byte| *byte == 0);
    while let Some(record) = records.next() {
        let (kind, rest) = record.split_at(record.len().min(2));
        let found = match kind {
            b"# " => {
                let branch = rest.strip_prefix(b"branch.head ").filter(|branch| *branch != b"(detached)");
                status.branch = status.branch.or(branch.map(|branch| String::from_utf8_lossy(branch).into_owned()));
                continue;
            }
            b"? " => Some((None, Some(ChangeKind::Untracked), rest, None)),
            b"u " => behind(rest, 9).map(|path| (None, Some(ChangeKind::Unmerged), path, None)),
            b"1 " => behind(rest, 7).map(|path| (change(rest, 0), change(rest, 1), path, None)),
            b"2 " => {
                let from = records.next();
                behind(rest, 8).map(|path| (change(rest, 0), change(rest, 1), path, from))
            }
            _ => None,
        };
        let Some((staged, unstaged, path, from)) = found else { continue };
        let Some(path) = path.strip_prefix(prefix) else { continue };
        let from = from.and_then(|from| from.strip_prefix(prefix)).map(<[u8]>::to_vec);
        let file = FileChange {
            path: name::escape(path),
            from: from.as_deref().map(name::escape),
            staged,
            unstaged,
            staged_diff: None,
            unstaged_diff: None,
            cut: false,
        };
        status.files.push(Changed { file, path: path.to_vec(), from });
    }
    status.files.sort_by(|a, b| a.path.cmp(&b.path));
    status
}

/// What stands behind so many spaces.
fn behind(record: &[u8], spaces: usize) -> Option<&[u8]> {
    record.splitn(spaces + 1, |byte| *byte == b' ').nth(spaces)
}

fn change(record: &[u8], place: usize) -> Option<ChangeKind> {
    match record.get(place)? {
        b'M' => Some(ChangeKind::Modified),
        b'T' => Some(ChangeKind::TypeChanged),
        b'A' => Some(ChangeKind::Added),
        b'D' => Some(ChangeKind::Deleted),
        b'R' => Some(ChangeKind::Renamed),
        b'C' => Some(ChangeKind::Copied),
        b'U' => Some(ChangeKind::Unmerged),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_record_is_read() {
        let printed = b"# branch.oid 1234\0# branch.head main\0\
            1 .M N... 100644 100644 100644 aa bb sub/with space\0\
            2 RM N... 100644 100644 100644 aa bb R100 sub/new\0sub/old\0\
            u UU N... 100644 100644 100644 100644 aa bb cc sub/fight\0\
            ? sub/caf\xe9\0? elsewhere\0! sub/ignored\0";
        let status = read(printed, b"sub/");
        assert_eq!(status.branch.as_deref(), Some("main"));
        let found: Vec<_> = status
            .files
            .iter()
            .map(|changed| (changed.file.path.as_str(), changed.file.staged, changed.file.unstaged))
            .collect();
        assert_eq!(
            found,
            [
                ("caf\\xe9", None, Some(ChangeKind::Untracked)),
                ("fight", None, Some(ChangeKind::Unmerged)),
                ("new", Some(ChangeKind::Renamed), Some(ChangeKind::Modified)),
                ("with space", None, Some(ChangeKind::Modified)),
            ]
        );
        assert_eq!(status.files[2].from.as_deref(), Some(b"old".as_slice()));
        assert_eq!(read(b"# branch.head (detached)\0", b"").branch, None);
        assert_eq!(read(b"", b""), Status::default());
        assert_eq!(read(b"1 M\0u\0? \0", b"x").files, []);
    }
}
