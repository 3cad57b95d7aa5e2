//! The notes that a shim writes: a key that says the kind, and a JSON object, made by hand to stay small.

use super::protocol::ChildState;
use super::spec::{Size, Spec};

/// The process was started.
pub(crate) const SPAWNED: &str = "spawned";
/// The process ended and nothing of its tree is left.
pub(crate) const EXITED: &str = "exited";
/// The standard input of the process was closed.
pub(crate) const STDIN_CLOSED: &str = "stdin-closed";

/// The terminal has another size from here on.
pub(crate) const RESIZE: &str = "resize";
/// What passed here could not be recorded: the process was not made to wait for it.
pub(crate) const GAP: &str = "gap";

/// A segment of a terminal's transcript begins: what a reader knows that read all before it.
pub(crate) const BASE: &str = "base";

pub(super) fn base(printed: u64, Size { cols, rows }: Size) -> Vec<u8> {
    format!("{{\"printed\":{printed},\"cols\":{cols},\"rows\":{rows}}}").into_bytes()
}

pub(super) fn resize(Size { cols, rows }: Size) -> Vec<u8> {
    format!("{{\"cols\":{cols},\"rows\":{rows}}}").into_bytes()
}

pub(super) fn gap(lost: u64, Size { cols, rows }: Size) -> Vec<u8> {
    format!("{{\"bytes\":{lost},\"cols\":{cols},\"rows\":{rows}}}").into_bytes()
}

pub(super) fn spawned(pid: i32, spec: &Spec) -> Vec<u8> {
    let mut json = format!("{{\"pid\":{pid},\"argv\":");
    array(&mut json, [&spec.program].into_iter().chain(&spec.args));
    // Names only: values are nobody's business but the process's.
    json.push_str(",\"env\":");
    array(&mut json, spec.env.iter().map(|(name, _)| name));
    json.push_str(",\"cwd\":");
    string(&mut json, &spec.cwd);
    if let Some(Size { cols, rows }) = spec.terminal {
        json.push_str(&format!(",\"cols\":{cols},\"rows\":{rows}"));
    }
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
