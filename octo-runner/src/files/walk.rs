//! A walk through a workspace, which reads a directory only when it comes to it.

use std::sync::Arc;

use octo_proto::{Error, files::Shown};
use rustix::fs::{AtFlags, Dir, FileType, statat};

use super::{
    ignored::Rules,
    problem,
    root::{Root, join},
};

/// What a walk comes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where it is in the workspace.
    pub path: Vec<u8>,
    /// What it is; links are not followed.
    pub kind: FileType,
}

/// A walk: each directory before what it holds, directories first, by name.
#[derive(Debug)]
pub struct Walk<'a> {
    root: &'a Root,
    shown: Shown,
    depth: usize,
    /// The directories that it is in, each with what is still to come there.
    stack: Vec<Level>,
    /// The directory that it came by last, which is read next.
    next: Option<Vec<u8>>,
    /// Directories that were read.
    pub directories_read: u64,
}

#[derive(Debug)]
struct Level {
    rules: Arc<Rules>,
    /// The last one comes first.
    entries: Vec<Step>,
}

impl<'a> Walk<'a> {
    /// A walk below a directory, so many levels deep.
    ///
    /// # Errors
    /// Where there is no such directory.
    pub fn new(root: &'a Root, path: &[u8], depth: usize, shown: Shown) -> Result<Self, Error> {
        let mut walk = Self { root, shown, depth, stack: Vec::new(), next: None, directories_read: 0 };
        walk.enter(path, Rules::below(root, path))?;
        Ok(walk)
    }

    /// Reads a directory, whose rules these are.
    fn enter(&mut self, path: &[u8], rules: Arc<Rules>) -> Result<(), Error> {
        let mut entries = Vec::new();
        let directory = self.root.directory(path)?;
        self.directories_read += 1;
        for found in Dir::read_from(&directory).map_err(|errno| problem::at(path, errno))? {
            let found = found.map_err(|errno| problem::at(path, errno))?;
            let name = found.file_name().to_bytes();
            if matches!(name, b"." | b"..") || (name.starts_with(b".") && !self.shown.hidden) {
                continue;
            }
            let kind = match found.file_type() {
                // Not every file system tells.
                FileType::Unknown => statat(&directory, name, AtFlags::SYMLINK_NOFOLLOW)
                    .map_or(FileType::Unknown, |stat| FileType::from_raw_mode(stat.st_mode)),
                kind => kind,
            };
            let path = join(path, name);
            if self.shown.ignored || !rules.ignores(&path, kind == FileType::Directory) {
                entries.push(Step { path, kind });
            }
        }
        entries.sort_unstable_by(|a, b| {
            let files_last = (a.kind != FileType::Directory).cmp(&(b.kind != FileType::Directory));
            files_last.then_with(|| a.path.cmp(&b.path)).reverse()
        });
        self.stack.push(Level { rules, entries });
        Ok(())
    }
}

impl Iterator for Walk<'_> {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        if let Some(path) = self.next.take()
            && let Some(level) = self.stack.last()
        {
            let rules = Arc::clone(&level.rules);
            let rules = if self.shown.ignored { rules } else { rules.with(self.root, &path) };
            // One that is gone by now, or may not be read, is as good as empty.
            drop(self.enter(&path, rules));
        }
        loop {
            match self.stack.last_mut()?.entries.pop() {
                Some(step) => {
                    if step.kind == FileType::Directory && self.stack.len() < self.depth {
                        self.next = Some(step.path.clone());
                    }
                    return Some(step);
                }
                None => {
                    self.stack.pop();
                }
            }
        }
    }
}
