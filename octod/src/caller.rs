//! Who is at the other end of a connection, decided once and carried as a value.

use std::fs;

use octo_proto::{Code, Error, access::Right, hello::Caller};

/// The caller behind a local socket, by the uid that the kernel vouches for.
///
/// # Errors
/// `unauthorized` where it is not ours: until there are accounts, octod serves the user it runs as.
pub fn of_peer(peer: Option<u32>, own: u32) -> Result<Caller, Error> {
    match peer {
        Some(uid) if uid == own => Ok(of_owner(own)),
        Some(uid) => Err(Error::new(Code::Unauthorized, format!("this octod serves uid {own}, and you are uid {uid}"))
            .hint("start your own with `octod serve`")),
        None => Err(Error::new(Code::Unauthorized, "the system does not say who you are")),
    }
}

/// The caller that is the user octod runs as.
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
        assert_eq!(of_peer(Some(1000), 1000).unwrap().right, Right::Control);
        for peer in [Some(0), Some(1001), None] {
            assert_eq!(of_peer(peer, 1000).unwrap_err().code, Code::Unauthorized, "{peer:?}");
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
