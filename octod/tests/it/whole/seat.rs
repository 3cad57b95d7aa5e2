//! A person at a terminal: `octoctl` on a real PTY.

use std::{
    fs::File,
    io::{Read, Write},
    os::fd::{AsFd, OwnedFd},
    process::{Child, Command, Stdio},
};

use rustix::{
    pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt},
    termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize},
};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};

use super::house::{House, PATIENCE};

pub(super) struct Seat {
    pub(super) child: Child,
    master: File,
    slave: OwnedFd,
    pieces: mpsc::Receiver<Vec<u8>>,
    /// What was shown and not waited for yet.
    shown: Vec<u8>,
    /// All that was shown.
    pub(super) whole: Vec<u8>,
}

/// `octoctl` of this house with these arguments.
pub(super) fn octoctl(house: &House, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_octoctl"));
    command.args(args).env("OCTO_HOME", house.home()).env_remove("OCTO_PROCESS").env_remove("OCTO_TRACE");
    command.current_dir(house.work()).stdin(Stdio::null());
    command
}

impl Seat {
    pub(super) fn attach(house: &House, id: &str, size: (u16, u16)) -> Self {
        Self::start(octoctl(house, &["term", "attach", id]), size)
    }

    pub(super) fn look(house: &House, id: &str, size: (u16, u16)) -> Self {
        Self::start(octoctl(house, &["term", "attach", "--look", id]), size)
    }

    fn start(mut command: Command, (cols, rows): (u16, u16)) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let slave = ioctl_tiocgptpeer(&master, flags).unwrap();
        let stream = || Stdio::from(slave.try_clone().unwrap());
        let seat_size = Winsize { ws_row: rows, ws_col: cols, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&master, seat_size).unwrap();
        let child = command.stdin(stream()).stdout(stream()).stderr(stream()).spawn().unwrap();
        let master = File::from(master);
        let (sender, pieces) = mpsc::channel(64);
        let mut reading = master.try_clone().unwrap();
        std::thread::spawn(move || {
            let mut buffer = vec![0; 4096];
            while let Ok(count @ 1..) = reading.read(&mut buffer) {
                if sender.blocking_send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { child, master, slave, pieces, shown: Vec::new(), whole: Vec::new() }
    }

    pub(super) fn types(&mut self, bytes: &[u8]) {
        self.master.write_all(bytes).unwrap();
    }

    pub(super) fn resizes(&self, cols: u16, rows: u16) {
        tcsetwinsize(self.master.as_fd(), Winsize { ws_row: rows, ws_col: cols, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        // It is not the controlling terminal of the test's child, so the kernel tells nobody.
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::WINCH).unwrap();
    }

    /// Waits until this is shown, behind what was waited for before.
    pub(super) async fn sees(&mut self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.shown.windows(text.len()).position(|window| window == text.as_bytes()) {
                self.shown.drain(..at + text.len());
                return;
            }
            let piece = timeout_at(deadline, self.pieces.recv()).await;
            let shown = || String::from_utf8_lossy(&self.shown).into_owned();
            let piece = piece.unwrap_or_else(|_| panic!("no {text:?} in {:?}", shown()));
            let piece = piece.unwrap_or_else(|| panic!("the terminal closed before {text:?}: {:?}", shown()));
            self.whole.extend_from_slice(&piece);
            self.shown.extend(piece);
        }
    }

    /// Waits until all that was shown is so; what `view` makes of it is given.
    pub(super) async fn until(
        &mut self,
        what: &str,
        view: impl Fn(&Self) -> String,
        is_so: impl Fn(&str) -> bool,
    ) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let seen = view(self);
            if is_so(&seen) {
                return seen;
            }
            let piece = timeout_at(deadline, self.pieces.recv()).await;
            let piece = piece.unwrap_or_else(|_| panic!("no {what}:\n{seen}"));
            self.whole.extend(piece.unwrap_or_else(|| panic!("closed before {what}:\n{seen}")));
        }
    }

    /// Whether a line is edited and shown as it is typed, as shells leave it.
    pub(super) fn is_usual(&self) -> bool {
        tcgetattr(&self.slave).unwrap().local_modes.contains(LocalModes::ICANON | LocalModes::ECHO)
    }

    pub(super) async fn ends(mut self) -> Option<i32> {
        let waited = tokio::task::spawn_blocking(move || (self.child.wait().unwrap(), self.is_usual())).await.unwrap();
        assert!(waited.1, "the terminal is as it was");
        waited.0.code()
    }
}
