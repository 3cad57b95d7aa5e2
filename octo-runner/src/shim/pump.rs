//! The shim's one loop: waits for pipes, socket, deaths and deadlines, and moves what passes into the transcript.

mod closing;
mod commands;
mod pace;
mod ring;

use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use self::closing::{Killing, Phase};
use self::commands::Pending;
use self::pace::Pace;
use super::child::{Child, read_some};
use super::control::Control;
use super::note;
use super::protocol::Answer;
use crate::transcript::{AppendError, Direction, Writer};

/// The most that is read from a pipe at once, and so the payload of an `out` record.
const CHUNK: usize = 64 * 1024;
/// How often a transcript that cannot be written is tried again.
const RETRY: Duration = Duration::from_millis(200);
/// While output flows, its end is announced this often.
const QUIET: Duration = Duration::from_millis(1);

/// Everything the loop owns.
#[derive(Debug)]
pub(super) struct Pump {
    pub(super) process: String,
    pub(super) cgroup: Option<PathBuf>,
    pub(super) writer: Writer,
    pub(super) child: Child,
    pub(super) control: Control,
    /// Readable when a child ended.
    pub(super) deaths: UnixStream,
    state: State,
}

#[derive(Debug)]
struct State {
    buffer: Vec<u8>,
    phase: Phase,
    pending: Option<Pending>,
    /// Close the standard input when the pending write is through.
    eof: bool,
    killing: Option<Killing>,
    stalled: Option<Stalled>,
    pace: Pace,
    announced: u64,
    announced_at: Instant,
}

/// The transcript does not take output.
#[derive(Debug)]
struct Stalled {
    errno: i32,
    retry_at: Instant,
    /// Output that was read when it began.
    unrecorded: Option<(Direction, Vec<u8>)>,
}

/// What woke the loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wake {
    Deaths,
    Listener,
    Candidate,
    Controller,
    Out,
    Err,
    In,
}

impl Pump {
    pub(super) fn new(child: Child, writer: Writer, control: Control, deaths: UnixStream) -> Self {
        let state = State {
            buffer: vec![0; CHUNK],
            phase: Phase::Running,
            pending: None,
            eof: false,
            killing: None,
            stalled: None,
            pace: Pace::default(),
            announced: 0,
            announced_at: Instant::now(),
        };
        Self { process: String::new(), cgroup: None, writer, child, control, deaths, state }
    }

    /// Runs until the process is gone and everything is recorded.
    pub(super) fn run(mut self) {
        loop {
            let now = Instant::now();
            self.control.expire(now);
            self.retry(now);
            self.note_gap();
            self.kill_on(now);
            let ended = self.close_on(now);
            self.announce(now);
            if ended {
                return self.part();
            }
            if self.control.controller.is_none() {
                self.state.pace.forget();
            }
            let woken = self.wait(self.next_deadline(now));
            for (wake, flags) in woken.into_iter().flatten() {
                self.on_wake(wake, flags);
            }
        }
    }

