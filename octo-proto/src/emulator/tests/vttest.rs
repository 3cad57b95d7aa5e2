//! The screens of vttest, driven key by key on a PTY: what an old hand expects of a terminal.

use std::{
    fs::File,
    io::{Read, Write},
    os::fd::OwnedFd,
    process::{Child, Command},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};

use crate::emulator::{Emulator, picture::Style};

/// The longest wait for a screen.
const PATIENCE: Duration = Duration::from_secs(20);

/// What vttest writes last before it waits for a key.
const PROMPTS: [&str; 2] = ["Push <RETURN>", "Enter choice number ("];

struct Vttest {
    child: Child,
    master: File,
    /// Kept open, so that its end is the end of the child.
    _slave: OwnedFd,
    emulator: Emulator,
    written: Vec<u8>,
}

impl Vttest {
    fn start() -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let open = || File::options().read(true).write(true).open(&name).unwrap();
        let slave = OwnedFd::from(open());
        tcsetwinsize(&slave, Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        // It opens /dev/tty, so the PTY must be its controlling terminal.
        let child = Command::new("setsid")
            .args(["--ctty", "vttest", "24x80.80"])
            .env("TERM", "xterm")
            .stdin(open())
            .stdout(open())
            .stderr(open())
            .spawn()
            .expect("setsid is missing: apt-get install util-linux");
        let emulator = Emulator::new(80, 24, 0);
        let mut this = Self { child, master: File::from(master), _slave: slave, emulator, written: Vec::new() };
        this.wait();
        this
    }

    /// Types, and gives the screen on which it then waits.
    fn press(&mut self, keys: &str) -> String {
        self.written.clear();
        self.master.write_all(keys.as_bytes()).unwrap();
        self.wait();
        self.emulator.text()
    }

    /// What is on the screen, and after it how those parts look that are not plain.
    fn screen(&self) -> String {
        let mut screen = self.emulator.text();
        for (row, line) in self.emulator.picture().lines.iter().enumerate() {
            for run in line.runs.iter().filter(|run| run.style != Style::default()) {
                screen += &format!("{row}: {:?} {}\n", run.text, run.style.attributes.join(", "));
            }
        }
        screen
    }

    fn wait(&mut self) {
        let until = Instant::now() + PATIENCE;
        let mut buffer = [0; 4096];
        while !self.prompts() {
            let left = Timespec::try_from(until.saturating_duration_since(Instant::now())).unwrap();
            let mut polled = [PollFd::new(&self.master, PollFlags::IN)];
            assert_eq!(
                poll(&mut polled, Some(&left)).unwrap(),
                1,
                "no prompt comes; is vttest there?\n{}",
                self.emulator.text()
            );
            let read = self.master.read(&mut buffer).unwrap();
            self.written.extend_from_slice(&buffer[..read]);
            let outcome = self.emulator.feed(&buffer[..read], 0);
            self.master.write_all(&outcome.replies).unwrap();
        }
    }

    /// Whether it asks for a key, and nothing is on the way.
    fn prompts(&self) -> bool {
        let text = String::from_utf8_lossy(&self.written);
        let asks = PROMPTS.iter().any(|prompt| text.contains(prompt));
        let mut polled = [PollFd::new(&self.master, PollFlags::IN)];
        asks && poll(&mut polled, Some(&Timespec { tv_sec: 0, tv_nsec: 50_000_000 })).unwrap() == 0
    }

    /// Every screen of an item of the menu, until the menu is back.
    fn screens(&mut self, item: &str) -> String {
        let mut screens = String::new();
        let mut text = self.press(item);
        for _ in 0..40 {
            if text.contains("Enter choice number") {
                return screens;
            }
            screens += &format!("{}\n{}", "-".repeat(80), self.screen());
            text = self.press("\r");
        }
        panic!("the menu does not come back:\n{text}");
    }
}

impl Drop for Vttest {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn cursor_movements() {
    insta::assert_snapshot!(Vttest::start().screens("1\r"));
}

#[test]
fn screen_features() {
    insta::assert_snapshot!(Vttest::start().screens("2\r"));
}

#[test]
fn inserting_and_deleting() {
    insta::assert_snapshot!(Vttest::start().screens("8\r"));
}

#[test]
fn reports() {
    let mut vttest = Vttest::start();
    assert!(vttest.press("6\r").contains("Terminal Reports/Responses"));
    let screens: String = ["3\r", "4\r", "5\r", "6\r", "7\r"].map(|item| vttest.screens(item)).concat();
    insta::assert_snapshot!(screens);
}
