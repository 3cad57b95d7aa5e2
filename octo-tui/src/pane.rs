//! What a part of the screen beside the conversation shows: a pure machine, as the app is. The app tells it what happened,
//! it tells the app what it wishes.

pub mod diff;
mod field;
pub mod file;
pub mod image;
#[cfg(test)]
mod stage;
pub mod terminal;
pub mod tree;

use std::{fmt::Debug, rc::Rc, sync::Arc};

use bytes::Bytes;
use crossterm::event::{KeyEvent, KeyModifiers, MouseButton};
use octo_proto::{
    Error,
    files::{FilesCommand, FilesEvent},
    id::TerminalId,
    terminal::{TerminalCommand, TerminalEvent},
};
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};
use serde::{Deserialize, Serialize};

use crate::{
    graphics::Drawing, keymap::Context, state::composer::Edit, syntax::Tokens, text::anchor::Anchor, theme::Theme,
};

/// One part of the screen.
pub trait Pane: Debug {
    /// What it is called, in one line: shown above it.
    fn title(&self) -> String;

    /// Whose keys it takes.
    fn context(&self) -> Context;

    /// Whether what is typed goes into a field of it: then only Enter ([`PaneAction::Open`]), Esc ([`PaneAction::Back`]) and
    /// the keys of a text field have a meaning.
    fn is_typing(&self) -> bool {
        false
    }

    /// Something happened.
    fn on(&mut self, input: PaneInput<'_>, env: &mut Env<'_>);

