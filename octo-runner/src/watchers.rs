//! Who is woken when there is something to pull.

use std::sync::{Arc, Weak};

use tokio::sync::Notify;

/// The watchers of one log. It does not keep them: who is gone is forgotten.
#[derive(Debug, Default)]
pub(crate) struct Watchers(Vec<Weak<Notify>>);

impl Watchers {
    /// Wakes `watcher` from now on, until it is dropped.
    pub(crate) fn add(&mut self, watcher: &Arc<Notify>) {
        // A log that is silent for long, while watchers come and go, does not grow.
        if self.0.len() == self.0.capacity() {
            self.0.retain(|watcher| watcher.strong_count() > 0);
        }
        self.0.push(Arc::downgrade(watcher));
    }

    /// Wakes them all.
    pub(crate) fn wake(&mut self) {
        self.0.retain(|watcher| match watcher.upgrade() {
            Some(watcher) => {
                watcher.notify_one();
                true
            }
            None => false,
        });
    }

    /// Whether there is any.
    pub(crate) fn any(&self) -> bool {
        self.0.iter().any(|watcher| watcher.strong_count() > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_came_and_went_in_silence_are_forgotten() {
        let mut watchers = Watchers::default();
        let stays = Arc::new(Notify::new());
        watchers.add(&stays);
        for _ in 0..10_000 {
            watchers.add(&Arc::new(Notify::new()));
        }
        assert!(watchers.0.len() < 100, "{} are remembered", watchers.0.len());
        assert!(watchers.any());
        drop(stays);
        assert!(!watchers.any());
    }
}
