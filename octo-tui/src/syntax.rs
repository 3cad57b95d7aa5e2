//! Which parts of a source text are what: keywords, strings, comments. Slow, so it is asked on a thread of its own.

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

use two_face::re_exports::syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxReference, SyntaxSet};

/// The most lines that are looked at.
pub const MOST_LINES: usize = 10_000;

/// The most bytes that are looked at.
pub const MOST_BYTES: usize = 1024 * 1024;

/// Behind this much time the rest stays plain: a grammar can be slow with a text that it was not made for.
const LONGEST: Duration = Duration::from_secs(5);

/// What a part of a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// Nothing special.
    Plain,
    /// For people.
    Comment,
    /// A string.
    String,
    /// A number or another value that stands for itself.
    Constant,
    /// A word of the language.
    Keyword,
    /// A function.
    Function,
    /// A type, a tag, a heading.
    Type,
}

/// Of each line, where its parts end, in bytes, and what they are.
pub type Tokens = Vec<Vec<(usize, Token)>>;

/// What the parts of a text are; a file's name tells its language, or else its first line. Empty where nothing is known.
#[must_use]
pub fn tokens(path: &str, text: &str) -> Tokens {
    static SYNTAXES: OnceLock<SyntaxSet> = OnceLock::new();
    let syntaxes = SYNTAXES.get_or_init(two_face::syntax::extra_newlines);
    let Some(syntax) = language(syntaxes, path, text) else { return Tokens::new() };
    let until = Instant::now() + LONGEST;
    let (mut state, mut scopes) = (ParseState::new(syntax), ScopeStack::new());
    let mut tokens = Tokens::new();
    for line in text.split_inclusive('\n').take(MOST_LINES) {
        // What the grammar cannot do, or not in time, stays plain.
        let Some(line) = parse(line, (&mut state, syntaxes), &mut scopes).filter(|_| Instant::now() < until) else {
            break;
        };
        tokens.push(line);
    }
    tokens
}

fn language<'a>(syntaxes: &'a SyntaxSet, path: &str, text: &str) -> Option<&'a SyntaxReference> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    let first = || syntaxes.find_syntax_by_first_line(text.lines().next().unwrap_or_default());
    syntaxes
        .find_syntax_by_extension(name)
        .or_else(|| syntaxes.find_syntax_by_extension(ending?))
        .or_else(first)
        .filter(|syntax| syntax.name != "Plain Text")
}

fn parse(
    line: &str,
    (state, syntaxes): (&mut ParseState, &SyntaxSet),
    scopes: &mut ScopeStack,
) -> Option<Vec<(usize, Token)>> {
    let mut parts: Vec<(usize, Token)> = Vec::new();
    let end = line.trim_end_matches('\n').len();
    let mut from = 0;
    let mut push = |to: usize, token| match parts.last_mut() {
        Some(last) if last.1 == token => last.0 = to,
        _ => parts.push((to, token)),
    };
    for (at, change) in state.parse_line(line, syntaxes).ok()? {
        let at = at.min(end);
        if at > from {
            push(at, token(scopes));
            from = at;
        }
        scopes.apply(&change).ok()?;
    }
    if end > from {
        push(end, token(scopes));
    }
    Some(parts)
}

/// The innermost scope that says something decides.
fn token(scopes: &ScopeStack) -> Token {
    static KNOWN: OnceLock<Vec<(Scope, Token)>> = OnceLock::new();
    let known = KNOWN.get_or_init(|| {
        SCOPES.iter().filter_map(|(name, token)| Scope::new(name).ok().map(|scope| (scope, *token))).collect()
    });
    let of = |scope: &Scope| known.iter().find(|(prefix, _)| prefix.is_prefix_of(*scope)).map(|(_, token)| *token);
    scopes.as_slice().iter().rev().find_map(of).unwrap_or(Token::Plain)
}

/// What scopes of grammars mean, the special before the general.
const SCOPES: &[(&str, Token)] = &[
    ("comment", Token::Comment),
    ("punctuation.definition.comment", Token::Comment),
    ("constant.character.escape", Token::Constant),
    ("string", Token::String),
    ("markup.raw", Token::String),
    ("markup.inserted", Token::String),
    ("punctuation.definition.string", Token::String),
    ("constant", Token::Constant),
    ("variable.language", Token::Constant),
    ("meta.preprocessor", Token::Constant),
    ("keyword.operator", Token::Plain),
    ("keyword", Token::Keyword),
    ("storage", Token::Keyword),
    ("markup.deleted", Token::Keyword),
    ("entity.name.function", Token::Function),
    ("support.function", Token::Function),
    ("variable.function", Token::Function),
    ("entity.other.attribute-name", Token::Function),
    ("entity.name", Token::Type),
    ("support.type", Token::Type),
    ("support.class", Token::Type),
    ("markup.heading", Token::Type),
    ("meta.mapping.key", Token::Type),
    ("variable.other.key", Token::Type),
    ("meta.interpolation", Token::Plain),
    ("meta.template.expression", Token::Plain),
    ("source", Token::Plain),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(path: &str, text: &str) -> Vec<Vec<(String, Token)>> {
        let tokens = tokens(path, text);
        tokens
            .iter()
            .zip(text.lines())
            .map(|(parts, line)| {
                let mut from = 0;
                let part = |(to, token): &(usize, Token)| {
                    let part = line[from..*to].to_owned();
                    from = *to;
                    (part, *token)
                };
                parts
                    .iter()
                    .map(part)
                    .filter(|(text, token)| *token != Token::Plain && !text.trim().is_empty())
                    .collect()
            })
            .collect()
    }

    #[test]
    fn languages_are_known_by_name_and_by_first_line() {
        let has = |path: &str, text: &str, part: &str, token: Token| {
            let found = parts(path, text);
            assert!(found.iter().flatten().any(|it| *it == (part.to_owned(), token)), "{path}: {found:?}");
        };
        has("src/main.rs", "fn main() {} // end\n", "main", Token::Function);
        has("src/main.rs", "fn main() {} // end\n", "// end", Token::Comment);
        has("a.py", "x = \"日本\"\n", "\"日本\"", Token::String);
        has("a.ts", "const a: number = 12;\n", "12", Token::Constant);
        has("Cargo.toml", "[package]\nname = \"a\"\n", "\"a\"", Token::String);
        has("Makefile", "all:\n\techo hello\n", "all", Token::Function);
        has("run", "#!/bin/sh\n# about\n", "# about", Token::Comment);
        has("x.json", "{\"a\": 12}\n", "12", Token::Constant);
        has("README.md", "# Title\n", "# Title", Token::Type);
    }

    #[test]
    fn what_is_not_known_has_no_parts() {
        assert_eq!(tokens("notes.txt", "fn main() {}\n"), Tokens::new());
        assert_eq!(tokens("a.rs", ""), Tokens::new());
    }

    #[test]
    fn no_more_is_looked_at_than_is_worth_it() {
        assert_eq!(tokens("a.rs", &"a\n".repeat(MOST_LINES + 5)).len(), MOST_LINES);
    }
}
