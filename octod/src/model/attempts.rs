//! Counts how often a request was refused, so that `fail CODE xN` ends.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Requests still failing that are remembered; beyond that counting begins anew.
const MOST: usize = 1024;

/// Refusals by the digest of the conversation.
#[derive(Debug, Default)]
pub(super) struct Attempts(Mutex<HashMap<u64, u32>>);

impl Attempts {
    /// The number of the attempt that comes now, from 1.
    pub(super) fn next(&self, digest: u64) -> u32 {
        self.refused().get(&digest).copied().unwrap_or(0).saturating_add(1)
    }

    pub(super) fn failed(&self, digest: u64) {
        let mut refused = self.refused();
        if refused.len() >= MOST && !refused.contains_key(&digest) {
            refused.clear();
        }
        let count = refused.entry(digest).or_default();
        *count = count.saturating_add(1);
    }

    /// Forgets a request that succeeded: the same prompt fails again when it is asked anew.
    pub(super) fn succeeded(&self, digest: u64) {
        self.refused().remove(&digest);
    }

    fn refused(&self) -> MutexGuard<'_, HashMap<u64, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
