//! What a client asks of a workspace on channel `files`, and what the replies and events carry.

pub mod name;
mod reply;

use serde::{Deserialize, Serialize};

pub use reply::*;

use crate::id::RequestId;

/// The most bytes of a file that one reply carries.
pub const MAX_PIECE: u64 = 192 * 1024;

/// The version of a file that is not there.
pub const ABSENT: &str = "absent";

/// A request on channel `files`: a command and the workspace it concerns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FilesRequest {
    /// The workspace, an absolute path of a directory; without it, where the frame's session works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    /// What is asked.
    #[serde(flatten)]
    pub command: FilesCommand,
}

/// One command about the files of a workspace. Paths are relative to it, written as in [`name`]; the empty path is the
/// workspace itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "cmd")]
pub enum FilesCommand {
    /// What a person wants to see below a directory, each directory before what it holds. Reply: [`Listing`].
    #[serde(rename = "tree")]
    Tree {
        /// The directory.
        #[serde(default)]
        path: String,
        /// How many levels, 1 to 64; without it 1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        depth: Option<u64>,
        /// Entries to skip.
        #[serde(default)]
        offset: u64,
        /// At most this many, 1 to 1,000; fewer where they would not fit a frame.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
        /// Which of the files that are not shown by themselves.
        #[serde(flatten)]
        shown: Shown,
    },
    /// All that is in a directory. Reply: [`Listing`].
    #[serde(rename = "list")]
    List {
        /// The directory.
        #[serde(default)]
        path: String,
        /// Entries to skip.
        #[serde(default)]
        offset: u64,
        /// As of `tree`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    },
    /// One entry. Reply: [`Stat`].
    #[serde(rename = "stat")]
    Stat {
        /// Which.
        #[serde(default)]
        path: String,
    },
    /// A piece of a file, as the bytes of the reply. Reply: [`FilePiece`].
    #[serde(rename = "read")]
    Read {
        /// The file.
        path: String,
        /// From here, in bytes.
        #[serde(default)]
        offset: u64,
        /// At most this many bytes, 1 to 196,608.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
        /// Refuse with `conflict` if it is another version.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        if_version: Option<String>,
    },
    /// Puts the bytes of the request into a file, whole or not at all; what is larger than a frame in pieces. Reply:
    /// [`Written`].
    #[serde(rename = "write")]
    Write {
        /// The file.
        path: String,
        /// Refuse with `conflict` if it is another version by now; `absent` where it must not be there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        if_version: Option<String>,
        /// Of a file in pieces: a ULID of the client's choice, the same for all of them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        upload: Option<RequestId>,
        /// Where this piece begins, in bytes: what was put so far.
        #[serde(default)]
        offset: u64,
        /// Of the whole, in hexadecimal, with the last piece: then the file is there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sha256: Option<String>,
    },
    /// Makes a directory. Reply: [`Stat`].
    #[serde(rename = "mkdir")]
    Mkdir {
        /// Which.
        path: String,
        /// Also those above it, and no error if it is there.
        #[serde(default)]
        parents: bool,
    },
    /// Moves a file or directory. Reply: [`Stat`] of where it is now.
    #[serde(rename = "rename")]
    Rename {
        /// From here.
        path: String,
        /// To here.
        to: String,
        /// Take the place of a file that is there.
        #[serde(default)]
        replace: bool,
    },
    /// Copies a file, or a directory with all in it. Reply: [`Stat`] of the copy.
    #[serde(rename = "copy")]
    Copy {
        /// This.
        path: String,
        /// To here, where nothing is.
        to: String,
    },
    /// Deletes a file, link or empty directory. Reply: [`crate::command::Done`].
    #[serde(rename = "delete")]
    Delete {
        /// Which.
        path: String,
        /// Also a directory with all in it.
        #[serde(default)]
        recursive: bool,
    },
    /// Files by parts of their paths, the best first. Meanwhile [`FilesEvent::Found`]. Reply: [`Found`].
    #[serde(rename = "search")]
    Search {
        /// What is typed.
        query: String,
        /// Below this directory.
        #[serde(default)]
        path: String,
        /// At most this many, 1 to 200; without it 50.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
        /// Which of the files that are not shown by themselves.
        #[serde(flatten)]
        shown: Shown,
    },
    /// Lines that match. They come as [`FilesEvent::Matched`]. Reply: [`Grepped`].
    #[serde(rename = "grep")]
    Grep {
        /// A regular expression.
        pattern: String,
        /// Below this directory, or in this file.
        #[serde(default)]
        path: String,
        /// The pattern is a text.
        #[serde(default)]
        literal: bool,
        /// Whether capitals are letters of their own; without it, if the pattern has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        case_sensitive: Option<bool>,
        /// At most this many lines, 1 to 10,000; without it 1,000.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
        /// Which of the files that are not shown by themselves.
        #[serde(flatten)]
        shown: Shown,
    },
    /// Ends a `search`, `grep` or `watch` of this connection. Reply: [`crate::command::Done`].
    #[serde(rename = "cancel")]
    Cancel {
        /// The id of its request.
        request_id: RequestId,
    },
    /// What was changed: in a git work tree since the last commit, elsewhere by the session's tool calls. Reply:
    /// [`Changes`].
    #[serde(rename = "changes")]
    Changes {
        /// Only below this.
        #[serde(default)]
        path: String,
        /// With the unified diffs.
        #[serde(default)]
        diff: bool,
        /// Files to skip.
        #[serde(default)]
        offset: u64,
        /// At most this many files, 1 to 500; fewer where they would not fit a frame.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    },
    /// Stages, unstages or reverts changes of one file: the hunks in the bytes of the request, as `changes` gave them, or
    /// without bytes all of them. Reply: [`crate::command::Done`].
    #[serde(rename = "apply")]
    Apply {
        /// The file, as `changes` names it.
        path: String,
        /// What becomes of them.
        action: HunkAction,
    },
    /// Tells changes as [`FilesEvent::Changed`] until `cancel` or the end of the connection. Reply: [`Watching`].
    #[serde(rename = "watch")]
    Watch {
        /// Below this directory.
        #[serde(default)]
        path: String,
    },
}

/// What becomes of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum HunkAction {
    /// What is not staged is staged.
    Stage,
    /// What is staged is so no more; the file stays as it is.
    Unstage,
    /// What is not staged is undone in the file.
    Revert,
}

/// Which files are shown that are not by themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Shown {
    /// Those whose name begins with a dot.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
    /// Those that `.gitignore` and `.ignore` name, and `.git`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ignored: bool,
}

impl FilesCommand {
    /// Whether it changes something, so that its id must be a ULID and is remembered.
    #[must_use]
    pub fn is_mutating(&self) -> bool {
        match self {
            Self::Write { .. }
            | Self::Mkdir { .. }
            | Self::Rename { .. }
            | Self::Copy { .. }
            | Self::Delete { .. }
            | Self::Apply { .. } => true,
            Self::Tree { .. }
            | Self::List { .. }
            | Self::Stat { .. }
            | Self::Read { .. }
            | Self::Search { .. }
            | Self::Grep { .. }
            | Self::Cancel { .. }
            | Self::Changes { .. }
            | Self::Watch { .. } => false,
        }
    }
}

/// Reads the command of a body, or says what is wrong with it.
///
/// # Errors
/// `bad_request` where the body is not an object with a known `cmd` and the fields it needs.
pub fn parse(body: &str) -> Result<FilesRequest, crate::Error> {
    crate::command::parse_as(body)
}
