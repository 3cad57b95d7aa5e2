//! What git says of each file, and of each directory by what is in it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use octo_proto::{
    Error,
    files::{ChangeKind, Changes, FileChange, FilesCommand},
};
use ratatui::style::Style;

use super::directories::parent;
use crate::theme::Theme;

/// Files that are marked at most: behind these a tree of marks tells nobody anything.
const MOST: u64 = 5_000;

/// Between two looks, in ms: an agent may write all the time.
const APART_MS: i64 = 500;

/// After a look there is quiet for so many times as long as it took, and no longer than this, in ms.
const QUIET: (i64, i64) = (3, 60_000);

/// How a file differs, the least of it first: a directory has the mark of the most that is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    Untracked,
    Staged(char),
    Changed(char),
    Conflict,
}

impl Mark {
    fn of(change: &FileChange) -> Option<Self> {
        match (change.unstaged, change.staged) {
            (Some(ChangeKind::Unmerged), _) | (_, Some(ChangeKind::Unmerged)) => Some(Self::Conflict),
            (Some(ChangeKind::Untracked), _) => Some(Self::Untracked),
            (Some(kind), _) => Some(Self::Changed(letter(kind))),
            (None, Some(kind)) => Some(Self::Staged(letter(kind))),
            (None, None) => None,
        }
    }

    pub(super) fn letter(self) -> char {
        match self {
            Self::Untracked => '?',
            Self::Staged(letter) | Self::Changed(letter) => letter,
            Self::Conflict => 'U',
        }
    }

    pub(super) fn style(self, theme: &Theme) -> Style {
        match self {
            Self::Untracked => theme.dim,
            Self::Staged(_) => theme.good,
            Self::Changed('D') | Self::Conflict => theme.bad,
            Self::Changed(_) => theme.warn,
        }
    }
}

fn letter(kind: ChangeKind) -> char {
    match kind {
        ChangeKind::Added => 'A',
        ChangeKind::Modified => 'M',
        ChangeKind::Deleted => 'D',
        ChangeKind::Renamed => 'R',
        ChangeKind::Copied => 'C',
        ChangeKind::TypeChanged => 'T',
        ChangeKind::Unmerged => 'U',
        ChangeKind::Untracked => '?',
    }
}

/// All marks.
#[derive(Debug, Default)]
pub(super) struct Marks {
    of: HashMap<String, Mark>,
    /// Files that are no more, by the directory they were in.
    gone: BTreeMap<String, BTreeSet<String>>,
    pub(super) branch: Option<String>,
    pub(super) files: usize,
    /// Whether there are more files than are marked.
    pub(super) is_cut: bool,
    /// Pages of the look that is under way.
    fresh: Vec<FileChange>,
    asked: Option<u64>,
    again: bool,
    looked_at: i64,
    quiet_until: i64,
    /// When it is looked again.
    pub(super) due: Option<i64>,
}

impl Marks {
    pub(super) fn get(&self, path: &str) -> Option<Mark> {
        self.of.get(path).copied()
    }

    /// The files that were in a directory.
    pub(super) fn gone_from(&self, directory: &str) -> impl Iterator<Item = &String> {
        self.gone.get(directory).into_iter().flatten()
    }

    /// What was asked before will not be answered.
    pub(super) fn begin(&mut self, now: i64) -> FilesCommand {
        (self.again, self.due, self.looked_at) = (false, None, now);
        self.fresh.clear();
        self.ask(0)
    }

    /// Looks again, unless it did so a moment ago: then later.
    pub(super) fn look(&mut self, now: i64) -> Option<FilesCommand> {
        if self.asked.is_some() {
            (self.again, self.due) = (true, None);
            return None;
        }
        let due = self.looked_at.saturating_add(APART_MS).max(self.quiet_until);
        if now < due {
            self.due = Some(due);
            return None;
        }
        Some(self.begin(now))
    }

    /// A page came: the next, if there is one.
    pub(super) fn take(&mut self, now: i64, offset: u64, page: Result<Changes, Error>) -> Option<FilesCommand> {
        if self.asked != Some(offset) {
            return None;
        }
        self.asked = None;
        // A workspace whose changes cannot be told has no marks; its files are there all the same.
        let changes = page.unwrap_or_default();
        self.fresh.extend(changes.files);
        if let Some(next) = changes.next.filter(|next| *next < MOST) {
            return Some(self.ask(next));
        }
        (self.branch, self.is_cut) = (changes.branch, changes.next.is_some());
        self.quiet_until = now.saturating_add((QUIET.0 * now.saturating_sub(self.looked_at)).clamp(0, QUIET.1));
        let fresh = std::mem::take(&mut self.fresh);
        self.set(&fresh);
        if std::mem::take(&mut self.again) { self.look(now) } else { None }
    }

    fn ask(&mut self, offset: u64) -> FilesCommand {
        self.asked = Some(offset);
        FilesCommand::Changes { path: String::new(), diff: false, offset, limit: None }
    }

    fn set(&mut self, changes: &[FileChange]) {
        self.of.clear();
        self.gone.clear();
        self.files = changes.len();
        for change in changes {
            let Some(mark) = Mark::of(change) else { continue };
            if mark.letter() == 'D' {
                self.gone.entry(parent(&change.path).to_owned()).or_default().insert(change.path.clone());
            }
            self.of.insert(change.path.clone(), mark);
            let mut above = parent(&change.path);
            while !above.is_empty() {
                let of_all = self.of.entry(above.to_owned()).or_insert(mark);
                *of_all = mark.max(*of_all);
                above = parent(above);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_look_is_followed_by_a_longer_rest() {
        let mut marks = Marks::default();
        for (begin, took, due) in [(10_000, 20, 10_500), (20_000, 4_000, 36_000), (50_000, 9_000_000, 9_110_000)] {
            marks.begin(begin);
            marks.take(begin + took, 0, Ok(Changes::default()));
            assert_eq!(marks.look(begin + took + 1), None);
            assert_eq!(marks.due, Some(due));
            assert!(marks.look(due).is_some());
            marks.take(due, 0, Ok(Changes::default()));
        }
    }
}
