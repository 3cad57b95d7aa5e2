//! Named points at which a debug build kills itself, so that tests can die exactly where it hurts.

/// Dies here by SIGKILL when `OCTO_FAILPOINT=name[:count]` names this point and it is passed for the `count`-th time.
///
/// Release builds contain nothing of it.
#[cfg(debug_assertions)]
pub fn hit(name: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    use rustix::process::{Signal, getpid, kill_process};

    static ARMED: OnceLock<Option<(String, AtomicU32)>> = OnceLock::new();
    let armed = ARMED.get_or_init(|| {
        #[expect(
            clippy::disallowed_methods,
            reason = "a fail-point is set from outside and must work before any configuration is read"
        )]
        let setting = std::env::var(VARIABLE).ok()?;
        let (name, count) = setting.split_once(':').unwrap_or((&setting, "1"));
        Some((name.to_owned(), AtomicU32::new(count.parse().ok()?)))
    });
    if let Some((armed, left)) = armed
        && armed == name
        && left.fetch_sub(1, Ordering::Relaxed) == 1
    {
        // Cannot fail for our own process; nothing after it runs.
        let _ = kill_process(getpid(), Signal::KILL);
    }
}

/// The variable that arms a fail-point; the runner hands it on to the shims it starts.
#[cfg(debug_assertions)]
pub(crate) const VARIABLE: &str = "OCTO_FAILPOINT";

/// Nothing: fail-points exist in debug builds only.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub fn hit(_name: &str) {}
