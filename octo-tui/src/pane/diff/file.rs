//! A changed file as it is shown: what is staged of it, or what is not.

use octo_proto::files::{ChangeKind, ChangesSource, FileChange};

use super::{
    parse::{FileDiff, Hunk, Kind, Line, parse},
    words::{Marks, marks},
};
use crate::text::clean::clean_line;

/// Lines of a file from which on it is folded until somebody wants to see it.
const LONG: usize = 1500;

/// Which changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Side {
    /// Those that are staged.
    Staged,
    /// Those that are not.
    Unstaged,
    /// Those that a session's tool calls made, or that are only shown.
    Made,
}

/// One side of a changed file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FileView {
    /// Which.
    pub(super) side: Side,
    /// Its path, as requests name it.
    pub(super) path: String,
    /// What is said of it besides.
    pub(super) notes: Vec<String>,
    /// Where it differs.
    pub(super) hunks: Vec<Hunk>,
    /// Lines that are new and lines that are gone.
    pub(super) counts: (usize, usize),
    /// Whether the diff is longer than what is here.
    pub(super) cut: bool,
}

impl FileView {
    /// The sides of a change.
    pub(super) fn of_change(change: &FileChange, source: ChangesSource) -> Vec<Self> {
        let rest = if source == ChangesSource::Session { Side::Made } else { Side::Unstaged };
        let sides =
            [(Side::Staged, change.staged, &change.staged_diff), (rest, change.unstaged, &change.unstaged_diff)];
        let view = |(side, kind, diff): (Side, Option<ChangeKind>, &Option<String>)| {
            let files = parse(diff.as_deref().unwrap_or_default());
            let mut view = Self::new(side, change.path.clone(), files);
            tell(kind?, change.from.as_deref(), &mut view.notes);
            view.cut = change.cut;
            Some(view)
        };
        sides.into_iter().filter_map(view).collect()
    }

    /// The files of a diff that is only shown.
    pub(super) fn of_text(text: &str) -> Vec<Self> {
        let name = |file: &FileDiff| file.new.clone().or_else(|| file.old.clone()).unwrap_or_default();
        parse(text).into_iter().map(|file| Self::new(Side::Made, name(&file), vec![file])).collect()
    }

    fn new(side: Side, path: String, files: Vec<FileDiff>) -> Self {
        let notes = files.first().map(|file| file.notes.clone()).unwrap_or_default();
        let hunks: Vec<_> = files.into_iter().flat_map(|file| file.hunks).collect();
        let counts = hunks.iter().map(Hunk::counts).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        Self { side, path, notes, hunks, counts, cut: false }
    }

    /// Whether it is folded where nobody said so.
    pub(super) fn is_long(&self) -> bool {
        self.hunks.iter().map(|hunk| hunk.lines.len()).sum::<usize>() > LONG
    }

    /// The columns that its line numbers take.
    pub(super) fn digits(&self) -> usize {
        let numbers =
            self.hunks.iter().filter_map(|hunk| hunk.lines.iter().rev().find_map(|line| line.new.max(line.old)));
        numbers.max().unwrap_or(0).to_string().len().max(3)
    }

    /// The line of the file where a hunk begins to differ.
    pub(super) fn first_change(&self, hunk: usize) -> Option<u64> {
        let changed = self.hunks.get(hunk)?.lines.iter().position(|line| line.kind != Kind::Context);
        self.number(hunk, changed.unwrap_or(0))
    }

    /// The line of the file, as it is now, where a line of a hunk is or was.
    pub(super) fn number(&self, hunk: usize, line: usize) -> Option<u64> {
        let lines = self.hunks.get(hunk)?.lines.get(line..)?;
        let next = lines.iter().find_map(|line| line.new);
        next.or_else(|| self.hunks[hunk].lines[..line].iter().rev().find_map(|line| line.new))
    }

    /// The line of the file where a line was before, where what stands there now is not here.
    pub(super) fn number_before(&self, hunk: usize, line: usize) -> Option<u64> {
        self.hunks.get(hunk).filter(|hunk| !hunk.whole)?.lines.get(line)?.old
    }
}

