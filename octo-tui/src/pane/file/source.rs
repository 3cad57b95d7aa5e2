//! How a file comes here: piece by piece, as far as it is looked at, and again when it was changed.

use octo_proto::{
    Code, Error,
    files::{EntryKind, FilePiece, FilesCommand, MAX_PIECE, Stat},
};

use super::text::Text;
use crate::pane::Answer;

/// The most that is held of a file.
pub(super) const MOST: u64 = 8 * 1024 * 1024;

/// Between two looks whether it was changed, in ms.
const APART_MS: i64 = 500;

/// Between two looks at what nobody tells of, in ms: a file that may come back with its directory, or that is outside the
/// workspace, where much may lie beside it.
const SLOW_MS: i64 = 2_000;

/// What became of a file that is not there now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// There is nothing.
    Deleted,
    /// There is something else, as a directory or a pipe.
    Replaced,
}

/// What an answer brought.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Brought {
    /// What must be asked next.
    pub(super) next: Option<FilesCommand>,
    /// Whether there is more text.
    pub(super) text: bool,
    /// Whether what was there is another version now.
    pub(super) changed: bool,
    /// What went wrong while there is something to look at.
    pub(super) error: Option<Error>,
}

/// A file and its text.
#[derive(Debug)]
pub(super) struct Source {
    path: String,
    pub(super) text: Text,
    pub(super) size: u64,
    pub(super) version: String,
    pub(super) binary: bool,
    /// The text is that of a file which is not there now.
    pub(super) lost: Option<Lost>,
    /// Why there is nothing to look at.
    pub(super) error: Option<Error>,
    asked: Option<u64>,
    /// The text as it is now, while it is read again: it takes the place of the old at once.
    fresh: Option<Text>,
    /// Of what version the old text is, where nothing else speaks against it.
    before: Option<String>,
    /// Pieces were of several versions: it must be read again.
    mixed: bool,
    looks: bool,
    looked_at: i64,
    /// When it is looked again.
    pub(super) due: Option<i64>,
}

