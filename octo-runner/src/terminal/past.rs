//! What was printed on a terminal, line by line, read back from its transcript: far more than anybody holds in cells.

use std::{collections::VecDeque, path::Path, sync::Arc, time::Duration};

use octo_proto::{
    Code, Error,
    emulator::Emulator,
    id::TerminalId,
    terminal::{HistoryLine, MAX_COLS, MAX_HISTORY_LINES, MAX_ROWS, TerminalHistory},
};
use tokio::{sync::Mutex, time::sleep};

use super::{
    MAX_SCREEN, Terminal,
    follow::{Begin, known_at},
};
use crate::{
    process::{Note, Size},
    runner::Runner,
    transcript::{Bound, Direction, ReadError, Reader, segments},
};

/// Lines that are read back at most, and what they may take, in bytes.
const MOST: usize = 50_000;
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// Lines that the terminal holds which reads them.
const HELD: usize = 2_000;

/// Lines of a page that does not say how many.
const PAGE: u32 = 200;

/// How long lines are kept that nobody asks for.
const KEPT: Duration = Duration::from_secs(30);

/// Which lines are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// As it was when so many bytes had been printed; none: as it is.
    pub(crate) offset: Option<u64>,
    /// How many lines lie below them.
    pub(crate) below: u32,
    /// How many, at most.
    pub(crate) limit: Option<u32>,
    /// With what draws them.
    pub(crate) attributes: bool,
}

/// The lines of a terminal up to a place in its output.
#[derive(Debug)]
struct Past {
    terminal: TerminalId,
    offset: u64,
    size: Size,
    lines: VecDeque<HistoryLine>,
    /// Whether there are no more.
    whole: bool,
}

/// What was read back last, for whoever asks for the next page of it. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pasts(Arc<Mutex<Option<Arc<Past>>>>);

impl Pasts {
    /// A page of it.
    ///
    /// # Errors
    /// `not_found` where that place of the output is not kept any more, `bad_request` where nothing was printed there yet,
    /// `unavailable` where the transcript cannot be read.
    pub(crate) async fn page(
        &self,
        runner: &Runner,
        terminal: &Terminal,
        wanted: Wanted,
    ) -> Result<TerminalHistory, Error> {
        terminal.ready(runner).await?;
        let end = terminal.lock().log.end();
        terminal.forget_unwatched();
        let offset = wanted.offset.unwrap_or(end);
        if offset > end {
            return Err(Error::bad_request(format!("only {end} bytes were printed on {}", terminal.id())));
        }
        let limit = wanted.limit.unwrap_or(PAGE).clamp(1, MAX_HISTORY_LINES);
        let needed = wanted.below.saturating_add(limit).saturating_add(MAX_ROWS.into()) as usize;
        // One at a time: who reads back the most holds no more than this.
        let mut kept = self.0.lock().await;
        let known = kept.as_ref().filter(|past| {
            past.terminal == *terminal.id() && past.offset == offset && (past.whole || past.lines.len() >= needed)
        });
        let past = match known {
            Some(past) => Arc::clone(past),
            None => {
                let past = Arc::new(read(runner, terminal, offset, needed).await?);
                *kept = Some(Arc::clone(&past));
                self.forget_later(runner, &past);
                past
            }
        };
        drop(kept);
        Ok(past.page(wanted.below as usize, limit as usize, wanted.attributes))
    }

    fn forget_later(&self, runner: &Runner, past: &Arc<Past>) {
        let (kept, past, stopping) = (Arc::clone(&self.0), Arc::downgrade(past), runner.stopping().clone());
        runner.tasks().spawn(async move {
            tokio::select! {
                () = stopping.cancelled() => {}
                () = sleep(KEPT) => {
                    let mut kept = kept.lock().await;
                    if kept.as_ref().is_some_and(|kept| past.ptr_eq(&Arc::downgrade(kept))) {
                        *kept = None;
                    }
                }
            }
        });
    }
}

async fn read(runner: &Runner, terminal: &Terminal, offset: u64, needed: usize) -> Result<Past, Error> {
    let (id, dir) = (terminal.id().clone(), terminal.dir().to_owned());
    let reading = runner.tasks().spawn_blocking(move || Past::read(id, &dir, offset, needed));
    let read = reading.await.map_err(|error| Error::internal(error.to_string()))?;
    let past = read.map_err(|error| Error::new(Code::Unavailable, error.to_string()).hint("ask again"))?;
    past.ok_or_else(|| {
        Error::not_found(format!("what {} showed after {offset} bytes is not kept any more", terminal.id()))
            .hint("ask again without an offset")
    })
}

