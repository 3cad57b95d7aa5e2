//! Takes away the context that agents put around what the person typed.

const TAGS: [&str; 10] = [
    "system-reminder",
    "environment_context",
    "user_instructions",
    "permissions instructions",
    "INSTRUCTIONS",
    "skills_instructions",
    "plugins_instructions",
    "apps_instructions",
    "collaboration_mode",
    "local-command-caveat",
];
const NOTES: [&str; 2] = ["[Request interrupted by user", "[Image: source:"];

/// The text as the person typed it.
pub(super) fn unwrap(text: &str) -> String {
    let mut rest = text;
    let mut typed = String::with_capacity(text.len());
    while let Some(at) = rest.find(['<', '[']) {
        let (before, from) = rest.split_at(at);
        typed.push_str(before);
        let length = wrapped(from).unwrap_or(0);
        if length == 0 {
            typed.push_str(&from[..1]);
        }
        rest = &from[length.max(1)..];
    }
    typed.push_str(rest);
    typed.trim().to_owned()
}

/// What the person typed during a turn, where the agent hands it over in a system message.
pub(super) fn steered(system: &str) -> Option<&str> {
    let (_, from) = system.split_once("The user sent a new message while you were working:\n")?;
    Some(from.split_once("\n\nThis is how")?.0)
}

/// How many bytes at the start of `text` are an agent's wrapping.
fn wrapped(text: &str) -> Option<usize> {
    if NOTES.iter().any(|note| text.starts_with(note)) {
        return text.find(']').map(|end| end + 1);
    }
    let inner = text.strip_prefix('<')?;
    let tag = TAGS.iter().find(|tag| {
        inner.strip_prefix(**tag).is_some_and(|after| after.starts_with(|c: char| c == '>' || c.is_whitespace()))
    })?;
    let closing = format!("</{tag}>");
    text.find(&closing).map(|at| at + closing.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapping_is_taken_away_and_the_rest_stays() {
        for (text, typed) in [
            ("<system-reminder>\nbe good\n</system-reminder>\nrun: ls", "run: ls"),
            ("<environment_context a=\"1\">x</environment_context>hello", "hello"),
            ("[Request interrupted by user for tool use]hello", "hello"),
            ("a < b and [x] <b>bold</b>", "a < b and [x] <b>bold</b>"),
            ("<system-reminder>never closed", "<system-reminder>never closed"),
            ("<system-reminders>kept</system-reminders>", "<system-reminders>kept</system-reminders>"),
            ("é<日本", "é<日本"),
        ] {
            assert_eq!(unwrap(text), typed);
        }
    }

    #[test]
    fn a_message_sent_meanwhile_is_found() {
        let system = "The user sent a new message while you were working:\nrun: ls\n\nThis is how it is.";
        assert_eq!(steered(system), Some("run: ls"));
        assert_eq!(steered("You are helpful."), None);
    }
}
