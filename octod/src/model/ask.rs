//! Reads what the person typed as one of the things the model knows.

use std::time::Duration;

use serde_json::Value;

/// More than this is not counted, streamed or repeated.
const MOST: u32 = 1_000_000;
/// An answer that is not streamed lies in memory.
const MOST_KIBIBYTES: u32 = 64 << 10;

/// What is asked for.
#[derive(Debug, PartialEq)]
pub(super) enum Ask<'a> {
    Work(Work<'a>),
    Show(Show),
    /// Nothing the model knows.
    Other,
}

/// What is done with the agent's tools.
#[derive(Debug, PartialEq)]
pub(super) enum Work<'a> {
    Run(&'a str),
    Both(&'a str, &'a str),
    Loop { rounds: u32, command: &'a str },
    Write { path: &'a str, content: &'a str },
    Edit { path: &'a str, old: &'a str, new: &'a str },
    Read(&'a str),
    Tool { name: &'a str, input: Value },
}

/// What is only said, well or badly.
#[derive(Debug, PartialEq)]
pub(super) enum Show {
    Hello,
    Stream { count: u32, every: Duration },
    Big { kibibytes: u32 },
    Slow,
    Fail { status: u16, times: Option<u32> },
    Break,
    Drop,
    Think,
    Usage(u64),
    Unicode,
    Cut,
    Summary,
}

impl<'a> Ask<'a> {
    /// Reads a typed text; what is nothing else is `Other`.
    pub(super) fn parse(text: &'a str) -> Self {
        let text = text.trim();
        if let Some(work) = Work::parse(text) {
            return Self::Work(work);
        }
        Show::parse(text).or_else(|| Show::guess(text)).map_or(Self::Other, Self::Show)
    }
}

impl<'a> Work<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (verb, rest) = text.split_once(' ')?;
        let rest = Some(rest.trim()).filter(|rest| !rest.is_empty())?;
        match verb {
            "run:" => Some(Self::Run(rest)),
            "both:" => rest.split_once(" ;; ").map(|(one, two)| Self::Both(one.trim(), two.trim())),
            "loop" => {
                let (rounds, command) = rest.split_once(": ")?;
                Some(Self::Loop { rounds: count(rounds)?, command: command.trim() })
            }
            "write" => named(rest).map(|(path, content)| Self::Write { path, content }),
            "edit" => {
                let (path, change) = named(rest)?;
                let (old, new) = change.split_once(" => ")?;
                Some(Self::Edit { path, old, new })
            }
            "read" => Some(rest).filter(|path| !path.contains(char::is_whitespace)).map(Self::Read),
            "tool" => {
                let (name, json) = rest.split_once(' ')?;
                let input: Value = serde_json::from_str(json).ok().filter(Value::is_object)?;
                Some(Self::Tool { name, input })
            }
            _ => None,
        }
    }
}

impl Show {
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let verb = words.next()?;
        let rest: Vec<&str> = words.collect();
        match (verb, rest.as_slice()) {
            ("stream", [number]) => Some(Self::Stream { count: count(number)?, every: Duration::ZERO }),
            ("stream", [number, "every", pause]) => {
                let every = Duration::from_millis(count(pause)?.into());
                Some(Self::Stream { count: count(number)?, every })
            }
            ("big", [number]) => {
                count(number).filter(|size| *size <= MOST_KIBIBYTES).map(|kibibytes| Self::Big { kibibytes })
            }
            ("usage", [number]) => Some(Self::Usage(number.parse().ok()?)),
            ("fail", [code]) => Some(Self::Fail { status: status(code)?, times: None }),
            ("fail", [code, times]) => {
                let times = Some(count(times.strip_prefix('x')?)?);
                Some(Self::Fail { status: status(code)?, times })
            }
            ("slow", _) => Some(Self::Slow),
            ("break", _) => Some(Self::Break),
            ("drop", _) => Some(Self::Drop),
            ("think", _) => Some(Self::Think),
            ("unicode", _) => Some(Self::Unicode),
            ("cut", _) => Some(Self::Cut),
            _ => None,
        }
    }

    /// A greeting or an agent's wish for a summary, in free words.
    fn guess(text: &str) -> Option<Self> {
        let lower = text.to_lowercase();
        let first = lower.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
        if matches!(first, "hello" | "hi" | "hey" | "help") || text == "?" {
            return Some(Self::Hello);
        }
        let kinds = ["detailed", "concise", "structured"];
        let summary = lower.contains("create a ") && lower.contains("summary");
        (summary && kinds.iter().any(|kind| lower.contains(kind))).then_some(Self::Summary)
    }
}

fn count(text: &str) -> Option<u32> {
    text.parse().ok().filter(|number| *number <= MOST)
}

fn status(text: &str) -> Option<u16> {
    text.parse().ok().filter(|status| (400..600).contains(status))
}

/// `PATH: TEXT`.
fn named(text: &str) -> Option<(&str, &str)> {
    let (path, rest) = text.split_once(": ")?;
    (!path.contains(char::is_whitespace)).then_some((path, rest))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_words_for_work() {
        for (text, ask) in [
            ("run: ls -l | wc", Ask::Work(Work::Run("ls -l | wc"))),
            (" run: echo 'a\nb' ", Ask::Work(Work::Run("echo 'a\nb'"))),
            ("run:", Ask::Other),
            ("run: ", Ask::Other),
            ("both: a ;; b", Ask::Work(Work::Both("a", "b"))),
            ("both: a", Ask::Other),
            ("loop 3: date", Ask::Work(Work::Loop { rounds: 3, command: "date" })),
            ("loop x: date", Ask::Other),
            ("write a.txt: x: y", Ask::Work(Work::Write { path: "a.txt", content: "x: y" })),
            ("write two words: x", Ask::Other),
            ("edit a.txt: x => y z", Ask::Work(Work::Edit { path: "a.txt", old: "x", new: "y z" })),
            ("read a.txt", Ask::Work(Work::Read("a.txt"))),
            ("read this carefully", Ask::Other),
            ("tool ls {\"path\": \".\"}", Ask::Work(Work::Tool { name: "ls", input: json!({"path": "."}) })),
            ("tool ls {broken", Ask::Other),
        ] {
            assert_eq!(Ask::parse(text), ask, "{text}");
        }
    }

    #[test]
    fn the_words_for_a_show() {
        let five = Duration::from_millis(5);
        for (text, ask) in [
            ("hello", Ask::Show(Show::Hello)),
            ("Hello, you!", Ask::Show(Show::Hello)),
            ("?", Ask::Show(Show::Hello)),
            ("stream 9", Ask::Show(Show::Stream { count: 9, every: Duration::ZERO })),
            ("stream 9 every 5", Ask::Show(Show::Stream { count: 9, every: five })),
            ("big 4", Ask::Show(Show::Big { kibibytes: 4 })),
            ("slow please", Ask::Show(Show::Slow)),
            ("fail 500", Ask::Show(Show::Fail { status: 500, times: None })),
            ("fail 429 x2", Ask::Show(Show::Fail { status: 429, times: Some(2) })),
            ("break", Ask::Show(Show::Break)),
            ("drop", Ask::Show(Show::Drop)),
            ("think", Ask::Show(Show::Think)),
            ("usage 190000", Ask::Show(Show::Usage(190_000))),
            ("unicode", Ask::Show(Show::Unicode)),
            ("cut", Ask::Show(Show::Cut)),
            ("Now create a very detailed and structured\nsummary of this.", Ask::Show(Show::Summary)),
            ("helloworld", Ask::Other),
            ("stream 99999999", Ask::Other),
            ("big 65537", Ask::Other),
            ("fail 200", Ask::Other),
            ("", Ask::Other),
            ("what is a monad", Ask::Other),
        ] {
            assert_eq!(Ask::parse(text), ask, "{text}");
        }
    }
}
