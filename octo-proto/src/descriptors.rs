//! Descriptors that a process got from whoever started it, without a word. What lives for weeks must not hold a lock, a pipe
//! or a file of a script that ended long ago, nor hand it on.

use std::{fs, os::fd::BorrowedFd};

use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};

/// The first number behind stdin, stdout and stderr.
const FIRST: i32 = 3;

/// Closes all behind stderr, but for the first `keep`, which are this process's by agreement (`LISTEN_FDS`). To be called
/// before anything else is opened.
#[expect(unsafe_code, reason = "descriptors that nobody owns are known by their numbers only")]
pub fn close_inherited(keep: u32) {
    let first = FIRST.saturating_add(i32::try_from(keep).unwrap_or(i32::MAX));
    for number in numbers().into_iter().filter(|number| *number >= first) {
        // SAFETY: nothing was opened yet, so nothing here owns it. The one that listed them is not open any more.
        unsafe {
            if fcntl_getfd(BorrowedFd::borrow_raw(number)).is_ok() {
                rustix::io::close(number);
            }
        }
    }
}

/// Keeps all behind stderr from the program that takes this process's place next.
#[expect(unsafe_code, reason = "descriptors that nobody owns are known by their numbers only")]
pub fn keep_from_next() {
    for number in numbers().into_iter().filter(|number| *number >= FIRST) {
        // SAFETY: it is borrowed for one call, which fails where it is not open any more.
        let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
        fcntl_setfd(descriptor, FdFlags::CLOEXEC).ok();
    }
}

/// The descriptors of this process.
fn numbers() -> Vec<i32> {
    let Ok(entries) = fs::read_dir("/proc/self/fd") else { return Vec::new() };
    entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}
