//! Changes in a workspace as the kernel tells them: few words however much changes, and no polling.

mod absent;

use std::{
    collections::{BTreeSet, HashMap},
    io,
    mem::MaybeUninit,
    os::fd::{AsFd, OwnedFd},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use octo_proto::{
    Error,
    files::{Shown, Watching, name},
};
use rustix::{
    fs::{
        FileType,
        inotify::{CreateFlags, ReadFlags, Reader, WatchFlags, add_watch, init, remove_watch},
    },
    io::Errno,
};
use tokio::{io::unix::AsyncFd, task::spawn_blocking, time::sleep};

use super::{
    ignored::Rules,
    problem,
    root::{Root, join, link_of},
    walk::Walk,
    write::is_temporary,
};

/// The most directories of one watch: each takes some memory of the kernel, of which a user has a share.
const MAX_DIRECTORIES: usize = 8192;

/// What changes within this time after the first change is told at once.
const WINDOW: Duration = Duration::from_millis(50);

/// More paths than this are told as one: look again.
const MAX_PATHS: usize = 256;

/// The same, in bytes of all paths.
const MAX_BYTES: usize = 32 * 1024;

/// After so many reads there is no end in sight: it is less to begin anew.
const MAX_READS: usize = 256;

/// As deep as directories go.
const DEEPEST: usize = 256;

/// A watch below a directory of a workspace.
#[derive(Debug)]
pub struct Watch {
    /// Not held open: the kernel tells the end of a directory when nobody holds it.
    root: PathBuf,
    below: Vec<u8>,
    kernel: AsyncFd<OwnedFd>,
    /// The directories that are watched, by the kernel's number.
    directories: HashMap<i32, Vec<u8>>,
    complete: bool,
}

/// What a watch has seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// What was changed, made or deleted; none with `rescan`.
    pub paths: Vec<String>,
    /// So much was changed that it is less to look again.
    pub rescan: bool,
}

/// What is gathered within the window.
#[derive(Default)]
struct Gathered {
    paths: BTreeSet<Vec<u8>>,
    bytes: usize,
    rescan: bool,
    /// The rules of the directories that were spoken of.
    rules: HashMap<Vec<u8>, Arc<Rules>>,
}

impl Watch {
    /// Begins to watch; what changes from then on is told.
    ///
    /// # Errors
    /// Where there is no such directory, or the kernel has no more watches.
    pub async fn start(root: Root, below: Vec<u8>) -> Result<Self, Error> {
        blocking(move || Self::begin(&root, &below)).await
    }

    /// What is watched.
    #[must_use]
    pub fn watching(&self) -> Watching {
        Watching { directories: self.directories.len() as u64, complete: self.complete }
    }

