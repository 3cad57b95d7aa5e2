//! The link to octod as a pure machine: when to connect, when to wait, and what people are told of it.

/// The first pause before another attempt, in ms.
const FIRST_PAUSE: u64 = 250;

/// The longest pause, in ms.
const LONGEST_PAUSE: u64 = 10_000;

/// How the link stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// The first attempt, or a further one, is under way.
    Connecting,
    /// There is a connection: the number of it, from 1.
    Up(u64),
    /// There is none; the next attempt is at this time.
    Down {
        /// Why, in words.
        why: String,
        /// ms since 1970.
        again_at: i64,
    },
}

/// What happens to a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// It begins.
    Start,
    /// An attempt worked.
    Connected,
    /// An attempt failed, or the connection was lost.
    Lost(String),
    /// The pause is over.
    Waited,
}

/// What a link wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Tell how it stands.
    Tell(Status),
    /// Make an attempt.
    Connect,
    /// Carry requests, replies and events until the connection is lost.
    Serve,
    /// Wait this many ms.
    Wait(u64),
}

/// The machine.
#[derive(Debug, Default)]
pub struct State {
    connections: u64,
    failures: u32,
}

impl State {
    /// Takes in what happened at a time.
    pub fn on(&mut self, at: i64, input: Input) -> Vec<Effect> {
        match input {
            Input::Start | Input::Waited => vec![Effect::Tell(Status::Connecting), Effect::Connect],
            Input::Connected => {
                self.connections += 1;
                self.failures = 0;
                vec![Effect::Tell(Status::Up(self.connections)), Effect::Serve]
            }
            Input::Lost(why) => {
                let pause = (FIRST_PAUSE << self.failures.min(8)).min(LONGEST_PAUSE);
                self.failures += 1;
                let again_at = at + i64::try_from(pause).unwrap_or(i64::MAX);
                vec![Effect::Tell(Status::Down { why, again_at }), Effect::Wait(pause)]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_link_is_tried_again_ever_more_slowly_until_it_holds() {
        let mut state = State::default();
        assert_eq!(state.on(0, Input::Start), [Effect::Tell(Status::Connecting), Effect::Connect]);
        let lost = || Input::Lost("gone".to_owned());
        for pause in [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000, 10_000, 10_000] {
            let down = Status::Down { why: "gone".to_owned(), again_at: 100 + pause as i64 };
            assert_eq!(state.on(100, lost()), [Effect::Tell(down), Effect::Wait(pause)]);
            assert_eq!(state.on(0, Input::Waited), [Effect::Tell(Status::Connecting), Effect::Connect]);
        }
        assert_eq!(state.on(0, Input::Connected), [Effect::Tell(Status::Up(1)), Effect::Serve]);
        assert_eq!(state.on(0, lost())[1], Effect::Wait(250), "a connection that held begins anew");
        state.on(0, Input::Waited);
        assert_eq!(state.on(0, Input::Connected), [Effect::Tell(Status::Up(2)), Effect::Serve]);
    }
}
