//! A file: read as far as it is looked at, searched, followed when it changes.

mod cells;
mod colours;
mod draw;
mod search;
mod seek;
mod source;
mod text;
mod view;

use crossterm::event::MouseButton;
use octo_proto::{
    Error,
    files::{FilesCommand, FilesEvent},
};
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};

use self::{
    colours::Colours,
    search::Search,
    source::{Brought, Lost, MOST, Source},
    view::View,
};
use super::{
    Answer, Env, Kept, Look, MouseKind, Pane, PaneAction, PaneInput, PaneMouse, Place, Showing, Wish, field::Field,
};
use crate::{
    keymap::Context,
    text::{clean::clean_line, mention::written, size::size},
    theme::Theme,
};

/// Columns that one step to the side scrolls.
const SIDE: usize = 8;

/// A file.
#[derive(Debug)]
pub struct FilePane {
    source: Source,
    view: View,
    search: Search,
    colours: Colours,
    /// A line to go to when it is read.
    wanted: Option<Wanted>,
    /// It was changed since a key was pressed here.
    changed: bool,
    /// Changes are not followed.
    unwatched: bool,
}

/// Where to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    /// To this line, from 0.
    Line(usize),
    /// To the last.
    End,
}

impl FilePane {
    /// The file of a place, at its line.
    #[must_use]
    pub fn new(place: Place) -> Self {
        let mut pane = Self {
            source: Source::new(place.path),
            view: View::default(),
            search: Search::default(),
            colours: Colours::default(),
            wanted: None,
            changed: false,
            unwatched: false,
        };
        pane.go(place.line);
        pane
    }

    fn begin(&mut self, env: &mut Env<'_>) {
        self.watch(env);
        let begin = self.source.begin(env.now);
        env.files(begin);
    }

    /// Shows this place from now on.
    fn turn_to(&mut self, place: &Place, env: &mut Env<'_>) {
        if place.path == self.source.path() {
            self.go(place.line);
        } else {
            let wrap = self.view.wrap;
            *self = Self::new(place.clone());
            self.view.wrap = wrap;
            self.begin(env);
        }
    }

    /// Goes to a line, from 1, as soon as it is read.
    fn go(&mut self, line: Option<u64>) {
        self.wanted = line.map(|line| Wanted::Line(usize::try_from(line).unwrap_or(usize::MAX).saturating_sub(1)));
    }

    fn place(&self) -> Place {
        let line = match self.wanted {
            Some(Wanted::Line(line)) => line as u64,
            Some(Wanted::End) | None => self.view.at as u64,
        };
        let line = line.saturating_add(1);
        Place { path: self.source.path().to_owned(), line: Some(line), to: None }
    }

    /// Follows what changes beside the file. Outside the workspace it is looked at from time to time.
    fn watch(&self, env: &mut Env<'_>) {
        let parent = self.source.path().rsplit_once('/').map_or("", |(parent, _)| parent);
        if !self.source.is_outside() {
            env.files(FilesCommand::Watch { path: parent.to_owned() });
        }
    }

    fn act(&mut self, action: PaneAction, env: &mut Env<'_>) {
        self.changed = false;
        let text = &self.source.text;
        match action {
            PaneAction::Step(by) => self.view.step(isize::from(by), text),
            PaneAction::Pages(by) => self.view.pages(isize::from(by), text),
            PaneAction::Top => self.view.go(0),
            PaneAction::Bottom => self.wanted = Some(Wanted::End),
            PaneAction::Left => self.view.left = self.view.left.saturating_sub(SIDE),
            PaneAction::Right if !self.view.wrap => self.view.left += SIDE,
            PaneAction::Switch => (self.view.wrap, self.view.left) = (!self.view.wrap, 0),
            PaneAction::Open if self.search.field.is_some() => self.sought(env),
            PaneAction::Open | PaneAction::Comment => {
                let Place { path, line, .. } = self.place();
                env.wishes.push(Wish::Compose(format!("{}:{} ", written(&path), line.unwrap_or(1))));
            }
            PaneAction::Back => self.leave_search(),
            PaneAction::Find => {
                let origin = (self.view.at, self.view.left);
                self.search = Search { field: Some(Field::default()), origin, ..Search::default() };
            }
            PaneAction::FindNext(by) => self.seek_next(by, env),
            PaneAction::Edit => env.wishes.push(Wish::Show(self.place(), Showing::Editor)),
            PaneAction::Diff => env.wishes.push(Wish::Show(self.place(), Showing::Diff)),
            PaneAction::Refresh => self.look(env),
            // What other panes can.
            _ => {}
        }
    }

