//! The hyperlinks of a terminal: as many as are on its lines, in bounded memory.

use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasher, RandomState},
};

use alacritty_terminal::{
    grid::{Dimensions, Grid},
    index::{Column, Line},
    term::cell::{Cell, Hyperlink},
};

/// The longest target kept.
const LONGEST: usize = 2_048;

/// Bytes of targets that the lines of one terminal may refer to.
const BUDGET: usize = 1 << 20;

/// What one link costs beside its text.
const OVERHEAD: usize = 128;

/// Begins the name of a link that its program gave none.
const UNNAMED: &str = "octo-";

/// Every link that a cell may refer to: one of each, which all its cells share.
#[derive(Default)]
pub(super) struct Links {
    /// By the hash of name and target.
    known: HashMap<u64, Hyperlink>,
    hasher: RandomState,
    bytes: usize,
    unnamed: u64,
    /// Bytes offered since the lines were last looked through in vain.
    refused: usize,
}

impl Links {
    /// The link of this name and target; nothing if it cannot be kept, so that its text is plain.
    pub(super) fn get(&mut self, id: Option<&str>, target: &str, grids: [&Grid<Cell>; 2]) -> Option<Hyperlink> {
        let id = match id {
            Some(id) => id.to_owned(),
            None => self.next_name(),
        };
        if target.len() > LONGEST || id.len() > LONGEST {
            return None;
        }
        if let Some(number) = id.strip_prefix(UNNAMED).and_then(|number| number.parse::<u64>().ok()) {
            self.unnamed = self.unnamed.max(number.saturating_add(1));
        }
        let key = self.hasher.hash_one((id.as_str(), target));
        if let Some(link) = self.known.get(&key).filter(|link| link.id() == id && link.uri() == target) {
            return Some(link.clone());
        }
        let cost = id.len() + target.len() + OVERHEAD;
        if self.bytes + cost > BUDGET && !self.collect(cost, grids) {
            return None;
        }
        self.bytes += cost;
        let link = Hyperlink::new(Some(id), target.to_owned());
        self.known.insert(key, link.clone());
        Some(link)
    }

    fn key(&self, link: &Hyperlink) -> u64 {
        self.hasher.hash_one((link.id(), link.uri()))
    }

    fn next_name(&mut self) -> String {
        self.unnamed += 1;
        format!("{UNNAMED}{}", self.unnamed - 1)
    }

    /// Forgets the links that no cell refers to; looks again only after much more was offered.
    fn collect(&mut self, cost: usize, grids: [&Grid<Cell>; 2]) -> bool {
        if self.refused > 0 && self.refused < BUDGET / 2 {
            self.refused += cost;
            return false;
        }
        let mut used = HashSet::new();
        for grid in grids {
            let cursors = [&grid.cursor, &grid.saved_cursor].map(|cursor| cursor.template.hyperlink());
            used.extend(cursors.iter().flatten().map(|link| self.key(link)));
            for line in grid.topmost_line().0..=grid.bottommost_line().0 {
                let cells = &grid[Line(line)][..Column(grid.columns())];
                used.extend(cells.iter().filter_map(Cell::hyperlink).map(|link| self.key(&link)));
            }
        }
        self.known.retain(|key, _| used.contains(key));
        self.bytes = self.known.values().map(|link| link.id().len() + link.uri().len() + OVERHEAD).sum();
        let fits = self.bytes + cost <= BUDGET;
        self.refused = if fits { 0 } else { cost };
        fits
    }
}
