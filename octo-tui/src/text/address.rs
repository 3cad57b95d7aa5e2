//! Addresses: those that a text names, and where one of a file leads on this machine.

use std::ops::Range;

use super::place::resolve;
use crate::pane::Place;

/// How addresses begin that are found in text.
const SCHEMES: [&str; 3] = ["https://", "http://", "file://"];

/// Where an address leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leads {
    /// To a file of this machine; its path is absolute where it is not in the workspace.
    Here(Place),
    /// To a file of another machine.
    Away(String),
    /// To no file: it is for a browser.
    Web,
    /// Nowhere: it names no path.
    Nowhere,
}

/// Where an address leads on a machine of this name, in this workspace.
#[must_use]
pub fn leads(address: &str, host: &str, root: &str) -> Leads {
    let rest = match address.split_at_checked(5) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("file:") => rest,
        _ => return Leads::Web,
    };
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (machine, path) = match rest.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
        None => ("", rest),
    };
    let is_here = [host, "localhost", ""].iter().any(|name| machine.eq_ignore_ascii_case(name));
    match decode(path).filter(|path| path.starts_with('/')) {
        Some(path) if is_here => Leads::Here(Place { path: resolve(&path, root), line: line(fragment), to: None }),
        Some(_) => Leads::Away(machine.to_owned()),
        None => Leads::Nowhere,
    }
}

/// The path that an address of a file writes, without `%20` and the like.
#[must_use]
pub fn decode(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                u8::try_from(digit(rest.next())? * 16 + digit(rest.next())?).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok().filter(|path| !path.contains(char::is_control))
}

/// The line in `#12`, `#L12` and `#12:5`.
fn line(fragment: &str) -> Option<u64> {
    let digits = fragment.trim_start_matches(['L', 'l']);
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok().filter(|line| *line > 0)
}

/// The addresses that a text names, in bytes, from its beginning.
#[must_use]
pub fn addresses(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut from = 0;
    while let Some((start, scheme)) = next(text, from) {
        from = start + scheme.len();
        let follows_word = text[..start].ends_with(|c: char| c.is_alphanumeric());
        let end = text[from..].find(|c| !is_part(c)).map_or(text.len(), |length| from + length);
        let mut address = text[start..end].trim_end_matches(['.', ',', ':', ';', '!', '?', '\'', '*']);
        while address.ends_with(')') && address.matches(')').count() > address.matches('(').count() {
            address = address[..address.len() - 1].trim_end_matches(['.', ',']);
        }
        if !follows_word && address.len() > scheme.len() {
            from = start + address.len();
            found.push(start..from);
        }
    }
    found
}

fn next(text: &str, from: usize) -> Option<(usize, &'static str)> {
    let of = |scheme: &'static str| text[from..].find(scheme).map(|at| (from + at, scheme));
    SCHEMES.into_iter().filter_map(of).min_by_key(|(at, _)| *at)
}

/// What an address may consist of where it stands in text: no space, no bracket or quote that is set around it, and none of
/// the lines that programs draw.
fn is_part(c: char) -> bool {
    !c.is_whitespace()
        && !c.is_control()
        && !matches!(c, '<' | '>' | '"' | '`' | '[' | ']' | '{' | '}' | '\u{2500}'..='\u{259f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_this_machine_are_told_from_all_else() {
        let here = |path: &str, line| Leads::Here(Place { path: path.to_owned(), line, to: None });
        for (address, expected) in [
            ("file:///w/src/a.rs", here("src/a.rs", None)),
            ("file://localhost/w/a%20b.rs#12", here("a b.rs", Some(12))),
            ("FILE://box/w/../etc/x#L3", here("/etc/x", Some(3))),
            ("file:/w/%E6%97%A5.md", here("日.md", None)),
            ("file://other/w/a.rs", Leads::Away("other".to_owned())),
            ("file://relative", Leads::Nowhere),
            ("file:///w/%0aa", Leads::Nowhere),
            ("file:///w/%zz", Leads::Nowhere),
            ("file:///w/%ff", Leads::Nowhere),
            ("file:///w/%", Leads::Nowhere),
            ("https://example.org/#12", Leads::Web),
            ("mailto:ann@example.org", Leads::Web),
            ("日本語", Leads::Web),
        ] {
            assert_eq!(leads(address, "Box", "/w"), expected, "{address}");
        }
    }

    #[test]
    fn addresses_are_found_without_what_stands_around_them() {
        for (text, expected) in [
            ("see https://a.org/b?c=d#e.", vec!["https://a.org/b?c=d#e"]),
            ("(http://a.org/x_(y)), <https://b.org>", vec!["http://a.org/x_(y)", "https://b.org"]),
            ("│ https://a.org/│ \"file:///w/a.rs\"", vec!["https://a.org/", "file:///w/a.rs"]),
            ("https:// xhttps://a.org https://", vec![]),
            ("https://日本.jp/ü 日本", vec!["https://日本.jp/ü"]),
        ] {
            let found: Vec<&str> = addresses(text).into_iter().map(|at| &text[at]).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
