//! The user's git, asked about a work tree that somebody else may have prepared: nothing that its configuration names is
//! run, nothing is fetched, and nothing is written that was not asked for.

use std::{
    collections::BTreeSet,
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStringExt,
    process::Stdio,
    time::Duration,
};

use octo_proto::{Code, Error};
use rustix::fs::readlink;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::Command,
    time::timeout,
};

use super::root::{Root, link_of};

/// How long git may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The most that is read of what git prints.
pub(super) const MOST: u64 = 8 * 1024 * 1024;

/// The most filters that a repository's own configuration may name.
const MAX_FILTERS: usize = 200;

/// What is set before anything that the repository says.
const SETTINGS: [(&str, &str); 9] = [
    ("core.fsmonitor", "false"),
    ("core.hooksPath", "/dev/null"),
    ("core.pager", "cat"),
    ("core.quotePath", "false"),
    ("core.sshCommand", "false"),
    ("core.untrackedCache", "false"),
    ("diff.orderFile", "/dev/null"),
    ("protocol.allow", "never"),
    ("safe.bareRepository", "explicit"),
];

/// Git in a workspace.
#[derive(Clone, Debug)]
pub(super) struct Git<'a> {
    root: &'a Root,
    env: Vec<(String, String)>,
    settings: Vec<(OsString, &'static str)>,
    /// The filters that are not run.
    disarmed: BTreeSet<Vec<u8>>,
    /// Where the workspace is in the work tree: empty, or with a slash at its end.
    pub(super) prefix: Vec<u8>,
}

/// What stands between a file and what git has of it, besides the ends of its lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Conversion {
    /// Nothing.
    None,
    /// A filter of the user, or another encoding.
    Done,
    /// A filter of the repository, which is not run.
    Disarmed,
}

struct Printed {
    out: Vec<u8>,
    error: String,
    success: bool,
}

impl<'a> Git<'a> {
    /// Git in this workspace. None: it is in no work tree, or there is no git.
    pub(super) async fn within(root: &'a Root, env: Vec<(String, String)>) -> Result<Option<Self>, Error> {
        let settings = SETTINGS.map(|(name, value)| (name.into(), value)).to_vec();
        let mut git = Self { root, env, settings, disarmed: BTreeSet::new(), prefix: Vec::new() };
        let asked = ["rev-parse", "--show-toplevel", "--show-prefix"];
        let Some(found) = git.run(&asked, &[]).await? else { return Ok(None) };
        if !found.success {
            let nowhere = ["not a git repository", "must be run in a work tree", "cannot use bare repository"];
            if nowhere.iter().any(|text| found.error.contains(text)) {
                return Ok(None);
            }
            return Err(refused(&found.error));
        }
        let mut lines = found.out.split(|byte| *byte == b'\n');
        let (top, prefix) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
        let here = readlink(link_of(root.fd()), Vec::new()).map_err(|errno| Error::internal(errno.to_string()))?;
        // A configuration may say that the work tree is anywhere.
        let below = here.as_bytes().strip_prefix(top).map(|rest| [rest, b"/"].concat());
        if below.is_none_or(|below| below.strip_prefix(b"/") != Some(prefix)) {
            return Err(refused("the work tree of the repository here is another directory"));
        }
        git.prefix = prefix.to_vec();
        git.disarm().await?;
        Ok(Some(git))
    }

    /// Filters that the repository itself names are programs of somebody else: they are not run. The user's own are.
    async fn disarm(&mut self) -> Result<(), Error> {
        let listed = self.print(&["config", "--list", "--name-only", "--show-scope", "-z"]).await?;
        let mut fields = listed.split(|byte| *byte == 0);
        while let (Some(scope), Some(key)) = (fields.next(), fields.next()) {
            let Some(rest) = key.strip_prefix(b"filter.") else { continue };
            let Some(dot) = rest.iter().rposition(|byte| *byte == b'.') else { continue };
            let (name, last) = (&rest[..dot], &rest[dot + 1..]);
            let is_program = matches!(last, b"clean" | b"smudge" | b"process");
            if !is_program || !matches!(scope, b"local" | b"worktree") || !self.disarmed.insert(name.to_vec()) {
                continue;
            }
            if self.disarmed.len() > MAX_FILTERS {
                return Err(refused("the configuration of the repository names too many filters"));
            }
            for (last, value) in [("clean", ""), ("smudge", ""), ("process", ""), ("required", "false")] {
                self.settings.push((of_filter(name, last), value));
            }
        }
        Ok(())
    }

