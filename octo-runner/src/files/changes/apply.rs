//! Changes of one file: staged, taken back from there, or undone in the file.
//!
//! What is given to git is cut from its own diff of that one file. What a request brings only says which hunks of it are
//! meant, so no request can name another file, and files that are no UTF-8 lose nothing on the way.

use std::{
    ffi::{OsStr, OsString},
    io::Read,
    os::unix::ffi::{OsStrExt, OsStringExt},
};

use octo_proto::{
    Code, Error,
    files::{ChangeKind, HunkAction},
};
use rustix::fs::FileType;

use super::{
    diffs::{Side, diff},
    hunk::{self, Hunk},
    status::Changed,
};
use crate::files::{
    edit, entry,
    git::{self, Conversion, Git},
    problem,
    root::{self, Place, Root},
    write::{Expected, Like, Replacement},
};

/// The largest file that a hunk is undone in, in bytes.
const LARGEST: u64 = 64 * 1024 * 1024;

/// What is asked.
#[derive(Debug)]
pub struct Wanted {
    /// The file.
    pub path: Vec<u8>,
    /// What becomes of its changes.
    pub action: HunkAction,
    /// Which hunks, as they were shown; empty: all.
    pub hunks: Vec<u8>,
}

/// What is to be done in the file itself.
#[derive(Debug)]
pub struct Undo {
    path: Vec<u8>,
    /// What it was when it was looked at.
    expected: Expected,
    how: How,
}

#[derive(Debug)]
enum How {
    /// Takes hunks out; where they made the file, it goes.
    Hunks { text: Vec<u8>, made: bool },
    /// Puts this there, as a program where it was one.
    Content { bytes: Vec<u8>, program: bool },
    /// It was not there before.
    Delete,
}

/// Does what is asked, up to what is left to do in the file itself.
///
/// # Errors
/// `conflict` where the file has no such change any more.
pub async fn apply(root: &Root, env: Vec<(String, String)>, wanted: &Wanted) -> Result<Option<Undo>, Error> {
    check(root, &wanted.path)?;
    let expected = match root.stat(&wanted.path) {
        Ok(stat) => Expected::Version(entry::version(&stat)),
        Err(_) => Expected::Nothing,
    };
    let undo = |how| Undo { path: wanted.path.clone(), expected: expected.clone(), how };
    let Some(git) = Git::within(root, env).await? else {
        return without_git(wanted).map(|how| Some(undo(how)));
    };
    let files = super::status(&git, OsStr::new(".")).await?.files;
    let changed = files.into_iter().find(|changed| changed.path == wanted.path).ok_or_else(|| gone(&wanted.path))?;
    let here = Here { root, git: &git, changed: &changed };
    let (kind, diff) = here.look(wanted.action).await?;
    let hunks = chosen(&diff, wanted)?;
    let part = matches!(kind, ChangeKind::Modified | ChangeKind::Renamed | ChangeKind::Copied) && !hunks.is_empty();
    here.check_conversion((wanted.action, part), kind).await?;
    match (wanted.action, part) {
        (HunkAction::Stage, true) => here.change_index(&["apply", "--cached"], &hunks).await?,
        (HunkAction::Unstage, true) => here.change_index(&["apply", "--cached", "--reverse"], &hunks).await?,
        (HunkAction::Stage, false) => here.add().await?,
        (HunkAction::Unstage, false) => here.reset().await?,
        (HunkAction::Revert, true) => {
            let text = hunks.iter().flat_map(|hunk| hunk.text).copied().collect();
            return Ok(Some(undo(How::Hunks { text, made: false })));
        }
        (HunkAction::Revert, false) => return here.before(kind).await.map(|how| Some(undo(how))),
    }
    Ok(None)
}

/// That a path is one that `changes` gives, and no link is on the way.
fn check(root: &Root, path: &[u8]) -> Result<(), Error> {
    if path.split(|byte| *byte == b'/').any(|name| matches!(name, b"" | b"." | b"..")) {
        let shown = Place::shown(path);
        return Err(Error::bad_request(format!("`{shown}` is no file of the changes"))
            .hint("give its path as `changes` does: relative to the workspace, without `.` and `..`"));
    }
    for (end, _) in path.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
        // Directories of a deleted file may be gone too.
        let Ok(stat) = root.stat(&path[..end]) else { return Ok(()) };
        if FileType::from_raw_mode(stat.st_mode) == FileType::Symlink {
            return Err(Error::new(
                Code::Forbidden,
                format!("`{}` is behind the link `{}`", Place::shown(path), Place::shown(&path[..end])),
            )
            .hint("name the file by the path that leads through no link"));
        }
    }
    Ok(())
}

