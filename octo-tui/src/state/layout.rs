//! How the screen is divided: tabs, in each of them panes side by side and above each other. Rectangles come out, nothing
//! is drawn.

mod node;

use std::collections::HashSet;

use ratatui::layout::{Position, Rect};
use serde::{Deserialize, Serialize};

use self::node::{Node, Part, weight};

/// A pane's number in its workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PaneId(pub u32);

/// The pane of the conversation; there is always one.
pub const CHAT: PaneId = PaneId(0);

/// In the place of a pane that is not there.
const NOBODY: PaneId = PaneId(u32::MAX);

/// The narrowest and the lowest that a pane is made by resizing.
const LEAST: (u16, u16) = (8, 3);

/// From so many columns and rows on something is seen of a pane: its title is one row.
const SEEN: (u16, u16) = (4, 2);

/// From so many columns on, lines of text have room.
const WIDE: u16 = 40;

/// The weight of a fresh part, in which shares are counted.
const WHOLE: u32 = 1_000;

/// How parts stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Axis {
    /// Side by side, with a line between them.
    Columns,
    /// One above the other.
    Rows,
}

/// Where to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the left.
    Left,
    /// To the right.
    Right,
    /// Upwards.
    Up,
    /// Downwards.
    Down,
}

impl Divider {
    /// Whether it lies between the same parts.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.path == other.path && self.before == other.before
    }
}

impl Direction {
    fn axis(self) -> Axis {
        match self {
            Self::Left | Self::Right => Axis::Columns,
            Self::Up | Self::Down => Axis::Rows,
        }
    }
}

/// Panes that are seen together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tab {
    root: Node,
    /// The pane that has the keys.
    pub focus: PaneId,
    /// Whether that one alone is shown.
    #[serde(default)]
    pub zoomed: bool,
}

/// A border that can be moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divider {
    /// The cells that it is taken by: the line between columns, the title below it between rows.
    pub area: Rect,
    /// How the parts beside it stand.
    pub axis: Axis,
    /// The way to its split, by places.
    path: Vec<usize>,
    /// The part before it.
    before: usize,
}

/// Where everything of a tab is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The panes, each with its title.
    pub panes: Vec<(PaneId, Rect)>,
    /// The borders.
    pub dividers: Vec<Divider>,
}

impl Places {
    /// The pane at a place of the screen.
    #[must_use]
    pub fn at(&self, position: Position) -> Option<PaneId> {
        self.panes.iter().find(|(_, area)| area.contains(position)).map(|(id, _)| *id)
    }

    /// Where a pane is, if it is seen.
    #[must_use]
    pub fn of(&self, id: PaneId) -> Option<Rect> {
        self.panes.iter().find(|(other, _)| *other == id).map(|(_, area)| *area)
    }
}

impl Tab {
    /// A tab with one pane.
    #[must_use]
    pub fn of(id: PaneId) -> Self {
        Self { root: Node::Pane(id), focus: id, zoomed: false }
    }

    /// Its panes, in the order of reading.
    #[must_use]
    pub fn panes(&self) -> Vec<PaneId> {
        let mut panes = Vec::new();
        self.root.collect(&mut panes);
        panes
    }

    /// Where everything is in an area. Where nothing would be seen of the pane that has the keys, it alone is shown.
    #[must_use]
    pub fn places(&self, area: Rect) -> Places {
        let places = self.all_places(area);
        let is_seen = places.of(self.focus).is_none_or(|own| own.width >= SEEN.0 && own.height >= SEEN.1);
        if is_seen && !self.zoomed {
            return places;
        }
        Places { panes: vec![(self.focus, area)], dividers: Vec::new() }
    }

    /// Where everything is, also what is not shown.
    fn all_places(&self, area: Rect) -> Places {
        let mut places = Places::default();
        self.root.place(area, &mut Vec::new(), &mut places);
        places
    }

    /// How a pane can be divided so that something is seen of both parts: as is wished, else the other way.
    #[must_use]
    pub fn room_for(&self, beside: PaneId, wished: Option<Axis>, area: Rect) -> Option<Axis> {
        let own = self.all_places(area).of(beside)?;
        let fits = |axis: &Axis| match axis {
            Axis::Columns => own.width > 2 * LEAST.0,
            Axis::Rows => own.height >= 2 * LEAST.1,
        };
        // Along its longer side: a cell is about twice as high as it is wide.
        let is_wide = own.width >= own.height.saturating_mul(2).max(100);
        let first = wished.unwrap_or(if is_wide { Axis::Columns } else { Axis::Rows });
        let second = if first == Axis::Columns { Axis::Rows } else { Axis::Columns };
        // Before the first drawing nobody knows.
        if area.is_empty() { Some(first) } else { [first, second].into_iter().find(fits) }
    }

