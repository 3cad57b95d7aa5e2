//! The conversation as lines of the screen. Only what is near the window is ever laid out, and what was laid out is kept
//! until it changes.

mod item;
mod message;
mod tool;

use std::{collections::HashMap, rc::Rc};

use octo_proto::{id::PartId, message::Source};
use ratatui::text::Line;

pub use item::{Content, Item};

use self::message::Painter;
use crate::{
    text::{
        anchor::{Anchor, Laid, Target},
        markdown::Growing,
    },
    theme::Theme,
};

/// Laid out messages that are kept at most.
const KEPT: usize = 512;

/// One line, and what a click on it folds.
#[derive(Clone, Debug)]
pub struct Row {
    /// The line.
    pub line: Line<'static>,
    /// The part that it folds or unfolds.
    pub folds: Option<PartId>,
    /// What can be opened in it.
    pub anchors: Vec<Anchor>,
    /// The picture that it names or shows a part of.
    pub picture: Option<Strip>,
}

/// A line of a picture.
#[derive(Clone, Debug)]
pub struct Strip {
    /// The picture.
    pub source: Rc<Source>,
    /// Which of its rows; none where it is only named.
    pub row: Option<u16>,
}

impl From<Laid> for Row {
    fn from(Laid { line, anchors }: Laid) -> Self {
        Self { line, folds: None, anchors, picture: None }
    }
}

/// What is unfolded.
#[derive(Clone, Debug, Default)]
pub struct Folds {
    /// Whether thinking is shown whole.
    pub thinking: bool,
    /// Whether tools' output is shown whole.
    pub tools: bool,
    /// The parts that are the other way round.
    flipped: std::collections::HashSet<PartId>,
}

impl Folds {
    fn is_open(&self, part: &PartId, by_default: bool) -> bool {
        by_default != self.flipped.contains(part)
    }
}

/// Where the window is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Scroll {
    /// At the end, going with it.
    #[default]
    Follow,
    /// Its first line is this line of this item: a place that stays the same whatever grows around it.
    At(String, usize),
}

#[derive(Debug)]
struct LaidOut {
    stamp: u64,
    rows: Rc<Vec<Row>>,
}

/// The lines in the window, and where the window is.
#[derive(Debug, Default)]
pub struct Transcript {
    /// What is unfolded.
    pub folds: Folds,
    /// Whether the window stays as it is, whatever comes.
    pub held: bool,
    scroll: Scroll,
    size: (u16, u16),
    kept: HashMap<String, LaidOut>,
    growing: HashMap<PartId, Growing>,
    window: Vec<Row>,
    top: Option<(String, usize)>,
    at_top: bool,
    seen: u64,
    new_below: bool,
}

impl Transcript {
    /// Whether the end is followed.
    #[must_use]
    pub fn follows(&self) -> bool {
        self.scroll == Scroll::Follow
    }

    /// Whether something came since the end was left.
    #[must_use]
    pub fn has_new_below(&self) -> bool {
        self.new_below
    }

    /// Whether the first line of all is in the window.
    #[must_use]
    pub fn is_at_top(&self) -> bool {
        self.at_top
    }

    /// The lines in the window.
    #[must_use]
    pub fn window(&self) -> &[Row] {
        &self.window
    }

    /// Goes to the end and stays with it.
    pub fn follow(&mut self) {
        self.scroll = Scroll::Follow;
    }

    /// Folds or unfolds what a line of the window stands for.
    pub fn toggle(&mut self, row: usize) -> bool {
        let Some(part) = self.window.get(row).and_then(|row| row.folds.clone()) else { return false };
        if !self.folds.flipped.remove(&part) {
            self.folds.flipped.insert(part);
        }
        true
    }

    /// What is opened by a click on a place of the window.
    #[must_use]
    pub fn target(&self, column: usize, row: usize) -> Option<&Target> {
        let anchors = &self.window.get(row)?.anchors;
        anchors.iter().find(|anchor| anchor.columns.contains(&column)).map(|anchor| &anchor.target)
    }

    /// Shows all thinking, or folds it.
    pub fn toggle_thinking(&mut self) {
        self.folds.thinking = !self.folds.thinking;
        self.folds.flipped.clear();
    }

    /// Shows all output of tools, or folds it.
    pub fn toggle_tools(&mut self) {
        self.folds.tools = !self.folds.tools;
        self.folds.flipped.clear();
    }

