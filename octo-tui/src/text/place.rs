//! Places in files that a text names: `src/main.rs:12`, `src/main.rs:12:5`, `File "main.py", line 3` and `@src/main.rs`.

use std::ops::Range;

use crate::pane::Place;

/// Files that are known by their name alone.
const NAMES: &[&str] =
    &["Containerfile", "Dockerfile", "Gemfile", "Justfile", "LICENSE", "Makefile", "README", "Rakefile"];

/// The longest ending of a file's name.
const LONGEST_ENDING: usize = 10;

/// How Python begins a line of a traceback.
const PYTHON: &str = "File \"";

/// A place and where a text names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// In bytes.
    pub at: Range<usize>,
    /// The place; its path is absolute where it is not in the workspace.
    pub place: Place,
}

/// The places that a line names, from its beginning. `root` is the workspace.
#[must_use]
pub fn places(line: &str, root: &str) -> Vec<Named> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(offset) = line[from..].find(|c| is_part(c) && c != ':') {
        let start = from + offset;
        if let Some(named) = python(line, start, root) {
            from = named.at.end;
            found.push(named);
            continue;
        }
        if let Some(named) = between_quotes(line, start, root) {
            from = named.at.end;
            found.push(named);
            continue;
        }
        let end = line[start..].find(|c| !is_part(c)).map_or(line.len(), |length| start + length);
        let word = line[start..end].trim_end_matches(['.', ':']);
        if let Some((length, place)) = read(word, root) {
            found.push(Named { at: start..start + length, place });
        }
        from = end;
    }
    found
}

/// A path as the workspace knows it: relative where it is within, else absolute.
#[must_use]
pub fn resolve(path: &str, root: &str) -> String {
    let whole = if path.starts_with('/') { path.to_owned() } else { format!("{root}/{path}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let whole = format!("/{}", parts.join("/"));
    match whole.strip_prefix(root.trim_end_matches('/')).and_then(|rest| rest.strip_prefix('/')) {
        Some(within) => within.to_owned(),
        None => whole,
    }
}

/// A path between quotes, and the length that it takes with them. Within, a quote that is part of it has a backslash before it.
#[must_use]
pub fn quoted(text: &str) -> Option<(usize, String)> {
    let mut path = String::new();
    let mut chars = text.strip_prefix('"')?.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (!path.is_empty()).then_some((at + 2, path)),
            '\n' => return None,
            '\\' => match chars.next()?.1 {
                '"' => path.push('"'),
                '\n' => return None,
                // It is the path's own.
                other => path.extend(['\\', other]),
            },
            other => path.push(other),
        }
    }
    None
}

/// Whether a path can be read without quotes.
#[must_use]
pub fn is_plain(path: &str) -> bool {
    path.chars().all(|c| is_part(c) && c != ':')
}

/// What stands behind a path: `:12`, `:12-20` or `:12:5`. Its length, the first and the last line.
#[must_use]
pub fn lines(behind: &str) -> Option<(usize, u64, Option<u64>)> {
    let (digits, line) = number(behind.strip_prefix(':')?)?;
    let length = 1 + digits;
    match behind[length..].split_at_checked(1) {
        Some((mark @ ("-" | ":"), rest)) => match number(rest) {
            Some((more, to)) if mark == "-" => Some((length + 1 + more, line, (to >= line).then_some(to))),
            Some((more, _)) => Some((length + 1 + more, line, None)),
            None => Some((length, line, None)),
        },
        _ => Some((length, line, None)),
    }
}

/// A number of lines, that no letter follows.
fn number(text: &str) -> Option<(usize, u64)> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let ends = !text[digits..].starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '/' | '.'));
    let value = text[..digits].parse().ok().filter(|value| *value > 0);
    value.filter(|_| ends).map(|value| (digits, value))
}

/// What words consist of that may name a place.
fn is_part(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '+' | '~' | '@' | '%' | ':' | '\\')
}

/// The place that a word begins with.
fn read(word: &str, root: &str) -> Option<(usize, Place)> {
    if word.contains("://") {
        return None;
    }
    let (sign, rest) = match word.strip_prefix('@') {
        Some(rest) => (1, rest),
        None => (0, word),
    };
    let length = rest.find(':').unwrap_or(rest.len());
    let path = &rest[..length];
    let behind = lines(&rest[length..]);
    if !looks_like_path(path) || (sign == 0 && behind.is_none()) {
        return None;
    }
    let (more, line, to) = behind.map_or((0, None, None), |(more, line, to)| (more, Some(line), to));
    Some((sign + length + more, Place { path: resolve(path, root), line, to }))
}

fn looks_like_path(path: &str) -> bool {
    let trimmed = path.trim_end_matches('/');
    let name = trimmed.rsplit('/').next().unwrap_or_default();
    if !name.contains(char::is_alphabetic) || path.contains("//") {
        return false;
    }
    // Else it is the address of a person or a host.
    if !path.contains('/') && path.contains('@') {
        return false;
    }
    path.contains('/') || NAMES.contains(&name) || has_ending(name)
}

fn has_ending(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, ending)| {
        let letters = ending.chars().all(char::is_alphanumeric) && ending.contains(char::is_alphabetic);
        letters && ending.chars().count() <= LONGEST_ENDING
    })
}