/// Elsewhere than in a work tree, the hunks are as the request has them.
fn without_git(wanted: &Wanted) -> Result<How, Error> {
    match wanted.action {
        HunkAction::Revert if wanted.hunks.is_empty() => Err(Error::bad_request("which hunks are to be reverted?")
            .hint("outside of a git work tree they must be given: nobody else knows what was there before")),
        HunkAction::Revert => {
            Ok(How::Hunks { text: wanted.hunks.clone(), made: wanted.hunks.starts_with(b"@@ -0,0 ") })
        }
        HunkAction::Stage | HunkAction::Unstage => {
            Err(Error::new(Code::Unsupported, "the workspace is in no git work tree, so nothing can be staged")
                .hint("`git init` there begins one"))
        }
    }
}

/// The hunks of the diff that the request means.
fn chosen<'a>(diff: &'a [u8], wanted: &Wanted) -> Result<Vec<Hunk<'a>>, Error> {
    if wanted.hunks.is_empty() {
        return Ok(Vec::new());
    }
    let shown = String::from_utf8_lossy(&wanted.hunks);
    let shown: Vec<_> = hunk::read(shown.as_bytes()).into_iter().map(|hunk| hunk.text.to_vec()).collect();
    let there = hunk::read(diff).into_iter();
    let found: Vec<_> =
        there.filter(|hunk| shown.iter().any(|text| *text == String::from_utf8_lossy(hunk.text).as_bytes())).collect();
    if found.is_empty() || found.len() != shown.len() { Err(gone(&wanted.path)) } else { Ok(found) }
}

fn gone(path: &[u8]) -> Error {
    Error::new(Code::Conflict, format!("`{}` has no such change any more", Place::shown(path)))
        .hint("look at its changes again, then choose")
}

fn cannot(path: &[u8], why: &str) -> Error {
    Error::new(Code::Unsupported, format!("`{}` {why}", Place::shown(path))).hint("use git in a terminal")
}

/// A changed file of a work tree.
#[derive(Clone, Copy)]
struct Here<'a> {
    root: &'a Root,
    git: &'a Git<'a>,
    changed: &'a Changed,
}

