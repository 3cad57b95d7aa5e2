//! The tree of the workspace's files: read as far as it is seen, marked by what git says, and never out of date.

mod directories;
mod draw;
mod find;
mod marks;
mod rows;

use crossterm::event::MouseButton;
use octo_proto::{
    Code, Error,
    files::{EntryKind, FilesCommand, FilesEvent},
};
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};

use self::{directories::Directories, find::Find, marks::Marks, rows::Rows};
use super::{Answer, Env, Kept, Look, MouseKind, Pane, PaneAction, PaneInput, PaneMouse, Place, Showing, Wish};
use crate::{keymap::Context, state::composer::Edit, text::clean::clean_line, theme::Theme};

/// Between two looks whether the workspace is back, in ms: nobody tells that.
const BACK_MS: i64 = 2_000;

/// How long a second click counts as the second, in ms.
const TWICE_MS: i64 = 500;

/// The tree of files.
#[derive(Debug)]
pub struct TreePane {
    directories: Directories,
    marks: Marks,
    rows: Rows,
    find: Option<Find>,
    /// The last part of the workspace's path.
    root: String,
    /// When and where was clicked last.
    clicked: Option<(i64, usize)>,
    /// Changes are not followed.
    unwatched: bool,
    /// When it is looked whether the workspace is back.
    back: Option<i64>,
}

impl TreePane {
    /// A tree with these directories unfolded, this path chosen.
    #[must_use]
    pub fn new(hidden: bool, open: Vec<String>, chosen: String) -> Self {
        Self {
            directories: Directories::new(hidden, open),
            marks: Marks::default(),
            rows: Rows { chosen, follows: true, ..Rows::default() },
            find: None,
            root: String::new(),
            clicked: None,
            unwatched: false,
            back: None,
        }
    }

    fn begin(&mut self, env: &mut Env<'_>) {
        env.root.rsplit('/').next().unwrap_or_default().clone_into(&mut self.root);
        env.files(FilesCommand::Watch { path: String::new() });
        let next = self.directories.begin();
        self.ask(next, env);
        env.files(self.marks.begin(env.now));
        let shown = self.directories.shown();
        let search = self.find.as_mut().and_then(|find| find.begin(shown));
        self.ask(search, env);
    }

    /// Asks, and lays the lines out anew.
    fn ask(&mut self, commands: impl IntoIterator<Item = FilesCommand>, env: &mut Env<'_>) {
        commands.into_iter().for_each(|command| env.files(command));
        self.rows.rebuild(&self.directories, &self.marks);
    }

    fn act(&mut self, action: PaneAction, env: &mut Env<'_>) {
        let page = isize::try_from(self.rows.height.max(2) - 1).unwrap_or(1);
        match action {
            PaneAction::Step(by) => self.step(isize::from(by)),
            PaneAction::Pages(by) => self.step(isize::from(by) * page),
            PaneAction::Top => self.rows.choose(0, &self.directories),
            PaneAction::Bottom => self.rows.choose(usize::MAX, &self.directories),
            PaneAction::Left => self.left(),
            PaneAction::Right => self.right(env),
            PaneAction::Open => self.open(env),
            PaneAction::Back => self.find = None,
            PaneAction::Find => {
                let shown = self.directories.shown();
                let next = self.find.get_or_insert_default().ask(shown);
                self.ask(next, env);
            }
            PaneAction::Hidden => {
                let hidden = !self.directories.shown().hidden;
                let next = self.directories.show_hidden(hidden);
                self.ask(next, env);
                env.say(if hidden {
                    "hidden and ignored files are shown"
                } else {
                    "hidden and ignored files are not shown"
                });
            }
            PaneAction::Diff => self.show(Showing::Diff, env),
            PaneAction::Edit => self.show(Showing::Editor, env),
            PaneAction::Refresh => self.look(env),
            // What other panes can.
            _ => {}
        }
    }

    fn look(&mut self, env: &mut Env<'_>) {
        let next = self.directories.look_at_all();
        self.ask(next, env);
        let next = self.marks.look(env.now);
        self.ask(next, env);
        env.files(FilesCommand::Watch { path: String::new() });
    }

    fn step(&mut self, by: isize) {
        match &mut self.find {
            Some(find) => find.step(by),
            None => self.rows.choose(self.rows.at.saturating_add_signed(by), &self.directories),
        }
    }

    /// What is chosen, if it is a directory.
    fn directory(&self) -> Option<String> {
        let entry = self.rows.get()?.entry(&self.directories)?;
        (entry.kind == EntryKind::Directory).then(|| entry.path.clone())
    }

