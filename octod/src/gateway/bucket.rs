//! How many requests a connection may make: a burst, and then so many a second.

use std::time::Instant;

/// After a rest, so many at once.
const BURST: f64 = 1000.0;

/// And then so many a second.
const PER_SECOND: f64 = 500.0;

/// The allowance of one connection.
#[derive(Debug)]
pub struct Bucket {
    left: f64,
    at: Instant,
}

impl Bucket {
    /// A full one.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self { left: BURST, at: now }
    }

    /// Takes one request from the allowance.
    ///
    /// # Errors
    /// In how many ms the next can be taken.
    pub fn take(&mut self, now: Instant) -> Result<(), u64> {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.left = (self.left + passed * PER_SECOND).min(BURST);
        self.at = now;
        if self.left >= 1.0 {
            self.left -= 1.0;
            return Ok(());
        }
        // At most one second, since the allowance is never negative.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1000")]
        Err(((1.0 - self.left) / PER_SECOND * 1000.0).ceil() as u64)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_burst_then_a_steady_rate() {
        let begin = Instant::now();
        let mut bucket = Bucket::new(begin);
        for _ in 0..1000 {
            assert_eq!(bucket.take(begin), Ok(()));
        }
        assert_eq!(bucket.take(begin), Err(2));
        let later = begin + Duration::from_secs(1);
        assert_eq!((0..600).filter(|_| bucket.take(later).is_ok()).count(), 500);
        // A rest fills it to the brim and not further; a clock that seems to stand still gives nothing.
        let rested = begin + Duration::from_secs(60);
        assert_eq!((0..2000).filter(|_| bucket.take(rested).is_ok()).count(), 1000);
        assert!(bucket.take(begin).is_err());
    }
}
