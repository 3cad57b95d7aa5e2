//! octo-tui in a terminal of the test's own: a PTY, a keyboard, and an emulator that shows what a person would see.

use std::{
    fs::File,
    io::{Read, Write},
    os::fd::OwnedFd,
    path::Path,
    process::ExitStatus,
    sync::Arc,
    time::Instant,
};

use rustix::{
    process::{Pid, Signal, kill_process},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize},
};
use tokio::{
    process::{Child, Command},
    sync::watch,
    time::timeout,
};

use super::house::{House, PATIENCE, program};

/// What ends a frame: the terminal shows it from here on.
const FRAME_END: &[u8] = b"\x1b[?2026l";

/// What the program asks a terminal, and what a simple one answers.
const WHAT_ARE_YOU: &[u8] = b"\x1b[c";
const I_AM: &[u8] = b"\x1b[?62c";

pub(crate) struct Terminal {
    child: Child,
    keyboard: File,
    line: OwnedFd,
    seen: Arc<watch::Sender<Seen>>,
}

/// What came to the terminal so far.
pub(crate) struct Seen {
    pub(crate) emulator: vt100::Parser,
    /// When each frame was whole, and its bytes.
    pub(crate) frames: Vec<(Instant, usize)>,
    /// Bytes behind the last whole frame.
    open: Vec<u8>,
}

impl Terminal {
    /// Starts octo-tui in the working folder of a house, in a terminal of so many columns and rows.
    pub(crate) fn start(house: &House, size: (u16, u16), environment: &[(&str, &str)]) -> Self {
        Self::through(house, &house.socket(), size, environment)
    }

    /// As [`Terminal::start`], with octod's socket somewhere else.
    pub(crate) fn through(house: &House, socket: &Path, size: (u16, u16), environment: &[(&str, &str)]) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let open = || File::options().read(true).write(true).open(&name).unwrap();
        let line = OwnedFd::from(open());
        tcsetwinsize(&line, winsize(size)).unwrap();
        // With a terminal of its own, so that the kernel tells it of a new size, and whose size it is.
        let child = Command::new("setsid")
            .arg("--ctty")
            .arg(program("octo-tui"))
            .arg("--socket")
            .arg(socket)
            .env_clear()
            .env("OCTO_HOME", house.home())
            .env("TERM", "xterm-256color")
            .envs(environment.iter().copied())
            .current_dir(house.work())
            .stdin(open())
            .stdout(open())
            .stderr(open())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let emulator = vt100::Parser::new(size.1, size.0, 0);
        let seen = Arc::new(watch::Sender::new(Seen { emulator, frames: Vec::new(), open: Vec::new() }));
        let keyboard = File::from(master);
        let (screen, answers, tell) = (keyboard.try_clone().unwrap(), keyboard.try_clone().unwrap(), Arc::clone(&seen));
        std::thread::spawn(move || show(screen, answers, &tell));
        Self { child, keyboard, line, seen }
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until this stands on the screen.
    pub(crate) async fn shows(&self, text: &str) {
        self.until(text, |seen| seen.has(text)).await;
    }

    /// Waits until this does not stand on the screen.
    pub(crate) async fn hides(&self, text: &str) {
        self.until(&format!("the end of {text}"), |seen| !seen.has(text)).await;
    }

    pub(crate) async fn until(&self, what: &str, is_so: impl Fn(&Seen) -> bool) {
        let mut seen = self.seen.subscribe();
        let waited = timeout(PATIENCE, seen.wait_for(|seen| is_so(seen))).await.map(|met| drop(met.unwrap()));
        assert!(waited.is_ok(), "waited too long for {what}:\n{}", self.screen());
    }

    pub(crate) fn look<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.seen.borrow())
    }

    pub(crate) fn screen(&self) -> String {
        self.look(|seen| seen.emulator.screen().contents())
    }

    /// Gives the terminal another size; the kernel tells the program.
    pub(crate) fn resize(&self, size: (u16, u16)) {
        self.seen.send_modify(|seen| seen.emulator.screen_mut().set_size(size.1, size.0));
        tcsetwinsize(&self.line, winsize(size)).unwrap();
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(self.child.id().unwrap().cast_signed()).unwrap(), signal).unwrap();
    }

    /// Waits until the program has ended, and checks that the terminal is as a shell wants it.
    pub(crate) async fn is_given_back(&mut self) -> ExitStatus {
        let status = timeout(PATIENCE, self.child.wait()).await.expect("the program ends").unwrap();
        self.until("the terminal given back", |seen| {
            let screen = seen.emulator.screen();
            !screen.alternate_screen()
                && !screen.hide_cursor()
                && !screen.bracketed_paste()
                && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
        })
        .await;
        assert!(tcgetattr(&self.line).unwrap().local_modes.contains(LocalModes::ECHO | LocalModes::ICANON));
        status
    }
}

impl Seen {
    pub(crate) fn has(&self, text: &str) -> bool {
        self.emulator.screen().contents().contains(text)
    }

    fn take(&mut self, bytes: &[u8]) {
        self.emulator.process(bytes);
        let searched = self.open.len().saturating_sub(FRAME_END.len());
        self.open.extend_from_slice(bytes);
        let mut from = searched;
        while let Some(at) = self.open[from..].windows(FRAME_END.len()).position(|window| window == FRAME_END) {
            let frame = self.open.drain(..from + at + FRAME_END.len());
            self.frames.push((Instant::now(), frame.len()));
            drop(frame);
            from = 0;
        }
    }
}

/// Takes in what the program writes until its terminal is gone.
fn show(mut screen: File, mut answers: File, tell: &watch::Sender<Seen>) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = screen.read(&mut buffer) {
        let bytes = &buffer[..count];
        if bytes.windows(WHAT_ARE_YOU.len()).any(|window| window == WHAT_ARE_YOU) {
            answers.write_all(I_AM).unwrap();
        }
        tell.send_modify(|seen| seen.take(bytes));
    }
}

fn winsize((columns, rows): (u16, u16)) -> Winsize {
    Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}