    fn look(&mut self, env: &mut Env<'_>) {
        self.source.look(env.now).into_iter().for_each(|command| env.files(command));
        self.watch(env);
    }

    fn mouse(&mut self, mouse: PaneMouse) {
        match mouse.kind {
            MouseKind::Wheel(by) => self.view.scroll(isize::from(by), &self.source.text),
            MouseKind::Down(MouseButton::Left) => {
                if let Some(row) = self.view.rows.get(usize::from(mouse.row)) {
                    self.view.at = row.line;
                }
            }
            MouseKind::Down(_) | MouseKind::Up(_) | MouseKind::Drag(_) | MouseKind::Moved => {}
        }
    }

    fn answered(&mut self, command: &FilesCommand, result: Result<Answer, Error>, env: &mut Env<'_>) {
        let was_at_end =
            self.view.at + 1 >= self.source.text.lines() && self.source.text.is_ended() && self.view.at > 0;
        let was_lost = self.source.lost.is_some();
        let brought = match command {
            FilesCommand::Read { path, offset, .. } if path == self.source.path() => self.source.take(*offset, result),
            FilesCommand::Stat { path } if path == self.source.path() => {
                self.source.seen(result.and_then(|answer| answer.read()))
            }
            FilesCommand::Watch { .. } => {
                self.unwatched = result.is_err();
                return;
            }
            _ => return,
        };
        let Brought { next, text, changed, error } = brought;
        if was_lost && self.source.lost.is_none() {
            // Its directory may be another one than before.
            self.watch(env);
        }
        next.into_iter().for_each(|command| env.files(command));
        error.iter().for_each(|error| env.complain(error));
        self.changed |= changed;
        if text {
            // Who looks at the end of a file that grows wants to see what comes.
            if changed && was_at_end && self.wanted.is_none() {
                self.wanted = Some(Wanted::End);
            }
            if let Some(from) = self.search.seeks {
                self.seek(from, env);
            }
        }
    }

    /// Goes to the line that is wanted, if it was read.
    fn settle(&mut self, env: &mut Env<'_>) {
        let text = &self.source.text;
        let Some(wanted) = self.wanted else { return };
        let line = match wanted {
            Wanted::Line(line) => line,
            Wanted::End => usize::MAX,
        };
        if line >= text.lines() && !text.is_ended() && self.source.lost.is_none() {
            return;
        }
        self.wanted = None;
        self.view.jump(line.min(text.lines().saturating_sub(1)));
        if line >= text.lines() && wanted != Wanted::End {
            env.say(format!("`{}` has only {} lines here", clean_line(self.source.path()), text.lines()));
        }
    }

