//! Letters beside everything that can be opened, so that it is opened by typing them.

use super::layout::PaneId;
use crate::text::anchor::{Anchor, Target};

/// The letters, those under the fingers first.
const LETTERS: &[u8; 26] = b"asdfghjklqwertyuiopzxcvbnm";

/// One label on the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// What is to be typed.
    pub label: String,
    /// The row of the window.
    pub row: usize,
    /// The column of the window.
    pub column: usize,
    /// What is opened.
    pub target: Target,
}

/// All labels, and what was typed so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hints {
    /// In which pane.
    pub pane: PaneId,
    hints: Vec<Hint>,
    typed: String,
}

/// What became of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// This is meant.
    Chosen(Target),
    /// More is to be typed.
    More,
    /// Nothing has this label.
    Nothing,
}

impl Hints {
    /// Labels for what can be opened in a pane, each in its row; none where there is nothing. What is there twice has one
    /// label.
    #[must_use]
    pub fn of<'a>(pane: PaneId, anchors: impl Iterator<Item = (usize, &'a Anchor)>) -> Option<Self> {
        let mut hints: Vec<Hint> = Vec::new();
        for (row, anchor) in anchors {
            if hints.iter().all(|hint| hint.target != anchor.target) {
                let (column, target) = (anchor.columns.start, anchor.target.clone());
                hints.push(Hint { label: String::new(), row, column, target });
            }
        }
        let letters = if hints.len() <= LETTERS.len() { 1 } else { 2 };
        hints.truncate(LETTERS.len().pow(2));
        for (index, hint) in hints.iter_mut().enumerate() {
            let places = [index / LETTERS.len(), index % LETTERS.len()];
            hint.label = places[2 - letters..].iter().map(|place| char::from(LETTERS[*place])).collect();
        }
        (!hints.is_empty()).then(|| Self { pane, hints, typed: String::new() })
    }

    /// The labels that can still be meant, without what was typed of them.
    pub fn open(&self) -> impl Iterator<Item = (&str, &Hint)> {
        self.hints.iter().filter_map(|hint| Some((hint.label.strip_prefix(&*self.typed)?, hint)))
    }

    /// A letter was typed.
    pub fn on_typed(&mut self, c: char) -> Typed {
        self.typed.push(c.to_ascii_lowercase());
        let mut open = self.open();
        let typed = match open.next() {
            Some(("", hint)) => Typed::Chosen(hint.target.clone()),
            Some(_) => Typed::More,
            None => Typed::Nothing,
        };
        drop(open);
        typed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{pane::Place, state::layout::CHAT};

    fn of(count: u64, times: usize) -> Option<Hints> {
        let row = |line| {
            let target = Target::Place(Place { path: "a.rs".to_owned(), line: Some(line), to: None });
            Anchor { columns: 0..4, target }
        };
        let rows: Vec<Anchor> = (1..=count).map(row).collect();
        Hints::of(CHAT, std::iter::repeat_n(&rows, times).flatten().enumerate())
    }

    #[test]
    fn few_have_one_letter_and_many_have_two() {
        assert_eq!(of(0, 1), None);
        let mut few = of(3, 2).unwrap();
        let labels: Vec<&str> = few.open().map(|(label, _)| label).collect();
        assert_eq!(labels, ["a", "s", "d"]);
        assert!(matches!(few.on_typed('S'), Typed::Chosen(Target::Place(place)) if place.line == Some(2)));
        let mut many = of(30, 1).unwrap();
        assert_eq!(many.on_typed('s'), Typed::More);
        assert_eq!(many.open().map(|(label, _)| label).collect::<String>(), "asdf");
        assert!(matches!(many.on_typed('f'), Typed::Chosen(Target::Place(place)) if place.line == Some(30)));
        assert_eq!(of(3, 1).unwrap().on_typed('x'), Typed::Nothing);
    }
}