    /// The pane with the most room for another, of those that are good for it: one in which lines have room, before one that
    /// is only large.
    #[must_use]
    pub fn roomiest(&self, area: Rect, is_good: impl Fn(PaneId) -> bool) -> PaneId {
        let places = self.all_places(area).panes.into_iter();
        let roomiest = places.max_by_key(|(id, own)| (is_good(*id), own.width >= WIDE, own.area()));
        roomiest.map_or(self.focus, |(id, _)| id)
    }

    /// Puts a new pane beside or below another, which gives it `percent` of its room.
    pub fn split(&mut self, beside: PaneId, new: PaneId, axis: Axis, percent: u32) {
        self.zoomed = false;
        self.root.split(beside, new, axis, percent);
        self.focus = new;
    }

    /// Puts a new pane to the left of everything.
    pub fn split_left(&mut self, new: PaneId, percent: u32) {
        self.zoomed = false;
        let percent = percent.clamp(1, 99);
        let root = std::mem::replace(&mut self.root, Node::Pane(new));
        let first = Part { weight: WHOLE * percent / 100, node: Node::Pane(new) };
        let rest = WHOLE * (100 - percent) / 100;
        let mut parts = vec![first];
        match root {
            Node::Split { axis: Axis::Columns, parts: others } => {
                let sum = weight(&others).max(1);
                let share = |part: Part| Part { weight: (part.weight * rest / sum).max(1), ..part };
                parts.extend(others.into_iter().map(share));
            }
            node @ (Node::Pane(_) | Node::Split { axis: Axis::Rows, .. }) => parts.push(Part { weight: rest, node }),
        }
        self.root = Node::Split { axis: Axis::Columns, parts };
        self.focus = new;
    }

    /// Takes a pane away; whether others are left.
    fn remove(&mut self, id: PaneId) -> bool {
        let before = self.panes();
        let at = before.iter().position(|other| *other == id);
        if !self.root.remove(id) {
            return false;
        }
        self.zoomed &= self.focus != id;
        if let (true, Some(at)) = (self.focus == id, at) {
            let after = self.panes();
            self.focus = after[at.saturating_sub(1).min(after.len() - 1)];
        }
        true
    }

    /// The pane that lies beyond the edge of another.
    #[must_use]
    pub fn neighbour(&self, id: PaneId, to: Direction, area: Rect) -> Option<PaneId> {
        let places = self.all_places(area);
        let from = places.of(id)?;
        let overlap =
            |first: (u16, u16), second: (u16, u16)| first.1.min(second.1).saturating_sub(first.0.max(second.0));
        let rows = |area: Rect| (area.y, area.bottom());
        let columns = |area: Rect| (area.x, area.right());
        let candidates = places.panes.iter().filter(|(other, _)| *other != id).filter_map(|(other, area)| {
            let (distance, shared) = match to {
                Direction::Left => (from.x.checked_sub(area.right())?, overlap(rows(from), rows(*area))),
                Direction::Right => (area.x.checked_sub(from.right())?, overlap(rows(from), rows(*area))),
                Direction::Up => (from.y.checked_sub(area.bottom())?, overlap(columns(from), columns(*area))),
                Direction::Down => (area.y.checked_sub(from.bottom())?, overlap(columns(from), columns(*area))),
            };
            (shared > 0).then_some((distance, std::cmp::Reverse(shared), *other))
        });
        candidates.min().map(|(_, _, other)| other)
    }

    /// Changes places with the pane beyond an edge.
    pub fn swap(&mut self, id: PaneId, to: Direction, area: Rect) {
        if let Some(other) = self.neighbour(id, to, area) {
            self.zoomed = false;
            self.root.each(&mut |pane| match *pane {
                one if one == id => *pane = other,
                one if one == other => *pane = id,
                _ => {}
            });
        }
    }

