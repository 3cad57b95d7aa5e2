//! A text being written: several lines, a cursor that moves by grapheme, and the texts sent before.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use crate::text::wrap::width;

/// Texts that are remembered at most.
const REMEMBERED: usize = 100;

/// A text and the cursor in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Composer {
    text: String,
    /// In bytes, always between two graphemes.
    cursor: usize,
    history: Vec<String>,
    /// Which text of the history is shown, and what was written before it was looked for.
    recalled: Option<(usize, String)>,
}

/// One way to move the cursor or change the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// One grapheme back.
    Left,
    /// One grapheme on.
    Right,
    /// To the beginning of the word.
    WordLeft,
    /// Behind the end of the word.
    WordRight,
    /// To the beginning of the line.
    Home,
    /// To the end of the line.
    End,
    /// A line up, or to the text sent before.
    Up,
    /// A line down, or to the text sent after.
    Down,
    /// Deletes the grapheme before the cursor.
    Backspace,
    /// Deletes the grapheme behind the cursor.
    Delete,
    /// Deletes the word before the cursor.
    DeleteWord,
    /// Deletes the word behind the cursor.
    DeleteWordRight,
    /// Deletes up to the beginning of the line.
    DeleteToHome,
    /// Deletes up to the end of the line.
    DeleteToEnd,
    /// Begins a line.
    Newline,
}

