//! How this process was started: what systemd and a tracing person put into the environment. What can be configured is
//! `octo_proto::config`.

/// What the environment says about this start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Start {
    /// Where systemd wants to be told that we are ready.
    pub notify_socket: Option<String>,
    /// How many sockets systemd opened for us, from descriptor 3.
    pub listen_fds: u32,
    /// Whether systemd started us.
    pub under_systemd: bool,
    /// Whether stderr goes to the journal, which notes times itself.
    pub journal: bool,
    /// Whether frames are to be logged.
    pub trace_wire: bool,
}

impl Start {
    /// Reads it from an environment; `pid` is ours, since sockets may be meant for a parent of ours.
    pub fn read(env: impl Iterator<Item = (String, String)>, pid: u32) -> Self {
        let mut start = Self::default();
        let (mut fds, mut fds_for) = (0, None);
        for (name, value) in env {
            match name.as_str() {
                "NOTIFY_SOCKET" => start.notify_socket = Some(value).filter(|value| !value.is_empty()),
                "LISTEN_FDS" => fds = value.parse().unwrap_or(0),
                "LISTEN_PID" => fds_for = value.parse().ok(),
                "INVOCATION_ID" => start.under_systemd = true,
                "JOURNAL_STREAM" => start.journal = true,
                "OCTO_TRACE" => start.trace_wire = value.split(',').any(|what| what.trim() == "wire"),
                _ => {}
            }
        }
        if fds_for == Some(pid) {
            start.listen_fds = fds;
        }
        start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_for_another_process_are_not_ours() {
        let env = |pid: &str| {
            [("LISTEN_FDS", "2"), ("LISTEN_PID", pid), ("OCTO_TRACE", "x, wire"), ("INVOCATION_ID", "a")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into_iter()
        };
        let start = Start::read(env("7"), 7);
        assert_eq!((start.listen_fds, start.trace_wire, start.under_systemd), (2, true, true));
        assert_eq!(Start::read(env("8"), 7).listen_fds, 0);
        assert_eq!(Start::read(std::iter::empty(), 7), Start::default());
    }
}