    fn on_wake(&mut self, wake: Wake, flags: PollFlags) {
        match wake {
            Wake::Deaths => {
                let mut bytes = [0; 64];
                // It only wakes us; what it says is with `waitpid`.
                read_some(&mut self.deaths, &mut bytes);
                self.on_deaths();
            }
            Wake::Listener => self.control.accept(Instant::now()),
            Wake::Candidate => {
                let end = self.writer.end();
                if self.control.hear_candidate(&mut self.state.buffer, self.child.state, end) {
                    self.state.announced = end;
                    self.state.pace.forget();
                    self.tell_stall();
                    // More than the attach may have come with it.
                    self.on_frames();
                }
            }
            Wake::Controller => {
                if flags.contains(PollFlags::OUT) {
                    self.control.flush();
                }
                if flags.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) {
                    self.control.hear_controller(&mut self.state.buffer);
                    self.on_frames();
                }
            }
            Wake::Out if self.child.terminal.is_some() => self.read_terminal(),
            Wake::Out => self.read(Direction::Out),
            Wake::Err => self.read(Direction::Err),
            Wake::In => self.write_on(),
        }
    }

    /// Waits for one of the descriptors or the deadline.
    fn wait(&self, deadline: Option<Duration>) -> [Option<(Wake, PollFlags)>; 7] {
        let reading = self.state.stalled.is_none() && self.held_until(Instant::now()).is_none();
        let controller = self.control.controller.as_ref().map(|link| link.stream.as_fd());
        let mut flags = PollFlags::empty();
        flags.set(PollFlags::IN, self.control.may_read());
        flags.set(PollFlags::OUT, self.control.has_backlog());
        let candidate = self.control.candidate.as_ref().map(|(link, _)| link.stream.as_fd());
        let listener = candidate.is_none().then(|| self.control.listener.as_fd());
        let pipe_out = self.child.stdout.as_ref().filter(|_| reading).map(AsFd::as_fd);
        let pipe_err = self.child.stderr.as_ref().filter(|_| reading).map(AsFd::as_fd);
        let pipe_in = self.child.stdin.as_ref().filter(|_| self.state.pending.is_some()).map(AsFd::as_fd);
        let wanted: [(Wake, Option<BorrowedFd<'_>>, PollFlags); 7] = [
            (Wake::Deaths, Some(self.deaths.as_fd()), PollFlags::IN),
            // Pipes first: what the process said before it is told something lies before it in the transcript.
            (Wake::Out, pipe_out, PollFlags::IN),
            (Wake::Err, pipe_err, PollFlags::IN),
            (Wake::In, pipe_in, PollFlags::OUT),
            (Wake::Candidate, candidate, PollFlags::IN),
            (Wake::Controller, controller, flags),
            (Wake::Listener, listener, PollFlags::IN),
        ];
        let mut descriptors: Vec<PollFd<'_>> =
            wanted.iter().filter_map(|(_, fd, flags)| fd.map(|fd| PollFd::from_borrowed_fd(fd, *flags))).collect();
        let timeout = deadline.map(to_timespec);
        let mut woken = [None; 7];
        if poll(&mut descriptors, timeout.as_ref()).is_ok() {
            let polled = wanted.iter().filter(|(_, fd, _)| fd.is_some()).zip(&descriptors);
            let ready = polled.filter(|(_, descriptor)| !descriptor.revents().is_empty());
            for (slot, ((wake, _, _), descriptor)) in woken.iter_mut().zip(ready) {
                *slot = Some((*wake, descriptor.revents()));
            }
        }
        woken
    }

    /// Until when a terminal whose program still runs is not read, since who draws it is behind.
    fn held_until(&self, now: Instant) -> Option<Instant> {
        let paced = self.child.terminal.is_some() && self.state.phase == Phase::Running;
        self.state.pace.held_until(self.writer.end(), now).filter(|_| paced)
    }

    /// Records what a pipe holds, one chunk.
    fn read(&mut self, direction: Direction) {
        if self.state.stalled.is_some() {
            return;
        }
        // Room first: what is not read cannot be lost.
        if let Err(error) = self.writer.make_room(CHUNK) {
            return self.stall(&error, None);
        }
        let buffer = &mut self.state.buffer;
        let count = match direction {
            Direction::Out => self.child.stdout.as_mut().map(|pipe| read_some(pipe, buffer)),
            Direction::Err => self.child.stderr.as_mut().map(|pipe| read_some(pipe, buffer)),
            Direction::In | Direction::Note => None,
        };
        match count {
            None | Some(None) => {}
            Some(Some(0)) if direction == Direction::Out => self.child.stdout = None,
            Some(Some(0)) => self.child.stderr = None,
            Some(Some(count)) => {
                if let Err(error) = self.writer.append(now_us(), direction, "", &self.state.buffer[..count]) {
                    let unrecorded = (direction, self.state.buffer[..count].to_vec());
                    self.stall(&error, Some(unrecorded));
                }
            }
        }
    }

    fn stall(&mut self, error: &AppendError, unrecorded: Option<(Direction, Vec<u8>)>) {
        let retry_at = Instant::now() + RETRY;
        self.state.stalled = Some(Stalled { errno: errno_of(error), retry_at, unrecorded });
        self.tell_stall();
    }

    fn tell_stall(&mut self) {
        if let Some(stalled) = &self.state.stalled {
            self.control.say(Answer::Stalled(stalled.errno));
        }
    }

    /// Tries to go on after a stall.
    fn retry(&mut self, now: Instant) {
        let Some(stalled) = self.state.stalled.as_mut().filter(|stalled| stalled.retry_at <= now) else {
            return;
        };
        stalled.retry_at = now + RETRY;
        if let Some((direction, bytes)) = &stalled.unrecorded {
            if self.writer.append(now_us(), *direction, "", bytes).is_err() {
                return;
            }
            stalled.unrecorded = None;
        }
        if self.writer.make_room(CHUNK).is_ok() {
            self.state.stalled = None;
            self.control.say(Answer::Stalled(0));
        }
    }

    /// Tells the controller the end: at once after a quiet time, else when its time has come.
    fn announce(&mut self, now: Instant) {
        let due = self.state.announced != self.writer.end() && now >= self.state.announced_at + QUIET;
        if due && !self.control.has_backlog() {
            self.tell_end(now);
        }
        self.control.flush();
    }

    fn tell_end(&mut self, now: Instant) {
        self.state.announced = self.writer.end();
        self.state.announced_at = now;
        self.control.say(Answer::End(self.writer.end()));
    }

    fn next_deadline(&self, now: Instant) -> Option<Duration> {
        let state = &self.state;
        let announcing =
            self.control.controller.is_some() && !self.control.has_backlog() && state.announced != self.writer.end();
        [
            announcing.then(|| state.announced_at + QUIET),
            state.stalled.as_ref().map(|stalled| stalled.retry_at),
            self.held_until(now),
            self.gap_deadline(now),
            state.killing.as_ref().map(Killing::next_pass),
            self.closing_deadline(),
            self.control.candidate.as_ref().map(|(_, until)| *until),
        ]
        .into_iter()
        .flatten()
        .min()
        .map(|deadline| deadline.saturating_duration_since(now))
    }

    fn note(&mut self, key: &str, bytes: &[u8]) -> Result<u64, AppendError> {
        self.writer.append(now_us(), Direction::Note, key, bytes)
    }

    fn close_stdin(&mut self) {
        if self.child.stdin.take().is_some() {
            // Without room for it the note is missing: it only explains.
            self.note(note::STDIN_CLOSED, b"{}").ok();
        }
    }
}

fn to_timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(duration.subsec_nanos()),
    }
}

pub(super) fn now_us() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64)
}

fn errno_of(error: &AppendError) -> i32 {
    match error {
        AppendError::Full(source) => source.raw_os_error().unwrap_or(rustix::io::Errno::IO.raw_os_error()),
        AppendError::TooLarge(_) => rustix::io::Errno::FBIG.raw_os_error(),
    }
}