    /// Lays out what will be drawn in an area of this size. Called before each drawing, which then only reads.
    fn arrange(&mut self, size: (u16, u16), theme: &Theme, env: &mut Env<'_>);

    /// Draws it. Gives the place of the cursor where it has one.
    fn draw(&self, area: Rect, buffer: &mut Buffer, look: &Look<'_>) -> Option<Position>;

    /// What brings it back when the layout is read again; none: nothing does.
    fn kept(&self) -> Option<Kept>;

    /// The terminal that it shows.
    fn terminal(&self) -> Option<&TerminalId> {
        None
    }

    /// The shape of its cursor, by the number of DECSCUSR; 0: the terminal's own.
    fn cursor_style(&self) -> u16 {
        0
    }

    /// Links beneath its text, by column and row.
    fn linked(&self) -> &[Linked] {
        &[]
    }

    /// What can be opened in it, each with its row. `root` is the workspace.
    fn links(&self, _root: &str) -> Vec<(u16, Anchor)> {
        Vec::new()
    }

    /// Whether what the mouse does is for it, so that nothing is selected with it.
    fn asks_mouse(&self) -> bool {
        false
    }

    /// Whether it wants to know each movement of the mouse.
    fn asks_motion(&self) -> bool {
        false
    }

    /// When it changes by itself, ms since 1970.
    fn wake_at(&self) -> Option<i64> {
        None
    }

    /// The number of the line in its first row, where text stays selected while it scrolls; none where rows are what is
    /// selected.
    fn first_line(&self) -> Option<i64> {
        None
    }

    /// The text between two places of it (column of its area, and line as [`Self::first_line`] counts them, or row), both
    /// included, as it is meant and not as it was wrapped; none: what stands on the screen.
    fn selected(&self, _from: (u16, i64), _to: (u16, i64)) -> Option<String> {
        None
    }
}

/// Places of an area whose lines are its rows.
fn in_rows(places: [(u16, i64); 2]) -> Option<[(u16, u16); 2]> {
    let [from, to] = places.map(|(column, row)| u16::try_from(row).ok().map(|row| (column, row)));
    Some([from?, to?])
}

/// A cell, by column and row, and what it links to.
pub type Linked = ((u16, u16), Rc<str>);

/// What happens to a pane.
#[derive(Debug)]
pub enum PaneInput<'a> {
    /// A key with a meaning in its [`Pane::context`].
    Act(PaneAction),
    /// A key changed a text, where the pane has a field.
    Edit(Edit),
    /// A character was typed that has no meaning of its own.
    Typed(char),
    /// A key as it came; only a terminal gets these, and nothing of the three above.
    Key(KeyEvent),
    /// Text was pasted.
    Paste(&'a str),
    /// The mouse did something in it.
    Mouse(PaneMouse),
    /// Text of it is being selected, or not any more.
    Held(bool),
    /// It has the keys now, or not any more.
    Focus(bool),
    /// It is new, or there is a new connection: everything must be asked (again).
    Connected,
    /// One of its requests about files was answered.
    Files(&'a FilesCommand, Result<Answer, Error>),
    /// Something was told about files.
    FilesEvent(&'a FilesEvent),
    /// One of its requests about terminals was answered.
    Terminal(&'a TerminalCommand, Result<Answer, Error>),
    /// Something was told about terminals.
    TerminalEvent(&'a TerminalEvent),
    /// Bytes of a terminal.
    Output(&'a octo_proto::frame::Data),
    /// A picture can be shown that was wished, or why it cannot.
    Drawn(Result<Drawing, String>),
    /// Pictures that were drawn are of no use any more.
    Cells,
    /// A place that it is to show, where it shows files.
    Place(&'a Place),
    /// What it wished to know by [`Wish::Highlight`].
    Highlighted(u64, &'a Tokens),
    /// The time came that [`Pane::wake_at`] named.
    Tick,
    /// It is closed: what it follows is to be left.
    Closed,
}

/// What keys can mean in a pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaneAction {
    /// Moves the choice by lines.
    Step(i8),
    /// Scrolls by pages.
    Pages(i8),
    /// Moves the choice by lines and chooses all on the way.
    Extend(i8),
    /// Begins to choose several lines, or ends it.
    Mark,
    /// To the first line.
    Top,
    /// To the last line.
    Bottom,
    /// To the left, or folds.
    Left,
    /// To the right, or unfolds.
    Right,
    /// Opens what is chosen.
    Open,
    /// Goes one step back.
    Back,
    /// Searches.
    Find,
    /// The next match, or the one before.
    FindNext(i8),
    /// The next hunk, or the one before.
    Hunk(i8),
    /// The next file, or the one before.
    File(i8),
    /// Shows what is hidden, or hides it.
    Hidden,
    /// Shows it the other way: unified or side by side, wrapped or not.
    Switch,
    /// Stages the hunk.
    Stage,
    /// Takes the hunk back from what is staged.
    Unstage,
    /// Reverts the hunk.
    Revert,
    /// Writes about the line.
    Comment,
    /// Opens it in the person's own editor.
    Edit,
    /// Shows what was changed in it.
    Diff,
    /// Looks again.
    Refresh,
    /// Becomes the one who writes.
    Take,
}

/// What the mouse did in a pane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaneMouse {
    /// What.
    pub kind: MouseKind,
    /// The column in its area, from 0.
    pub column: u16,
    /// The row in its area, from 0.
    pub row: u16,
    /// Keys that were held.
    pub modifiers: KeyModifiers,
}

/// What a mouse can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MouseKind {
    /// A button went down.
    Down(MouseButton),
    /// A button went up.
    Up(MouseButton),
    /// It moved while a button was down.
    Drag(MouseButton),
    /// It moved.
    Moved,
    /// The wheel turned by this many lines; down where positive.
    Wheel(i8),
}

/// The answer to a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Its body, as JSON.
    pub body: String,
    /// What came with it.
    pub bytes: Bytes,
}

impl Answer {
    /// What the body says.
    ///
    /// # Errors
    /// `internal` where it says something else than was expected.
    pub fn read<T: serde::de::DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_str(&self.body)
            .map_err(|error| Error::internal(format!("octod's reply was not understood: {error}")))
    }
}

/// What a pane is told of the world, and where it puts what it wishes.
#[derive(Debug)]
pub struct Env<'a> {
    /// ms since 1970.
    pub now: i64,
    /// The folder whose files the pane shows, an absolute path.
    pub root: &'a str,
    /// What is wished, in order.
    pub wishes: Vec<Wish>,
}

impl Env<'_> {
    /// Asks about files of the workspace; the answer comes as [`PaneInput::Files`].
    pub fn files(&mut self, command: FilesCommand) {
        self.wishes.push(Wish::Files(command, Bytes::new()));
    }

    /// Asks about terminals; the answer comes as [`PaneInput::Terminal`].
    pub fn terminal(&mut self, command: TerminalCommand) {
        self.wishes.push(Wish::Terminal(command, Bytes::new()));
    }

    /// Tells the person something.
    pub fn say(&mut self, text: impl Into<String>) {
        self.wishes.push(Wish::Say(text.into()));
    }

    /// Tells the person what went wrong.
    pub fn complain(&mut self, error: &Error) {
        self.wishes.push(Wish::Complain(error.clone()));
    }
}

/// What a pane wishes.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    /// A request about files, and the bytes that go with it.
    Files(FilesCommand, Bytes),
    /// A request about terminals, and the bytes that go with it.
    Terminal(TerminalCommand, Bytes),
    /// A place is to be shown, in a pane of this kind.
    Show(Place, Showing),
    /// A picture made ready to be drawn; it comes as [`PaneInput::Drawn`].
    Draw {
        /// Its file.
        bytes: Bytes,
        /// The columns and rows that it may take.
        room: (u16, u16),
    },
    /// To know what the parts of a text are, whose language the file's name tells; the answer comes as
    /// [`PaneInput::Highlighted`] with this number.
    Highlight(u64, String, Arc<str>),
    /// Text for the composer, at its cursor; the keys go there.
    Compose(String),
    /// Text for the clipboard.
    Copy(String),
    /// The terminal's bell.
    Bell,
    /// A sentence for the person.
    Say(String),
    /// What went wrong.
    Complain(Error),
    /// To be closed.
    Close,
}

/// How a place is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Showing {
    /// The file.
    File,
    /// What was changed in it.
    Diff,
    /// In the person's own editor.
    Editor,
}

/// A place in the workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The file, from the workspace.
    pub path: String,
    /// The line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The last line of a range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<u64>,
}

/// How things look.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// The roles.
    pub theme: &'a Theme,
    /// Whether the pane has the keys.
    pub focused: bool,
    /// ms since 1970.
    pub now: i64,
}

/// What brings a pane back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "pane", rename_all = "snake_case")]
pub enum Kept {
    /// The tree of files.
    Tree {
        /// Whether hidden files are shown.
        #[serde(default)]
        hidden: bool,
        /// Directories that are unfolded.
        #[serde(default)]
        open: Vec<String>,
        /// What is chosen.
        #[serde(default)]
        chosen: String,
    },
    /// A file.
    File {
        /// Where.
        #[serde(flatten)]
        place: Place,
    },
    /// A picture.
    Image {
        /// Where.
        path: String,
    },
    /// What was changed.
    Diff {
        /// In this file or directory only; empty: everywhere.
        #[serde(default)]
        path: String,
        /// Side by side.
        #[serde(default)]
        split: bool,
    },
    /// A terminal.
    Terminal {
        /// Which.
        terminal_id: String,
    },
}
