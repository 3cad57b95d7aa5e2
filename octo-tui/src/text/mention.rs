//! `@path` in what a person writes: the word under the cursor, and all that is mentioned.

use std::ops::Range;

use octo_proto::message::Mention;

use super::place::{is_plain, lines, quoted, resolve};

/// The word that begins with `@` and has the cursor in it or at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// Where it is, in bytes, `@` included.
    pub at: Range<usize>,
    /// What stands between the `@` and the cursor.
    pub query: String,
}

/// The word under the cursor, where it begins with `@`. Behind the quotes of a path there is none.
#[must_use]
pub fn begun(text: &str, cursor: usize) -> Option<Begun> {
    let word = words(text).find(|word| word.start < cursor && cursor <= word.end)?;
    let path = &text[word.start + 1..cursor];
    if quoted(path).is_some_and(|(length, _)| length < path.len()) {
        return None;
    }
    let query = path.trim_start_matches('"').trim_end_matches('"').replace("\\\"", "\"");
    Some(Begun { at: word, query })
}

/// A path as it is mentioned: between quotes where it would be read as another one without them.
#[must_use]
pub fn written(path: &str) -> String {
    if is_plain(path) && split(path) == (path.to_owned(), "") {
        format!("@{path}")
    } else {
        format!("@\"{}\"", path.replace('"', "\\\""))
    }
}

/// The files that a text may mention, each once. Whether they are there is not known here; those outside of the workspace are
/// left to the text.
#[must_use]
pub fn mentions(text: &str, root: &str) -> Vec<Mention> {
    let mut found: Vec<Mention> = Vec::new();
    for word in words(text) {
        let (path, behind) = split(&text[word.start + 1..word.end]);
        let range = lines(behind).map(|(_, from, to)| [from, to.unwrap_or(from)]);
        let path = resolve(&path, root);
        let mention = Mention { path, range };
        let is_within = !mention.path.is_empty() && !mention.path.starts_with('/');
        if is_within && !found.contains(&mention) {
            found.push(mention);
        }
    }
    found
}

/// The path of a word without its `@`, and what stands behind it.
fn split(word: &str) -> (String, &str) {
    if let Some((length, path)) = quoted(word) {
        return (path, &word[length..]);
    }
    let word = without_stops(word.strip_prefix('"').unwrap_or(word));
    // A colon may be part of a name; one that a line follows is none.
    let colon = word.match_indices(':').find(|(at, _)| lines(&word[*at..]).is_some());
    let (path, behind) = colon.map_or((word, ""), |(at, _)| word.split_at(at));
    (path.to_owned(), behind)
}

/// A word without the stops of the sentence around it. A bracket that was opened in the word is a part of it.
fn without_stops(mut word: &str) -> &str {
    while let Some(last) = word.chars().next_back() {
        let opening = match last {
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '"' | '`' | '…' => None,
            ')' => Some('('),
            ']' => Some('['),
            '}' => Some('{'),
            _ => break,
        };
        if opening.is_some_and(|opening| word.matches(opening).count() >= word.matches(last).count()) {
            break;
        }
        word = &word[..word.len() - last.len_utf8()];
    }
    word
}

/// The words that begin with `@`.
fn words(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let start = from + text[from..].find('@')?;
            let rest = &text[start + 1..];
            let path = quoted(rest).map_or(0, |(length, _)| length);
            let length = path + rest[path..].find(char::is_whitespace).unwrap_or(rest.len() - path);
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
            ("@\"a b\"", 6, Some((0..6, "a b"))),
            ("@\"a b\":3", 8, None),
            ("@\"q\\\"u", 6, Some((0..6, "q\"u"))),
            ("@a:1", 4, Some((0..4, "a:1"))),
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
            ("(see @note(1))", "note(1)", None),
            ("@\"q\\\"u ote.txt\".", "q\"u ote.txt", None),
            ("@\"open", "open", None),
        ] {
            assert_eq!(mentions(text, "/w"), [Mention { path: path.to_owned(), range }], "{text:?}");
        }
        for text in ["@", "@..", "@/etc/passwd", "ann@work.org", "@.", "@/w"] {
            assert_eq!(mentions(text, "/w"), [], "{text:?}");
        }
        assert_eq!(mentions("@a @a @b", "/w").len(), 2);
        assert_eq!((written("a.rs").as_str(), written("a b").as_str()), ("@a.rs", "@\"a b\""));
    }

    #[test]
    fn what_is_written_is_plain_where_it_can_be() {
        for (path, text) in [
            ("src/a.rs", "@src/a.rs"),
            ("日本/é.md", "@日本/é.md"),
            ("back\\\\slash", "@back\\\\slash"),
            ("it's.md", "@\"it's.md\""),
            ("note(1)", "@\"note(1)\""),
            ("a:12", "@\"a:12\""),
            ("end.", "@\"end.\""),
            ("q\"u ote.txt", "@\"q\\\"u ote.txt\""),
            ("\\\\\"", "@\"\\\\\\\"\""),
        ] {
            assert_eq!(written(path), text);
        }
    }

    proptest! {
        /// Paths are as the runner writes them: a backslash is the first of two, or of a byte.
        #[test]
        fn what_is_written_is_read_as_the_same_file(
            path in r#"([a-z0-9"' ().,:;!?@#\[\]{}`…é日~-]|\\\\|\\x0a){1,8}(/[a-z0-9"' ().,:é]{1,6})?"#,
            line in 0_u64..3, before in "(|see |\\(|x\n)", after in "(| then|\n|, and)",
        ) {
            prop_assume!(!path.split('/').any(|part| part == "." || part == ".."));
            let range = if line > 0 { format!(":{line}") } else { String::new() };
            let text = format!("{before}{}{range}{after}", written(&path));
            let expected = Mention { path: path.clone(), range: (line > 0).then_some([line, line]) };
            prop_assert_eq!(mentions(&text, "/w"), [expected], "{}", &text);
            let shown = super::super::place::places(&text, "/w");
            let looks = path.contains('/') && path.rsplit('/').next().is_some_and(|name| name.contains(char::is_alphabetic));
            if looks {
                prop_assert!(shown.iter().any(|named| named.place.path == path), "{text:?} {shown:?}");
            }
        }

        #[test]
        fn any_text_is_read(text in "[@\":a9é \\n]{0,20}", cursor in 0_usize..20) {
            let _mentions = mentions(&text, "/w");
            if text.is_char_boundary(cursor) {
                let _begun = begun(&text, cursor);
            }
        }
    }
}
