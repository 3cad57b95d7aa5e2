//! Which session an argument means. Titles are never guessed.

use octo_proto::{id::SessionId, index::IndexEntry};

use super::{Connection, Failure};

/// Characters of an id that tables show: its end, since all ids of one day begin alike.
const SHORT: usize = 8;

/// Fewer characters than this name no session: a slip of the finger should not.
const FEWEST: usize = 4;

/// An id's prefix, its ULID behind it.
const PREFIX: &str = "ses_";

/// The end of an id, as tables show it and arguments may name it.
pub(crate) fn short(id: &SessionId) -> &str {
    let id = id.as_str();
    id.get(id.len().saturating_sub(SHORT)..).unwrap_or(id)
}

/// The session that an argument names.
pub(crate) async fn session(connection: &mut Connection, argument: &str) -> Result<SessionId, Failure> {
    if argument.len() == PREFIX.len() + 26 && argument.starts_with(PREFIX) {
        return Ok(SessionId::from(argument));
    }
    find(&connection.sessions().await?, argument)
}

fn find(sessions: &[IndexEntry], argument: &str) -> Result<SessionId, Failure> {
    if argument == "@last" {
        let newest = sessions.iter().max_by(|a, b| a.info.session_id.cmp(&b.info.session_id));
        return newest
            .map(|entry| entry.info.session_id.clone())
            .ok_or_else(|| Failure::not_found("there is no session yet").hint("octoctl session new"));
    }
    let sought = argument.strip_prefix(PREFIX).unwrap_or(argument).to_ascii_uppercase();
    let mut found = sessions.iter().map(|entry| &entry.info.session_id).filter(|id| {
        let ulid = id.as_str().strip_prefix(PREFIX).unwrap_or(id.as_str());
        sought.len() >= FEWEST && (short(id).starts_with(&sought) || ulid.ends_with(&sought))
    });
    match (found.next(), found.next()) {
        (Some(id), None) => Ok(id.clone()),
        (Some(a), Some(b)) => {
            Err(Failure::usage(format!("'{argument}' fits several sessions: {a}, {b}")).hint("give more of the id"))
        }
        (None, _) => Err(Failure::not_found(format!("no session '{argument}'"))
            .hint("octoctl session list shows the ids; titles are not looked at")),
    }
}

#[cfg(test)]
mod tests {
    use octo_proto::session::{Capabilities, SessionInfo, SessionState};

    use crate::ctl::Exit;

    use super::*;

    fn entry(id: &str) -> IndexEntry {
        IndexEntry {
            info: SessionInfo {
                session_id: SessionId::from(id),
                title: "ABCD".into(),
                harness: "pi".into(),
                cwd: "/".into(),
                model: None,
                mode: None,
                thinking_level: None,
                capabilities: Capabilities::default(),
                native_id: None,
                process_id: None,
                parent_session_id: None,
                forked_at: None,
                created_at: 0,
                updated_at: 0,
            },
            state: SessionState::Idle,
            unread: 0,
            needs_you: None,
            messages: 0,
        }
    }

    #[test]
    fn a_session_is_named_by_its_end_or_as_the_newest() {
        let sessions = [entry("ses_01JD0000000000000011112222"), entry("ses_01JD0000010000000033112223")];
        let found = |argument| match find(&sessions, argument) {
            Ok(id) => id.0,
            Err(Failure::Told { exit, .. }) => format!("{exit:?}"),
            Err(other) => format!("{other:?}"),
        };
        assert_eq!(found("1111"), "ses_01JD0000000000000011112222");
        assert_eq!(found("3311"), "ses_01JD0000010000000033112223");
        assert_eq!(found("2223"), "ses_01JD0000010000000033112223");
        assert_eq!(found("ses_2222"), "ses_01JD0000000000000011112222");
        assert_eq!(found("@last"), "ses_01JD0000010000000033112223");
        assert_eq!(found("ABCD"), "NotFound", "a title");
        assert_eq!(found(""), "NotFound");
        assert_eq!(found("222"), "NotFound", "too short");
        let twins = [entry("ses_A11112222"), entry("ses_B11112222")];
        assert!(matches!(find(&twins, "2222"), Err(Failure::Told { exit: Exit::Usage, .. })));
    }
}
