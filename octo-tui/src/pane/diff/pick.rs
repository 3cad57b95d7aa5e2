//! Where the choice goes, what is folded, and what is seen and taken of it.

use std::ops::RangeInclusive;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::{
    DiffPane,
    rows::{Anchor, Spot, is_folded, parts},
};
use crate::pane::PaneAction;

/// Rows that stay in sight above and below the choice.
const AROUND: usize = 2;

impl DiffPane {
    /// Moves the choice, folds or unfolds.
    pub(super) fn go(&mut self, action: PaneAction) {
        let page = self.height.saturating_sub(AROUND).max(1);
        match action {
            PaneAction::Step(by) => self.step(by, 1),
            PaneAction::Pages(by) => self.step(by, page),
            PaneAction::Extend(by) => {
                let mark = self.mark.unwrap_or(self.cursor);
                self.step(by, 1);
                self.mark = Some(mark);
            }
            PaneAction::Mark => self.mark = if self.mark.is_some() { None } else { Some(self.cursor) },
            PaneAction::Top => self.cursor = 0,
            PaneAction::Bottom => self.cursor = self.rows.len().saturating_sub(1),
            PaneAction::Hunk(by) => self.jump(by, |spot| matches!(spot, Spot::Hunk(..))),
            PaneAction::File(by) => self.jump(by, |spot| matches!(spot, Spot::File(_))),
            PaneAction::Left => self.fold(Some(true)),
            PaneAction::Right => self.fold(Some(false)),
            _ => {}
        }
        self.keep_in_sight();
    }

    /// By so many rows; a line that takes several is one step.
    fn step(&mut self, by: i8, times: usize) {
        for _ in 0..usize::from(by.unsigned_abs()) * times {
            let Some(here) = self.rows.get(self.cursor).map(|row| row.spot) else { return };
            let other = |at: &usize| self.rows[*at].spot != here;
            let next = if by > 0 {
                (self.cursor..self.rows.len()).find(other)
            } else {
                (0..self.cursor).rev().find(other).map(|at| at - self.rows[at].part)
            };
            let Some(next) = next else { return };
            self.cursor = next;
        }
    }

    fn jump(&mut self, by: i8, wanted: impl Fn(Spot) -> bool) {
        let is_wanted = |at: &usize| self.rows[*at].part == 0 && wanted(self.rows[*at].spot);
        let found = if by > 0 {
            (self.cursor + 1..self.rows.len()).find(is_wanted)
        } else {
            (0..self.cursor.min(self.rows.len())).rev().find(is_wanted)
        };
        if let Some(found) = found {
            self.cursor = found;
            // What it begins is seen with it.
            if found < self.top || found >= self.top + self.height * 2 / 3 {
                self.top = found.saturating_sub(self.height / 3);
            }
        }
    }

    /// Folds the file at the cursor, or unfolds it; the other way round where nobody says which.
    pub(super) fn fold(&mut self, folded: Option<bool>) {
        let Some(file) = self.rows.get(self.cursor).and_then(|row| self.files.get(row.spot.file()?)) else { return };
        let now = is_folded(&self.folds, file);
        let folded = folded.unwrap_or(!now);
        if folded == now {
            return;
        }
        let key = (file.side, file.path.clone());
        let name = self.rows[..self.cursor].iter().rposition(|row| matches!(row.spot, Spot::File(_)));
        if let (Some(name), Some(Spot::Hunk(..) | Spot::Line { .. } | Spot::Cut(_))) =
            (name, self.rows.get(self.cursor).map(|row| row.spot))
        {
            self.cursor = name;
        }
        let anchor = Anchor::of(&self.files, &self.rows, self.cursor);
        self.folds.insert(key, folded);
        self.mark = None;
        self.lay(anchor);
    }

    /// Scrolls; the choice stays in sight.
    pub(super) fn scroll(&mut self, lines: isize) {
        let last = self.rows.len().saturating_sub(self.height);
        self.top = self.top.saturating_add_signed(lines).min(last);
        let (first, end) = (self.top, (self.top + self.height).min(self.rows.len()));
        self.cursor = self.cursor.clamp(first, end.saturating_sub(1).max(first));
    }

    /// Moves what is seen so that the choice is in it.
    pub(super) fn keep_in_sight(&mut self) {
        let around = AROUND.min(self.height.saturating_sub(1) / 2);
        let first = (self.cursor + around + 1).saturating_sub(self.height.max(1));
        let last = self.rows.len().saturating_sub(self.height.max(1));
        self.top = self.top.clamp(first.min(last), self.cursor.saturating_sub(around).max(first.min(last))).min(last);
    }

    /// The rows that are chosen.
    pub(super) fn chosen(&self) -> RangeInclusive<usize> {
        let mark = self.mark.unwrap_or(self.cursor);
        mark.min(self.cursor)..=mark.max(self.cursor)
    }

    /// The text between two places of the area: of lines the source, on the side where it begins.
    pub(super) fn text_between(&self, from: (u16, u16), to: (u16, u16)) -> Option<String> {
        let (from, to) = if (from.1, from.0) <= (to.1, to.0) { (from, to) } else { (to, from) };
        let right = self.columns.split && usize::from(from.0) > self.columns.side();
        let mut text = String::new();
        for y in from.1..=to.1 {
            let row = self.rows.get(self.top + usize::from(y))?;
            let start = if y == from.1 { usize::from(from.0) } else { 0 };
            let end = if y == to.1 { usize::from(to.0) + 1 } else { usize::MAX };
            let Spot::Line { file, hunk, old, new } = row.spot else {
                return None;
            };
            let line = if self.columns.split && !right { old } else { new.or(old.filter(|_| !right)) };
            let Some(line) = line.and_then(|line| self.files.get(file)?.hunks.get(hunk)?.lines.get(line)) else {
                continue;
            };
            let before = self.columns.gutter() + if right { self.columns.side() + 1 } else { 0 };
            let Some(part) = parts(&line.shown, self.columns.room()).into_iter().nth(row.part) else { continue };
            let (start, end) = (start.saturating_sub(before), end.saturating_sub(before));
            let taken = cells(&line.shown[part.clone()], start, end);
            let is_whole = start == 0 && taken.len() == line.shown.len();
            text.push_str(if is_whole { line.source.trim_end_matches('\r') } else { taken });
            if part.end == line.shown.len() && y < to.1 {
                text.push('\n');
            }
        }
        Some(text)
    }
}

/// What of a text lies in these columns.
fn cells(text: &str, start: usize, end: usize) -> &str {
    let (mut column, mut first, mut last) = (0, None, 0);
    for (at, grapheme) in text.grapheme_indices(true) {
        let width = grapheme.width();
        if column < end && column + width.max(1) > start {
            first = first.or(Some(at));
            last = at + grapheme.len();
        }
        column += width;
    }
    first.map_or("", |first| &text[first..last])
}