    /// Lays the window out for this size.
    pub fn arrange(&mut self, content: &Content<'_>, size: (u16, u16), theme: &Theme) {
        if self.held && self.size == size {
            return;
        }
        self.size = size;
        if self.kept.len() > KEPT {
            self.kept.clear();
        }
        self.growing.retain(|part, _| content.is_growing(part));
        let start = match &self.scroll {
            Scroll::Follow => None,
            Scroll::At(key, row) => content.position(key).map(|at| (at, *row)),
        };
        let start = match start {
            Some((at, row)) => self.limit(content, (at, row), theme),
            None => None,
        };
        match start {
            Some(start) => {
                self.fill(content, start, theme);
                self.new_below = self.new_below || content.revision != self.seen;
            }
            None => {
                let start = self.start_of_end(content, theme);
                self.scroll = Scroll::Follow;
                self.seen = content.revision;
                self.new_below = false;
                self.fill(content, start, theme);
            }
        }
    }

    /// Moves the window by lines: up where negative.
    pub fn scroll_by(&mut self, rows: i32, content: &Content<'_>, theme: &Theme) {
        let Some((mut at, mut row)) = self.top.as_ref().and_then(|(key, row)| Some((content.position(key)?, *row)))
        else {
            return;
        };
        let mut left = rows.unsigned_abs() as usize;
        if rows < 0 {
            while left > row && at > 0 {
                left -= row + 1;
                at -= 1;
                row = self.lay_out(content, at, theme).len().saturating_sub(1);
            }
            row = row.saturating_sub(left);
        } else {
            loop {
                let height = self.lay_out(content, at, theme).len();
                if row + left < height {
                    row += left;
                    break;
                }
                if at + 1 >= content.items.len() {
                    row = height.saturating_sub(1);
                    break;
                }
                left -= height - row;
                row = 0;
                at += 1;
            }
        }
        if let Some(item) = content.items.get(at) {
            self.scroll = Scroll::At(item.key(), row);
        }
        self.seen = if self.new_below { self.seen } else { content.revision };
        self.arrange(content, self.size, theme);
    }

    /// A window that would reach over the end is at the end.
    fn limit(&mut self, content: &Content<'_>, start: (usize, usize), theme: &Theme) -> Option<(usize, usize)> {
        let height = usize::from(self.size.1);
        let mut rows = 0;
        for at in start.0..content.items.len() {
            rows += self.lay_out(content, at, theme).len();
            if rows > start.1 + height {
                return Some(start);
            }
        }
        None
    }

    fn start_of_end(&mut self, content: &Content<'_>, theme: &Theme) -> (usize, usize) {
        let height = usize::from(self.size.1);
        let mut rows = 0;
        for at in (0..content.items.len()).rev() {
            rows += self.lay_out(content, at, theme).len();
            if rows >= height {
                return (at, rows - height);
            }
        }
        (0, 0)
    }

    fn fill(&mut self, content: &Content<'_>, (first, skip): (usize, usize), theme: &Theme) {
        let height = usize::from(self.size.1);
        let mut window = Vec::with_capacity(height);
        let mut skip_rows = skip;
        for at in first..content.items.len() {
            let rows = self.lay_out(content, at, theme);
            window.extend(rows.iter().skip(skip_rows).take(height - window.len()).cloned());
            skip_rows = 0;
            if window.len() >= height {
                break;
            }
        }
        self.window = window;
        self.at_top = first == 0 && skip == 0;
        self.top = content.items.get(first).map(|item| (item.key(), skip));
    }

    fn lay_out(&mut self, content: &Content<'_>, at: usize, theme: &Theme) -> Rc<Vec<Row>> {
        let Some(item) = content.items.get(at) else { return Rc::new(Vec::new()) };
        let key = item.key();
        let stamp = content.stamp(item, self.size.0, &self.folds);
        if let Some(kept) = self.kept.get(&key).filter(|kept| kept.stamp == stamp) {
            return Rc::clone(&kept.rows);
        }
        let mut painter = Painter {
            columns: usize::from(self.size.0),
            theme,
            folds: &self.folds,
            content,
            growing: &mut self.growing,
            rows: Vec::new(),
        };
        painter.item(item);
        let rows = Rc::new(painter.rows);
        self.kept.insert(key, LaidOut { stamp, rows: Rc::clone(&rows) });
        rows
    }
}
