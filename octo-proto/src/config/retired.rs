//! Keys of releases and guides that came before: each loads, warns once, and names what took its place.

/// A key, or with `.*` every key of a section, and what took its place.
pub(super) struct Retired {
    pub(super) path: &'static str,
    pub(super) instead: &'static str,
}

const RUNNER_EXECUTES: &str = "agents are always run by the user's octo-runner; there is no mode to choose";
const CONTAINERS: &str = "agents run as processes held by octo-runner; there is no container back end to configure";
const USERS: &str = "each person's agents run under that person's own system user, made outside of this file";

pub(super) const RETIRED: &[Retired] = &[
    Retired { path: "backend.*", instead: RUNNER_EXECUTES },
    Retired { path: "local.enabled", instead: RUNNER_EXECUTES },
    Retired {
        path: "local.opencode_binary",
        instead: "an agent's program is set in its own section, as pi.executable",
    },
    Retired { path: "local.fileserver_binary", instead: "octo-runner serves files itself; no program is needed" },
    Retired { path: "local.ttyd_binary", instead: "octo-runner holds terminals itself; no program is needed" },
    Retired { path: "local.workspace_dir", instead: "each session names its own folder when it is created" },
    Retired { path: "local.single_user", instead: USERS },
    Retired { path: "local.socket_dir", instead: "sockets lie in $XDG_RUNTIME_DIR/octo, or below OCTO_HOME" },
    Retired { path: "local.linux_users.*", instead: USERS },
    Retired { path: "container.*", instead: CONTAINERS },
    Retired { path: "pi.runtime_mode", instead: RUNNER_EXECUTES },
    Retired { path: "runner.pi_sessions_dir", instead: "Pi keeps its session files where Pi's own settings say" },
    Retired { path: "mmry.*", instead: "no memory service is connected; nothing takes its place yet" },
    Retired { path: "hstry.enabled", instead: "history is always kept; octo-runner holds it" },
    Retired { path: "auth.dev_mode", instead: "there is no mode without a login; the local socket checks its peer" },
    Retired { path: "auth.jwt_secret", instead: "octod draws its own token at every start, in the runtime folder" },
    Retired { path: "runtime.*", instead: "worker threads and time limits need no tuning" },
    Retired { path: "eavs.*", instead: "agents reach their providers with their own settings" },
    Retired { path: "sessions.*", instead: "sessions live until they are stopped or deleted; see [transcripts]" },
    Retired { path: "scaffold.*", instead: "a session's folder is used as it is" },
    Retired { path: "logging.output", instead: "the log goes to stderr, where systemd or a redirection takes it" },
];

/// The entry that covers this key.
pub(super) fn find(path: &str) -> Option<&'static Retired> {
    RETIRED.iter().find(|retired| match retired.path.strip_suffix('*') {
        Some(section) => path.starts_with(section),
        None => path == retired.path,
    })
}

/// Whether keys of this section were ever known, so that its bare heading is no mistake.
pub(super) fn has_section(section: &str) -> bool {
    RETIRED.iter().any(|retired| retired.path.strip_prefix(section).is_some_and(|rest| rest.starts_with('.')))
}
