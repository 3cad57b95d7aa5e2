//! Who is at the other end of a local socket, decided once and carried as a value.

use std::fs;

use crate::{Code, Error, access::Right, hello::Caller};

/// How far up the ancestors of a process are looked at.
const GENERATIONS: usize = 64;

/// The variable that marks what an agent started. What a person started in a terminal of theirs has `trm_` there.
const MARK: &[u8] = b"OCTO_PROCESS=prc_";

/// The other end of a local socket, as the kernel vouches for it (`SO_PEERCRED`, unix(7)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its user.
    pub uid: u32,
    /// Its process, where the system tells.
    pub pid: Option<i32>,
}

/// The caller behind a local socket.
///
/// # Errors
/// `unauthorized` where it is not our own user: until there are accounts, Octo serves the user it runs as. `forbidden`
/// where it is an agent: agents do not answer their own questions.
pub fn admit(peer: Option<Peer>, own: u32) -> Result<Caller, Error> {
    match peer {
        Some(peer) if peer.uid != own => {
            let message = format!("this Octo serves uid {own}, and you are uid {}", peer.uid);
            Err(Error::new(Code::Unauthorized, message).hint("start your own with `octod serve`"))
        }
        Some(peer) if peer.pid.is_some_and(is_agent) => {
            Err(Error::new(Code::Forbidden, "an agent may not speak in its person's place")
                .hint("ask the person to do it, in octo-tui or with octoctl"))
        }
        Some(_) => Ok(of_owner(own)),
        None => Err(Error::new(Code::Unauthorized, "the system does not say who you are")),
    }
}

/// Whether a process is an agent's, or was started by one: it or one of its ancestors has the mark, or is a shim
/// of agents (that of a terminal calls itself `octo-terminal`).
fn is_agent(pid: i32) -> bool {
    let mut pid = pid;
    for _ in 0..GENERATIONS {
        let environ = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        if environ.split(|byte| *byte == 0).any(|variable| variable.starts_with(MARK)) {
            return true;
        }
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
        // `pid (name) state ppid ...`, and a name may hold anything (proc_pid_stat(5)).
        let Some((name, rest)) = stat.rsplit_once(") ") else { return false };
        if name.ends_with("(octo-shim") {
            return true;
        }
        pid = match rest.split(' ').nth(1).and_then(|parent| parent.parse().ok()) {
            Some(parent) if parent > 1 => parent,
            _ => return false,
        };
    }
    false
}

/// The caller that is the user this process runs as.
#[must_use]
pub fn of_owner(uid: u32) -> Caller {
    let names = fs::read_to_string("/etc/passwd").unwrap_or_default();
    Caller { account: account(&names, uid), right: Right::Control }
}

/// What a uid is called. The same at every start, since the runner remembers requests by account.
fn account(passwd: &str, uid: u32) -> String {
    let wanted = uid.to_string();
    let named = passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        (fields.nth(1) == Some(wanted.as_str())).then(|| name.to_owned())
    });
    named.unwrap_or_else(|| format!("uid-{uid}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_uid_is_admitted() {
        let peer = |uid| Some(Peer { uid, pid: None });
        assert_eq!(admit(peer(1000), 1000).unwrap().right, Right::Control);
        for peer in [peer(0), peer(1001), None] {
            assert_eq!(admit(peer, 1000).unwrap_err().code, Code::Unauthorized, "{peer:?}");
        }
    }

    #[test]
    fn an_agent_and_what_it_started_are_not_admitted() {
        use std::process::{Command, Stdio};
        let own = rustix::process::geteuid().as_raw();
        let refused = |pid: u32| {
            let peer = Peer { uid: own, pid: Some(i32::try_from(pid).unwrap()) };
            admit(Some(peer), own).err().map(|error| error.code)
        };
        let start = |script: &str, mark: bool| {
            let mut command = Command::new("sh");
            command.args(["-c", script]).env_remove("OCTO_PROCESS").stdin(Stdio::piped()).stdout(Stdio::piped());
            if mark {
                command.env("OCTO_PROCESS", "prc_1");
            }
            command.spawn().unwrap()
        };
        let read_pid = |child: &mut std::process::Child| {
            let mut line = String::new();
            std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
            line.trim().parse::<u32>().unwrap()
        };
        let mut person = start("echo $$; cat", false);
        let mut agent = start("env -i sh -c 'echo $$; cat'; true", true);
        let (person_pid, tool_pid) = (read_pid(&mut person), read_pid(&mut agent));
        assert_eq!(refused(person_pid), None);
        assert_eq!(refused(tool_pid), Some(Code::Forbidden), "an empty environment does not hide the ancestors");
        for mut child in [person, agent] {
            drop(child.stdin.take());
            child.wait().unwrap();
        }
    }

    #[test]
    fn an_account_is_named_as_the_system_names_it() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\n\nada:x:1000:1000::/home/ada:/bin/sh\n";
        assert_eq!(account(passwd, 1000), "ada");
        assert_eq!(account(passwd, 1), "uid-1");
        assert_eq!(account("", 0), "uid-0");
    }
}
