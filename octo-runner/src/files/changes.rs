//! What was changed in a workspace: as git knows it, or as the session's tool calls did it.

mod apply;
mod diffs;
mod hunk;
mod session;
mod status;

use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

use octo_proto::{
    Error,
    files::{ChangeKind, Changes, ChangesSource, FileChange, name},
};

pub use apply::{Undo, Wanted, apply};
use diffs::{Diffs, Side};
pub use session::Edits;
use status::Status;

use super::{git::Git, read, root::Root};

/// Files of a page where nobody says how many, and the most.
const MOST: u64 = 500;

/// The most bytes of a page, so that it fits a frame.
const LARGEST: usize = 192 * 1024;

/// The longest diff that is given whole, in bytes.
const LONGEST: usize = 64 * 1024;

/// Of a submodule, which commit it is at is a change; what is changed in it is a question to another repository.
const NOT_IN_SUBMODULES: &str = "--ignore-submodules=dirty";

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Only below this.
    pub path: Vec<u8>,
    /// With the diffs.
    pub diff: bool,
    /// Files to skip.
    pub offset: u64,
    /// At most this many.
    pub limit: Option<u64>,
}

/// The changes as git knows them. None: the workspace is in no work tree.
///
/// # Errors
/// Where git cannot say.
pub async fn of_git(root: &Root, env: Vec<(String, String)>, asked: &Asked) -> Result<Option<Changes>, Error> {
    let Some(git) = Git::within(root, env).await? else { return Ok(None) };
    let within: &[u8] = if asked.path.is_empty() { b"." } else { &asked.path };
    let status = status(&git, OsStr::from_bytes(within)).await?;
    let mut page = Page::new(ChangesSource::Git, asked);
    page.changes.branch = status.branch;
    let mut diffs = Diffs::new(&git, &status.files[..page.end(status.files.len())]);
    for (at, changed) in status.files.iter().enumerate() {
        if !page.wants() {
            continue;
        }
        let mut file = changed.file.clone();
        // One that has no place any more only says that there are more.
        if asked.diff && !page.is_complete() {
            if file.unstaged == Some(ChangeKind::Untracked) {
                file.unstaged_diff = Some(new_file(root, &changed.path));
            } else {
                if file.staged.is_some() {
                    file.staged_diff = Some(text(&diffs.take(Side::Staged, at).await?));
                }
                if file.unstaged.is_some() {
                    file.unstaged_diff = Some(text(&diffs.take(Side::Unstaged, at).await?));
                }
            }
        }
        page.add(file);
        if page.full {
            break;
        }
    }
    Ok(Some(page.changes))
}

async fn status(git: &Git<'_>, within: &OsStr) -> Result<Status, Error> {
    let args = ["status", "--porcelain=v2", "-z", "--branch", "--untracked-files=all"];
    let args = [args.as_slice(), &[NOT_IN_SUBMODULES, "--"]].concat();
    let args: Vec<_> = args.iter().map(OsStr::new).chain([within]).collect();
    let printed = git.print(&args).await?;
    Ok(status::read(&printed, &git.prefix))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The diff of a file that git does not know.
fn new_file(root: &Root, path: &[u8]) -> String {
    let shown = name::escape(path);
    let head = format!("diff --git a/{shown} b/{shown}\nnew file mode 100644\n");
    let Ok((piece, bytes)) = read::piece(root, path, (0, None), None) else { return head };
    if piece.binary {
        return format!("{head}Binary files /dev/null and b/{shown} differ\n");
    }
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<_> = text.lines().collect();
    if lines.is_empty() {
        return head;
    }
    let mut diff = format!("{head}--- /dev/null\n+++ b/{shown}\n@@ -0,0 +1,{} @@\n", lines.len());
    for line in lines {
        diff.push('+');
        diff.push_str(line);
        diff.push('\n');
    }
    if !text.ends_with('\n') {
        diff.push_str("\\ No newline at end of file\n");
    }
    diff
}

/// A page of changes that fits a frame.
struct Page {
    changes: Changes,
    skip: u64,
    offset: u64,
    limit: u64,
    room: usize,
    /// Nothing more can be added.
    full: bool,
}

impl Page {
    fn new(source: ChangesSource, asked: &Asked) -> Self {
        let limit = asked.limit.unwrap_or(MOST).clamp(1, MOST);
        let changes = Changes { source, ..Changes::default() };
        Self { changes, skip: asked.offset, offset: asked.offset, limit, room: LARGEST, full: false }
    }

    /// Whether the next file is on this page: those before it are skipped.
    fn wants(&mut self) -> bool {
        let skipped = self.skip > 0;
        self.skip = self.skip.saturating_sub(1);
        !skipped
    }

    /// Of so many files, the place behind the last that it may have.
    fn end(&self, count: usize) -> usize {
        usize::try_from(self.offset.saturating_add(self.limit)).map_or(count, |end| end.min(count))
    }

    /// Whether it has as many files as were asked for.
    fn is_complete(&self) -> bool {
        self.changes.files.len() as u64 == self.limit
    }

    fn add(&mut self, mut file: FileChange) {
        for diff in [&mut file.staged_diff, &mut file.unstaged_diff].into_iter().flatten() {
            file.cut |= cut(diff);
        }
        let taken = self.changes.files.len() as u64;
        let size = serde_json::to_vec(&file).map_or(0, |json| json.len());
        if self.is_complete() || (size > self.room && taken > 0) {
            self.changes.next = Some(self.offset + taken);
            self.full = true;
            return;
        }
        if size > self.room {
            // Control characters take six times their room.
            for diff in [&mut file.staged_diff, &mut file.unstaged_diff].into_iter().flatten() {
                diff.truncate(diff.floor_char_boundary(LARGEST / 16));
            }
            file.cut = true;
        }
        self.room = self.room.saturating_sub(size);
        self.changes.files.push(file);
    }
}

/// Cuts a diff behind the last line that fits. True: it was too long.
fn cut(diff: &mut String) -> bool {
    if diff.len() <= LONGEST {
        return false;
    }
    let end = diff.floor_char_boundary(LONGEST);
    diff.truncate(diff[..end].rfind('\n').map_or(end, |line| line + 1));
    true
}
