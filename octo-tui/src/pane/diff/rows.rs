//! What stands in which row, and how a place is found again when the rows are others.

use std::{collections::HashMap, ops::Range};

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::{
    file::{FileView, Side, pairs},
    parse::{Hunk, Kind},
};

/// From how many columns on both sides have room beside each other.
pub(super) const SPLIT_FROM: usize = 100;

/// From how many columns on both line numbers have room.
const BOTH_FROM: usize = 60;

/// What a row shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spot {
    /// The heading of a side.
    Side(Side),
    /// The name of a file.
    File(usize),
    /// The head of a hunk of a file.
    Hunk(usize, usize),
    /// A line before and a line now: beside each other, or only one of them.
    Line {
        /// Of this file.
        file: usize,
        /// In this hunk.
        hunk: usize,
        /// The line before.
        old: Option<usize>,
        /// The line now; the same where nothing changed.
        new: Option<usize>,
    },
    /// That a file's diff is cut.
    Cut(usize),
}

/// One row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// What it shows.
    pub(super) spot: Spot,
    /// Which part of that, where it takes several rows.
    pub(super) part: usize,
}

/// Where things stand in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Columns {
    /// All of them.
    pub(super) width: usize,
    /// Whether both sides stand beside each other.
    pub(super) split: bool,
    /// Those of a line number.
    pub(super) digits: usize,
}

impl Columns {
    /// Whether a row has both line numbers, of one side.
    pub(super) fn has_both(self) -> bool {
        !self.split && self.width >= BOTH_FROM
    }

    /// What stands before the text of a side.
    pub(super) fn gutter(self) -> usize {
        let numbers = if self.has_both() { 2 } else { 1 };
        numbers * (self.digits + 1) + 2
    }

    /// Those of one side.
    pub(super) fn side(self) -> usize {
        if self.split { (self.width - 1) / 2 } else { self.width }
    }

    /// Those of the text of one side.
    pub(super) fn room(self) -> usize {
        self.side().saturating_sub(self.gutter()).max(1)
    }
}

/// The parts of a text that fit beneath each other.
pub(super) fn parts(text: &str, room: usize) -> Vec<Range<usize>> {
    if text.is_ascii() {
        let starts = (0..text.len().max(1)).step_by(room);
        return starts.map(|start| start..(start + room).min(text.len())).collect();
    }
    let (mut parts, mut start, mut used) = (Vec::new(), 0, 0);
    for (at, grapheme) in text.grapheme_indices(true) {
        let width = grapheme.width();
        if used + width > room && at > start {
            parts.push(start..at);
            (start, used) = (at, 0);
        }
        used += width;
    }
    parts.push(start..text.len());
    parts
}

/// Which files are folded, where it was said.
pub(super) type Folds = HashMap<(Side, String), bool>;

/// Whether a file is folded.
pub(super) fn is_folded(folds: &Folds, file: &FileView) -> bool {
    folds.get(&(file.side, file.path.clone())).copied().unwrap_or_else(|| file.is_long())
}

/// The rows of files.
pub(super) fn rows(files: &[FileView], folds: &Folds, columns: Columns) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut add = |spot, height| rows.extend((0..height).map(|part| Row { spot, part }));
    let mut side = Side::Made;
    for (at, file) in files.iter().enumerate() {
        if file.side != side {
            side = file.side;
            add(Spot::Side(side), 1);
        }
        add(Spot::File(at), 1);
        if is_folded(folds, file) {
            continue;
        }
        for (number, hunk) in file.hunks.iter().enumerate() {
            add(Spot::Hunk(at, number), 1);
            for (old, new) in lines(hunk, columns.split) {
                let text =
                    |line: Option<usize>| line.map_or(1, |line| parts(&hunk.lines[line].shown, columns.room()).len());
                add(Spot::Line { file: at, hunk: number, old, new }, text(old).max(text(new)));
            }
        }
        if file.cut {
            add(Spot::Cut(at), 1);
        }
    }
    rows
}

fn lines(hunk: &Hunk, split: bool) -> Vec<(Option<usize>, Option<usize>)> {
    if split {
        return pairs(hunk);
    }
    let sides = |(at, kind)| ((kind != Kind::Added).then_some(at), (kind != Kind::Removed).then_some(at));
    hunk.lines.iter().map(|line| line.kind).enumerate().map(sides).collect()
}

