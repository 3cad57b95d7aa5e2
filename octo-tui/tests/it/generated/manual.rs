//! What the manual page of octo-tui says beside its command line: panes, keys and files, in roff.

use crossterm::event::{KeyCode, KeyModifiers};
use octo_tui::view::help;

/// The prefix where none is set.
const PREFIX: (KeyModifiers, KeyCode) = (KeyModifiers::CONTROL, KeyCode::Char(']'));

const PANES: &str = "\
The conversation is one pane. Beside it there can be terminals, the tree of files, files, pictures and what was changed, in
tabs. Their keys follow a prefix, Ctrl+] where none is set: Ctrl+] t opens a terminal, Ctrl+] f the files, Ctrl+] g what was
changed; Ctrl+] and an arrow goes to another pane, Ctrl+] i back to the conversation. Ctrl+] ? shows all keys, Ctrl+] Space all
that can be done. In a terminal every other key goes to its program, F1 too; the prefix twice sends it the prefix.
.PP
Terminals go on when octo-tui ends, and the panes of a folder come back with it. Shift+PageUp, Ctrl+] PageUp and the wheel look
back through all that a terminal printed, up to 50,000 lines; what is looked at stands still, and typing goes on at the end.
.PP
The mouse gives a pane the keys, scrolls, moves the borders between panes and selects text for the clipboard; with Alt also
where a program wants the mouse for itself. Ctrl and a click open what a terminal names: a link, a file, a place such as
src/main.rs:12.";

const FILES: &[(&str, &str)] = &[
    (
        "~/.config/octo/tui.toml",
        "What is set: theme, mouse, thinking, prefix, and below [open] command and in. All of it may be left out.",
    ),
    ("~/.local/state/octo/tui/layouts/", "The panes of each folder."),
    ("$XDG_RUNTIME_DIR/octo/octod.sock", "Where octod listens."),
];

/// The sections of the page.
pub(crate) fn sections() -> String {
    let mut page = format!(".SH PANES\n{}\n.SH KEYS\n", escape(PANES));
    for (_, title, bindings) in help::sections(PREFIX).filter(|(.., bindings)| !bindings.is_empty()) {
        page.push_str(&format!(".SS {}\n", escape(&title)));
        for binding in bindings {
            page.push_str(&format!(".TP\n\\fB{}\\fR\n{}\n", escape(binding.label), line(binding.about)));
        }
    }
    page.push_str(".SH FILES\n");
    for (name, about) in FILES {
        page.push_str(&format!(".TP\n\\fB{}\\fR\n{}\n", escape(name), line(about)));
    }
    page.push_str(".PP\nWith OCTO_HOME=DIR they are in config/, state/ and run/ of that folder.\n");
    page
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-")
}

/// A line of text: one that begins with a dot would be a command.
fn line(text: &str) -> String {
    format!("{}{}", if text.starts_with(['.', '\'']) { "\\&" } else { "" }, escape(text))
}
