//! The pane, as it is driven and as it looks.

mod look;
mod work;

use octo_proto::{
    Error,
    files::{ChangeKind, Changes, ChangesSource, FileChange, FilesCommand, HunkAction},
};
use ratatui::{buffer::Buffer, layout::Rect};

use super::DiffPane;
use crate::{
    pane::{
        Answer, Env, Look, Pane, PaneAction, PaneInput, Wish,
        stage::{styles_of, text_of},
    },
    theme::{Theme, ThemeName},
};

/// A pane without an app.
pub(super) struct Stage {
    pub(super) pane: DiffPane,
    pub(super) wishes: Vec<Wish>,
    pub(super) at: i64,
    size: (u16, u16),
}

impl Stage {
    pub(super) fn new(pane: DiffPane, size: (u16, u16)) -> Self {
        let mut stage = Self { pane, wishes: Vec::new(), at: 1_800_000_000_000, size };
        stage.input(PaneInput::Connected);
        stage
    }

    /// One of a git workspace with these changes.
    pub(super) fn with(files: Vec<FileChange>, size: (u16, u16)) -> Self {
        let mut stage = Self::new(DiffPane::new(String::new(), false), size);
        stage.changes(files);
        stage
    }

    pub(super) fn input(&mut self, input: PaneInput<'_>) {
        self.at += 1;
        let mut env = Env { now: self.at, root: "/home/ann/work", wishes: Vec::new() };
        self.pane.on(input, &mut env);
        self.pane.arrange(self.size, &Theme::named(ThemeName::Ansi), &mut env);
        self.wishes.extend(env.wishes);
    }

    pub(super) fn act(&mut self, action: PaneAction) {
        self.input(PaneInput::Act(action));
    }

    pub(super) fn resize(&mut self, size: (u16, u16)) {
        self.size = size;
        self.input(PaneInput::Tick);
    }

    /// All changes, in one page.
    pub(super) fn changes(&mut self, files: Vec<FileChange>) {
        let branch = Some("main".to_owned());
        self.page(0, &Changes { source: ChangesSource::Git, branch, files, next: None });
    }

    pub(super) fn page(&mut self, offset: u64, page: &Changes) {
        let command = FilesCommand::Changes { path: String::new(), diff: true, offset, limit: None };
        let body = serde_json::to_string(page).unwrap();
        self.input(PaneInput::Files(&command, Ok(Answer { body, ..Answer::default() })));
    }

    pub(super) fn refuse(&mut self, command: &FilesCommand, error: Error) {
        self.input(PaneInput::Files(command, Err(error)));
    }

    /// What was wished since the last look.
    pub(super) fn wished(&mut self) -> Vec<Wish> {
        std::mem::take(&mut self.wishes)
    }

    pub(super) fn draw(&self) -> Buffer {
        let area = Rect::new(0, 0, self.size.0, self.size.1);
        let mut buffer = Buffer::empty(area);
        let look = Look { theme: &Theme::named(ThemeName::Ansi), focused: true, now: self.at };
        self.pane.draw(area, &mut buffer, &look);
        buffer
    }

    /// What is on the screen.
    pub(super) fn text(&self) -> String {
        let buffer = self.draw();
        (0..self.size.1).map(|y| text_of(&buffer, y) + "\n").collect()
    }

    /// The same with its styles: below each line, the columns that have one.
    pub(super) fn screen(&self) -> String {
        let buffer = self.draw();
        let mut out = format!("{}\n", self.pane.title());
        for y in 0..self.size.1 {
            out.push_str(&format!("|{}\n", text_of(&buffer, y)));
            out.extend(styles_of(&buffer, y).map(|runs| format!("    {runs}\n")));
        }
        out
    }
}

pub(super) fn change(path: &str, unstaged: ChangeKind, diff: &str) -> FileChange {
    FileChange {
        path: path.to_owned(),
        from: None,
        staged: None,
        unstaged: Some(unstaged),
        staged_diff: None,
        unstaged_diff: Some(diff.to_owned()),
        cut: false,
    }
}

pub(super) fn head(path: &str) -> String {
    format!("diff --git a/{path} b/{path}\nindex 1111111..2222222 100644\n--- a/{path}\n+++ b/{path}\n")
}

pub(super) fn apply(path: &str, action: HunkAction) -> FilesCommand {
    FilesCommand::Apply { path: path.to_owned(), action }
}