impl Spot {
    /// The file that it is of.
    pub(super) fn file(self) -> Option<usize> {
        match self {
            Self::Side(_) => None,
            Self::File(file) | Self::Hunk(file, _) | Self::Line { file, .. } | Self::Cut(file) => Some(file),
        }
    }

    /// The hunk of that file.
    pub(super) fn hunk(self) -> Option<usize> {
        match self {
            Self::Hunk(_, hunk) | Self::Line { hunk, .. } => Some(hunk),
            Self::Side(_) | Self::File(_) | Self::Cut(_) => None,
        }
    }
}

/// What a place is, in the order of the page.
const NAME: u8 = 0;
const HEAD: u8 = 1;
const LINE: u8 = 2;

/// A place that can be found again in other rows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Anchor {
    row: usize,
    file: Option<(Side, String)>,
    rank: u8,
    number: u64,
    gone: bool,
}

impl Anchor {
    /// The place of a row.
    pub(super) fn of(files: &[FileView], rows: &[Row], row: usize) -> Option<Self> {
        let spot = rows.get(row)?.spot;
        let file = spot.file().and_then(|at| files.get(at));
        let (rank, number) = match spot {
            Spot::Side(_) | Spot::File(_) => (NAME, 0),
            Spot::Hunk(_, hunk) => (HEAD, file.and_then(|file| file.number(hunk, 0)).unwrap_or(0)),
            Spot::Line { hunk, old, new, .. } => {
                let line = new.or(old).unwrap_or(0);
                (LINE, file.and_then(|file| file.number(hunk, line)).unwrap_or(0))
            }
            Spot::Cut(_) => (LINE, u64::MAX),
        };
        let gone = matches!(spot, Spot::Line { new: None, .. });
        let file = file.map(|file| (file.side, file.path.clone()));
        Some(Self { row, file, rank, number, gone })
    }

    /// The row of that place, or of the next one that is still there.
    pub(super) fn row(&self, files: &[FileView], rows: &[Row]) -> usize {
        let last = rows.len().saturating_sub(1);
        let Some((side, path)) = &self.file else { return self.row.min(last) };
        let here = files.iter().position(|file| file.side == *side && file.path == *path);
        let next = || files.iter().position(|file| file.side == *side && file.path > *path);
        let Some(file) = here.or_else(next) else { return self.row.min(last) };
        let of_file = rows.iter().enumerate().filter(|(_, row)| row.part == 0 && row.spot.file() == Some(file));
        let mut places = of_file.map(|(at, _)| at);
        let found =
            if here.is_some() { places.min_by_key(|at| self.distance(files, rows, *at)) } else { places.next() };
        found.unwrap_or(self.row.min(last))
    }

    /// How far off a row of the same file is. A name stays a name, the head of a hunk one where there is any.
    fn distance(&self, files: &[FileView], rows: &[Row], row: usize) -> Option<(bool, u64, u8, bool)> {
        let other = Self::of(files, rows, row)?;
        let is_other = if self.rank == LINE { other.rank == NAME } else { self.rank != other.rank };
        Some((is_other, self.number.abs_diff(other.number), self.rank.abs_diff(other.rank), self.gone != other.gone))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_is_broken_between_characters() {
        let broken =
            |text: &str, room| parts(text, room).into_iter().map(|part| text[part].to_owned()).collect::<Vec<_>>();
        assert_eq!(broken("", 3), [""]);
        assert_eq!(broken("日本語", 3), ["日", "本", "語"]);
        assert_eq!(broken("e\u{301}e\u{301}e\u{301}", 2), ["e\u{301}e\u{301}", "e\u{301}"]);
        assert_eq!(broken("👩\u{200d}👩\u{200d}👧🇩🇪", 2), ["👩\u{200d}👩\u{200d}👧", "🇩🇪"]);
    }

    proptest! {
        #[test]
        fn parts_fit_and_lose_nothing(text in "([a-z]{0,60}|[a-z日é👩 ]{0,60})", room in 2_usize..20) {
            let parts: Vec<_> = parts(&text, room).into_iter().map(|part| &text[part]).collect();
            prop_assert!(parts.iter().all(|part| part.width() <= room), "{parts:?}");
            prop_assert_eq!(parts.concat(), text);
        }
    }
}
