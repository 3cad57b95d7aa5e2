//! Makes foreign text safe to show: what could steer a terminal or hide what is read never leaves here.

use std::borrow::Cow;

/// How far apart tab stops are.
pub const TAB: usize = 4;

/// The text with nothing in it that a terminal would obey. Line feeds stay, tabs become spaces, escape sequences go, and
/// other controls are shown as symbols.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| c != '\n' && is_unsafe(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut column = 0;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' => {
                out.push('\n');
                column = 0;
            }
            '\r' if chars.peek() == Some(&'\n') => {}
            '\t' => {
                let spaces = TAB - column % TAB;
                out.extend(std::iter::repeat_n(' ', spaces));
                column += spaces;
            }
            '\u{1b}' => skip_escape(&mut chars),
            '\u{9b}' => skip_control(&mut chars),
            c if is_dropped(c) => {}
            c => {
                out.push(symbol(c));
                column += 1;
            }
        }
    }
    Cow::Owned(out)
}

/// As [`clean`], on one line: line feeds become spaces.
#[must_use]
pub fn clean_line(text: &str) -> String {
    clean(text).replace('\n', " ")
}

/// As [`clean`], for what a program wrote: a carriage return begins its line anew, as progress bars mean it.
#[must_use]
pub fn clean_output(text: &str) -> String {
    let lines = text.split('\n').map(|line| {
        let line = line.trim_end_matches('\r');
        line.rsplit('\r').next().unwrap_or(line)
    });
    clean(&lines.collect::<Vec<_>>().join("\n")).into_owned()
}

/// What stands for one character where nothing may be hidden, as in a file: controls as symbols; none for what has no
/// width.
#[must_use]
pub fn visible(c: char) -> Option<char> {
    (!is_dropped(c)).then(|| symbol(c))
}

fn is_unsafe(c: char) -> bool {
    c.is_control() || is_dropped(c) || symbol(c) != c
}

/// What has no width and no meaning outside its own script's typesetting.
fn is_dropped(c: char) -> bool {
    matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{feff}' | '\u{ad}')
}

/// What is shown instead of a character that may not reach the terminal.
fn symbol(c: char) -> char {
    match c {
        '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        '\u{80}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        '\u{2028}' | '\u{2029}' => ' ',
        c => c,
    }
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// Behind ESC: a control sequence, a string (OSC, DCS, …) up to its end, or one character.
fn skip_escape(chars: &mut Chars<'_>) {
    match chars.peek() {
        Some('[') => {
            chars.next();
            skip_control(chars);
        }
        Some(']' | 'P' | '_' | '^' | 'X') => skip_string(chars),
        Some('(' | ')' | '*' | '+' | '#' | '%') => {
            chars.next();
            chars.next_if(|c| *c != '\n');
        }
        Some(c) if (' '..='~').contains(c) => {
            chars.next();
        }
        _ => {}
    }
}

/// Behind CSI: parameters, then one final character.
fn skip_control(chars: &mut Chars<'_>) {
    while chars.next_if(|c| (' '..='?').contains(c)).is_some() {}
    chars.next_if(|c| ('@'..='~').contains(c));
}

/// A string ends with BEL or ESC \; one that does not end on its line was never one, and its text is kept.
fn skip_string(chars: &mut Chars<'_>) {
    let mut ahead = chars.clone();
    while let Some(c) = ahead.next() {
        let ends = c == '\u{7}' || c == '\u{9c}' || (c == '\u{1b}' && ahead.next_if_eq(&'\\').is_some());
        if ends {
            *chars = ahead;
            return;
        }
        if c == '\n' {
            break;
        }
    }
    chars.next();
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_that_steers_a_terminal_is_left() {
        for (text, shown) in [
            ("plain", "plain"),
            ("a\tb", "a   b"),
            ("ab\r\ncd", "ab\ncd"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}]0;title\u{7}x", "x"),
            ("\u{1b}]52;c;AAAA\u{1b}\\x", "x"),
            ("\u{1b}]0;never ends\nnext", "0;never ends\nnext"),
            ("\u{9b}2Jx", "x"),
            ("bell\u{7}", "bell␇"),
            ("rm\u{8}\u{8}ls", "rm␈␈ls"),
            ("hide\rshow", "hide␍show"),
            ("a\u{202e}b", "a\u{fffd}b"),
            ("a\u{200b}b\u{feff}", "ab"),
            ("👩\u{200d}👩", "👩\u{200d}👩"),
        ] {
            assert_eq!(clean(text), shown, "{text:?}");
        }
        assert_eq!(clean_output("10%\r50%\r100%\r\ndone"), "100%\ndone");
        assert_eq!(clean_line("a\nb"), "a b");
    }

    proptest! {
        #[test]
        fn any_text_is_safe(text in "(\\PC|[\\x00-\\x1f\\x7f-\\u{9f}\\u{202a}-\\u{202e}\\u{2066}-\\u{2069}]|\\x1b[\\[\\]P()]){0,60}") {
            for shown in [clean(&text).into_owned(), clean_output(&text)] {
                prop_assert!(!shown.chars().any(|c| c != '\n' && is_unsafe(c)), "{text:?} gave {shown:?}");
                prop_assert_eq!(clean(&shown).into_owned(), shown.clone());
            }
        }
    }
}