    /// The same, which fails where it would have to go on without a filter.
    pub(super) fn strictly(&self) -> Self {
        let mut git = self.clone();
        git.settings.extend(self.disarmed.iter().map(|name| (of_filter(name, "required"), "true")));
        git
    }

    /// What stands between a file and what git has of it.
    pub(super) async fn conversion(&self, path: &OsStr) -> Result<Conversion, Error> {
        let asked = ["check-attr", "-z", "filter", "working-tree-encoding", "--"].map(OsStr::new);
        let printed = self.print(&[asked.as_slice(), &[path]].concat()).await?;
        // The path, an attribute, its value, and the same again.
        let values: Vec<_> = printed.split(|byte| *byte == 0).skip(2).step_by(3).collect();
        Ok(if values.first().is_some_and(|filter| self.disarmed.contains(*filter)) {
            Conversion::Disarmed
        } else if values.iter().all(|value| matches!(*value, b"unspecified" | b"unset" | b"set")) {
            Conversion::None
        } else {
            Conversion::Done
        })
    }

    /// What git prints.
    pub(super) async fn print(&self, args: &[impl AsRef<OsStr>]) -> Result<Vec<u8>, Error> {
        match self.run(args, &[]).await? {
            Some(Printed { out, success: true, .. }) => Ok(out),
            Some(printed) => Err(refused(&printed.error)),
            None => Err(refused("it is not there any more")),
        }
    }

    /// Lets git change its index, from what it is given to read. False: it refuses.
    pub(super) async fn change(&self, args: &[impl AsRef<OsStr>], input: &[u8]) -> Result<bool, Error> {
        let printed = self.run(args, input).await?.ok_or_else(|| refused("it is not there any more"))?;
        if printed.error.contains("index.lock") {
            return Err(Error::new(Code::Busy, "another git works in this repository")
                .hint("try again; where none runs, one has died: delete the `index.lock` in its `.git`"));
        }
        Ok(printed.success)
    }

    async fn run(&self, args: &[impl AsRef<OsStr>], input: &[u8]) -> Result<Option<Printed>, Error> {
        let mut command = Command::new("git");
        command.args(["--no-pager", "--literal-pathspecs"]).args(args).current_dir(self.root.path());
        command.env_clear().envs(self.env.iter().map(|(name, value)| (name, value)));
        command.env("GIT_OPTIONAL_LOCKS", "0").env("GIT_TERMINAL_PROMPT", "0").env("GIT_NO_LAZY_FETCH", "1");
        // No protocol has this name, so none is allowed.
        command.env("GIT_ALLOW_PROTOCOL", "none");
        command.env("GIT_CONFIG_COUNT", self.settings.len().to_string());
        for (number, (name, value)) in self.settings.iter().enumerate() {
            command.env(format!("GIT_CONFIG_KEY_{number}"), name).env(format!("GIT_CONFIG_VALUE_{number}"), value);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(refused(&error.to_string())),
        };
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else { return Ok(None) };
        let stdin = child.stdin.take();
        let feeding = async move {
            if let Some(mut stdin) = stdin {
                // Git may end before it has read all.
                drop(stdin.write_all(input).await);
            }
            Ok(())
        };
        // Each end is closed as soon as enough was read, so that git never waits for a reader.
        let printing = async move {
            let mut out = Vec::new();
            stdout.take(MOST).read_to_end(&mut out).await.map(|_| out)
        };
        let complaining = async move {
            let mut error = Vec::new();
            stderr.take(4096).read_to_end(&mut error).await.map(|_| error)
        };
        let ended = timeout(PATIENCE, async { tokio::try_join!(feeding, printing, complaining, child.wait()) });
        match ended.await {
            Ok(Ok(((), out, error, status))) => {
                // It was cut off where it prints more than is read.
                let success = status.success() || out.len() as u64 == MOST;
                Ok(Some(Printed { out, error: String::from_utf8_lossy(&error).into_owned(), success }))
            }
            Ok(Err(error)) => Err(refused(&error.to_string())),
            Err(_) => Err(Error::new(Code::Timeout, format!("git did not answer within {} s", PATIENCE.as_secs()))),
        }
    }
}

/// A setting of a filter, whose name may be any bytes.
fn of_filter(name: &[u8], last: &str) -> OsString {
    OsString::from_vec([b"filter.", name, b".", last.as_bytes()].concat())
}

fn refused(why: &str) -> Error {
    let why = why.lines().next().unwrap_or_default();
    Error::new(Code::Unavailable, format!("git cannot say what was changed: {}", why.trim_start_matches("fatal: ")))
        .hint("`git status` in that directory tells more")
}