    /// One that watches nothing yet.
    fn idle(root: &Path, below: &[u8]) -> Result<Self, Error> {
        let fd = init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).map_err(|errno| problem::at(below, errno))?;
        #[expect(deprecated, reason = "an OwnedFd keeps its descriptor, which is what the unsafe successor asks for")]
        let kernel = AsyncFd::new(fd).map_err(|error| problem::io(below, &error))?;
        let directories = HashMap::new();
        Ok(Self { root: root.to_owned(), below: below.to_vec(), kernel, directories, complete: true })
    }

    fn begin(root: &Root, below: &[u8]) -> Result<Self, Error> {
        let mut watch = Self::idle(root.path(), below)?;
        watch.add(root, below)?;
        if below.is_empty() {
            // Commits and what is staged show in its list of files. There may be none.
            drop(watch.add(root, b".git"));
        }
        watch.add_below(root, below)?;
        Ok(watch)
    }

    /// Watches the directories below one, each before it is read: what is made in it later is told, what was before is
    /// found.
    fn add_below(&mut self, root: &Root, directory: &[u8]) -> Result<(), Error> {
        let shown = Shown { hidden: true, ignored: false };
        for step in Walk::new(root, directory, DEEPEST, shown)? {
            // One that is gone already needs no watch.
            if step.kind == FileType::Directory && self.add(root, &step.path).is_err() && !self.complete {
                break;
            }
        }
        Ok(())
    }

    fn add(&mut self, root: &Root, directory: &[u8]) -> Result<(), Error> {
        if self.directories.len() >= MAX_DIRECTORIES {
            self.complete = false;
            return Err(problem::at(directory, Errno::NOSPC));
        }
        let fd = root.directory(directory)?;
        let changes = WatchFlags::CREATE
            | WatchFlags::DELETE
            | WatchFlags::MOVED_FROM
            | WatchFlags::MOVED_TO
            | WatchFlags::MODIFY
            | WatchFlags::CLOSE_WRITE
            | WatchFlags::ATTRIB
            | WatchFlags::MOVE_SELF
            | WatchFlags::EXCL_UNLINK
            | WatchFlags::ONLYDIR;
        // By its descriptor: no name on the way can be changed meanwhile.
        match add_watch(self.kernel.get_ref(), link_of(fd.as_fd()), changes) {
            Ok(number) => {
                self.directories.insert(number, directory.to_vec());
                Ok(())
            }
            Err(errno) => {
                self.complete &= errno != Errno::NOSPC;
                Err(problem::at(directory, errno))
            }
        }
    }

    /// Waits until something changes, and a moment longer.
    ///
    /// # Errors
    /// Where the kernel or the workspace cannot be watched any more.
    pub async fn next(mut self) -> Result<(Self, Seen), Error> {
        loop {
            let below = self.below.clone();
            self.kernel.readable().await.map_err(|error| problem::io(&below, &error))?.clear_ready();
            sleep(WINDOW).await;
            let (watch, seen) = blocking(move || {
                let seen = self.gather()?;
                Ok((self, seen))
            })
            .await?;
            if seen != Seen::default() {
                return Ok((watch, seen));
            }
            self = watch;
        }
    }

    /// All that the kernel has to tell now.
    fn gather(&mut self) -> Result<Seen, Error> {
        if self.is_absent() {
            return self.look_again();
        }
        let Ok(root) = Root::open(&self.root) else { return self.begin_anew() };
        let mut gathered = Gathered::default();
        let mut buffer = [MaybeUninit::uninit(); 16 * 1024];
        let mut reads = 0;
        loop {
            reads += 1;
            if reads > MAX_READS {
                gathered.rescan = true;
                break;
            }
            // Each read may take away some directories that the rest speaks of, so none is held across two.
            let mut told = Vec::new();
            let mut reader = Reader::new(self.kernel.get_ref(), &mut buffer);
            loop {
                match reader.next() {
                    Ok(event) => {
                        let name = event.file_name().map(|name| name.to_bytes().to_vec());
                        told.push((event.wd(), event.events(), name));
                    }
                    Err(Errno::AGAIN) => break,
                    Err(Errno::INTR) => continue,
                    Err(errno) => return Err(problem::at(&self.below, errno)),
                }
                if reader.is_buffer_empty() {
                    break;
                }
            }
            if told.is_empty() {
                break;
            }
            for (number, events, name) in told {
                self.take(&root, (number, events), name.as_deref(), &mut gathered);
            }
            if gathered.rescan {
                break;
            }
        }
        if gathered.rescan {
            // Directories may have come and gone unseen.
            return self.begin_anew();
        }
        Ok(Seen { paths: gathered.paths.iter().map(|path| name::escape(path)).collect(), rescan: false })
    }

    fn take(&mut self, root: &Root, (number, events): (i32, ReadFlags), name: Option<&[u8]>, gathered: &mut Gathered) {
        if events.contains(ReadFlags::QUEUE_OVERFLOW) {
            gathered.rescan = true;
        }
        // What is in the place of the directory that is watched, if anything is, is another one.
        if events.contains(ReadFlags::IGNORED) {
            gathered.rescan |= self.directories.remove(&number).is_some_and(|gone| gone == self.below);
            return;
        }
        if events.contains(ReadFlags::MOVE_SELF) {
            gathered.rescan |= self.directories.get(&number).is_some_and(|moved| *moved == self.below);
            return;
        }
        let (Some(directory), Some(name)) = (self.directories.get(&number), name) else { return };
        let path = join(directory, name);
        if directory == b".git" {
            if matches!(name, b"index" | b"HEAD") {
                gathered.add(b".git".to_vec());
            }
            return;
        }
        if is_temporary(name) || is_unnamed(name) && root.stat(&path).is_err() {
            return;
        }
        let is_directory = events.contains(ReadFlags::ISDIR);
        let rules = gathered.rules.entry(directory.clone()).or_insert_with_key(|at| Rules::below(root, at));
        if rules.ignores(&path, is_directory) {
            return;
        }
        // What is shown is another question from now on.
        gathered.rescan |= matches!(name, b".gitignore" | b".ignore");
        if is_directory && events.intersects(ReadFlags::MOVED_FROM) {
            self.forget(&path);
        }
        if is_directory && events.intersects(ReadFlags::CREATE | ReadFlags::MOVED_TO) && self.add(root, &path).is_ok() {
            // It may be gone again by now.
            drop(self.add_below(root, &path));
        }
        gathered.add(path);
    }

    /// What was moved away is not watched where it is now.
    fn forget(&mut self, path: &[u8]) {
        let kernel = self.kernel.get_ref();
        self.directories.retain(|number, directory| {
            let gone = directory.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"));
            if gone && let Err(error) = remove_watch(kernel, *number) {
                tracing::debug!(%error, "a directory was watched no more");
            }
            !gone
        });
    }
}

/// Whether the kernel may call a file so that has no name yet: by its number.
fn is_unnamed(name: &[u8]) -> bool {
    name.strip_prefix(b"#").is_some_and(|number| !number.is_empty() && number.iter().all(u8::is_ascii_digit))
}

impl Gathered {
    fn add(&mut self, path: Vec<u8>) {
        if self.rescan || self.paths.contains(&path) {
            return;
        }
        self.bytes += path.len();
        self.paths.insert(path);
        self.rescan = self.paths.len() > MAX_PATHS || self.bytes > MAX_BYTES;
    }
}

/// Runs what waits for disks where nothing else waits for it.
///
/// # Errors
/// Its own, or `internal` where it failed.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    match spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Error::internal(io::Error::from(error).to_string())),
    }
}