/// Says of what kind a change is, where the diff does not.
fn tell(kind: ChangeKind, from: Option<&str>, notes: &mut Vec<String>) {
    let from = || from.map(clean_line).unwrap_or_default();
    let note = match kind {
        ChangeKind::Untracked => {
            notes.retain(|note| !note.starts_with("new"));
            "untracked".to_owned()
        }
        ChangeKind::TypeChanged => "another kind of file".to_owned(),
        ChangeKind::Unmerged => "in conflict".to_owned(),
        ChangeKind::Added if notes.is_empty() => "new".to_owned(),
        ChangeKind::Deleted if notes.is_empty() => "deleted".to_owned(),
        ChangeKind::Renamed if notes.is_empty() => format!("renamed from {}", from()),
        ChangeKind::Copied if notes.is_empty() => format!("copied from {}", from()),
        ChangeKind::Modified | ChangeKind::Added | ChangeKind::Deleted | ChangeKind::Renamed | ChangeKind::Copied => {
            return;
        }
    };
    notes.insert(0, note);
}

/// The words of a line that are not in the one that it was changed from, or into.
pub(super) fn word_marks(hunk: &Hunk, line: usize) -> Marks {
    let Some(other) = partner(hunk, line) else { return Marks::new() };
    let (old, new) = (line.min(other), line.max(other));
    let Some((gone, added)) = marks(&hunk.lines[old].shown, &hunk.lines[new].shown) else { return Marks::new() };
    if line == old { gone } else { added }
}

/// The line that stands beside a changed one.
fn partner(hunk: &Hunk, line: usize) -> Option<usize> {
    let (above, below) = hunk.lines.split_at_checked(line)?;
    let before = |lines: &[Line], kind| lines.iter().rev().take_while(|line| line.kind == kind).count();
    let from = |lines: &[Line], kind| lines.iter().take_while(|line| line.kind == kind).count();
    match below.first()?.kind {
        Kind::Context => None,
        Kind::Removed => {
            let (nth, left) = (before(above, Kind::Removed), from(below, Kind::Removed));
            (nth < from(&below[left..], Kind::Added)).then_some(line + left + nth)
        }
        Kind::Added => {
            let nth = before(above, Kind::Added);
            let gone = before(&above[..line - nth], Kind::Removed);
            (nth < gone).then(|| line - gone)
        }
    }
}

/// Which lines stand beside each other: before, and now.
pub(super) fn pairs(hunk: &Hunk) -> Vec<(Option<usize>, Option<usize>)> {
    let mut pairs = Vec::with_capacity(hunk.lines.len());
    let mut at = 0;
    let run = |from: usize, kind| from + hunk.lines[from..].iter().take_while(|line| line.kind == kind).count();
    while at < hunk.lines.len() {
        if hunk.lines[at].kind == Kind::Context {
            pairs.push((Some(at), Some(at)));
            at += 1;
            continue;
        }
        let middle = run(at, Kind::Removed);
        let end = run(middle, Kind::Added);
        let (gone, added) = (middle - at, end - middle);
        for n in 0..gone.max(added) {
            pairs.push(((n < gone).then_some(at + n), (n < added).then_some(middle + n)));
        }
        at = end;
    }
    pairs
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_partner_of_a_line_is_the_one_beside_it(body in "([-+ ]x\n){1,24}") {
            let hunk = parse(&format!("@@\n{body}")).remove(0).hunks.remove(0);
            let pairs = pairs(&hunk);
            for line in 0..hunk.lines.len() {
                let beside = pairs.iter().find_map(|pair| match *pair {
                    (Some(old), new) if old == line => Some(new),
                    (old, Some(new)) if new == line => Some(old),
                    _ => None,
                });
                let beside = beside.unwrap().filter(|other| *other != line);
                prop_assert_eq!(partner(&hunk, line), beside, "{} of {:?}", line, &body);
            }
        }
    }
}