    fn left(&mut self) {
        match self.directory().filter(|path| self.directories.is_open(path)) {
            Some(path) => {
                self.directories.fold(&path);
                self.rows.rebuild(&self.directories, &self.marks);
            }
            None => {
                if let Some(above) = self.rows.above(&self.directories) {
                    self.rows.choose(above, &self.directories);
                }
            }
        }
    }

    fn right(&mut self, env: &mut Env<'_>) {
        match self.directory() {
            Some(path) if self.directories.is_open(&path) => self.step(1),
            Some(path) => {
                let next = self.directories.unfold(&path);
                self.ask(next, env);
            }
            None => self.show(Showing::File, env),
        }
    }

    fn open(&mut self, env: &mut Env<'_>) {
        if let Some(find) = &mut self.find {
            if !find.is_told && !find.is_answered {
                find.opens = true;
                return;
            }
            let Some(path) = find.chosen().map(|file| file.path.clone()) else { return };
            self.find = None;
            self.reveal(&path, env);
            env.wishes.push(Wish::Show(Place { path, line: None, to: None }, Showing::File));
            return;
        }
        match self.directory() {
            Some(path) if self.directories.is_open(&path) => self.left(),
            Some(_) => self.right(env),
            None => self.show(Showing::File, env),
        }
    }

    /// Unfolds what a path is in, and chooses it.
    fn reveal(&mut self, path: &str, env: &mut Env<'_>) {
        for (at, _) in path.match_indices('/') {
            let next = self.directories.unfold(&path[..at]);
            self.ask(next, env);
        }
        path.clone_into(&mut self.rows.chosen);
        self.rows.follows = true;
        self.rows.rebuild(&self.directories, &self.marks);
    }

    fn show(&self, showing: Showing, env: &mut Env<'_>) {
        let Some(row) = self.rows.get() else { return };
        let Some(path) = row.path(&self.directories) else { return };
        let kind = row.entry(&self.directories).map(|entry| entry.kind);
        let openable = match kind {
            Some(EntryKind::Directory | EntryKind::Other) | None => showing == Showing::Diff,
            Some(EntryKind::File | EntryKind::Link) => true,
        };
        if openable {
            env.wishes.push(Wish::Show(Place { path: path.to_owned(), line: None, to: None }, showing));
        } else if kind == Some(EntryKind::Other) {
            env.say(format!("`{}` is a device, pipe or socket, which is not opened", clean_line(path)));
        } else if kind.is_none() {
            env.say(format!("`{}` is not there any more; d shows what it was", clean_line(path)));
        }
    }

    fn mouse(&mut self, mouse: PaneMouse, env: &mut Env<'_>) {
        match (mouse.kind, &mut self.find) {
            (MouseKind::Wheel(by), Some(find)) => find.step(isize::from(by)),
            (MouseKind::Wheel(by), None) => self.rows.scroll(isize::from(by)),
            (MouseKind::Down(MouseButton::Left), Some(find)) => {
                if let Some(row) = usize::from(mouse.row).checked_sub(1) {
                    find.at = (find.top + row).min(find.files.len().saturating_sub(1));
                    self.click(row, env);
                }
            }
            (MouseKind::Down(MouseButton::Left), None) => {
                let at = self.rows.top + usize::from(mouse.row);
                if at < self.rows.all.len() {
                    self.rows.choose(at, &self.directories);
                    self.click(at, env);
                }
            }
            (MouseKind::Down(_) | MouseKind::Up(_) | MouseKind::Drag(_) | MouseKind::Moved, _) => {}
        }
    }

    fn click(&mut self, at: usize, env: &mut Env<'_>) {
        let second = self.clicked.is_some_and(|(when, before)| before == at && env.now - when <= TWICE_MS);
        self.clicked = (!second).then_some((env.now, at));
        if second {
            self.open(env);
        }
    }

    fn answered(&mut self, command: &FilesCommand, result: Result<Answer, Error>, env: &mut Env<'_>) {
        match command {
            FilesCommand::Tree { path, offset, shown, .. } => {
                let listing = result.and_then(|answer| answer.read());
                if path.is_empty() {
                    self.heed_root(listing.as_ref().err(), env);
                }
                let next = self.directories.take((path, *offset, *shown), listing);
                self.ask(next, env);
            }
            FilesCommand::Changes { offset, .. } => {
                let page = result.and_then(|answer| answer.read());
                let next = self.marks.take(env.now, *offset, page);
                self.ask(next, env);
            }
            FilesCommand::Search { query, .. } => {
                let found = result.and_then(|answer| answer.read());
                self.find.iter_mut().for_each(|find| find.take(query, found.clone()));
                if self.find.as_ref().is_some_and(|find| find.opens && find.is_answered) {
                    self.open(env);
                }
            }
            FilesCommand::Watch { .. } => self.unwatched = result.is_err(),
            _ => {}
        }
    }

