//! What a program tells a person beside its screen.

use octo_proto::emulator::Notice;

use crate::{
    pane::{Env, Wish},
    text::clean::clean_line,
};

/// Passes it on, as far as it is for the person; titles are read from the terminal.
pub(super) fn tell(notice: Notice, env: &mut Env<'_>) {
    match notice {
        Notice::Copy { text } => env.wishes.push(Wish::Copy(text)),
        Notice::Bell => env.wishes.push(Wish::Bell),
        Notice::Notification { title, body } => {
            let text = [title, body].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(": ");
            env.wishes.push(Wish::Bell);
            env.say(clean_line(&text));
        }
        Notice::Title { .. } | Notice::Directory { .. } | Notice::Mark { .. } | Notice::Input => {}
    }
}
