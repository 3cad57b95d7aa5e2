//! Which session or terminal an argument means. Titles are never guessed.

use octo_proto::{
    id::{SessionId, TerminalId},
    terminal::{TerminalCommand, TerminalList},
};

use super::{Connection, Failure, term};

/// Characters of an id that tables show: its end, since all ids of one day begin alike.
const SHORT: usize = 8;

/// Fewer characters than this name no session: a slip of the finger should not.
const FEWEST: usize = 4;

/// What ids are of: their prefix, with the ULID behind it, and what to say of them.
#[derive(Clone, Copy)]
struct Kind {
    prefix: &'static str,
    noun: &'static str,
    /// Makes one.
    new: &'static str,
    /// Shows the ids.
    list: &'static str,
}

const SESSION: Kind = Kind {
    prefix: "ses_",
    noun: "session",
    new: "octoctl session new",
    list: "octoctl session list shows the ids; titles are not looked at",
};

const TERMINAL: Kind = Kind {
    prefix: "trm_",
    noun: "terminal",
    new: "octoctl term open",
    list: "octoctl term list shows the ids; commands are not looked at",
};

/// The end of an id, as tables show it and arguments may name it.
pub(crate) fn short(id: &SessionId) -> &str {
    short_of(id.as_str())
}

/// The same of any id.
pub(crate) fn short_of(id: &str) -> &str {
    id.get(id.len().saturating_sub(SHORT)..).unwrap_or(id)
}

/// The session that an argument names.
pub(crate) async fn session(connection: &mut Connection, argument: &str) -> Result<SessionId, Failure> {
    if SESSION.is_whole(argument) {
        return Ok(SessionId::from(argument));
    }
    let sessions = connection.sessions().await?;
    let ids = sessions.iter().map(|entry| entry.info.session_id.as_str());
    SESSION.find(ids, argument).map(SessionId::from)
}

/// The terminal that an argument names.
pub(crate) async fn terminal(connection: &mut Connection, argument: &str) -> Result<TerminalId, Failure> {
    if TERMINAL.is_whole(argument) {
        return Ok(TerminalId::from(argument));
    }
    let list: TerminalList = connection.send(term::request(None, &TerminalCommand::List {})?).await?;
    let ids = list.terminals.iter().map(|terminal| terminal.terminal_id.as_str());
    TERMINAL.find(ids, argument).map(TerminalId::from)
}

impl Kind {
    fn is_whole(self, argument: &str) -> bool {
        argument.len() == self.prefix.len() + 26 && argument.starts_with(self.prefix)
    }

    fn find<'a>(self, ids: impl Iterator<Item = &'a str>, argument: &str) -> Result<&'a str, Failure> {
        let Self { prefix, noun, new, list } = self;
        if argument == "@last" {
            return ids.max().ok_or_else(|| Failure::not_found(format!("there is no {noun} yet")).hint(new));
        }
        let sought = argument.strip_prefix(prefix).unwrap_or(argument).to_ascii_uppercase();
        let mut found = ids.filter(|id| {
            let ulid = id.strip_prefix(prefix).unwrap_or(id);
            sought.len() >= FEWEST && (short_of(id).starts_with(&sought) || ulid.ends_with(&sought))
        });
        match (found.next(), found.next()) {
            (Some(id), None) => Ok(id),
            (Some(a), Some(b)) => {
                Err(Failure::usage(format!("'{argument}' fits several {noun}s: {a}, {b}")).hint("give more of the id"))
            }
            (None, _) => Err(Failure::not_found(format!("no {noun} '{argument}'")).hint(list)),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::ctl::Exit;

    use super::*;

    #[test]
    fn a_session_is_named_by_its_end_or_as_the_newest() {
        let sessions = ["ses_01JD0000000000000011112222", "ses_01JD0000010000000033112223"];
        let found = |argument| match SESSION.find(sessions.into_iter(), argument) {
            Ok(id) => id.to_owned(),
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
        let twins = ["ses_A11112222", "ses_B11112222"].into_iter();
        assert!(matches!(SESSION.find(twins, "2222"), Err(Failure::Told { exit: Exit::Usage, .. })));
    }
}
