//! What replies and events of channel `files` carry.

use serde::{Deserialize, Serialize};

use crate::id::RequestId;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// A file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A socket, pipe or device: shown, never opened.
    Other,
}

/// A file, directory or whatever else has a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FileEntry {
    /// Where it is, from the workspace.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
    /// Of a file, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// When it was changed last, ms since 1970; none where it was gone when it was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<i64>,
}

/// A page of entries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Listing {
    /// Directories first, then by name.
    pub entries: Vec<FileEntry>,
    /// The offset of the next page, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}

/// One entry, looked at closely.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Stat {
    /// The entry.
    pub entry: FileEntry,
    /// Its version, for `if_version`.
    pub version: String,
    /// Its permission bits.
    pub mode: u32,
    /// Of a link, where it leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
}

/// A piece of a file; the bytes follow the frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FilePiece {
    /// Size of the whole, in bytes.
    pub size: u64,
    /// Its version, for `if_version`.
    pub version: String,
    /// Whether it is no text: its first 8,000 bytes have a NUL.
    pub binary: bool,
}

/// How far a file was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Written {
    /// Bytes put so far.
    pub size: u64,
    /// The version of the file, once it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// A file whose path matches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FoundFile {
    /// Where it is.
    pub path: String,
    /// How well it matches; more is better.
    pub score: u32,
    /// The characters of `path` that matched, by their place.
    pub matched: Vec<u32>,
}

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Found {
    /// The best first.
    pub files: Vec<FoundFile>,
    /// How many files were looked at.
    pub scanned: u64,
    /// Whether it was cancelled before it had seen all.
    pub cancelled: bool,
}

/// A line that matches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MatchedLine {
    /// Its number, from 1.
    pub line: u64,
    /// The line, at most its first 1,024 bytes; what is no UTF-8 is replaced.
    pub text: String,
    /// Where in `text` the pattern matches, in bytes: first, and behind the last.
    pub ranges: Vec<[u64; 2]>,
}

/// How a grep ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Grepped {
    /// Lines that were told.
    pub lines: u64,
    /// Files that have one.
    pub files: u64,
    /// Files that were looked at.
    pub scanned: u64,
    /// Whether there may be more than `limit`.
    pub truncated: bool,
    /// Whether it was cancelled before it had seen all.
    pub cancelled: bool,
}

/// Who knows what was changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChangesSource {
    /// The workspace is in a git work tree.
    Git,
    /// The tool calls of the session.
    Session,
    /// Nobody: there is neither.
    #[default]
    None,
}

/// How a file differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It has another content or mode.
    Modified,
    /// It is gone.
    Deleted,
    /// It was moved, from [`FileChange::from`].
    Renamed,
    /// It was copied, from [`FileChange::from`].
    Copied,
    /// It is something else than before, as a link.
    TypeChanged,
    /// It is in conflict.
    Unmerged,
    /// Git does not know it.
    Untracked,
}

/// One changed file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FileChange {
    /// Where it is.
    pub path: String,
    /// Where it was, if it was moved or copied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What is staged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staged: Option<ChangeKind>,
    /// What is not staged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unstaged: Option<ChangeKind>,
    /// The unified diff of what is staged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staged_diff: Option<String>,
    /// The unified diff of what is not staged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unstaged_diff: Option<String>,
    /// A diff ends before its end, since it would not fit a frame.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

/// What was changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Changes {
    /// Who says so.
    pub source: ChangesSource,
    /// The branch, where one is checked out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// By path.
    pub files: Vec<FileChange>,
    /// The offset of the next page, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}

/// What a watch sees.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Watching {
    /// Directories that are watched; those that are ignored are not.
    pub directories: u64,
    /// Whether these are all: else there are more than may be watched at once.
    pub complete: bool,
}

/// What is told on channel `files`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "event")]
pub enum FilesEvent {
    /// Something was changed, made or deleted.
    #[serde(rename = "file.changed")]
    Changed {
        /// The id of the watch's request.
        request_id: RequestId,
        /// Where, at most 256; none with `rescan`.
        paths: Vec<String>,
        /// So much was changed that it is less to look again.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        rescan: bool,
    },
    /// The best so far of a search: it replaces what was told before.
    #[serde(rename = "search.found")]
    Found {
        /// The id of the search's request.
        request_id: RequestId,
        /// So far.
        found: Found,
    },
    /// Lines of one file that match.
    #[serde(rename = "grep.matched")]
    Matched {
        /// The id of the grep's request.
        request_id: RequestId,
        /// The file.
        path: String,
        /// In order; a file with many comes in several events.
        lines: Vec<MatchedLine>,
    },
    /// An event of a later release.
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}

impl FilesEvent {
    /// The id of the request that it belongs to.
    #[must_use]
    pub fn request_id(&self) -> Option<&RequestId> {
        match self {
            Self::Changed { request_id, .. } | Self::Found { request_id, .. } | Self::Matched { request_id, .. } => {
                Some(request_id)
            }
            Self::Unknown => None,
        }
    }
}