    /// Moves the border of a pane by cells: the one beyond it, or else the one before it.
    pub fn resize(&mut self, id: PaneId, to: Direction, cells: u16, area: Rect) {
        self.zoomed = false;
        let places = self.all_places(area);
        let Some(own) = places.of(id) else { return };
        let of_axis = |divider: &&Divider| divider.axis == to.axis() && self.root.holds(divider, id);
        // The innermost split of this axis; in it, the border behind the pane, or else that before it.
        let behind = |divider: &&Divider| match to.axis() {
            Axis::Columns => divider.area.x >= own.right(),
            Axis::Rows => divider.area.y >= own.bottom(),
        };
        let deepest = places.dividers.iter().filter(of_axis).map(|divider| divider.path.len()).max();
        let in_it = || places.dividers.iter().filter(of_axis).filter(|divider| Some(divider.path.len()) == deepest);
        let Some(divider) = in_it().find(behind).or_else(|| in_it().next_back()) else { return };
        let by = i32::from(cells);
        let by = if matches!(to, Direction::Left | Direction::Up) { -by } else { by };
        self.root.shift(&divider.path, divider.before, by, area);
    }

    /// Moves a border to a place of the screen.
    pub fn drag(&mut self, divider: &Divider, to: Position, area: Rect) {
        let by = match divider.axis {
            Axis::Columns => i32::from(to.x) - i32::from(divider.area.x),
            Axis::Rows => i32::from(to.y) - i32::from(divider.area.y),
        };
        self.root.shift(&divider.path, divider.before, by, area);
    }
}

/// All tabs of a workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    tabs: Vec<Tab>,
    /// The tab that is seen.
    at: usize,
}

impl Default for Layout {
    fn default() -> Self {
        Self { tabs: vec![Tab::of(CHAT)], at: 0 }
    }
}

impl Layout {
    /// All tabs.
    #[must_use]
    pub fn tabs(&self) -> &[Tab] {
        &self.tabs
    }

    /// The place of the tab that is seen.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// The tab that is seen.
    #[must_use]
    pub fn tab(&self) -> &Tab {
        &self.tabs[self.at]
    }

    /// The same, to be changed.
    pub fn tab_mut(&mut self) -> &mut Tab {
        &mut self.tabs[self.at]
    }

    /// All panes of all tabs.
    pub fn panes(&self) -> impl Iterator<Item = PaneId> {
        self.tabs.iter().flat_map(Tab::panes)
    }

    /// Gives a pane the keys, in whichever tab it is.
    pub fn focus(&mut self, id: PaneId) {
        if let Some(at) = self.tabs.iter().position(|tab| tab.panes().contains(&id)) {
            self.at = at;
            let tab = &mut self.tabs[at];
            tab.zoomed &= tab.focus == id;
            tab.focus = id;
        }
    }

    /// Puts a pane into a tab of its own.
    pub fn open_tab(&mut self, id: PaneId) {
        self.at += 1;
        self.tabs.insert(self.at, Tab::of(id));
    }

    /// Shows another tab, by its place.
    pub fn show(&mut self, at: usize) {
        if at < self.tabs.len() {
            self.at = at;
        }
    }

    /// Shows the next tab, or the one before; behind the last comes the first.
    pub fn step(&mut self, by: isize) {
        let count = self.tabs.len() as isize;
        self.at = usize::try_from((self.at as isize + by).rem_euclid(count)).unwrap_or(0);
    }

    /// Takes a pane away, and its tab if it was the last in it. The conversation stays.
    pub fn remove(&mut self, id: PaneId) {
        if id == CHAT {
            return;
        }
        let Some(at) = self.tabs.iter().position(|tab| tab.panes().contains(&id)) else { return };
        if !self.tabs[at].remove(id) {
            self.tabs.remove(at);
            if self.at > at || self.at >= self.tabs.len() {
                self.at = self.at.saturating_sub(1);
            }
        }
    }

    /// Brings what was read from a file into order: only panes that are there, each once, and the conversation.
    pub fn repair(&mut self, known: impl Fn(PaneId) -> bool) {
        let mut seen = HashSet::new();
        for tab in &mut self.tabs {
            tab.root.clamp();
            // One that is there twice loses its second place, whose room goes to its neighbours.
            tab.root.each(&mut |pane| {
                if !known(*pane) || !seen.insert(*pane) {
                    *pane = NOBODY;
                }
            });
        }
        self.tabs.retain_mut(|tab| tab.root.remove(NOBODY));
        if !self.panes().any(|id| id == CHAT) {
            self.tabs.insert(0, Tab::of(CHAT));
        }
        for tab in &mut self.tabs {
            let panes = tab.panes();
            if !panes.contains(&tab.focus) {
                tab.focus = panes[0];
            }
        }
        self.at = self.at.min(self.tabs.len() - 1);
    }
}

#[cfg(test)]
mod tests;
