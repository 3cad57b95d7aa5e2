//! Which boot of the machine this is: pids and cgroups of another one mean nothing.

use std::io;

/// The kernel's random name of one boot.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BootId(String);

impl BootId {
    /// A boot id that was stored.
    pub fn from_stored(id: &str) -> Self {
        Self(id.trim().to_owned())
    }

    /// The text to store.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Asks the kernel for the present boot.
pub fn boot_id() -> io::Result<BootId> {
    Ok(BootId::from_stored(&std::fs::read_to_string("/proc/sys/kernel/random/boot_id")?))
}
