//! What a program tells whoever looks after its terminal.

use serde::Serialize;

/// Notifications and prompt marks of one piece of output that are passed on; the rest of a flood is dropped.
const MOST_AT_ONCE: usize = 64;

/// Something that is no picture on the screen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Notice {
    /// The title changed.
    Title {
        /// What it is now.
        title: String,
    },
    /// The program says which directory it is in, as a URI.
    Directory {
        /// As it was given: nobody checked it.
        uri: String,
    },
    /// The bell rang.
    Bell,
    /// Text for the clipboard.
    Copy {
        /// What is to be copied.
        text: String,
    },
    /// Something to tell the person.
    Notification {
        /// In few words; may be empty.
        title: String,
        /// The rest.
        body: String,
    },
    /// A shell prompt, command or its end begins here.
    Mark {
        /// What begins.
        kind: MarkKind,
        /// How the command ended, at its end.
        exit: Option<i32>,
    },
    /// How keys, pastes and the mouse are to be sent changed.
    Input,
}

/// What begins at a mark of a shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkKind {
    /// The prompt.
    Prompt,
    /// What is typed.
    Command,
    /// What the command prints.
    Output,
    /// The command ended.
    End,
}

/// The notices of one piece of output, the last of each kind where only the last counts.
#[derive(Debug, Default)]
pub(super) struct Notices(Vec<Notice>);

impl Notices {
    pub(super) fn push(&mut self, notice: Notice) {
        let kind = std::mem::discriminant(&notice);
        match notice {
            Notice::Title { .. } | Notice::Directory { .. } | Notice::Bell | Notice::Copy { .. } | Notice::Input => {
                self.0.retain(|other| std::mem::discriminant(other) != kind);
            }
            Notice::Notification { .. } | Notice::Mark { .. } => {
                if self.0.len() >= MOST_AT_ONCE {
                    return;
                }
            }
        }
        self.0.push(notice);
    }

    pub(super) fn take(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.0)
    }
}