impl Past {
    /// Reads back as much as holds so many lines, where there are so many. None: that place is not kept any more.
    fn read(terminal: TerminalId, dir: &Path, offset: u64, needed: usize) -> Result<Option<Self>, ReadError> {
        let io = |source| ReadError::Io { path: dir.to_owned(), source };
        let mut begins = Vec::new();
        for segment in segments(dir).map_err(io)? {
            // Of a ring, the oldest goes at any time.
            match known_at(dir, segment.base) {
                Ok(begin) => begins.extend(begin.filter(|begin| begin.printed <= offset)),
                Err(ReadError::Gone { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let mut back = 1;
        while !begins.is_empty() {
            let at = begins.len().saturating_sub(back);
            match replay(dir, begins[at], offset) {
                Ok((lines, size, cut)) if at == 0 || cut || lines.len() >= needed => {
                    return Ok(Some(Self { terminal, offset, size, lines, whole: at == 0 || cut }));
                }
                Ok(_) => back *= 4,
                Err(ReadError::Gone { .. }) => drop(begins.drain(..=at)),
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    fn page(&self, below: usize, limit: usize, attributes: bool) -> TerminalHistory {
        let end = self.lines.len().saturating_sub(below);
        let mut lines: Vec<_> = self.lines.range(end.saturating_sub(limit)..end).cloned().collect();
        if !attributes {
            plain(&mut lines, self.size.cols);
        }
        // A reply has its limit too.
        let mut room = MAX_SCREEN;
        let fits = lines.iter().rev().take_while(|line| {
            let bytes = serde_json::to_vec(line).map_or(0, |bytes| bytes.len() + 1);
            room.checked_sub(bytes).map(|left| room = left).is_some()
        });
        let lines = lines.split_off(lines.len() - fits.count());
        TerminalHistory {
            offset: self.offset,
            cols: self.size.cols,
            rows: self.size.rows,
            below: u32::try_from(below).unwrap_or(u32::MAX),
            has_more: end > lines.len(),
            lines,
        }
    }
}

/// Keeps the text only.
fn plain(lines: &mut [HistoryLine], cols: u16) {
    let mut emulator = Emulator::new(cols.into(), lines.len(), 0);
    emulator.feed(drawn(lines).as_bytes(), 0);
    for (line, text) in lines.iter_mut().zip(emulator.text().lines()) {
        text.clone_into(&mut line.text);
    }
}

/// Draws them, from the top left corner on.
fn drawn(lines: &[HistoryLine]) -> String {
    let mut text = String::new();
    for (at, line) in lines.iter().enumerate() {
        text.push_str(&line.text);
        if !line.goes_on && at + 1 < lines.len() {
            text.push_str("\r\n");
        }
    }
    text
}

/// All lines from a place on, and whether the oldest were too many.
fn replay(dir: &Path, begin: Begin, until: u64) -> Result<(VecDeque<HistoryLine>, Size, bool), ReadError> {
    let mut reader = Reader::open(dir, begin.offset, Bound::LastWhole)?;
    let mut roll = Roll::new(begin.size.unwrap_or(Size { cols: 80, rows: 24 }));
    let mut printed = begin.printed;
    while let Some(record) = reader.next()? {
        match record.direction {
            // A size may still have changed after the last byte.
            Direction::Out if printed >= until => break,
            Direction::Out => {
                let rest = usize::try_from(until - printed).unwrap_or(usize::MAX);
                let bytes = &record.bytes[..record.bytes.len().min(rest)];
                printed += bytes.len() as u64;
                roll.feed(bytes);
            }
            Direction::Note => match Note::read(&record) {
                Some(Note::Base { printed: before, size }) => {
                    printed = printed.max(before);
                    roll.resize(size);
                }
                Some(Note::Gap { bytes, size }) => {
                    printed += bytes;
                    roll.feed(b"\x18");
                    roll.resize(size);
                }
                Some(Note::Resized { size }) => roll.resize(size),
                Some(
                    Note::Spawned { .. }
                    | Note::StdinClosed
                    | Note::Exited { .. }
                    | Note::Signalled { .. }
                    | Note::ShimLost { .. }
                    | Note::Other { .. },
                )
                | None => {}
            },
            Direction::In | Direction::Err => {}
        }
    }
    Ok(roll.end())
}

/// A terminal whose lines are taken away as they scroll off.
struct Roll {
    emulator: Emulator,
    size: Size,
    lines: VecDeque<HistoryLine>,
    bytes: usize,
    cut: bool,
}

impl Roll {
    fn new(size: Size) -> Self {
        let emulator = Emulator::new(size.cols.into(), size.rows.into(), HELD);
        Self { emulator, size, lines: VecDeque::new(), bytes: 0, cut: false }
    }

    fn feed(&mut self, bytes: &[u8]) {
        // A byte scrolls a line at most, but for those that scroll a whole screen.
        let keep = self.emulator.history_limit() / 2;
        for piece in bytes.chunks(keep.max(1)) {
            self.emulator.feed(piece, 0);
            if self.emulator.was_history_erased() {
                (self.lines, self.bytes, self.cut) = (VecDeque::new(), 0, false);
            }
            let taken = self.emulator.take_history(keep);
            self.push(taken);
        }
    }

    fn push(&mut self, taken: Vec<HistoryLine>) {
        self.bytes += taken.iter().map(|line| line.text.len()).sum::<usize>();
        self.lines.extend(taken);
        while self.lines.len() > MOST || self.bytes > MOST_BYTES {
            let Some(line) = self.lines.pop_front() else { return };
            self.bytes -= line.text.len();
            self.cut = true;
        }
    }

    fn resize(&mut self, size: Size) {
        if size != self.size && (1..=MAX_COLS).contains(&size.cols) {
            self.size = size;
            self.emulator.resize(size.cols.into(), size.rows.into());
        }
    }

    fn end(mut self) -> (VecDeque<HistoryLine>, Size, bool) {
        let rest = self.emulator.take_history(0);
        self.push(rest);
        let screen = self.emulator.screen_lines();
        self.push(screen);
        (self.lines, self.size, self.cut)
    }
}
