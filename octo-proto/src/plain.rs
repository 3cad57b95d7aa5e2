//! Messages as plain text, for command lines.

use crate::message::{Message, PartKind, Role};

/// A message with all its parts, a line that names it ahead, each line of it indented.
#[must_use]
pub fn message(message: &Message) -> String {
    let who = match message.role {
        Role::User => "you",
        Role::Assistant => "agent",
        Role::System => "system",
        Role::Tool => "tool",
    };
    let mut out = format!("#{} {who} {}\n", message.idx, message.id);
    for part in &message.parts {
        let shown = match &part.kind {
            PartKind::Text { text, .. } => text.clone(),
            PartKind::Thinking { text } => format!("(thinking) {text}"),
            PartKind::ToolCall { name, input, .. } => format!("[{name}] {input}"),
            PartKind::ToolResult { output, is_error, .. } => {
                if *is_error {
                    format!("(failed) {output}")
                } else {
                    output.clone()
                }
            }
            PartKind::Diff { path, unified, .. } => format!("{path}\n{unified}"),
            PartKind::Error { message } => format!("error: {message}"),
            PartKind::Image { .. } => "(image)".to_owned(),
            PartKind::Audio { .. } => "(audio)".to_owned(),
            PartKind::Video { .. } => "(video)".to_owned(),
            PartKind::FileRef { uri, .. } => format!("@{uri}"),
            PartKind::Attachment { filename, .. } => format!("(file {})", filename.as_deref().unwrap_or("")),
            PartKind::Compaction { .. } => "(what stands before was compacted)".to_owned(),
            PartKind::Other(_) => "(a part that this release does not know)".to_owned(),
        };
        out.extend(shown.lines().map(|line| format!("  {line}\n")));
        if let Some(elided) = part.elided_bytes {
            out.push_str(&format!("  … {elided} bytes more\n"));
        }
    }
    out
}

/// What an agent wrote, so that it cannot steer the terminal: line ends and tabs stay, other controls are shown as `·`.
#[must_use]
pub fn without_controls(text: &str) -> String {
    let shown = |c: char| if c.is_control() && c != '\n' && c != '\t' { '·' } else { c };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Part;

    #[test]
    fn what_an_agent_writes_cannot_steer_the_terminal() {
        assert_eq!(without_controls("a\x1b[31mb\n\tc\u{9b}d"), "a·[31mb\n\tc·d");
    }

    #[test]
    fn each_line_of_a_part_is_indented_below_its_message() {
        let mut said = Message::new("msg_1".into(), Role::Assistant, 1);
        said.parts.push(Part::text(said.id.part(0), "one\ntwo"));
        said.parts[0].elided_bytes = Some(9);
        assert_eq!(message(&said), "#0 agent msg_1\n  one\n  two\n  … 9 bytes more\n");
    }
}
