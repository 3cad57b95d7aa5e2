//! `@path` in what a person writes: the word under the cursor, and all that is mentioned.

use std::ops::Range;

use octo_proto::message::Mention;

use super::place::{lines, resolve};

/// The word that begins with `@` and has the cursor in it or at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// Where it is, in bytes, `@` included.
    pub at: Range<usize>,
    /// What stands between the `@` and the cursor.
    pub query: String,
}

/// The word under the cursor, where it begins with `@`.
#[must_use]
pub fn begun(text: &str, cursor: usize) -> Option<Begun> {
    let word = words(text).find(|word| word.start < cursor && cursor <= word.end)?;
    let query = text[word.start + 1..cursor].trim_start_matches('"').trim_end_matches('"').to_owned();
    Some(Begun { at: word, query })
}

/// A path as it is mentioned.
#[must_use]
pub fn written(path: &str) -> String {
    if path.contains(char::is_whitespace) { format!("@\"{path}\"") } else { format!("@{path}") }
}

/// The files that a text may mention, each once. Whether they are there is not known here; those outside of the workspace are
/// left to the text.
#[must_use]
pub fn mentions(text: &str, root: &str) -> Vec<Mention> {
    let mut found: Vec<Mention> = Vec::new();
    for word in words(text) {
        let (path, behind) = split(&text[word.start + 1..word.end]);
        let range = lines(behind).map(|(_, from, to)| [from, to.unwrap_or(from)]);
        let path = resolve(path, root);
        let mention = Mention { path, range };
        let is_within = !mention.path.is_empty() && !mention.path.starts_with('/');
        if is_within && !found.contains(&mention) {
            found.push(mention);
        }
    }
    found
}

/// The path of a word without its `@`, and what stands behind it.
fn split(word: &str) -> (&str, &str) {
    if let Some(quoted) = word.strip_prefix('"') {
        return quoted.split_once('"').unwrap_or((quoted, ""));
    }
    let word = word.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '}', '\'', '"', '`']);
    // A colon may be part of a name; one that a line follows is none.
    let colon = word.match_indices(':').find(|(at, _)| lines(&word[*at..]).is_some());
    colon.map_or((word, ""), |(at, _)| word.split_at(at))
}

/// The words that begin with `@`.
fn words(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let start = from + text[from..].find('@')?;
            let rest = &text[start + 1..];
            let length = match rest.strip_prefix('"').and_then(|quoted| quoted.find(['"', '\n'])) {
                Some(length) if rest[1 + length..].starts_with('"') => {
                    let behind = &rest[length + 2..];
                    length + 2 + behind.find(char::is_whitespace).unwrap_or(behind.len())
                }
                _ => rest.find(char::is_whitespace).unwrap_or(rest.len()),
            };
            from = start + 1 + length;
            let before = text[..start].chars().next_back();
            if before.is_none_or(|c| c.is_whitespace() || matches!(c, '(' | '[' | '{' | '"' | '\'' | '`' | ',')) {
                return Some(start..from);
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_word_under_the_cursor_is_found() {
        for (text, cursor, expected) in [
            ("@", 1, Some((0..1, ""))),
            ("see @src/ma", 11, Some((4..11, "src/ma"))),
            ("see @src/ma then", 9, Some((4..11, "src/"))),
            ("see @src ", 9, None),
            ("@", 0, None),
            ("ann@work", 8, None),
            ("(@a", 3, Some((1..3, "a"))),
            ("@\"a b", 5, None),
            ("@\"a b\"", 5, Some((0..6, "a b"))),
            ("x\n@grüße", 9, Some((2..10, "grüß"))),
        ] {
            let found = begun(text, cursor).map(|begun| (begun.at, begun.query));
            assert_eq!(found, expected.map(|(at, query): (_, &str)| (at, query.to_owned())), "{text:?} at {cursor}");
        }
    }

    #[test]
    fn what_is_mentioned_is_read_with_its_lines() {
        for (text, path, range) in [
            ("see @src/a.rs.", "src/a.rs", None),
            ("@src/a.rs:12", "src/a.rs", Some([12, 12])),
            ("@src/a.rs:12-20, and", "src/a.rs", Some([12, 20])),
            ("(@/w/src/a.rs:12:3)", "src/a.rs", Some([12, 12])),
            ("@\"a b.rs\":3", "a b.rs", Some([3, 3])),
            ("@a:b", "a:b", None),
            ("@docs/", "docs", None),
        ] {
            assert_eq!(mentions(text, "/w"), [Mention { path: path.to_owned(), range }], "{text:?}");
        }
        for text in ["@", "@..", "@/etc/passwd", "ann@work.org", "@.", "@/w"] {
            assert_eq!(mentions(text, "/w"), [], "{text:?}");
        }
        assert_eq!(mentions("@a @a @b", "/w").len(), 2);
        assert_eq!((written("a.rs").as_str(), written("a b").as_str()), ("@a.rs", "@\"a b\""));
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "[@\":a9é \\n]{0,20}", cursor in 0_usize..20) {
            let _mentions = mentions(&text, "/w");
            if text.is_char_boundary(cursor) {
                let _begun = begun(&text, cursor);
            }
        }
    }
}