impl Here<'_> {
    /// How the file is changed there where the action takes from, and the diff of that.
    async fn look(&self, action: HunkAction) -> Result<(ChangeKind, Vec<u8>), Error> {
        let Changed { file, path, .. } = self.changed;
        let (kind, side) = match action {
            HunkAction::Unstage => (file.staged, Side::Staged),
            HunkAction::Stage | HunkAction::Revert => (file.unstaged, Side::Unstaged),
        };
        let kind = kind.ok_or_else(|| gone(path))?;
        let diff = match kind {
            ChangeKind::Unmerged => return Err(cannot(path, "is in conflict: that is resolved first")),
            ChangeKind::Untracked => super::new_file(self.root, path).into_bytes(),
            _ => diff(self.git, side, self.changed).await?,
        };
        Ok((kind, diff))
    }

    /// That no filter is left out between what is in the file and what git has of it.
    async fn check_conversion(&self, (action, part): (HunkAction, bool), kind: ChangeKind) -> Result<(), Error> {
        let moves_content = match action {
            HunkAction::Stage => kind != ChangeKind::Deleted,
            HunkAction::Revert => !matches!(kind, ChangeKind::Untracked | ChangeKind::Added),
            // From what git has to what git has.
            HunkAction::Unstage => false,
        };
        if !moves_content {
            return Ok(());
        }
        match self.git.conversion(self.path()).await? {
            Conversion::Disarmed => {
                Err(cannot(&self.changed.path, "has a filter that the repository names, which Octo does not run"))
            }
            // The lines of a hunk are those behind the filter.
            Conversion::Done if part && action == HunkAction::Revert => {
                Err(cannot(&self.changed.path, "has a filter or another encoding: Octo brings it back as a whole only"))
            }
            Conversion::Done | Conversion::None => Ok(()),
        }
    }

    fn path(&self) -> &OsStr {
        OsStr::from_bytes(&self.changed.path)
    }

    /// Lets git do something with hunks.
    async fn change_index(&self, args: &[&str], hunks: &[Hunk<'_>]) -> Result<(), Error> {
        let name = quoted(&self.changed.path);
        let mut patch = format!("--- \"a/{name}\"\n+++ \"b/{name}\"\n").into_bytes();
        hunks.iter().for_each(|hunk| patch.extend_from_slice(hunk.text));
        let plain = ["--whitespace=nowarn", "--no-ignore-whitespace", "-"];
        self.settle(self.git.change(&[args, &plain].concat(), &patch).await?)
    }

    /// Stages the whole file.
    async fn add(&self) -> Result<(), Error> {
        let args = [OsStr::new("add"), OsStr::new("--"), self.path()];
        self.settle(self.git.strictly().change(&args, &[]).await?)
    }

    /// Takes the whole file out of what is staged, and the one that it was before.
    async fn reset(&self) -> Result<(), Error> {
        let from = self.changed.from.as_deref().map(OsStr::from_bytes);
        let args = ["reset", "--quiet", "--"].map(OsStr::new);
        let args: Vec<_> = args.into_iter().chain([self.path()]).chain(from).collect();
        self.settle(self.git.change(&args, &[]).await?)
    }

    fn settle(&self, done: bool) -> Result<(), Error> {
        if done { Ok(()) } else { Err(gone(&self.changed.path)) }
    }

    /// What brings the file back as git has it.
    async fn before(&self, kind: ChangeKind) -> Result<How, Error> {
        if matches!(kind, ChangeKind::Untracked | ChangeKind::Added) {
            return Ok(How::Delete);
        }
        let args = ["ls-files", "--stage", "-z", "--"].map(OsStr::new);
        let listed = self.git.print(&[args.as_slice(), &[self.path()]].concat()).await?;
        let program = match listed.get(..6) {
            Some(b"100644") => false,
            Some(b"100755") => true,
            _ => return Err(cannot(&self.changed.path, "is no file for git, so Octo cannot bring it back")),
        };
        let mode = self.root.stat(&self.changed.path).map(|stat| stat.st_mode).ok();
        if mode.is_some_and(|mode| (mode & 0o100 != 0) != program) {
            return Err(cannot(&self.changed.path, "has another mode than before, which Octo does not bring back"));
        }
        let object = OsString::from_vec([b":./", self.changed.path.as_slice()].concat());
        let bytes = self.git.strictly().print(&[OsStr::new("cat-file"), OsStr::new("--filters"), &object]).await?;
        if bytes.len() as u64 >= git::MOST {
            return Err(cannot(&self.changed.path, "is too large for Octo to bring it back"));
        }
        Ok(How::Content { bytes, program })
    }
}

/// A name as git reads it between quotes.
fn quoted(path: &[u8]) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._- ".contains(&byte);
    path.iter().map(|&byte| if plain(byte) { char::from(byte).to_string() } else { format!("\\{byte:03o}") }).collect()
}

impl Undo {
    /// Does it.
    ///
    /// # Errors
    /// `conflict` where the file is another one by now, or never had the hunks. Nothing is changed then.
    pub fn run(self, root: &Root) -> Result<(), Error> {
        let Self { path, expected, how } = self;
        match how {
            How::Delete => edit::delete_expected(root, &path, false, &expected),
            How::Content { bytes, program } => {
                let above = path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
                if expected == Expected::Nothing && above > 0 {
                    edit::make_directory(root, &path[..above], true)?;
                }
                put(root, &path, &bytes, (&expected, if program { Like::Program } else { Like::New }))
            }
            How::Hunks { text, made } => {
                root::check_file(&path, &root.stat(&path)?)?;
                let hunks = hunk::read(&text);
                let before = hunk::undo(&content(root, &path)?, &hunks).filter(|_| !hunks.is_empty());
                let before = before.ok_or_else(|| gone(&path))?;
                if before.is_empty() && made {
                    return Self { path, expected, how: How::Delete }.run(root);
                }
                put(root, &path, &before, (&expected, Like::New))
            }
        }
    }
}

fn content(root: &Root, path: &[u8]) -> Result<Vec<u8>, Error> {
    let (file, stat) = root.file(path)?;
    if stat.st_size.cast_unsigned() > LARGEST {
        return Err(Error::new(Code::TooLarge, format!("`{}` is too large to undo a hunk in", Place::shown(path)))
            .hint("use git in a terminal"));
    }
    let mut content = Vec::new();
    file.take(LARGEST).read_to_end(&mut content).map_err(|error| problem::io(path, &error))?;
    Ok(content)
}

fn put(root: &Root, path: &[u8], bytes: &[u8], (expected, like): (&Expected, Like<'_>)) -> Result<(), Error> {
    let mut file = Replacement::at(root.place(path)?)?;
    file.append(bytes)?;
    file.commit_like(expected, like).map(drop)
}