    fn told(&mut self, event: &FilesEvent, env: &mut Env<'_>) {
        let FilesEvent::Changed { paths, rescan, .. } = event else { return };
        let path = self.source.path();
        let concerns = |changed: &String| {
            path.strip_prefix(changed.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if *rescan || paths.iter().any(concerns) {
            self.source.look(env.now).into_iter().for_each(|command| env.files(command));
        }
    }

    /// What there is to say below the text.
    fn note(&self) -> Option<String> {
        let source = &self.source;
        if !source.is_known() || source.binary {
            return None;
        }
        if self.wanted.is_some() || self.search.seeks.is_some() {
            return Some(format!("reading… {} of {}", size(source.text.len() as u64), size(source.size)));
        }
        if let Some(at) = self.unseen_match() {
            return Some(format!("it matches behind what is shown of the line, at byte {}", at + 1));
        }
        source.is_cut().then(|| {
            format!("the first {} of {} are shown; e opens all of it in your editor", size(MOST), size(source.size))
        })
    }

    /// Whether the last row is not the text's.
    fn has_foot(&self) -> bool {
        self.search.field.is_some() || self.note().is_some()
    }
}

impl Pane for FilePane {
    fn title(&self) -> String {
        let source = &self.source;
        let mut title = clean_line(source.path());
        if source.text.lines() > 0 {
            title.push_str(&format!(":{}", self.view.at + 1));
        }
        // What is told first is cut last.
        match (source.lost, self.changed) {
            (Some(Lost::Deleted), _) => title.push_str(" · deleted"),
            (Some(Lost::Replaced), _) => title.push_str(" · no file any more"),
            (None, true) => title.push_str(" · changed"),
            (None, false) => {}
        }
        if source.is_known() {
            title.push_str(&format!(" · {}", size(source.size)));
        }
        if self.unwatched {
            title.push_str(" · not followed, R looks again");
        }
        title
    }

    fn context(&self) -> Context {
        Context::File
    }

    fn is_typing(&self) -> bool {
        self.search.field.is_some()
    }

    fn on(&mut self, input: PaneInput<'_>, env: &mut Env<'_>) {
        if self.search.field.as_mut().is_some_and(|field| field.takes(&input)) {
            return self.narrowed();
        }
        match input {
            PaneInput::Act(action) => self.act(action, env),
            PaneInput::Mouse(mouse) => self.mouse(mouse),
            PaneInput::Connected => self.begin(env),
            PaneInput::Place(place) => self.turn_to(place, env),
            PaneInput::Files(command, result) => self.answered(command, result, env),
            PaneInput::FilesEvent(event) => self.told(event, env),
            PaneInput::Highlighted(number, tokens) => self.colours.take(self.source.path(), number, tokens),
            PaneInput::Tick if self.wake_at().is_some_and(|due| due <= env.now) => {
                self.source.look(env.now).into_iter().for_each(|command| env.files(command));
            }
            _ => {}
        }
    }

    fn arrange(&mut self, size: (u16, u16), _theme: &Theme, env: &mut Env<'_>) {
        self.settle(env);
        let height = usize::from(size.1).saturating_sub(usize::from(self.has_foot()));
        self.view.arrange((size.0, height), &self.source.text);
        let seen = self.view.top_line() + self.view.height();
        let near = self.source.text.lines() < seen + 3 * self.view.height();
        if near || self.wanted.is_some() || self.search.seeks.is_some() {
            self.source.more().into_iter().for_each(|command| env.files(command));
        }
        env.wishes.extend(self.colours.ask(&self.source, seen));
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, look: &Look<'_>) -> Option<Position> {
        draw::draw(self, area, buffer, look)
    }

    fn kept(&self) -> Option<Kept> {
        Some(Kept::File { place: self.place() })
    }

    fn wake_at(&self) -> Option<i64> {
        self.source.due
    }

    fn selected(&self, from: (u16, i64), to: (u16, i64)) -> Option<String> {
        let mut ends = super::in_rows([from, to])?;
        ends.sort_unstable_by_key(|(column, row)| (*row, *column));
        let [from, to] = ends;
        let text = &self.source.text;
        let (first, start) = self.view.place(from, text)?;
        let (last, end) = self.view.place(to, text)?;
        let lines = (first..=last).map(|line| {
            let whole = text.line(line);
            let from = if line == first { start.start } else { 0 };
            let to = if line == last { end.end } else { whole.len() };
            whole.get(from..to).unwrap_or_default().to_owned()
        });
        Some(lines.collect::<Vec<_>>().join("\n"))
    }
}

#[cfg(test)]
mod tests;
