//! Programs that outlive whoever starts them: in a session of their own, their words in a log file.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::{fs::OpenOptionsExt, process::CommandExt},
    path::Path,
    process::{Command, Stdio},
};

/// A log larger than this is set aside when its program starts again.
const MAX_LOG: u64 = 4 * 1024 * 1024;

/// What systemd or the shell told us about ourselves, and nobody else.
const OUR_OWN: &[&str] =
    &["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "NOTIFY_SOCKET", "INVOCATION_ID", "JOURNAL_STREAM"];

/// A command for such a program, with stdout and stderr appended to `log`: neither a signal to our terminal nor our end
/// reaches it.
///
/// # Errors
/// Where the log cannot be opened.
#[expect(unsafe_code, reason = "std has no safe way yet to call setsid between fork and exec")]
pub fn command(program: &Path, log: &Path) -> io::Result<Command> {
    if fs::metadata(log).is_ok_and(|found| found.len() > MAX_LOG) {
        fs::rename(log, log.with_extension("log.1"))?;
    }
    let log = OpenOptions::new().create(true).append(true).mode(0o600).open(log)?;
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).current_dir("/");
    for name in OUR_OWN {
        command.env_remove(name);
    }
    // SAFETY: setsid is one system call; it takes no lock and no memory.
    unsafe {
        command.pre_exec(|| Ok(rustix::process::setsid().map(drop)?));
    }
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_has_grown_is_set_aside() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("x.log");
        let run = || command(Path::new("/bin/echo"), &log).unwrap().arg("hello").status().unwrap();
        assert!(run().success() && run().success());
        assert_eq!(fs::read_to_string(&log).unwrap(), "hello\nhello\n");
        fs::File::options().append(true).open(&log).unwrap().set_len(MAX_LOG + 1).unwrap();
        assert!(run().success());
        assert_eq!(fs::read_to_string(&log).unwrap(), "hello\n");
        assert_eq!(fs::metadata(dir.path().join("x.log.1")).unwrap().len(), MAX_LOG + 1);
    }
}
