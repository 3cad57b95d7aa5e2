//! The process that a shim holds: how it is started, its streams, how it ended.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use rustix::io::{Errno, ioctl_fionbio};
use rustix::process::{
    Pid, Signal, WaitOptions, getpid, getppid, ioctl_tiocsctty, kill_process, set_parent_process_death_signal, setsid,
    wait,
};
use rustix::stdio::stdin;

use super::protocol::{ChildState, Failure};
use super::spec::Spec;
use super::terminal::Terminal;

/// The process and what is under way with it.
#[derive(Debug)]
pub(super) struct Child {
    pid: Pid,
    pub(super) state: ChildState,
    pub(super) stdin: Option<File>,
    pub(super) stdout: Option<File>,
    pub(super) stderr: Option<File>,
    /// What it runs on instead of pipes.
    pub(super) terminal: Option<Terminal>,
}

/// How far a write came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Written {
    All,
    /// So many bytes; the pipe or the terminal is full.
    Some(usize),
    Gone,
}

impl Child {
    #[expect(unsafe_code, reason = "only between fork and exec can a child bind its life to its parent's")]
    pub(super) fn spawn(spec: &Spec) -> io::Result<Self> {
        let shim = getpid();
        let terminal = spec.terminal.map(Terminal::open).transpose()?;
        let on_terminal = terminal.is_some();
        let group =
            spec.cgroup.as_ref().and_then(|path| File::options().write(true).open(format!("{path}/cgroup.procs")).ok());
        let mut command = Command::new(&spec.program);
        command.args(&spec.args).env_clear().envs(spec.env.iter().map(|(name, value)| (name, value)));
        let stream = || match terminal.as_ref().and_then(|terminal| terminal.slave.as_ref()) {
            None => Ok(Stdio::piped()),
            Some(slave) => slave.try_clone().map(Stdio::from),
        };
        command.current_dir(&spec.cwd).stdin(stream()?).stdout(stream()?).stderr(stream()?);
        let prepare = move || {
            setsid()?;
            octo_proto::descriptors::keep_from_next();
            if on_terminal {
                ioctl_tiocsctty(stdin())?;
            }
            set_parent_process_death_signal(Some(Signal::KILL))?;
            if getppid() != Some(shim) {
                // The shim died before the line above: nobody would ever hold us.
                return Err(Errno::SRCH.into());
            }
            if let Some(mut group) = group.as_ref() {
                // Best effort: without a cgroup the tree is found by its marks.
                group.write_all(b"0").ok();
            }
            Ok(())
        };
        // SAFETY: the shim has one thread, so the forked child may do anything; these are plain system calls.
        unsafe {
            command.pre_exec(prepare);
        }
        let mut child = command.spawn()?;
        let pid = Pid::from_child(&child);
        let (stdin, stdout, stderr) = match &terminal {
            Some(terminal) => (Some(terminal.ours()?), Some(terminal.ours()?), None),
            None => (
                pipe(child.stdin.take().map(OwnedFd::from))?,
                pipe(child.stdout.take().map(OwnedFd::from))?,
                pipe(child.stderr.take().map(OwnedFd::from))?,
            ),
        };
        Ok(Self { pid, state: ChildState::Running(pid.as_raw_nonzero().get()), stdin, stdout, stderr, terminal })
    }

    pub(super) fn is_running(&self) -> bool {
        matches!(self.state, ChildState::Running(_))
    }

    /// Collects whatever ended: the process, and orphans of its tree, which come to the shim as their subreaper.
    pub(super) fn collect(&mut self) {
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            if pid == self.pid {
                self.state = match (status.exit_status(), status.terminating_signal()) {
                    (Some(code), _) => ChildState::Exited(code),
                    (None, Some(signal)) => ChildState::Signalled(signal),
                    (None, None) => continue,
                };
            }
        }
    }

    /// Writes as much as the pipe takes.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Written {
        let Some(stdin) = &mut self.stdin else {
            return Written::Gone;
        };
        let mut done = 0;
        while done < bytes.len() {
            match stdin.write(&bytes[done..]) {
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Written::Some(done);
                }
                Err(_) => return Written::Gone,
            }
        }
        Written::All
    }

    pub(super) fn signal(&self, signal: i32) -> Result<(), Failure> {
        if !self.is_running() {
            return Err(Failure::ChildGone);
        }
        let signal = Signal::from_named_raw(signal).ok_or(Failure::Signal)?;
        // The pid is ours until we collect it.
        kill_process(self.pid, signal).map_err(|_| Failure::Signal)
    }
}

fn pipe(end: Option<OwnedFd>) -> io::Result<Option<File>> {
    if let Some(end) = &end {
        ioctl_fionbio(end.as_fd(), true)?;
    }
    Ok(end.map(File::from))
}

/// Reads what a pipe holds: `None` when it would block, zero at its end.
pub(super) fn read_some(pipe: &mut impl Read, buffer: &mut [u8]) -> Option<usize> {
    loop {
        match pipe.read(buffer) {
            Ok(count) => return Some(count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return None,
            Err(_) => return Some(0),
        }
    }
}
