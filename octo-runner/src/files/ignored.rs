//! Which entries of a workspace a person does not want to see: what `.gitignore`, `.ignore` and git's own lists name.

use std::{
    ffi::OsStr,
    io::Read,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use ignore::{
    Match,
    gitignore::{Gitignore, GitignoreBuilder},
};

use super::root::{Root, join};

/// The largest list that is read.
const LARGEST: u64 = 1024 * 1024;

/// The lists of a directory, the strongest last.
const LISTS: [&str; 2] = [".gitignore", ".ignore"];

/// The rules for one directory: its own, then those above.
#[derive(Debug)]
pub(super) struct Rules {
    above: Option<Arc<Self>>,
    list: Gitignore,
    /// What paths of the workspace begin with in the directory of the list.
    prefix: Prefix,
}

/// How a path of the workspace becomes one of the directory that a list is in.
#[derive(Debug)]
enum Prefix {
    /// The directory is within: so many bytes go.
    Cut(usize),
    /// The directory is above the workspace: this comes before.
    Add(PathBuf),
}

impl Rules {
    /// The rules for what is in the workspace: those of the person, and those of the directories above it up to the one
    /// that git has its own in.
    pub(super) fn of(root: &Root) -> Arc<Self> {
        let (global, _) = Gitignore::global();
        let mut rules = Arc::new(Self { above: None, list: global, prefix: Prefix::Add(PathBuf::new()) });
        let top = root.path().ancestors().find(|above| above.join(".git").exists());
        let Some(top) = top else { return rules.with(root, b"") };
        let below = root.path().strip_prefix(top).unwrap_or(Path::new(""));
        let exclude = std::fs::read(top.join(".git/info/exclude")).unwrap_or_default();
        rules = rules.behind(&[exclude], Prefix::Add(below.to_owned()));
        let mut above = top.to_owned();
        for part in below.components() {
            let lists = LISTS.map(|name| std::fs::read(above.join(name)).unwrap_or_default());
            let rest = root.path().strip_prefix(&above).unwrap_or(Path::new("")).to_owned();
            rules = rules.behind(&lists, Prefix::Add(rest));
            above.push(part);
        }
        rules.with(root, b"")
    }

    /// The rules for what is in this directory, as far as the ones on the way to it are not asked for it.
    pub(super) fn below(root: &Root, directory: &[u8]) -> Arc<Self> {
        let mut rules = Self::of(root);
        let mut way = Vec::new();
        for part in directory.split(|byte| *byte == b'/').filter(|part| !matches!(*part, b"" | b".")) {
            way = join(&way, part);
            rules = rules.with(root, &way);
        }
        rules
    }

    /// These rules and the lists of a directory.
    pub(super) fn with(self: Arc<Self>, root: &Root, directory: &[u8]) -> Arc<Self> {
        let lists = LISTS.map(|name| {
            let mut text = Vec::new();
            // What is not there, or no file, or not within, names nothing.
            if let Ok((file, _)) = root.file(&join(directory, name.as_bytes())) {
                drop(file.take(LARGEST).read_to_end(&mut text));
            }
            text
        });
        let cut = if directory.is_empty() { 0 } else { directory.len() + 1 };
        self.behind(&lists, Prefix::Cut(cut))
    }

    fn behind(self: Arc<Self>, lists: &[Vec<u8>], prefix: Prefix) -> Arc<Self> {
        let mut builder = GitignoreBuilder::new("");
        for line in lists.iter().flat_map(|list| list.split(|byte| *byte == b'\n')) {
            // A line that is no pattern names nothing, as for git.
            drop(builder.add_line(None, &String::from_utf8_lossy(line)));
        }
        match builder.build() {
            Ok(list) if !list.is_empty() => Arc::new(Self { above: Some(self), list, prefix }),
            Ok(_) | Err(_) => self,
        }
    }

    /// Whether an entry is ignored, by the first list from below that speaks of it.
    pub(super) fn ignores(&self, path: &[u8], is_directory: bool) -> bool {
        if path == b".git" || path.ends_with(b"/.git") {
            return true;
        }
        let mut rules = Some(self);
        while let Some(here) = rules {
            let found = match &here.prefix {
                Prefix::Cut(cut) => {
                    here.list.matched(OsStr::from_bytes(path.get(*cut..).unwrap_or(path)), is_directory)
                }
                Prefix::Add(before) => here.list.matched(before.join(OsStr::from_bytes(path)), is_directory),
            };
            match found {
                Match::None => rules = here.above.as_deref(),
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
            }
        }
        false
    }
}