impl Source {
    pub(super) fn new(path: String) -> Self {
        Self {
            path,
            text: Text::default(),
            size: 0,
            version: String::new(),
            binary: false,
            lost: None,
            error: None,
            asked: None,
            fresh: None,
            before: None,
            mixed: false,
            looks: false,
            looked_at: i64::MIN / 2,
            due: None,
        }
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Whether anything is known of it.
    pub(super) fn is_known(&self) -> bool {
        !self.version.is_empty()
    }

    /// Whether there is more of it than is held.
    pub(super) fn is_cut(&self) -> bool {
        self.size > MOST && !self.binary
    }

    /// Whether it lies outside the workspace.
    pub(super) fn is_outside(&self) -> bool {
        self.path.starts_with('/')
    }

    /// What was asked before will not be answered.
    pub(super) fn begin(&mut self, now: i64) -> FilesCommand {
        (self.asked, self.looks, self.due, self.fresh) = (None, false, None, None);
        if self.is_known() {
            self.looked_at = now;
            self.looks = true;
            FilesCommand::Stat { path: self.path.clone() }
        } else {
            self.read(0)
        }
    }

    /// The next piece, if there is one and none is on its way.
    pub(super) fn more(&mut self) -> Option<FilesCommand> {
        let wanted =
            self.is_known() && self.asked.is_none() && !self.text.is_ended() && !self.binary && self.lost.is_none();
        wanted.then(|| self.read(self.text.len() as u64))
    }

    /// Looks whether it was changed, unless it did so a moment ago: then later.
    pub(super) fn look(&mut self, now: i64) -> Option<FilesCommand> {
        let due = self.looked_at.saturating_add(APART_MS);
        if self.looks || self.fresh.is_some() {
            self.due = Some(now.saturating_add(APART_MS));
            return None;
        }
        if now < due {
            self.due = Some(due);
            return None;
        }
        (self.looked_at, self.due, self.looks) = (now, None, true);
        Some(FilesCommand::Stat { path: self.path.clone() })
    }

    fn read(&mut self, offset: u64) -> FilesCommand {
        self.asked = Some(offset);
        let limit = Some(MAX_PIECE.min(MOST.saturating_sub(offset).max(1)));
        FilesCommand::Read { path: self.path.clone(), offset, limit, if_version: None }
    }

    /// It was looked at.
    pub(super) fn seen(&mut self, stat: Result<Stat, Error>) -> Brought {
        if !std::mem::take(&mut self.looks) {
            return Brought::default();
        }
        self.due = self.is_outside().then(|| self.looked_at.saturating_add(SLOW_MS));
        match stat {
            Ok(stat) if self.is_known() && matches!(stat.entry.kind, EntryKind::Directory | EntryKind::Other) => {
                self.lose(Lost::Replaced)
            }
            Ok(stat) if stat.version == self.version && self.lost.is_none() && self.error.is_none() && !self.mixed => {
                Brought::default()
            }
            Ok(_) => {
                // A link has a version of its own: only reading tells whether the file is another.
                let is_sound = self.lost.is_none() && self.error.is_none() && !self.mixed;
                self.before = is_sound.then(|| self.version.clone());
                self.fresh = Some(Text::default());
                self.mixed = false;
                Brought { next: Some(self.read(0)), ..Brought::default() }
            }
            Err(error) => self.failed(error),
        }
    }

    /// A piece came.
    pub(super) fn take(&mut self, offset: u64, answer: Result<Answer, Error>) -> Brought {
        if self.asked != Some(offset) {
            return Brought::default();
        }
        self.asked = None;
        let read = answer.and_then(|answer| answer.read::<FilePiece>().map(|piece| (piece, answer.bytes)));
        let (piece, bytes) = match read {
            Ok(read) => read,
            Err(error) => return self.failed(error),
        };
        (self.error, self.lost) = (None, None);
        if self.is_outside() {
            self.due = self.due.or(Some(self.looked_at.saturating_add(SLOW_MS)));
        }
        let changed = self.is_known() && self.version != piece.version;
        self.mixed |= changed && offset > 0;
        (self.size, self.version, self.binary) = (piece.size, piece.version, piece.binary);
        let held = self.text.len() as u64;
        let text = self.fresh.as_mut().unwrap_or(&mut self.text);
        if piece.binary {
            (self.text, self.fresh) = (Text::default(), None);
            return Brought { text: true, changed, ..Brought::default() };
        }
        text.push(&bytes);
        if bytes.is_empty() || text.len() as u64 >= self.size.min(MOST) {
            text.end();
        }
        if self.fresh.as_ref().is_some_and(|fresh| !fresh.is_ended() && (fresh.len() as u64) < held) {
            let from = offset + bytes.len() as u64;
            return Brought { next: Some(self.read(from)), ..Brought::default() };
        }
        let again = self.fresh.take().map(|fresh| self.text = fresh).is_some();
        let again = again && self.before.take().as_ref() != Some(&self.version);
        if self.mixed {
            self.due = Some(self.looked_at.saturating_add(APART_MS * 2));
        }
        Brought { text: true, changed: again || changed, ..Brought::default() }
    }

    /// There is no such file; it may come back.
    fn lose(&mut self, how: Lost) -> Brought {
        let changed = self.lost.replace(how) != Some(how);
        self.due = Some(self.looked_at.saturating_add(SLOW_MS));
        Brought { changed, ..Brought::default() }
    }

    fn failed(&mut self, error: Error) -> Brought {
        self.fresh = None;
        match error.code {
            // It is asked again with the next connection.
            Code::Unavailable => Brought::default(),
            Code::NotFound if self.is_known() => self.lose(Lost::Deleted),
            _ if self.is_known() => Brought { error: Some(error), ..Brought::default() },
            _ => {
                self.error = Some(error);
                Brought::default()
            }
        }
    }
}
