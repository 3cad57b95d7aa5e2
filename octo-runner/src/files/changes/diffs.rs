//! The diffs of many files: asked for together, told apart by their headings.

use std::{collections::HashMap, ffi::OsStr, os::unix::ffi::OsStrExt};

use octo_proto::{Error, files::ChangeKind};

use super::{NOT_IN_SUBMODULES, status::Changed};
use crate::files::git::{self, Git};

/// Files that are asked for together at first. As long as they are looked at, it is twice as many each time.
const FIRST: usize = 64;

/// The most bytes of paths that one git is given.
const PATHS: usize = 64 * 1024;

/// Which changes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Staged,
    Unstaged,
}

impl Side {
    fn args(self) -> &'static [&'static str] {
        match self {
            Self::Staged => &["--cached"],
            Self::Unstaged => &[],
        }
    }

    fn kind(self, changed: &Changed) -> Option<ChangeKind> {
        match self {
            Self::Staged => changed.file.staged,
            Self::Unstaged => changed.file.unstaged,
        }
    }
}

/// The diffs of the files of a status, which are taken in their order.
#[derive(Debug)]
pub(super) struct Diffs<'a> {
    git: &'a Git<'a>,
    files: &'a [Changed],
    /// Those before this one were asked for.
    until: usize,
    /// So many are asked for next.
    step: usize,
    staged: HashMap<usize, Vec<u8>>,
    unstaged: HashMap<usize, Vec<u8>>,
}

impl<'a> Diffs<'a> {
    pub(super) fn new(git: &'a Git<'a>, files: &'a [Changed]) -> Self {
        Self { git, files, until: 0, step: FIRST, staged: HashMap::new(), unstaged: HashMap::new() }
    }

    /// The diff of a side of the file at this place, as git prints it.
    pub(super) async fn take(&mut self, side: Side, at: usize) -> Result<Vec<u8>, Error> {
        if at >= self.until {
            self.gather(at).await?;
        }
        let gathered = match side {
            Side::Staged => &mut self.staged,
            Side::Unstaged => &mut self.unstaged,
        };
        match gathered.remove(&at) {
            Some(diff) => Ok(diff),
            // It has another heading than expected, or changed meanwhile.
            None => diff(self.git, side, &self.files[at]).await,
        }
    }

    async fn gather(&mut self, from: usize) -> Result<(), Error> {
        let mut room = PATHS;
        let fit = self.files[from..].iter().take(self.step).take_while(|changed| {
            let length = changed.path.len() + changed.from.as_ref().map_or(0, Vec::len);
            let fits = room >= length;
            room = room.saturating_sub(length);
            fits
        });
        // Whatever its length, one path is always asked for.
        self.until = from + fit.count().max(1);
        self.step *= 2;
        let together = from..self.until;
        self.staged = self.side(Side::Staged, together.clone()).await?;
        self.unstaged = self.side(Side::Unstaged, together).await?;
        Ok(())
    }

    async fn side(&self, side: Side, together: std::ops::Range<usize>) -> Result<HashMap<usize, Vec<u8>>, Error> {
        let (mut plain, mut renamed) = (Vec::new(), Vec::new());
        for at in together {
            match side.kind(&self.files[at]) {
                Some(ChangeKind::Renamed) => renamed.push(at),
                // Git has a form of its own for files in conflict, and says nothing of those that it does not know.
                None | Some(ChangeKind::Unmerged | ChangeKind::Untracked) => {}
                Some(
                    ChangeKind::Modified
                    | ChangeKind::TypeChanged
                    | ChangeKind::Added
                    | ChangeKind::Deleted
                    | ChangeKind::Copied,
                ) => plain.push(at),
            }
        }
        let mut found = self.group(side, "--no-renames", &plain).await?;
        found.extend(self.group(side, "--find-renames", &renamed).await?);
        Ok(found)
    }

