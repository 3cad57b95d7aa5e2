//! How a process comes to its end: the tree is killed, the pipes are drained, the last note is written.

use std::time::{Duration, Instant};

use super::{Pump, RETRY};
use crate::process::cgroup;
use crate::process::tree::Tree;
use crate::shim::control::Asked;
use crate::shim::note;
use crate::shim::protocol::Failure;

/// How long pipes that something else of the tree holds are read after the process itself has ended.
const DRAIN: Duration = Duration::from_secs(2);
/// How long what is left in the pipes is read after the tree was killed.
const LEFTOVERS: Duration = Duration::from_secs(1);
/// Between two looks at the tree.
const PASS: Duration = Duration::from_millis(5);
/// How long the tree may take to die.
const DYING: Duration = Duration::from_secs(5);
/// How long the last words may take to reach the controller.
const PARTING: Duration = Duration::from_millis(200);

/// Where the process is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Running,
    /// It ended; its pipes are read to their end.
    Draining(Instant),
    /// Something held the pipes, or may be left: the tree is killed.
    Clearing,
    /// The tree is gone; what is in the pipes is read.
    Emptying(Instant),
    /// The last note does not fit on the disk yet.
    Noting(Instant),
    Ended,
}

/// A tree that is being killed.
#[derive(Debug)]
pub(super) struct Killing {
    asked: Vec<Asked>,
    next: Instant,
    until: Instant,
    tree: Tree,
}

impl Killing {
    pub(super) fn new(now: Instant) -> Self {
        Self { asked: Vec::new(), next: now, until: now + DYING, tree: Tree::default() }
    }

    pub(super) fn ask(&mut self, asked: Asked) {
        self.asked.push(asked);
    }

    pub(super) fn next_pass(&self) -> Instant {
        self.next
    }
}

impl Pump {
    pub(super) fn on_deaths(&mut self) {
        let running = self.child.is_running();
        self.child.collect();
        if running && !self.child.is_running() {
            self.state.phase = Phase::Draining(Instant::now() + DRAIN);
            self.fail_pending();
            self.child.stdin = None;
            if let Some(terminal) = &mut self.child.terminal {
                // So that the last of the tree to close it ends the output.
                terminal.slave = None;
            }
        }
    }

    /// One more pass over a tree that is being killed.
    pub(super) fn kill_on(&mut self, now: Instant) {
        let Some(killing) = self.state.killing.as_mut().filter(|killing| killing.next <= now) else {
            return;
        };
        let gone = killing.tree.pass(&self.process, self.cgroup.as_deref(), true);
        killing.next = now + PASS;
        if !gone && now < killing.until {
            return;
        }
        let asked = std::mem::take(&mut killing.asked);
        self.state.killing = None;
        for asked in asked {
            self.settle(asked, if gone { Ok(()) } else { Err(Failure::StillThere) });
        }
    }

    /// Goes on towards the end; true when it is reached.
    pub(super) fn close_on(&mut self, now: Instant) -> bool {
        loop {
            let before = self.state.phase;
            self.close_step(now);
            if self.state.phase == before {
                return before == Phase::Ended;
            }
        }
    }

    fn close_step(&mut self, now: Instant) {
        let stalled = self.state.stalled.is_some();
        let drained = self.child.stdout.is_none() && self.child.stderr.is_none() && !stalled;
        let over = |until: Instant| drained || (now >= until && !stalled);
        match self.state.phase {
            Phase::Draining(until) if over(until) => {
                self.state.phase = Phase::Clearing;
                self.state.killing.get_or_insert_with(|| Killing::new(now));
                self.kill_on(now);
            }
            Phase::Clearing if self.state.killing.is_none() => {
                self.state.phase = Phase::Emptying(now + LEFTOVERS);
            }
            Phase::Emptying(until) if over(until) => self.end(now),
            Phase::Noting(at) if now >= at => self.end(now),
            Phase::Running | Phase::Draining(_) | Phase::Clearing => {}
            Phase::Emptying(_) | Phase::Noting(_) | Phase::Ended => {}
        }
    }

    pub(super) fn closing_deadline(&self) -> Option<Instant> {
        match self.state.phase {
            Phase::Draining(until) | Phase::Emptying(until) if self.state.stalled.is_none() => Some(until),
            Phase::Noting(at) => Some(at),
            Phase::Running | Phase::Draining(_) | Phase::Clearing | Phase::Emptying(_) | Phase::Ended => None,
        }
    }

    fn end(&mut self, now: Instant) {
        let ended = self.note(note::EXITED, &note::exited(self.child.state)).is_ok() && self.writer.sync().is_ok();
        self.state.phase = if ended { Phase::Ended } else { Phase::Noting(now + RETRY) };
    }

    /// Tells the controller the very end and leaves nothing behind.
    pub(super) fn part(mut self) {
        self.tell_end(Instant::now());
        let until = Instant::now() + PARTING;
        self.control.flush();
        while self.control.has_backlog() && Instant::now() < until {
            self.wait(Some(PARTING));
            self.control.flush();
        }
        if let Some(cgroup) = &self.cgroup {
            cgroup::remove(cgroup);
        }
        // Nobody finds a socket that nobody listens on.
        std::fs::remove_file(super::super::start::SOCKET).ok();
    }
}