/// `@"a b.rs":3`, where the word that begins here is its first.
fn between_quotes(line: &str, start: usize, root: &str) -> Option<Named> {
    let (length, path) = quoted(line[start..].strip_prefix('@')?)?;
    let end = start + 1 + length;
    let behind = lines(&line[end..]);
    if !looks_like_path(&path) && behind.is_none() {
        return None;
    }
    let (more, line, to) = behind.map_or((0, None, None), |(more, line, to)| (more, Some(line), to));
    Some(Named { at: start..end + more, place: Place { path: resolve(&path, root), line, to } })
}

/// `File "main.py", line 3`, where the word that begins here is its first.
fn python(line: &str, start: usize, root: &str) -> Option<Named> {
    let rest = line[start..].strip_prefix(PYTHON)?;
    let path = &rest[..rest.find('"')?];
    let (digits, number) = number(rest[path.len()..].strip_prefix("\", line ")?)?;
    if !path.contains(char::is_alphanumeric) || path.starts_with('<') {
        return None;
    }
    let from = start + PYTHON.len();
    let end = from + path.len() + "\", line ".len() + digits;
    Some(Named { at: from..end, place: Place { path: resolve(path, root), line: Some(number), to: None } })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(line: &str) -> Vec<(String, String, Option<u64>, Option<u64>)> {
        let named = places(line, "/home/ann/work").into_iter();
        named.map(|it| (line[it.at].to_owned(), it.place.path, it.place.line, it.place.to)).collect()
    }

    #[test]
    fn places_are_found_as_compilers_and_people_write_them() {
        for (line, text, path, at, to) in [
            ("see src/main.rs:12.", "src/main.rs:12", "src/main.rs", Some(12), None),
            ("  --> src/x.rs:3:5", "src/x.rs:3:5", "src/x.rs", Some(3), None),
            ("src/a.rs:12:let x = 3;", "src/a.rs:12", "src/a.rs", Some(12), None),
            ("src/a.rs:12:5abc", "src/a.rs:12", "src/a.rs", Some(12), None),
            ("(main.go:7)", "main.go:7", "main.go", Some(7), None),
            ("`lib.rs:7-9`,", "lib.rs:7-9", "lib.rs", Some(7), Some(9)),
            ("lib.rs:9-7", "lib.rs:9-7", "lib.rs", Some(9), None),
            ("Makefile:3: *** missing separator", "Makefile:3", "Makefile", Some(3), None),
            ("  File \"app/x y.py\", line 3, in f", "app/x y.py\", line 3", "app/x y.py", Some(3), None),
            ("at f (/home/ann/work/a.js:1:2)", "/home/ann/work/a.js:1:2", "a.js", Some(1), None),
            ("/etc/hosts:3", "/etc/hosts:3", "/etc/hosts", Some(3), None),
            ("../other/a.rs:3", "../other/a.rs:3", "/home/ann/other/a.rs", Some(3), None),
            ("./src/../b.rs:3", "./src/../b.rs:3", "b.rs", Some(3), None),
            ("look at @src/x.rs, please", "@src/x.rs", "src/x.rs", None, None),
            ("@docs/", "@docs/", "docs", None, None),
            ("@README", "@README", "README", None, None),
            ("@a.rs:3-4", "@a.rs:3-4", "a.rs", Some(3), Some(4)),
            ("see @\"l/sp ace.txt\":2-4, and", "@\"l/sp ace.txt\":2-4", "l/sp ace.txt", Some(2), Some(4)),
            ("@\"q\\\"u ote.txt\"", "@\"q\\\"u ote.txt\"", "q\"u ote.txt", None, None),
            ("@\"note(1)\":3", "@\"note(1)\":3", "note(1)", Some(3), None),
            ("Grüße/東京.md:2", "Grüße/東京.md:2", "Grüße/東京.md", Some(2), None),
        ] {
            let expected = vec![(text.to_owned(), path.to_owned(), at, to)];
            assert_eq!(found(line), expected, "{line:?}");
        }
        assert_eq!(found("a.rs:1 b.rs:2:").len(), 2);
    }

    #[test]
    fn what_only_looks_like_a_place_is_none() {
        for line in [
            "12:30:15",
            "localhost:8080",
            "127.0.0.1:80",
            "http://host.org:80/a.rs:3",
            "std::io:3",
            "key: 12",
            "v1.2:3",
            "e.g.:3",
            "src/main.rs",
            "ann@work.org",
            "@ann",
            "@1.2",
            "git@host.org:22",
            "a.rs:0",
            "a.rs:1x",
            "a.rs:",
            "File \"<stdin>\", line 1",
            "...:3",
            "@\"Hello, world.\"",
            "@\"\"",
            "@\"a.rs",
            "//:1",
            "@",
            ":12",
            "",
        ] {
            assert_eq!(found(line), [], "{line:?}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_read(line in "([@:./\"\\\\a9é ]|File \"|, line ){0,20}") {
            let named = places(&line, "/r");
            prop_assert!(named.windows(2).all(|two| two[0].at.end <= two[1].at.start));
            named.iter().for_each(|it| { let _text = &line[it.at.clone()]; });
        }
    }
}
