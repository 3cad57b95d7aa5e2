//! Reads a terminal's transcript into its log: the file, never the socket.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use octo_proto::terminal::TerminalState;
use rustix::time::{ClockId, clock_gettime};
use tokio::sync::watch;

use super::{
    Shared, TYPED, Terminal,
    display::{Display, Key},
    log::{Log, Mark, WINDOW},
};
use crate::{
    process::{Note, Size, Tail},
    transcript::{Bound, Direction, ReadError, Reader, Record, segments},
};

/// Bytes of output that are taken in before watchers are told and others have their turn, of all terminals that flood
/// together and of one of them at least: each step of a key and its echo waits for as much.
const BATCH: usize = 64 * 1024;
const LEAST: usize = 16 * 1024;

/// How many terminals flood.
static FLOODS: AtomicUsize = AtomicUsize::new(0);

/// Bytes of output that are taken in before the shim is told how far that is.
const SAID: u64 = 64 * 1024;

/// Output after which a key is written, in bytes, and time that taking it in took: no more than that is done again by the
/// next runner, whatever a program prints.
const KEY_EVERY: u64 = 4 * 1024 * 1024;
// A debug build works ten times as long for the same.
const WORK: Duration = Duration::from_millis(if cfg!(debug_assertions) { 400 } else { 40 });

/// Follows one transcript.
#[derive(Debug)]
pub(super) struct Follower {
    terminal: Terminal,
    dir: PathBuf,
    /// Where the next record begins.
    offset: u64,
    /// Records from here on are new: what they ask is answered. None: that is not known yet.
    live_from: Option<u64>,
    /// What was printed before the newest key, and how long taking in what came since took.
    keyed: u64,
    worked: Duration,
    flood: Flood,
}

/// Whether a terminal prints more than is taken in at once.
#[derive(Debug, Default)]
struct Flood(bool);

impl Flood {
    fn set(&mut self, floods: bool) {
        match (std::mem::replace(&mut self.0, floods), floods) {
            (false, true) => drop(FLOODS.fetch_add(1, Ordering::Relaxed)),
            (true, false) => drop(FLOODS.fetch_sub(1, Ordering::Relaxed)),
            (true, true) | (false, false) => {}
        }
    }

    /// How much is taken in at once now.
    fn batch() -> usize {
        (BATCH / FLOODS.load(Ordering::Relaxed).max(1)).max(LEAST)
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.set(false);
    }
}

/// What this thread has used of the processor.
fn used() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap_or_default()
}

/// Whether a terminal was just opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fresh {
    /// It was: all it prints is new.
    Yes,
    /// A runner followed it before.
    No,
}

/// A place from which output is read, and what is known there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Begin {
    pub(super) offset: u64,
    pub(super) printed: u64,
    pub(super) size: Option<Size>,
}

impl Follower {
    /// Begins at the newest key, or where the newest output is. A `fresh` terminal was never followed before.
    ///
    /// # Errors
    /// Where the transcript cannot be read.
    pub(super) fn new(terminal: Terminal, fresh: Fresh) -> Result<Self, ReadError> {
        let dir = terminal.dir().to_owned();
        let oldest = segments(&dir).ok().and_then(|all| Some(all.first()?.base));
        let key = Key::read(&dir).filter(|key| oldest.is_some_and(|oldest| oldest <= key.place.offset));
        let (begin, redraw) = match key {
            None => (begin(&dir)?, Vec::new()),
            Some(Key { place, redraw }) => {
                let size = Some(Size { cols: place.cols, rows: place.rows });
                (Begin { offset: place.offset, printed: place.printed, size }, redraw)
            }
        };
        {
            let mut shared = terminal.lock();
            shared.log = Log::at(begin.printed);
            shared.size = begin.size.unwrap_or(shared.size);
            let mut display = Display::new(shared.size);
            // What it answers was answered when it was new.
            display.feed(&redraw, 0);
            shared.display = Some(display);
        }
        let live_from = match fresh {
            Fresh::Yes => Some(0),
            Fresh::No => None,
        };
        Ok(Self {
            terminal,
            dir,
            offset: begin.offset,
            live_from,
            keyed: begin.printed,
            worked: Duration::ZERO,
            flood: Flood::default(),
        })
    }

