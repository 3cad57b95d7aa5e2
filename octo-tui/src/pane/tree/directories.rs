//! The directories that are unfolded: what of each is known, page by page, and what must be asked next.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use octo_proto::{
    Code, Error,
    files::{EntryKind, FileEntry, FilesCommand, Listing, Shown},
};

/// What is known of one directory.
#[derive(Debug, Default)]
pub(super) struct Directory {
    pub(super) entries: Vec<FileEntry>,
    /// Where the next page begins, if there is one.
    next: Option<u64>,
    /// Which page is asked for.
    asked: Option<u64>,
    /// The entries as they are now, while they are read again: they take the place of the old at once.
    fresh: Option<Vec<FileEntry>>,
    /// It was changed while it was read.
    again: bool,
    pub(super) error: Option<Error>,
}

impl Directory {
    /// Whether nothing is known of it yet.
    pub(super) fn is_new(&self) -> bool {
        self.asked.is_some() && self.entries.is_empty()
    }

    pub(super) fn has_more(&self) -> bool {
        self.next.is_some()
    }

    /// Reads it from its beginning: the page to ask for, unless one is on its way.
    fn look(&mut self) -> Option<u64> {
        if self.asked.is_some() {
            self.again = true;
            return None;
        }
        self.fresh = Some(Vec::new());
        self.asked = Some(0);
        self.asked
    }

    fn look_on(&mut self) -> Option<u64> {
        if self.asked.is_none() && self.error.is_none() {
            self.asked = self.next;
            return self.asked;
        }
        None
    }

    /// A page came: the one to ask for next, if the answer asks for one.
    fn take(&mut self, offset: u64, listing: Result<Listing, Error>) -> Option<u64> {
        if self.asked != Some(offset) {
            return None;
        }
        self.asked = None;
        match listing {
            Ok(listing) => {
                self.error = None;
                if let Some(fresh) = &mut self.fresh {
                    fresh.extend(listing.entries);
                    if fresh.len() < self.entries.len() && listing.next.is_some() {
                        self.asked = listing.next;
                        return self.asked;
                    }
                    self.entries = self.fresh.take().unwrap_or_default();
                } else {
                    self.entries.extend(listing.entries);
                }
                self.next = listing.next;
            }
            Err(error) => {
                self.fresh = None;
                // What was lost on the way is asked again with the next connection.
                if error.code != Code::Unavailable || self.entries.is_empty() {
                    self.entries.clear();
                    self.next = None;
                    self.error = Some(error);
                }
            }
        }
        if std::mem::take(&mut self.again) { self.look() } else { None }
    }
}

/// All directories that are on the screen, and which are unfolded wherever they are.
#[derive(Debug, Default)]
pub(super) struct Directories {
    shown: Shown,
    open: BTreeSet<String>,
    read: HashMap<Arc<str>, Directory>,
}

impl Directories {
    pub(super) fn new(hidden: bool, open: Vec<String>) -> Self {
        let shown = Shown { hidden, ignored: hidden };
        Self { shown, open: open.into_iter().filter(|path| !path.is_empty()).collect(), read: HashMap::new() }
    }

    pub(super) fn shown(&self) -> Shown {
        self.shown
    }

    pub(super) fn open(&self) -> impl Iterator<Item = &String> {
        self.open.iter()
    }

    pub(super) fn is_open(&self, path: &str) -> bool {
        path.is_empty() || self.open.contains(path)
    }

    pub(super) fn get(&self, path: &str) -> Option<(&Arc<str>, &Directory)> {
        self.read.get_key_value(path)
    }

    /// All that is on the screen is asked anew; what was asked before will not be answered.
    pub(super) fn begin(&mut self) -> Vec<FilesCommand> {
        self.read.entry(Arc::from("")).or_default();
        for directory in self.read.values_mut() {
            directory.asked = None;
        }
        self.look_at_all()
    }

    /// All that is on the screen is looked at again.
    pub(super) fn look_at_all(&mut self) -> Vec<FilesCommand> {
        let shown = self.shown;
        self.read
            .iter_mut()
            .filter_map(|(path, directory)| directory.look().map(|offset| tree(path, offset, shown)))
            .collect()
    }

    /// These paths were changed: the directories that they are in, as far as they are on the screen, are looked at again.
    pub(super) fn look_around(&mut self, paths: &[String]) -> Vec<FilesCommand> {
        let parents: BTreeSet<&str> = paths.iter().map(|path| parent(path)).collect();
        let shown = self.shown;
        let look = |path: &str, directory: &mut Directory| directory.look().map(|offset| tree(path, offset, shown));
        parents.into_iter().filter_map(|path| look(path, self.read.get_mut(path)?)).collect()
    }

    pub(super) fn unfold(&mut self, path: &str) -> Vec<FilesCommand> {
        self.open.insert(path.to_owned());
        self.read(path).into_iter().collect()
    }

    /// What is folded is forgotten, but not what was unfolded in it.
    pub(super) fn fold(&mut self, path: &str) {
        self.open.remove(path);
        self.forget(path);
    }

    pub(super) fn show_hidden(&mut self, hidden: bool) -> Vec<FilesCommand> {
        self.shown = Shown { hidden, ignored: hidden };
        // Answers to what was asked before are of another kind.
        self.begin()
    }

    /// The next page of a directory whose end is near the view.
    pub(super) fn more(&mut self, path: &str) -> Option<FilesCommand> {
        let shown = self.shown;
        self.read.get_mut(path)?.look_on().map(|offset| tree(path, offset, shown))
    }

    /// A page came.
    pub(super) fn take(
        &mut self,
        (path, offset, shown): (&str, u64, Shown),
        listing: Result<Listing, Error>,
    ) -> Vec<FilesCommand> {
        let Some(directory) = self.read.get_mut(path).filter(|_| shown == self.shown) else { return Vec::new() };
        let next = directory.take(offset, listing);
        let mut ask: Vec<FilesCommand> = next.map(|offset| tree(path, offset, shown)).into_iter().collect();
        let inside: BTreeSet<String> = directory
            .entries
            .iter()
            .filter(|entry| entry.kind == EntryKind::Directory && self.open.contains(&entry.path))
            .map(|entry| entry.path.clone())
            .collect();
        let is_gone = |read: &&Arc<str>| !read.is_empty() && parent(read) == path && !inside.contains(&***read);
        let gone: Vec<Arc<str>> = self.read.keys().filter(is_gone).cloned().collect();
        gone.iter().for_each(|path| self.forget(path));
        ask.extend(inside.iter().filter_map(|path| self.read(path)));
        ask
    }

    fn read(&mut self, path: &str) -> Option<FilesCommand> {
        if self.read.contains_key(path) {
            return None;
        }
        let directory = self.read.entry(Arc::from(path)).or_default();
        directory.look().map(|offset| tree(path, offset, self.shown))
    }

    fn forget(&mut self, path: &str) {
        self.read.retain(|read, _| !is_within(read, path));
    }
}

fn tree(path: &str, offset: u64, shown: Shown) -> FilesCommand {
    FilesCommand::Tree { path: path.to_owned(), depth: None, offset, limit: None, shown }
}

/// The directory that a path is in.
pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// The last part of a path.
pub(super) fn name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

fn is_within(path: &str, directory: &str) -> bool {
    directory.is_empty() || path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
