//! The tree as lines: what is unfolded, flattened, and which of the lines is chosen.

use std::{collections::HashSet, sync::Arc};

use octo_proto::files::{EntryKind, FileEntry};

use super::{
    directories::{Directories, parent},
    marks::Marks,
};

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) depth: u16,
    pub(super) what: What,
}

/// What a line shows. Entries are looked up, since there may be many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// An entry of a directory.
    Entry(Arc<str>, usize),
    /// A file that was here.
    Gone(String),
    /// There is more in this directory.
    More(Arc<str>),
    /// This directory is being read.
    Waiting,
    /// There is nothing in it.
    Empty,
    /// This directory cannot be read.
    Failed(Arc<str>),
}

impl Row {
    pub(super) fn entry<'a>(&self, directories: &'a Directories) -> Option<&'a FileEntry> {
        match &self.what {
            What::Entry(directory, index) => directories.get(directory)?.1.entries.get(*index),
            What::Gone(_) | What::More(_) | What::Waiting | What::Empty | What::Failed(_) => None,
        }
    }

    /// The path of what it shows, where it shows a file or a directory.
    pub(super) fn path<'a>(&'a self, directories: &'a Directories) -> Option<&'a str> {
        match &self.what {
            What::Gone(path) => Some(path),
            _ => self.entry(directories).map(|entry| entry.path.as_str()),
        }
    }
}

/// All lines.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) all: Vec<Row>,
    /// Which is chosen.
    pub(super) at: usize,
    /// The path of what is chosen, or of what shall be when it is there.
    pub(super) chosen: String,
    /// The first that is seen.
    pub(super) top: usize,
    /// Whether the view goes where the choice is.
    pub(super) follows: bool,
    pub(super) height: usize,
}

impl Rows {
    /// Flattens the tree anew. The choice stays on its path; where that is gone, on its line.
    pub(super) fn rebuild(&mut self, directories: &Directories, marks: &Marks) {
        let offset = self.at.checked_sub(self.top).filter(|offset| *offset < self.height);
        self.all.clear();
        flatten(directories, marks, ("", 0), &mut self.all);
        let found = self.all.iter().position(|row| row.path(directories) == Some(&self.chosen));
        match found {
            Some(at) => {
                self.at = at;
                // What is looked at does not move when something above it comes or goes.
                if let Some(offset) = offset {
                    self.top = at.saturating_sub(offset);
                }
            }
            None => self.at = self.at.min(self.all.len().saturating_sub(1)),
        }
    }

    pub(super) fn get(&self) -> Option<&Row> {
        self.all.get(self.at)
    }

    pub(super) fn choose(&mut self, at: usize, directories: &Directories) {
        self.at = at.min(self.all.len().saturating_sub(1));
        self.follows = true;
        if let Some(path) = self.all.get(self.at).and_then(|row| row.path(directories)) {
            path.clone_into(&mut self.chosen);
        }
    }

    /// The line of the directory that the chosen one is in.
    pub(super) fn above(&self, directories: &Directories) -> Option<usize> {
        let row = self.all.get(self.at)?;
        let parent = row.path(directories).map(parent);
        self.all[..self.at].iter().rposition(|above| {
            above.depth < row.depth && parent.is_none_or(|parent| above.path(directories) == Some(parent))
        })
    }

    /// Scrolls without choosing.
    pub(super) fn scroll(&mut self, by: isize) {
        self.follows = false;
        self.top = self.top.saturating_add_signed(by);
    }

    pub(super) fn arrange(&mut self, height: usize) {
        self.height = height;
        if self.follows {
            self.top = self.top.min(self.at).max((self.at + 1).saturating_sub(height));
        }
        self.top = self.top.min(self.all.len().saturating_sub(height));
    }

    /// Directories whose end is in sight or not far.
    pub(super) fn nearly_seen(&self) -> impl Iterator<Item = &Arc<str>> {
        let far = self.top + self.height * 4;
        self.all.iter().take(far).skip(self.top).filter_map(|row| match &row.what {
            What::More(directory) => Some(directory),
            What::Entry(..) | What::Gone(_) | What::Waiting | What::Empty | What::Failed(_) => None,
        })
    }
}

fn flatten(directories: &Directories, marks: &Marks, (path, depth): (&str, u16), out: &mut Vec<Row>) {
    let Some((path, directory)) = directories.get(path) else { return };
    let mut push = |what| out.push(Row { depth, what });
    if directory.error.is_some() {
        return push(What::Failed(path.clone()));
    }
    if directory.is_new() {
        return push(What::Waiting);
    }
    let mut gone = marks.gone_from(path).filter(|_| !directory.has_more()).peekable();
    if directory.entries.is_empty() && gone.peek().is_none() {
        return push(What::Empty);
    }
    for (index, entry) in directory.entries.iter().enumerate() {
        out.push(Row { depth, what: What::Entry(path.clone(), index) });
        if entry.kind == EntryKind::Directory && directories.is_open(&entry.path) {
            flatten(directories, marks, (&entry.path, depth.saturating_add(1)), out);
        }
    }
    if gone.peek().is_some() {
        // It may have come back since git was asked.
        let there: HashSet<&str> = directory.entries.iter().map(|entry| entry.path.as_str()).collect();
        let gone = gone.filter(|path| !there.contains(path.as_str()));
        out.extend(gone.map(|path| Row { depth, what: What::Gone(path.clone()) }));
    }
    if directory.has_more() {
        out.push(Row { depth, what: What::More(path.clone()) });
    }
}
