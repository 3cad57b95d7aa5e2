//! Everything that can happen to the app.

use crossterm::event::{KeyEvent, MouseEvent};
use octo_proto::{
    Cursor, Error, Event,
    files::FilesEvent,
    frame::Data,
    id::{RequestId, SessionId},
    terminal::TerminalEvent,
};

use super::effect::Wall;
use crate::{
    graphics::Form,
    link::state::Status,
    pane::Answer,
    state::{layout::PaneId, picture::Image},
    syntax::Tokens,
};

/// One thing that happened, and when. Time comes from here only.
#[derive(Debug)]
pub struct Input {
    /// ms since 1970.
    pub at: i64,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Debug)]
pub enum What {
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted.
    Paste(String),
    /// The mouse did something.
    Mouse(MouseEvent),
    /// The terminal has this size now.
    Resize(u16, u16),
    /// The cells of the terminal have another size than pictures were drawn for.
    Cells,
    /// The terminal got or lost the focus.
    Focus(bool),
    /// The link told something.
    Link(Heard),
    /// A picture was read, or could not be.
    Read {
        /// Which one.
        upload: RequestId,
        /// The picture, or why there is none.
        image: Result<Image, String>,
    },
    /// A picture was made ready to be drawn, or why it could not be.
    Drawn {
        /// Who waits for it.
        place: Wall,
        /// The picture.
        drawn: Result<Form, String>,
    },
    /// A program was run, or why it failed.
    Ran(Result<(), String>),
    /// It is known what the parts of a text are.
    Highlighted {
        /// The pane that wished to know.
        pane: PaneId,
        /// Its number for it.
        number: u64,
        /// The parts.
        tokens: Tokens,
    },
    /// What was kept of a workspace was read.
    Layout {
        /// Its folder.
        root: String,
        /// What was kept; none where nothing was, or it cannot be read.
        text: Option<String>,
    },
    /// The time came that [`wake_at`](super::App::wake_at) named.
    Tick,
}

/// What the link tells.
#[derive(Debug)]
pub enum Heard {
    /// It is in another state.
    Status(Status),
    /// A request was answered.
    Reply {
        /// Which.
        id: RequestId,
        /// The answer.
        result: Result<Answer, Error>,
    },
    /// A watch told an event.
    Event {
        /// Of which session; none for the index and the runner.
        session_id: Option<SessionId>,
        /// Where the log stands behind it.
        cursor: Cursor,
        /// The event.
        event: Box<Event>,
    },
    /// Something of files that was asked for.
    Files(FilesEvent),
    /// What a terminal tells, in order with its output.
    Terminal(TerminalEvent),
    /// Output of a terminal.
    Output(Data),
    /// An event that this release does not understand.
    Unknown,
}
