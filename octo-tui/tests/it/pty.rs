//! The program in a PTY: what it writes is collected, and waited for.

use std::{
    fs::File,
    io::{Read, Write},
    os::fd::OwnedFd,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Condvar, Mutex},
    time::{Duration, Instant},
};

use rustix::{
    process::{Pid, Signal, kill_process},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Termios, Winsize, tcgetattr, tcsetwinsize},
};

/// The longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Default)]
struct Written {
    bytes: Mutex<Vec<u8>>,
    more: Condvar,
}

pub(crate) struct Program {
    child: Child,
    keyboard: File,
    terminal: OwnedFd,
    written: Arc<Written>,
}

impl Program {
    /// Starts octo-tui in 80 by 24, its home and folder at `home`, answering as a simple terminal does.
    pub(crate) fn start(home: &Path, environment: &[(&str, &str)]) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let open = || File::options().read(true).write(true).open(&name).unwrap();
        let terminal = OwnedFd::from(open());
        tcsetwinsize(&terminal, Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_octo-tui"))
            .env_clear()
            .env("OCTO_HOME", home)
            .env("TERM", "xterm")
            .envs(environment.iter().copied())
            .current_dir(home)
            .stdin(open())
            .stdout(open())
            .stderr(open())
            .spawn()
            .unwrap();
        let written = Arc::new(Written::default());
        let mut screen = File::from(master.try_clone().unwrap());
        let mut keyboard = File::from(master);
        let (collected, mut answers) = (Arc::clone(&written), keyboard.try_clone().unwrap());
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = screen.read(&mut buffer) {
                if buffer[..count].windows(3).any(|bytes| bytes == b"\x1b[c") {
                    answers.write_all(b"\x1b[?62c").unwrap();
                }
                collected.bytes.lock().unwrap().extend_from_slice(&buffer[..count]);
                collected.more.notify_all();
            }
        });
        keyboard.flush().unwrap();
        Self { child, keyboard, terminal, written }
    }

    pub(crate) fn write(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until this was written to the terminal.
    pub(crate) fn sees(&self, text: &str) {
        self.wait(text, |bytes| contains(bytes, text));
    }

    /// Waits until this stands on the screen.
    pub(crate) fn shows(&self, text: &str) {
        self.wait(text, |bytes| screen(bytes).iter().any(|line| line.contains(text)));
    }

    fn wait(&self, text: &str, is_there: impl Fn(&[u8]) -> bool) {
        let until = Instant::now() + PATIENCE;
        let mut bytes = self.written.bytes.lock().unwrap();
        while !is_there(&bytes) {
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{text:?} does not come: {:?}", String::from_utf8_lossy(&bytes));
            bytes = self.written.more.wait_timeout(bytes, left).unwrap().0;
        }
    }

    pub(crate) fn has_seen(&self, text: &str) -> bool {
        contains(&self.written.bytes.lock().unwrap(), text)
    }

    pub(crate) fn modes(&self) -> Termios {
        tcgetattr(&self.terminal).unwrap()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits until it has ended.
    pub(crate) fn ends(&mut self) -> ExitStatus {
        let until = Instant::now() + PATIENCE;
        let pidfd =
            rustix::process::pidfd_open(Pid::from_child(&self.child), rustix::process::PidfdFlags::empty()).unwrap();
        let left = rustix::event::Timespec::try_from(until - Instant::now()).unwrap();
        let mut polled = [rustix::event::PollFd::new(&pidfd, rustix::event::PollFlags::IN)];
        assert_eq!(rustix::event::poll(&mut polled, Some(&left)).unwrap(), 1, "it does not end");
        self.child.wait().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// The lines of the screen after all of this was written: text goes where the cursor was put, all else is skipped.
fn screen(bytes: &[u8]) -> Vec<String> {
    let mut cells = vec![vec![' '; 200]; 24];
    let (mut row, mut column) = (0, 0);
    let text = String::from_utf8_lossy(bytes);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\u{1b}' {
            if let Some(cell) = cells.get_mut(row).and_then(|line| line.get_mut(column)) {
                *cell = c;
            }
            column += 1;
            continue;
        }
        let mut sequence = Vec::new();
        for c in chars.by_ref().skip(1) {
            sequence.push(c);
            if c.is_ascii_alphabetic() {
                break;
            }
        }
        if sequence.last() == Some(&'H') {
            let place: String = sequence[..sequence.len() - 1].iter().collect();
            let (y, x) = place.split_once(';').unwrap_or(("1", "1"));
            (row, column) = (y.parse::<usize>().unwrap() - 1, x.parse::<usize>().unwrap() - 1);
        }
    }
    cells.iter().map(|line| line.iter().collect()).collect()
}

/// Runs the program without a terminal.
pub(crate) fn without_terminal(home: &Path) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_octo-tui"))
        .env_clear()
        .env("OCTO_HOME", home)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}
