//! The notes that a shim writes: a key that says the kind, and a JSON object, made by hand to stay small.

use super::protocol::ChildState;
use super::spec::Spec;

/// The process was started.
pub(crate) const SPAWNED: &str = "spawned";
/// The process ended and nothing of its tree is left.
pub(crate) const EXITED: &str = "exited";
/// The standard input of the process was closed.
pub(crate) const STDIN_CLOSED: &str = "stdin-closed";

pub(super) fn spawned(pid: i32, spec: &Spec) -> Vec<u8> {
    let mut json = format!("{{\"pid\":{pid},\"argv\":");
    array(&mut json, [&spec.program].into_iter().chain(&spec.args));
    // Names only: values are nobody's business but the process's.
    json.push_str(",\"env\":");
    array(&mut json, spec.env.iter().map(|(name, _)| name));
    json.push_str(",\"cwd\":");
    string(&mut json, &spec.cwd);
    json.push('}');
    json.into_bytes()
}

pub(super) fn exited(state: ChildState) -> Vec<u8> {
    match state {
        ChildState::Exited(code) => format!("{{\"code\":{code}}}"),
        ChildState::Signalled(signal) => format!("{{\"signal\":{signal}}}"),
        ChildState::Running(pid) => format!("{{\"pid\":{pid}}}"),
    }
    .into_bytes()
}

fn array<'a>(json: &mut String, texts: impl Iterator<Item = &'a String>) {
    json.push('[');
    for (index, text) in texts.enumerate() {
        if index > 0 {
            json.push(',');
        }
        string(json, text);
    }
    json.push(']');
}

fn string(json: &mut String, text: &str) {
    json.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => {
                json.push('\\');
                json.push(character);
            }
            '\0'..='\u{1f}' => json.push_str(&format!("\\u{:04x}", u32::from(character))),
            _ => json.push(character),
        }
    }
    json.push('"');
}
