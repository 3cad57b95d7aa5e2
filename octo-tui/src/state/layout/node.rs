//! The tree of a tab: panes, and splits of them with their shares.

use ratatui::layout::Rect;
use serde::{Deserialize, Serialize};

use super::{Axis, Divider, LEAST, PaneId, Places, WHOLE};

/// The heaviest that a part may be: a share in cells is never more.
const HEAVIEST: u32 = u16::MAX as u32;

/// One pane, or several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Node {
    Pane(PaneId),
    Split { axis: Axis, parts: Vec<Part> },
}

/// A part of several, with its share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) weight: u32,
    pub(super) node: Node,
}

impl Node {
    /// Its panes, in the order of reading.
    pub(super) fn collect(&self, panes: &mut Vec<PaneId>) {
        match self {
            Self::Pane(id) => panes.push(*id),
            Self::Split { parts, .. } => parts.iter().for_each(|part| part.node.collect(panes)),
        }
    }

    /// Lets each pane's place be changed.
    pub(super) fn each(&mut self, act: &mut impl FnMut(&mut PaneId)) {
        match self {
            Self::Pane(id) => act(id),
            Self::Split { parts, .. } => parts.iter_mut().for_each(|part| part.node.each(act)),
        }
    }

    /// Brings weights from elsewhere into bounds.
    pub(super) fn clamp(&mut self) {
        if let Self::Split { parts, .. } = self {
            for part in parts {
                part.weight = part.weight.clamp(1, HEAVIEST);
                part.node.clamp();
            }
        }
    }

    /// Shares out an area.
    pub(super) fn place(&self, area: Rect, path: &mut Vec<usize>, places: &mut Places) {
        let (axis, parts) = match self {
            Self::Pane(id) => return places.panes.push((*id, area)),
            Self::Split { axis, parts } => (*axis, parts),
        };
        let areas = share_out(axis, parts, area);
        for (at, (part, area)) in parts.iter().zip(&areas).enumerate() {
            path.push(at);
            part.node.place(*area, path, places);
            path.pop();
        }
        for (before, area) in areas.iter().enumerate().skip(1) {
            let area = match axis {
                Axis::Columns => Rect { x: area.x.saturating_sub(1), width: 1, ..*area },
                Axis::Rows => Rect { height: 1, ..*area },
            };
            places.dividers.push(Divider { area, axis, path: path.clone(), before: before - 1 });
        }
    }

    /// Puts a new pane beside or below another, which gives it `percent` of its room.
    pub(super) fn split(&mut self, beside: PaneId, new: PaneId, axis: Axis, percent: u32) {
        let percent = percent.clamp(1, 99);
        match self {
            Self::Pane(id) if *id == beside => {
                let first = Part { weight: WHOLE * (100 - percent) / 100, node: Self::Pane(beside) };
                let second = Part { weight: WHOLE * percent / 100, node: Self::Pane(new) };
                *self = Self::Split { axis, parts: vec![first, second] };
            }
            Self::Pane(_) => {}
            Self::Split { axis: own, parts } => {
                let at = parts.iter().position(|part| part.node == Self::Pane(beside)).filter(|_| *own == axis);
                let Some(at) = at else {
                    return parts.iter_mut().for_each(|part| part.node.split(beside, new, axis, percent));
                };
                let whole = parts[at].weight.max(2);
                let given = (whole * percent / 100).max(1);
                parts[at].weight = whole - given;
                parts.insert(at + 1, Part { weight: given, node: Self::Pane(new) });
            }
        }
    }

    /// Takes a pane out; whether something is left of this node.
    pub(super) fn remove(&mut self, id: PaneId) -> bool {
        let parts = match self {
            Self::Pane(own) => return *own != id,
            Self::Split { parts, .. } => parts,
        };
        parts.retain_mut(|part| part.node.remove(id));
        match parts.len() {
            0 => false,
            1 => {
                *self = parts.remove(0).node;
                true
            }
            _ => true,
        }
    }

    /// The split at the end of a path, and its area.
    fn find(&mut self, path: &[usize], area: Rect) -> Option<(Axis, &mut Vec<Part>, Rect)> {
        let Self::Split { axis, parts } = self else { return None };
        match path.split_first() {
            None => Some((*axis, parts, area)),
            Some((at, rest)) => {
                let area = *share_out(*axis, parts, area).get(*at)?;
                parts.get_mut(*at)?.node.find(rest, area)
            }
        }
    }

    /// Moves the border behind a part by cells.
    pub(super) fn shift(&mut self, path: &[usize], before: usize, by: i32, area: Rect) {
        let Some((axis, parts, area)) = self.find(path, area) else { return };
        let areas = share_out(axis, parts, area);
        let (length, least) = match axis {
            Axis::Columns => (areas.iter().map(|area| area.width).collect::<Vec<_>>(), LEAST.0),
            Axis::Rows => (areas.iter().map(|area| area.height).collect::<Vec<_>>(), LEAST.1),
        };
        let (Some(first), Some(second)) = (length.get(before), length.get(before + 1)) else { return };
        let (first, second, least) = (i32::from(*first), i32::from(*second), i32::from(least));
        let lowest = (least - first).min(0);
        let by = by.clamp(lowest, (second - least).max(lowest));
        // From here on the weights are cells, so that the border is where it was put.
        for (part, cells) in parts.iter_mut().zip(&length) {
            part.weight = u32::from(*cells).max(1);
        }
        parts[before].weight = u32::try_from(first + by).unwrap_or(1).max(1);
        parts[before + 1].weight = u32::try_from(second - by).unwrap_or(1).max(1);
    }

    /// Whether a pane is in the split that a border belongs to.
    pub(super) fn holds(&self, divider: &Divider, id: PaneId) -> bool {
        let mut node = self;
        for at in &divider.path {
            let Self::Split { parts, .. } = node else { return false };
            let Some(part) = parts.get(*at) else { return false };
            node = &part.node;
        }
        let mut panes = Vec::new();
        node.collect(&mut panes);
        panes.contains(&id)
    }
}

/// The sum of the weights.
pub(super) fn weight(parts: &[Part]) -> u32 {
    parts.iter().map(|part| part.weight).sum()
}

/// The areas of parts: between columns there is one free for the line.
fn share_out(axis: Axis, parts: &[Part], area: Rect) -> Vec<Rect> {
    let lines = u16::try_from(parts.len().saturating_sub(1)).unwrap_or(u16::MAX);
    let (length, gap) = match axis {
        Axis::Columns => (area.width.saturating_sub(lines), 1),
        Axis::Rows => (area.height, 0),
    };
    let sum = u64::from(weight(parts).max(1));
    let mut passed = 0_u64;
    let mut begin = 0_u16;
    let mut at = match axis {
        Axis::Columns => area.x,
        Axis::Rows => area.y,
    };
    let mut areas = Vec::with_capacity(parts.len());
    for part in parts {
        passed += u64::from(part.weight);
        let end = u16::try_from(u64::from(length) * passed / sum).unwrap_or(u16::MAX);
        let cells = end - begin;
        areas.push(match axis {
            Axis::Columns => Rect { x: at, width: cells, ..area },
            Axis::Rows => Rect { y: at, height: cells, ..area },
        });
        begin = end;
        at = at.saturating_add(cells).saturating_add(gap);
    }
    areas
}
