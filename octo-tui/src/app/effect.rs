//! Everything that the app can want done.

use std::sync::Arc;

use bytes::Bytes;
use octo_proto::{
    Command, channel,
    files::FilesRequest,
    id::{RequestId, SessionId},
    terminal::TerminalCommand,
};
use serde::Serialize;

use crate::state::layout::PaneId;

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Ask octod.
    Send(Box<Asked>),
    /// Read a picture.
    Read {
        /// Which one.
        upload: RequestId,
        /// Its file.
        path: String,
    },
    /// Make a picture ready to be drawn.
    Draw {
        /// Who waits for it.
        place: Wall,
        /// Its file.
        bytes: Bytes,
        /// The columns and rows that it may take.
        room: (u16, u16),
        /// What the terminal is to call it.
        id: u32,
    },
    /// Run a program: its name and its arguments.
    Run(Vec<String>),
    /// Find out what the parts of a text are.
    Highlight {
        /// The pane that wishes to know.
        pane: PaneId,
        /// Its number for it.
        number: u64,
        /// The file of the text, whose name tells its language.
        path: String,
        /// The text.
        text: Arc<str>,
    },
    /// Read what was kept of a workspace.
    LoadLayout {
        /// Its folder.
        root: String,
    },
    /// Keep the layout of a workspace.
    SaveLayout {
        /// Its folder.
        root: String,
        /// What is kept.
        text: String,
    },
    /// Put text into the clipboard of the person's terminal.
    Copy(String),
    /// Ring the terminal's bell.
    Bell,
    /// Draw the whole screen anew.
    Redraw,
    /// End the program.
    Quit,
}

/// Where a picture is to hang.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wall {
    /// In the conversation, under this name.
    Chat(String),
    /// In this pane.
    Pane(PaneId),
}

/// A request to octod.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// The same however often it is sent.
    pub id: RequestId,
    /// The connection that it is meant for; on another it is dropped, since the app sends it again by itself.
    pub connection: u64,
    /// The session it concerns.
    pub session: Option<SessionId>,
    /// What is asked.
    pub call: Call,
    /// What goes with it.
    pub bytes: Bytes,
}

/// What can be asked, by channel.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Call {
    /// About sessions.
    Agent(Command),
    /// About files.
    Files(FilesRequest),
    /// About terminals.
    Terminal(TerminalCommand),
}

impl Call {
    /// The channel that it goes through.
    #[must_use]
    pub fn channel(&self) -> &'static str {
        match self {
            Self::Agent(_) => channel::AGENT,
            Self::Files(_) => channel::FILES,
            Self::Terminal(_) => channel::TERMINAL,
        }
    }

    /// Whether it changes something that outlives the connection, so that it is sent again until it is answered.
    #[must_use]
    pub fn is_mutating(&self) -> bool {
        match self {
            Self::Agent(command) => command.is_mutating(),
            Self::Files(request) => request.command.is_mutating(),
            Self::Terminal(command) => command.is_mutating(),
        }
    }
}

impl From<Command> for Call {
    fn from(command: Command) -> Self {
        Self::Agent(command)
    }
}

impl From<FilesRequest> for Call {
    fn from(request: FilesRequest) -> Self {
        Self::Files(request)
    }
}

impl From<TerminalCommand> for Call {
    fn from(command: TerminalCommand) -> Self {
        Self::Terminal(command)
    }
}
