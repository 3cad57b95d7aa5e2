//! How fast a terminal is read: as fast as its screen is drawn, while somebody says how far that is.

use std::time::{Duration, Instant};

/// Output that may be ahead of who takes it in, in bytes of the transcript: enough for them never to wait for us, and
/// little enough that what is typed shows its effect at once.
const AHEAD: u64 = 512 * 1024;
/// Who says nothing for so long is stuck: the program does not wait for them.
const STUCK: Duration = Duration::from_millis(100);

/// What the controller took in.
#[derive(Debug, Default)]
pub(super) struct Pace {
    taken: Option<(u64, Instant)>,
}

impl Pace {
    /// There is another controller, or none: nothing is known of how far they are.
    pub(super) fn forget(&mut self) {
        self.taken = None;
    }

    /// The controller took in everything up to `end`.
    pub(super) fn took(&mut self, end: u64, now: Instant) {
        self.taken = Some((end, now));
    }

    /// Until when the terminal is not read; none where it is.
    pub(super) fn held_until(&self, end: u64, now: Instant) -> Option<Instant> {
        let (taken, at) = self.taken?;
        let until = at + STUCK;
        (end.saturating_sub(taken) > AHEAD && now < until).then_some(until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_takes_in_is_waited_for_and_who_is_stuck_or_gone_is_not() {
        let now = Instant::now();
        let mut pace = Pace::default();
        assert_eq!(pace.held_until(u64::MAX, now), None, "nobody says how far they are");
        pace.took(1_000, now);
        assert_eq!(pace.held_until(1_000 + AHEAD, now), None);
        assert_eq!(pace.held_until(1_001 + AHEAD, now), Some(now + STUCK));
        assert_eq!(pace.held_until(1_001 + AHEAD, now + STUCK), None, "they are stuck");
        pace.took(2_000, now + STUCK);
        assert_eq!(pace.held_until(1_001 + AHEAD, now + STUCK), None, "they came nearer");
        pace.forget();
        assert_eq!(pace.held_until(u64::MAX, now), None);
    }
}
