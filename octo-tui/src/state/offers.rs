//! Files that `@…` in the composer can become: what was asked, what was found, which is chosen.

use std::ops::Range;

use octo_proto::{files::FoundFile, id::RequestId};

use crate::text::mention::Begun;

/// Files that are offered at once.
pub const MOST: usize = 8;

/// The offers for one word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offers {
    /// The word, in bytes of the text.
    pub at: Range<usize>,
    /// What was searched for.
    pub query: String,
    /// The search that is not over.
    pub search: Option<RequestId>,
    /// What was found, the best first.
    pub files: Vec<FoundFile>,
    /// Which of them is chosen.
    pub chosen: usize,
    /// The person wants none for this word.
    pub dismissed: bool,
}

impl Offers {
    /// Offers for a word of which nothing is known.
    #[must_use]
    pub fn new(begun: Begun) -> Self {
        Self { at: begun.at, query: begun.query, ..Self::default() }
    }

    /// The word is another one now; whether it must be searched for anew. What was found stays as far as it fits.
    pub fn follow(&mut self, begun: Begun) -> bool {
        if self.at.start != begun.at.start {
            *self = Self::new(begun);
            return true;
        }
        self.at = begun.at;
        if self.query == begun.query {
            return false;
        }
        self.query = begun.query;
        self.chosen = 0;
        self.files.retain(|file| fits(&file.path, &self.query));
        self.files.iter_mut().for_each(|file| file.matched.clear());
        true
    }

    /// Something was found. What another search tells is late.
    pub fn found(&mut self, search: &RequestId, files: &[FoundFile]) {
        if self.search.as_ref() == Some(search) {
            let chosen = self.chosen().map(|file| file.path.clone()).filter(|_| self.chosen > 0);
            self.files = files.iter().take(MOST).cloned().collect();
            self.chosen = self.files.iter().position(|file| Some(&file.path) == chosen.as_ref()).unwrap_or(0);
        }
    }

    /// Whether there is anything to choose.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        !self.dismissed && !self.files.is_empty()
    }

    /// Moves the choice, around the ends.
    pub fn step(&mut self, by: isize) {
        let count = self.files.len().max(1);
        self.chosen = (self.chosen + count).saturating_add_signed(by) % count;
    }

    /// What is chosen.
    #[must_use]
    pub fn chosen(&self) -> Option<&FoundFile> {
        self.files.get(self.chosen)
    }
}

/// Whether the characters are in the path, in their order.
fn fits(path: &str, query: &str) -> bool {
    let mut chars = path.chars().flat_map(char::to_lowercase);
    query.chars().flat_map(char::to_lowercase).all(|wanted| chars.any(|c| c == wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> FoundFile {
        FoundFile { path: path.to_owned(), score: 1, matched: vec![0] }
    }

    fn begun(at: Range<usize>, query: &str) -> Begun {
        Begun { at, query: query.to_owned() }
    }

    #[test]
    fn what_is_late_is_dropped_and_what_still_fits_stays() {
        let mut offers = Offers::new(begun(0..2, "m"));
        offers.search = Some("r1".into());
        offers.found(&"r0".into(), &[file("late")]);
        assert!(!offers.is_shown());
        offers.found(&"r1".into(), &[file("src/main.rs"), file("Makefile"), file("mod.rs")]);
        offers.step(-1);
        assert_eq!(offers.chosen().unwrap().path, "mod.rs");
        offers.found(&"r1".into(), &[file("mod.rs"), file("src/main.rs")]);
        assert_eq!(offers.chosen, 0, "the choice stays with its file");
        assert!(offers.follow(begun(0..3, "ma")));
        let left: Vec<&str> = offers.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(left, ["src/main.rs"]);
        assert!(!offers.follow(begun(0..4, "ma")));
        assert!(offers.follow(begun(7..9, "x")) && offers.files.is_empty());
    }
}
