//! What is known of the parts of the text: asked for as far as it is looked at, shown when it comes.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use super::{source::Source, text::Text};
use crate::{
    pane::Wish,
    syntax::{MOST_BYTES, MOST_LINES, Tokens},
};

/// Parts of the text.
#[derive(Debug, Default)]
pub(super) struct Colours {
    tokens: Tokens,
    /// Of which version of the file, and of how many lines.
    of: (String, usize),
    asked: Option<(String, usize)>,
}

impl Colours {
    /// Where the parts of a line end, and what they are.
    pub(super) fn of(&self, line: usize) -> &[(usize, crate::syntax::Token)] {
        self.tokens.get(line).map_or(&[], Vec::as_slice)
    }

    /// Asks for the parts of what was read, if lines up to this one are not known yet.
    pub(super) fn ask(&mut self, source: &Source, seen: usize) -> Option<Wish> {
        let text = &source.text;
        let lines = text.lines().min(MOST_LINES);
        let is_known = self.of.0 == source.version && self.of.1 >= seen.min(lines);
        if is_known || self.asked.is_some() || lines == 0 {
            return None;
        }
        let asked = (source.version.clone(), lines);
        let number = number(source.path(), &asked);
        self.asked = Some(asked);
        Some(Wish::Highlight(number, source.path().to_owned(), beginning(text, lines)))
    }

    /// What was asked came, for the file of this path.
    pub(super) fn take(&mut self, path: &str, told: u64, tokens: &Tokens) {
        if let Some(of) = self.asked.take_if(|asked| number(path, asked) == told) {
            (self.of, self.tokens) = (of, tokens.clone());
        }
    }
}

/// The same for the same text only.
fn number(path: &str, asked: &(String, usize)) -> u64 {
    let mut hasher = DefaultHasher::new();
    (path, asked).hash(&mut hasher);
    hasher.finish()
}

/// The beginning of a text as its lines are shown, as much of it as is worth it.
fn beginning(text: &Text, lines: usize) -> Arc<str> {
    let mut out = String::new();
    for line in 0..lines {
        let line = text.line(line);
        if out.len() + line.len() >= MOST_BYTES {
            break;
        }
        out.push_str(&line);
        out.push('\n');
    }
    out.into()
}