    async fn group(&self, side: Side, renames: &str, group: &[usize]) -> Result<HashMap<usize, Vec<u8>>, Error> {
        if group.is_empty() {
            return Ok(HashMap::new());
        }
        let mut headings = HashMap::new();
        let mut paths = Vec::new();
        for at in group {
            let Changed { path, from, .. } = &self.files[*at];
            let from = from.as_ref().filter(|_| renames == "--find-renames");
            paths.extend([Some(path), from].into_iter().flatten().map(Vec::as_slice));
            // Two renames may have the same heading: each is then asked for alone.
            headings.entry(heading(from.unwrap_or(path), path)).and_modify(|place| *place = None).or_insert(Some(*at));
        }
        let printed = ask(self.git, &[side.args(), &[renames]].concat(), &paths).await?;
        Ok(split(&printed, &headings))
    }
}

/// The diff of a side of one file.
pub(super) async fn diff(git: &Git<'_>, side: Side, changed: &Changed) -> Result<Vec<u8>, Error> {
    let paths: Vec<_> = [Some(&changed.path), changed.from.as_ref()].into_iter().flatten().map(Vec::as_slice).collect();
    ask(git, &[side.args(), &["--find-renames"]].concat(), &paths).await
}

async fn ask(git: &Git<'_>, more: &[&str], paths: &[&[u8]]) -> Result<Vec<u8>, Error> {
    let args = ["diff", "--no-ext-diff", "--no-textconv", "--no-color", "--relative", "--unified=3"];
    let plain = ["--src-prefix=a/", "--dst-prefix=b/", "--diff-algorithm=histogram", "--submodule=short"];
    let words = [args.as_slice(), &plain, &[NOT_IN_SUBMODULES], more, &["--"]].concat();
    let args: Vec<_> = words.iter().map(OsStr::new).chain(paths.iter().map(|path| OsStr::from_bytes(path))).collect();
    git.print(&args).await
}

/// Divides what was printed. No line of a file begins as a heading does, for each has its sign before it.
fn split(printed: &[u8], headings: &HashMap<Vec<u8>, Option<usize>>) -> HashMap<usize, Vec<u8>> {
    let mut found: HashMap<usize, Vec<u8>> = HashMap::new();
    let (mut of, mut begin, mut end) = (None, 0, 0);
    let mut close = |of: Option<usize>, part: &[u8]| {
        if let Some(at) = of {
            // A file that became a link is two: it goes, and it comes.
            found.entry(at).or_default().extend_from_slice(part);
        }
    };
    for line in printed.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b"diff --") || line.starts_with(b"* ") {
            close(of, &printed[begin..end]);
            of = headings.get(line.strip_suffix(b"\n").unwrap_or(line)).copied().flatten();
            begin = end;
        }
        end += line.len();
    }
    // The last is not whole where more was printed than is read.
    if (printed.len() as u64) < git::MOST {
        close(of, &printed[begin..]);
    }
    found
}

/// What the diff of a file begins with.
fn heading(from: &[u8], to: &[u8]) -> Vec<u8> {
    [b"diff --git ", quoted(b"a/", from).as_slice(), b" ", &quoted(b"b/", to)].concat()
}

/// A name as git prints it with `core.quotePath=false`.
fn quoted(prefix: &[u8], path: &[u8]) -> Vec<u8> {
    if !path.iter().any(|byte| byte.is_ascii_control() || matches!(byte, b'"' | b'\\')) {
        return [prefix, path].concat();
    }
    let mut name = [b"\"", prefix].concat();
    for &byte in path {
        let letter = match byte {
            0x07 => b'a',
            0x08 => b'b',
            b'\t' => b't',
            b'\n' => b'n',
            0x0b => b'v',
            0x0c => b'f',
            b'\r' => b'r',
            b'"' | b'\\' => byte,
            _ if byte.is_ascii_control() => {
                name.extend(format!("\\{byte:03o}").bytes());
                continue;
            }
            _ => {
                name.push(byte);
                continue;
            }
        };
        name.extend([b'\\', letter]);
    }
    name.push(b'"');
    name
}