    /// Takes in what is announced, until nothing is announced any more, and says how far it is.
    pub(super) async fn follow(&mut self, end: watch::Receiver<u64>, took: impl Fn(u64)) -> Result<(), ReadError> {
        let mut tail = self.tail(&end)?;
        // What was recorded before is on the screen before anybody looks.
        let first = *end.borrow();
        self.live_from.get_or_insert(first);
        // A keystroke and its echo are not worth a word to the shim.
        let mut said: Option<u64> = None;
        loop {
            let next = match tail.next().await {
                Ok(None) => return Ok(()),
                Ok(Some(record)) => {
                    self.take(&record);
                    self.take_known(&mut tail)
                }
                Err(error) => Err(error),
            };
            self.offset = tail.offset();
            if said.is_none_or(|said| self.offset.saturating_sub(said) >= SAID) {
                took(self.offset);
                said = Some(self.offset);
            }
            self.terminal.told(self.offset >= first);
            // Who was woken runs on this thread, and not before this task lets it.
            tokio::task::yield_now().await;
            while self.terminal.is_waited_for() {
                tokio::task::yield_now().await;
            }
            match next {
                Ok(()) => {}
                Err(ReadError::Gone { first, .. }) => {
                    self.offset = first;
                    tail = self.tail(&end)?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes in what is announced by now, up to a batch.
    fn take_known(&mut self, tail: &mut Tail) -> Result<(), ReadError> {
        let (mut bytes, batch) = (0, Flood::batch());
        while bytes < batch
            && !self.terminal.is_waited_for()
            && let Some(record) = tail.next_known()?
        {
            bytes += record.bytes.len();
            self.take(&record);
        }
        self.flood.set(bytes >= batch);
        Ok(())
    }

    /// Takes in one record, answers what it asks, and writes a key where one is due.
    fn take(&mut self, record: &Record<'_>) {
        let live = self.live_from.is_some_and(|from| record.offset >= from);
        let mut shared = self.terminal.lock_behind_others();
        let begun = used();
        let replies = shared.fold(record);
        self.worked += used().saturating_sub(begun);
        if live && !replies.is_empty() && shared.typed.len() + replies.len() <= TYPED {
            shared.typed.extend_from_slice(&replies);
            self.terminal.0.typed.notify_one();
        }
        let printed = shared.log.end();
        if printed - self.keyed < KEY_EVERY && self.worked < WORK {
            return;
        }
        let key = shared.display.as_ref().and_then(|display| display.key(record.next_offset, printed, shared.size));
        drop(shared);
        if let Some(key) = key {
            (self.keyed, self.worked) = (printed, Duration::ZERO);
            if let Err(error) = key.write(&self.dir) {
                tracing::debug!(terminal = %self.terminal.id(), %error, "a key of the screen was not written");
            }
        }
    }

    fn tail(&mut self, end: &watch::Receiver<u64>) -> Result<Tail, ReadError> {
        match Tail::new(&self.dir, self.offset, end.clone()) {
            Err(ReadError::Gone { first, .. }) => {
                self.offset = first;
                Tail::new(&self.dir, self.offset, end.clone())
            }
            tail => tail,
        }
    }

    /// Takes in what a dead shim left, to its last whole record.
    pub(super) fn read_left(&mut self) -> Result<(), ReadError> {
        let mut reader = match Reader::open(&self.dir, self.offset, Bound::LastWhole) {
            Err(ReadError::Gone { first, .. }) => Reader::open(&self.dir, first, Bound::LastWhole)?,
            reader => reader?,
        };
        while let Some(record) = reader.next()? {
            drop(self.terminal.lock_behind_others().fold(&record));
        }
        self.offset = reader.offset();
        self.terminal.told(true);
        Ok(())
    }
}

impl Terminal {
    fn told(&self, ready: bool) {
        let mut shared = self.lock();
        shared.ready |= ready;
        if shared.ready {
            shared.watchers.wake();
        }
    }
}

impl Shared {
    /// Takes in one record, and gives what the terminal answers to it.
    fn fold(&mut self, record: &Record<'_>) -> Vec<u8> {
        match record.direction {
            Direction::Out => {
                self.log.push(record.bytes);
                return self
                    .display
                    .as_mut()
                    .map(|display| display.feed(record.bytes, record.at_us))
                    .unwrap_or_default();
            }
            Direction::Note => {
                if let Some(note) = Note::read(record) {
                    self.fold_note(&note, record.at_us);
                }
            }
            Direction::In | Direction::Err => {}
        }
        Vec::new()
    }

    /// So much output is missing: a sequence that it cut off is over.
    fn fold_gap(&mut self, bytes: u64, at_us: u64) {
        self.log.gap(bytes);
        if let Some(display) = &mut self.display {
            display.feed(b"\x18", at_us);
        }
    }

    fn fold_note(&mut self, note: &Note, at_us: u64) {
        match *note {
            Note::Base { printed, size } => {
                if printed > self.log.end() {
                    // The ring went on without us.
                    self.fold_gap(printed - self.log.end(), at_us);
                }
                self.has_size(size);
            }
            Note::Gap { bytes, size } => {
                self.fold_gap(bytes, at_us);
                self.has_size(size);
            }
            Note::Resized { size } => self.has_size(size),
            Note::Exited { code } => self.end(TerminalState::Exited { code }, at_us),
            Note::Signalled { signal } => self.end(TerminalState::Signalled { signal }, at_us),
            Note::ShimLost { rebooted } => self.end(TerminalState::Lost { rebooted }, at_us),
            Note::Spawned { .. } | Note::StdinClosed | Note::Other { .. } => {}
        }
    }

    fn has_size(&mut self, size: Size) {
        if size != self.size {
            self.size = size;
            if let Some(display) = &mut self.display {
                display.resize(size);
            }
            self.log.mark(Mark::Owner(self.owner.writer(), size));
        }
    }

    pub(super) fn end(&mut self, state: TerminalState, at_us: u64) {
        self.log.mark(Mark::Exited(state.clone()));
        self.state = state;
        self.ended_at = Some(i64::try_from(at_us / 1000).unwrap_or(i64::MAX));
        self.typed = Vec::new();
    }
}

/// The newest segment behind which there is a window of output, or the oldest there is; one that does not say how much
/// was printed before it does not count.
fn begin(dir: &Path) -> Result<Begin, ReadError> {
    let io = |source| ReadError::Io { path: dir.to_owned(), source };
    let all = segments(dir).map_err(io)?;
    let end = all.last().map_or(0, |newest| newest.base);
    for segment in all.iter().rev().filter(|segment| segment.base + WINDOW as u64 <= end) {
        if let Some(begin) = known_at(dir, segment.base)? {
            return Ok(begin);
        }
    }
    let offset = all.first().map_or(0, |oldest| oldest.base);
    Ok(known_at(dir, offset)?.unwrap_or(Begin { offset, printed: 0, size: None }))
}

/// What the first record of a segment says.
pub(super) fn known_at(dir: &Path, offset: u64) -> Result<Option<Begin>, ReadError> {
    let mut reader = Reader::open(dir, offset, Bound::LastWhole)?;
    let note = reader.next()?.and_then(|record| Note::read(&record));
    if let Some(Note::Base { printed, size }) = note {
        return Ok(Some(Begin { offset, printed, size: Some(size) }));
    }
    if let Some(Note::Spawned { size, .. }) = note {
        return Ok(Some(Begin { offset, printed: 0, size }));
    }
    Ok(None)
}
