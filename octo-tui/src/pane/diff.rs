//! The pane that shows what was changed: in the workspace, or in a text.

mod act;
mod draw;
mod file;
mod load;
mod parse;
mod pick;
mod rows;
#[cfg(test)]
mod tests;
mod words;

use crossterm::event::MouseButton;
use octo_proto::files::{FilesCommand, HunkAction};
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    text::{Line, Span},
    widgets::{Clear, Paragraph, Widget, Wrap},
};

use self::{
    act::Asking,
    file::FileView,
    load::Load,
    rows::{Anchor, Columns, Folds, Row, SPLIT_FROM, Spot, rows},
};
use super::{Env, Kept, Look, MouseKind, Pane, PaneAction, PaneInput, PaneMouse, Showing, Wish};
use crate::{
    keymap::Context,
    text::{
        clean::clean_line,
        wrap::{Break, Prefix, wrap},
    },
    theme::Theme,
};

/// What was changed.
#[derive(Debug)]
pub struct DiffPane {
    from: From,
    files: Vec<FileView>,
    folds: Folds,
    load: Load,
    /// Both sides beside each other, where there is room.
    split: bool,
    rows: Vec<Row>,
    columns: Columns,
    /// Rows of the area.
    height: usize,
    /// The rows are not those of the files.
    is_stale: bool,
    /// The row that is chosen.
    cursor: usize,
    /// Where the choice of several rows began.
    mark: Option<usize>,
    /// The first row that is seen.
    top: usize,
    asking: Option<Asking>,
    /// A request that changes something is under way.
    is_applying: bool,
}

/// Whose changes are shown.
#[derive(Debug)]
enum From {
    /// Those of the workspace, in this file or directory only; empty: everywhere.
    Workspace { path: String },
    /// Those that a text tells.
    Text { title: String },
}

impl DiffPane {
    /// The changes of the workspace, in this file or directory only; empty: everywhere.
    #[must_use]
    pub fn new(path: String, split: bool) -> Self {
        Self::from(From::Workspace { path }, split, Vec::new())
    }

    /// The changes that a text tells, as that of a tool call: only to be looked at, and gone with the pane.
    #[must_use]
    pub fn of_text(title: String, unified: &str) -> Self {
        Self::from(From::Text { title }, false, FileView::of_text(unified))
    }

    fn from(from: From, split: bool, files: Vec<FileView>) -> Self {
        Self {
            from,
            files,
            folds: Folds::default(),
            load: Load::default(),
            split,
            rows: Vec::new(),
            columns: Columns::default(),
            height: 0,
            is_stale: true,
            cursor: 0,
            mark: None,
            top: 0,
            asking: None,
            is_applying: false,
        }
    }

    /// Shows other files, at the same place.
    fn replace(&mut self, files: Vec<FileView>) {
        if files != self.files {
            // Who did not move yet sees what comes first.
            let has_moved = self.cursor != self.first();
            let anchor = Anchor::of(&self.files, &self.rows, self.cursor).filter(|_| has_moved || self.load.is_here);
            self.files = files;
            self.mark = None;
            // Before the first drawing nobody knows how wide the rows are.
            if self.columns.width > 0 {
                self.lay(anchor);
            }
        }
    }

    /// The row of the first file.
    fn first(&self) -> usize {
        self.rows.iter().position(|row| matches!(row.spot, Spot::File(_))).unwrap_or(0)
    }

    /// Lays the rows anew, around a place.
    fn lay(&mut self, anchor: Option<Anchor>) {
        let before = self.cursor.saturating_sub(self.top);
        self.columns.digits = self.files.iter().map(FileView::digits).max().unwrap_or(3);
        self.rows = rows(&self.files, &self.folds, self.columns);
        self.is_stale = false;
        self.cursor = anchor.map_or_else(|| self.first(), |anchor| anchor.row(&self.files, &self.rows));
        self.top = self.cursor.saturating_sub(before);
        self.keep_in_sight();
    }

    fn act(&mut self, action: PaneAction, env: &mut Env<'_>) {
        if self.asking.is_some() {
            return self.confirm(false, env);
        }
        match action {
            PaneAction::Stage => self.apply(HunkAction::Stage, env),
            PaneAction::Unstage => self.apply(HunkAction::Unstage, env),
            PaneAction::Revert => self.apply(HunkAction::Revert, env),
            PaneAction::Open => self.show(Showing::File, env),
            PaneAction::Edit => self.show(Showing::Editor, env),
            PaneAction::Comment => self.comment(env),
            PaneAction::Refresh => self.look(env),
            PaneAction::Back if self.mark.is_some() => self.mark = None,
            PaneAction::Back => env.wishes.push(Wish::Close),
            PaneAction::Switch => self.switch(env),
            moving => self.go(moving),
        }
    }

    fn switch(&mut self, env: &mut Env<'_>) {
        self.split = !self.split;
        self.is_stale = true;
        if self.split && self.columns.width < SPLIT_FROM {
            env.say(format!("Both sides stand beside each other where there are {SPLIT_FROM} columns."));
        }
    }

