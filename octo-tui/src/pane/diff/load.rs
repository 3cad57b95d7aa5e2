//! How the changes of a workspace come here, and come again when something happens.

use octo_proto::{
    Code, Error,
    files::{Changes, ChangesSource, FilesCommand, FilesEvent},
};

use super::{DiffPane, From, file::FileView};
use crate::pane::{Answer, Env};

/// The most files that are shown.
const MOST: usize = 5_000;

/// The most bytes of diffs.
const LARGEST: usize = 16 * 1024 * 1024;

/// What happens at once is looked at once, ms.
const TOGETHER: i64 = 150;

/// The least time between two looks, ms.
const APART: i64 = 1_000;

/// After a look there is quiet for so many times as long as it took, and no longer than this, ms.
const QUIET: (i64, i64) = (3, 60_000);

/// Nobody tells when a workspace comes back that is gone: it is looked for so often, ms.
const BACK: i64 = 2_000;

/// How far the changes are loaded.
#[derive(Debug, Default)]
pub(super) struct Load {
    /// The page that was asked for.
    asked: Option<u64>,
    /// What came so far.
    gathered: Vec<FileView>,
    /// How much came so far: files, and bytes of their diffs.
    came: (usize, usize),
    /// Something happened meanwhile.
    again: bool,
    /// When to look again.
    pub(super) due: Option<i64>,
    /// When it was looked last.
    at: i64,
    /// When everything was here, then.
    ended: i64,
    /// Whether all has come once.
    pub(super) is_here: bool,
    /// Who knows of the changes.
    pub(super) source: ChangesSource,
    /// The branch.
    pub(super) branch: Option<String>,
    /// Whether there are more than are shown.
    pub(super) is_cut: bool,
    /// Why they are not here.
    pub(super) error: Option<Error>,
}

impl DiffPane {
    /// Everything is asked again.
    pub(super) fn connected(&mut self, env: &mut Env<'_>) {
        if matches!(self.from, From::Text { .. }) {
            return;
        }
        // What is shown may be a file, or gone by now: only the workspace can be watched in any case.
        env.files(FilesCommand::Watch { path: String::new() });
        self.is_applying = false;
        self.load.asked = None;
        self.look(env);
    }

    /// Looks at the changes from the first page on.
    pub(super) fn look(&mut self, env: &mut Env<'_>) {
        let From::Workspace { path } = &self.from else { return };
        self.load.due = None;
        if self.load.error.is_some() {
            // What was watched may have gone with its directory.
            env.files(FilesCommand::Watch { path: String::new() });
        }
        if self.load.asked.is_some() {
            self.load.again = true;
            return;
        }
        self.load = Load {
            asked: Some(0),
            at: env.now,
            is_here: self.load.is_here,
            source: self.load.source,
            branch: self.load.branch.take(),
            is_cut: self.load.is_cut,
            // It stands there until something better is known.
            error: self.load.error.take(),
            ..Load::default()
        };
        env.files(FilesCommand::Changes { path: path.clone(), diff: true, offset: 0, limit: None });
    }

    /// A page came, or why it did not.
    pub(super) fn paged(&mut self, offset: u64, answer: Result<Answer, Error>, env: &mut Env<'_>) {
        if self.load.asked != Some(offset) {
            return;
        }
        self.load.asked = None;
        match answer.and_then(|answer| answer.read::<Changes>()) {
            Ok(page) => self.take(page, env),
            Err(error) => {
                self.load.is_here = true;
                if error.code != Code::Unavailable {
                    self.load.due = Some(env.now + BACK);
                }
                self.load.error = Some(error);
            }
        }
    }

    fn take(&mut self, page: Changes, env: &mut Env<'_>) {
        let From::Workspace { path } = &self.from else { return };
        self.load.error = None;
        let size = |diff: &Option<String>| diff.as_ref().map_or(0, String::len);
        let bytes = page.files.iter().map(|file| size(&file.staged_diff) + size(&file.unstaged_diff)).sum::<usize>();
        self.load.came = (self.load.came.0 + page.files.len(), self.load.came.1 + bytes);
        (self.load.source, self.load.branch) = (page.source, page.branch);
        self.load.gathered.extend(page.files.iter().flat_map(|change| FileView::of_change(change, page.source)));
        self.load.is_cut = page.next.is_some() && (self.load.came.0 >= MOST || self.load.came.1 >= LARGEST);
        let next = page.next.filter(|_| !self.load.is_cut);
        if let Some(next) = next {
            self.load.asked = Some(next);
            env.files(FilesCommand::Changes { path: path.clone(), diff: true, offset: next, limit: None });
        }
        // A later look is shown when it is whole: until then there is the one before.
        if !self.load.is_here || next.is_none() {
            let mut files =
                if next.is_some() { self.load.gathered.clone() } else { std::mem::take(&mut self.load.gathered) };
            files.sort_by(|a, b| (a.side, &a.path).cmp(&(b.side, &b.path)));
            self.replace(files);
        }
        if next.is_some() {
            return;
        }
        (self.load.is_here, self.load.ended) = (true, env.now);
        if self.load.again {
            self.load.again = false;
            self.expect(env.now);
        }
    }

    /// Whether more comes to what is shown.
    pub(super) fn is_coming(&self) -> bool {
        !self.load.is_here && self.load.asked.is_some() && !self.files.is_empty()
    }

    /// Something was told: what concerns the changes that are shown is a reason to look again, soon.
    pub(super) fn told(&mut self, event: &FilesEvent, now: i64) {
        let (From::Workspace { path }, FilesEvent::Changed { paths, rescan, .. }) = (&self.from, event) else { return };
        let within = |changed: &String| {
            path.is_empty()
                || changed.strip_prefix(path.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if *rescan || paths.iter().any(within) {
            self.expect(now);
        }
    }

    fn expect(&mut self, now: i64) {
        if self.load.asked.is_some() {
            self.load.again = true;
        } else if self.load.due.is_none() {
            let quiet = (QUIET.0 * (self.load.ended - self.load.at)).clamp(0, QUIET.1);
            self.load.due = Some((now + TOGETHER).max(self.load.at + APART).max(self.load.ended + quiet));
        }
    }

    /// The time may have come to look again.
    pub(super) fn tick(&mut self, env: &mut Env<'_>) {
        if self.load.due.is_some_and(|due| due <= env.now) {
            self.look(env);
        }
    }

    /// What is said where there is nothing to show.
    pub(super) fn instead(&self) -> Option<(String, Option<String>)> {
        if let Some(error) = &self.load.error {
            return Some((error.message.clone(), error.hint.clone()));
        }
        if !self.files.is_empty() {
            return None;
        }
        let From::Workspace { path } = &self.from else { return Some(("There is no diff in this.".to_owned(), None)) };
        let whole = |text: &str| Some((text.to_owned(), None));
        match self.load.source {
            _ if !self.load.is_here => whole("Looking for changes…"),
            ChangesSource::None => Some((
                "Nobody knows what was changed here.".to_owned(),
                Some("The folder is in no git work tree, and the session changed nothing.".to_owned()),
            )),
            ChangesSource::Git | ChangesSource::Session if path.is_empty() => whole("Nothing was changed."),
            ChangesSource::Git | ChangesSource::Session => whole("Nothing was changed in this file."),
        }
    }
}