impl Composer {
    /// A composer with this text, the cursor at its end.
    #[must_use]
    pub fn with_text(text: &str) -> Self {
        let mut composer = Self::default();
        composer.set(text);
        composer
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where the cursor is, in bytes.
    #[must_use]
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Whether nothing is written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Replaces the text.
    pub fn set(&mut self, text: &str) {
        text.clone_into(&mut self.text);
        self.cursor = self.text.len();
    }

    /// Puts a text before what is written, as its own paragraph.
    pub fn put_before(&mut self, text: &str) {
        if self.text.is_empty() {
            self.set(text);
        } else {
            let joined = format!("{text}\n\n{}", self.text);
            self.cursor += joined.len() - self.text.len();
            self.text = joined;
        }
    }

    /// Writes at the cursor. Line ends of other systems become line feeds.
    pub fn insert(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        self.text.insert_str(self.cursor, &text);
        self.cursor += text.len();
        // What was written may have joined the grapheme behind it.
        self.cursor = self.boundary_at_or_after(self.cursor);
        self.recalled = None;
    }

    /// Writes at the cursor what must not run into the text before it: lines begin on a line of their own, words as words.
    pub fn insert_apart(&mut self, text: &str) {
        let before = self.text[..self.cursor].chars().next_back();
        let apart = match before {
            None | Some('\n') => "",
            Some(_) if text.contains('\n') => "\n",
            Some(c) if c.is_whitespace() => "",
            Some(_) => " ",
        };
        self.insert(&format!("{apart}{text}"));
    }

    /// Puts a text in the place of a part, the cursor behind it.
    pub fn replace(&mut self, part: Range<usize>, text: &str) {
        self.text.replace_range(part.clone(), text);
        self.cursor = self.boundary_at_or_after(part.start + text.len());
        self.recalled = None;
    }

    /// Takes the text out, to be sent, and remembers it.
    pub fn take(&mut self) -> String {
        let text = std::mem::take(&mut self.text);
        self.cursor = 0;
        self.remember(&text);
        text
    }

    /// Remembers a text for the history.
    pub fn remember(&mut self, text: &str) {
        self.recalled = None;
        if text.trim().is_empty() || self.history.last().is_some_and(|last| last == text) {
            return;
        }
        if self.history.len() == REMEMBERED {
            self.history.remove(0);
        }
        self.history.push(text.to_owned());
    }

    /// Whether any text was sent from here.
    #[must_use]
    pub fn has_history(&self) -> bool {
        !self.history.is_empty()
    }

    /// Does one edit.
    pub fn edit(&mut self, edit: Edit) {
        match edit {
            Edit::Left => self.cursor = self.previous(),
            Edit::Right => self.cursor = self.next(),
            Edit::WordLeft => self.cursor = self.word_left(),
            Edit::WordRight => self.cursor = self.word_right(),
            Edit::Home => self.cursor = self.line_start(),
            Edit::End => self.cursor = self.line_end(),
            Edit::Up => self.vertical(-1),
            Edit::Down => self.vertical(1),
            Edit::Backspace => self.delete(self.previous(), self.cursor),
            Edit::Delete => self.delete(self.cursor, self.next()),
            Edit::DeleteWord => self.delete(self.word_left(), self.cursor),
            Edit::DeleteWordRight => self.delete(self.cursor, self.word_right()),
            Edit::DeleteToHome => self.delete(self.line_start(), self.cursor),
            Edit::DeleteToEnd => {
                let end = self.line_end();
                self.delete(self.cursor, if end == self.cursor { self.next() } else { end });
            }
            Edit::Newline => self.insert("\n"),
        }
    }

    fn delete(&mut self, from: usize, to: usize) {
        self.text.replace_range(from..to, "");
        self.cursor = self.boundary_at_or_after(from);
        self.recalled = None;
    }

    /// Boundaries are looked for on the line only: a text may be long, its lines rarely are.
    fn boundary_at_or_after(&self, at: usize) -> usize {
        let start = self.text[..at].rfind('\n').map_or(0, |found| found + 1);
        let mut boundaries = self.text[start..].grapheme_indices(true).map(|(index, _)| start + index);
        boundaries.find(|boundary| *boundary >= at).unwrap_or(self.text.len())
    }

    fn previous(&self) -> usize {
        self.text[..self.cursor].grapheme_indices(true).next_back().map_or(0, |(index, _)| index)
    }

    fn next(&self) -> usize {
        self.text[self.cursor..].graphemes(true).next().map_or(self.cursor, |grapheme| self.cursor + grapheme.len())
    }

    fn word_left(&self) -> usize {
        let before = &self.text[..self.cursor];
        before
            .split_word_bound_indices()
            .rev()
            .find(|(_, word)| word.chars().any(char::is_alphanumeric))
            .map_or(0, |(index, _)| index)
    }

    fn word_right(&self) -> usize {
        self.text[self.cursor..]
            .split_word_bound_indices()
            .find(|(_, word)| word.chars().any(char::is_alphanumeric))
            .map_or(self.text.len(), |(index, word)| self.cursor + index + word.len())
    }

    fn line_start(&self) -> usize {
        self.text[..self.cursor].rfind('\n').map_or(0, |at| at + 1)
    }

    fn line_end(&self) -> usize {
        self.text[self.cursor..].find('\n').map_or(self.text.len(), |at| self.cursor + at)
    }

    fn vertical(&mut self, by: i32) {
        let start = self.line_start();
        let column = width(&self.text[start..self.cursor]);
        let target = if by < 0 {
            start.checked_sub(1).map(|end| self.text[..end].rfind('\n').map_or(0, |at| at + 1)..end)
        } else {
            let end = self.line_end();
            (end < self.text.len()).then(|| {
                let start = end + 1;
                start..self.text[start..].find('\n').map_or(self.text.len(), |at| start + at)
            })
        };
        match target {
            Some(line) => self.cursor = line.start + offset_of_column(&self.text[line], column),
            None if by < 0 => self.recall_before(),
            None => self.recall_after(),
        }
    }

    fn recall_before(&mut self) {
        let at = self.recalled.as_ref().map_or(self.history.len(), |(at, _)| *at);
        let Some(at) = at.checked_sub(1) else {
            self.cursor = 0;
            return;
        };
        let draft = self.recalled.take().map_or_else(|| self.text.clone(), |(_, draft)| draft);
        let text = self.history[at].clone();
        self.set(&text);
        self.recalled = Some((at, draft));
    }

    fn recall_after(&mut self) {
        let Some((at, draft)) = self.recalled.take() else {
            self.cursor = self.text.len();
            return;
        };
        match self.history.get(at + 1).cloned() {
            Some(text) => {
                self.set(&text);
                self.recalled = Some((at + 1, draft));
            }
            None => self.set(&draft),
        }
    }
}

/// The byte offset in a line of the grapheme that is at a column or behind it.
fn offset_of_column(line: &str, column: usize) -> usize {
    let mut used = 0;
    for (index, grapheme) in line.grapheme_indices(true) {
        if used >= column {
            return index;
        }
        used += width(grapheme);
    }
    line.len()
}

#[cfg(test)]
mod tests;