    fn mouse(&mut self, mouse: PaneMouse, env: &mut Env<'_>) {
        match mouse.kind {
            // What is chosen stays what was asked about.
            MouseKind::Down(_) if self.asking.is_some() => self.confirm(false, env),
            MouseKind::Wheel(_) if self.asking.is_some() => {}
            MouseKind::Down(MouseButton::Left) => {
                let row = self.top + usize::from(mouse.row);
                if row < self.rows.len() {
                    let again = self.cursor == row;
                    (self.cursor, self.mark) = (row, None);
                    if let Some(Spot::File(_)) = self.rows.get(row).map(|row| row.spot)
                        && (again || mouse.column < 2)
                    {
                        self.fold(None);
                    }
                }
            }
            MouseKind::Wheel(lines) => self.scroll(lines.into()),
            MouseKind::Down(_) | MouseKind::Up(_) | MouseKind::Drag(_) | MouseKind::Moved => {}
        }
    }
}

impl Pane for DiffPane {
    fn title(&self) -> String {
        let (added, gone) = self.files.iter().fold((0, 0), |sum, file| (sum.0 + file.counts.0, sum.1 + file.counts.1));
        let name = match &self.from {
            From::Text { title } => clean_line(title),
            From::Workspace { path } if path.is_empty() => "changes".to_owned(),
            From::Workspace { path } => format!("changes in {}", clean_line(path)),
        };
        let branch = self.load.branch.as_ref().map(|branch| format!(" on {}", clean_line(branch))).unwrap_or_default();
        let counts = if self.files.is_empty() { String::new() } else { format!("  +{added} -{gone}") };
        let is_cut = self.load.is_cut || self.files.iter().any(|file| file.cut);
        let more = match (is_cut, self.is_coming()) {
            (true, _) => ", and more than are shown",
            (false, true) => ", reading…",
            (false, false) => "",
        };
        format!("{name}{branch}{counts}{more}")
    }

    fn context(&self) -> Context {
        Context::Diff
    }

    fn is_typing(&self) -> bool {
        // The next key is the answer.
        self.asking.is_some()
    }

    fn on(&mut self, input: PaneInput<'_>, env: &mut Env<'_>) {
        match input {
            PaneInput::Act(action) => self.act(action, env),
            PaneInput::Typed(c) => self.confirm(matches!(c, 'y' | 'Y'), env),
            PaneInput::Edit(_) => self.confirm(false, env),
            PaneInput::Mouse(mouse) => self.mouse(mouse, env),
            PaneInput::Connected => self.connected(env),
            PaneInput::Focus(true) => self.look(env),
            PaneInput::Files(FilesCommand::Changes { offset, .. }, answer) => self.paged(*offset, answer, env),
            PaneInput::Files(FilesCommand::Apply { .. }, answer) => self.applied(&answer, env),
            // It is said already why nothing is here.
            PaneInput::Files(FilesCommand::Watch { .. }, Err(_)) if self.load.error.is_some() => {}
            PaneInput::Files(_, Err(error)) => env.complain(&error),
            PaneInput::FilesEvent(event) => self.told(event, env.now),
            PaneInput::Tick => self.tick(env),
            _ => {}
        }
    }

    fn arrange(&mut self, size: (u16, u16), _theme: &Theme, _env: &mut Env<'_>) {
        let (width, height) = (usize::from(size.0), usize::from(size.1));
        let split = self.split && width >= SPLIT_FROM;
        if self.is_stale || (self.columns.width, self.columns.split) != (width, split) {
            let anchor = Anchor::of(&self.files, &self.rows, self.cursor);
            (self.columns.width, self.columns.split, self.mark) = (width, split, None);
            self.lay(anchor);
        }
        if self.height != height {
            self.height = height;
            self.keep_in_sight();
        }
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, look: &Look<'_>) -> Option<Position> {
        if let Some((text, hint)) = self.instead() {
            let lines = [
                Some(Line::styled(clean_line(&text), look.theme.text)),
                hint.map(|hint| Line::styled(clean_line(&hint), look.theme.dim)),
            ];
            let place = Rect { y: area.y + area.height / 3, height: area.height - area.height / 3, ..area };
            Paragraph::new(lines.into_iter().flatten().collect::<Vec<_>>())
                .centered()
                .wrap(Wrap { trim: true })
                .render(place, buffer);
        } else {
            self.draw_rows(area, buffer, look);
        }
        if let Some(asking) = &self.asking {
            let style = look.theme.warn.patch(look.theme.chosen);
            let mut lines = Vec::new();
            let question = [Span::styled(asking.question.as_str(), style)];
            wrap(&question, usize::from(area.width), (&Prefix::default(), Break::Words), &mut lines);
            let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).min(area.height);
            let place = Rect { y: area.bottom() - height, height, ..area };
            Clear.render(place, buffer);
            Paragraph::new(lines).style(style).render(place, buffer);
        }
        None
    }

    fn kept(&self) -> Option<Kept> {
        match &self.from {
            From::Workspace { path } => Some(Kept::Diff { path: path.clone(), split: self.split }),
            // Nobody could say again what the text was.
            From::Text { .. } => None,
        }
    }

    fn wake_at(&self) -> Option<i64> {
        self.load.due
    }

    fn selected(&self, from: (u16, i64), to: (u16, i64)) -> Option<String> {
        let [from, to] = super::in_rows([from, to])?;
        self.text_between(from, to)
    }
}
