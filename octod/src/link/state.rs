//! The pure machine of a connection that comes back: when to connect, when to wait, what to tell.

/// Before the first connection, requests wait this long for a runner that is being started.
pub const OPENING_MS: u64 = 10_000;

/// A pause doubles from the first of these to the second.
const PAUSE_MS: [u64; 2] = [20, 5_000];

/// Where the link stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not connected yet; requests wait.
    Opening {
        /// When it began.
        since: u64,
        /// Attempts that failed.
        failed: u32,
    },
    /// Connected.
    Up,
    /// The connection was lost, or never came about; requests are refused.
    Lost {
        /// Attempts that failed since.
        failed: u32,
        /// When the next is due.
        retry_at: u64,
    },
}

/// What happens to it. Times are in ms of any clock that never goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// The pause is over.
    Due,
    /// The runner said hello.
    Connected,
    /// An attempt failed; `absent`: nobody listens at the socket.
    Failed {
        /// Now.
        now: u64,
        /// Nobody listens.
        absent: bool,
    },
    /// The connection broke.
    Broke {
        /// Now.
        now: u64,
    },
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Try to connect.
    Connect,
    /// Give [`Input::Due`] at this time.
    WaitUntil(u64),
    /// See that the runner runs.
    StartRunner,
    /// Requests can be sent. `again`: they could not for a while.
    TellReady {
        /// After a loss.
        again: bool,
    },
    /// Requests cannot be sent, and those that are open will not be answered.
    TellLost,
}

impl State {
    /// A link that begins now, and what it does first.
    #[must_use]
    pub fn begin(now: u64) -> (Self, Effect) {
        (Self::Opening { since: now, failed: 0 }, Effect::Connect)
    }

    /// Takes in what happened. `spread` from 0 to 255 sets many links of one octod apart.
    pub fn on(&mut self, input: Input, spread: u8) -> Vec<Effect> {
        match (*self, input) {
            (Self::Opening { .. } | Self::Lost { .. }, Input::Due) => vec![Effect::Connect],
            (Self::Up, Input::Due | Input::Connected | Input::Failed { .. }) => Vec::new(),
            (Self::Opening { .. }, Input::Connected) => {
                *self = Self::Up;
                vec![Effect::TellReady { again: false }]
            }
            (Self::Lost { .. }, Input::Connected) => {
                *self = Self::Up;
                vec![Effect::TellReady { again: true }]
            }
            (Self::Opening { since, failed }, Input::Failed { now, absent }) => {
                let retry_at = now + pause(failed, spread);
                let mut effects = start(absent);
                if retry_at.saturating_sub(since) > OPENING_MS {
                    *self = Self::Lost { failed: failed + 1, retry_at };
                    effects.push(Effect::TellLost);
                } else {
                    *self = Self::Opening { since, failed: failed + 1 };
                }
                effects.push(Effect::WaitUntil(retry_at));
                effects
            }
            (Self::Lost { failed, .. }, Input::Failed { now, absent }) => {
                let retry_at = now + pause(failed, spread);
                *self = Self::Lost { failed: failed + 1, retry_at };
                let mut effects = start(absent);
                effects.push(Effect::WaitUntil(retry_at));
                effects
            }
            (Self::Up, Input::Broke { now }) => {
                let retry_at = now + pause(0, spread);
                *self = Self::Lost { failed: 0, retry_at };
                vec![Effect::TellLost, Effect::WaitUntil(retry_at)]
            }
            (Self::Opening { .. } | Self::Lost { .. }, Input::Broke { .. }) => Vec::new(),
        }
    }
}

fn start(absent: bool) -> Vec<Effect> {
    if absent { vec![Effect::StartRunner] } else { Vec::new() }
}

/// The pause after so many failures: doubling to a limit, and up to a quarter longer.
fn pause(failed: u32, spread: u8) -> u64 {
    let pause = PAUSE_MS[0].saturating_mul(1 << failed.min(16)).min(PAUSE_MS[1]);
    pause + pause * u64::from(spread) / 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_to_a_limit_and_spread() {
        let table: Vec<u64> = (0..11).map(|failed| pause(failed, 0)).collect();
        assert_eq!(table, [20, 40, 80, 160, 320, 640, 1280, 2560, 5000, 5000, 5000]);
        assert_eq!(pause(8, 255), 6245);
        assert_eq!(pause(u32::MAX, 0), 5000);
    }

    #[test]
    fn requests_wait_for_a_runner_that_is_being_started() {
        let (mut state, first) = State::begin(100);
        assert_eq!(first, Effect::Connect);
        let failed = |now| Input::Failed { now, absent: true };
        assert_eq!(state.on(failed(100), 0), [Effect::StartRunner, Effect::WaitUntil(120)]);
        assert_eq!(state.on(Input::Due, 0), [Effect::Connect]);
        assert_eq!(state.on(failed(120), 0), [Effect::StartRunner, Effect::WaitUntil(160)]);
        assert_eq!(state, State::Opening { since: 100, failed: 2 });
        assert_eq!(state.on(Input::Connected, 0), [Effect::TellReady { again: false }]);
        assert_eq!(state, State::Up);
    }

    #[test]
    fn a_runner_that_does_not_come_is_told_as_lost_once() {
        let (mut state, _) = State::begin(0);
        let (mut now, mut lost) = (0, 0);
        for _ in 0..30 {
            let effects = state.on(Input::Failed { now, absent: false }, 0);
            assert!(!effects.contains(&Effect::StartRunner));
            lost += effects.iter().filter(|effect| **effect == Effect::TellLost).count();
            let Some(Effect::WaitUntil(at)) = effects.last() else { panic!("{effects:?}") };
            now = *at;
        }
        assert_eq!(lost, 1);
        assert_eq!(state, State::Lost { failed: 30, retry_at: now });
        assert_eq!(state.on(Input::Connected, 0), [Effect::TellReady { again: true }]);
    }

    #[test]
    fn a_broken_link_tells_and_tries_soon() {
        let mut state = State::Up;
        assert_eq!(state.on(Input::Broke { now: 1000 }, 0), [Effect::TellLost, Effect::WaitUntil(1020)]);
        assert_eq!(state.on(Input::Broke { now: 1001 }, 0), []);
        assert_eq!(state.on(Input::Due, 0), [Effect::Connect]);
        assert_eq!(state.on(Input::Connected, 0), [Effect::TellReady { again: true }]);
        for input in [Input::Due, Input::Connected, Input::Failed { now: 0, absent: true }] {
            assert_eq!(state.on(input, 0), [], "{input:?}");
        }
    }
}