    /// Nobody tells when a workspace comes back that is gone: it is looked for, and then followed anew.
    fn heed_root(&mut self, error: Option<&Error>, env: &mut Env<'_>) {
        match error {
            Some(error) if error.code != Code::Unavailable => self.back = Some(env.now + BACK_MS),
            Some(_) => {}
            None if self.back.take().is_some() => {
                env.files(FilesCommand::Watch { path: String::new() });
                let next = self.marks.look(env.now);
                self.ask(next, env);
            }
            None => {}
        }
    }

    fn tick(&mut self, env: &mut Env<'_>) {
        if self.marks.due.is_some_and(|due| due <= env.now) {
            let next = self.marks.look(env.now);
            self.ask(next, env);
        }
        if self.back.is_some_and(|due| due <= env.now) {
            self.back = Some(env.now + BACK_MS);
            let next = self.directories.look_at_all();
            self.ask(next, env);
        }
    }

    fn told(&mut self, event: &FilesEvent, env: &mut Env<'_>) {
        if let (FilesEvent::Found { found, .. }, Some(find)) = (event, &mut self.find) {
            find.tell(found);
        }
        let FilesEvent::Changed { paths, rescan, .. } = event else { return };
        let ask = if *rescan { self.directories.look_at_all() } else { self.directories.look_around(paths) };
        self.ask(ask, env);
        let next = self.marks.look(env.now);
        self.ask(next, env);
    }

    /// Narrows by what is typed. False where it was something else.
    fn narrows(&mut self, input: &PaneInput<'_>, env: &mut Env<'_>) -> bool {
        let shown = self.directories.shown();
        let Some(find) = &mut self.find else { return false };
        match input {
            PaneInput::Edit(Edit::Up) => find.step(-1),
            PaneInput::Edit(Edit::Down) => find.step(1),
            input if find.field.takes(input) => find.ask(shown).into_iter().for_each(|command| env.files(command)),
            _ => return false,
        }
        true
    }
}

impl Pane for TreePane {
    fn title(&self) -> String {
        let mut title = clean_line(&self.root);
        if let Some(branch) = &self.marks.branch {
            title.push_str(&format!(" · {}", clean_line(branch)));
        }
        match self.marks.files {
            0 => {}
            files => title.push_str(&format!(" · {files}{} changed", if self.marks.is_cut { "+" } else { "" })),
        }
        if self.unwatched {
            title.push_str(" · not followed, R looks again");
        }
        title
    }

    fn context(&self) -> Context {
        Context::Tree
    }

    fn is_typing(&self) -> bool {
        self.find.is_some()
    }

    fn on(&mut self, input: PaneInput<'_>, env: &mut Env<'_>) {
        if self.narrows(&input, env) {
            return;
        }
        match input {
            PaneInput::Act(action) => self.act(action, env),
            PaneInput::Mouse(mouse) => self.mouse(mouse, env),
            PaneInput::Connected => self.begin(env),
            PaneInput::Files(command, result) => self.answered(command, result, env),
            PaneInput::FilesEvent(event) => self.told(event, env),
            PaneInput::Tick => self.tick(env),
            _ => {}
        }
    }

    fn arrange(&mut self, size: (u16, u16), _theme: &Theme, env: &mut Env<'_>) {
        let height = usize::from(size.1);
        if let Some(find) = &mut self.find {
            find.arrange(height.saturating_sub(1));
        }
        self.rows.arrange(height);
        let ends: Vec<_> = self.rows.nearly_seen().cloned().collect();
        ends.iter().filter_map(|path| self.directories.more(path)).for_each(|command| env.files(command));
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, look: &Look<'_>) -> Option<Position> {
        draw::draw(self, area, buffer, look)
    }

    fn kept(&self) -> Option<Kept> {
        Some(Kept::Tree {
            hidden: self.directories.shown().hidden,
            open: self.directories.open().cloned().collect(),
            chosen: self.rows.chosen.clone(),
        })
    }

    fn wake_at(&self) -> Option<i64> {
        self.marks.due.into_iter().chain(self.back).min()
    }
}

#[cfg(test)]
mod tests;
