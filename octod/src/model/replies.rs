//! The model's words, in Markdown.

use super::{ask::Work, conversation::ToolResult};

pub(super) const GREETING: &str = "\
**Hello!** I am the scripted model: no key, no cloud, and always the same answers. Type one of these:

| you type | I do |
|---|---|
| `run: CMD` | run a shell command |
| `both: A ;; B` | run two commands at once |
| `loop N: CMD` | run a command N times, one after the other |
| `write FILE: TEXT` | write a file |
| `edit FILE: OLD => NEW` | change a file |
| `read FILE` | read a file |
| `tool NAME {json}` | call any tool you have |
| `think` | think before answering |
| `stream N every MS` | stream N words, MS milliseconds apart |
| `slow` | talk for half a minute, to try abort and steering |
| `big KIB` | answer with that many KiB |
| `unicode` | answer in many scripts |
| `usage N` | claim to have read N tokens |
| `cut` | stop at the token limit |
| `fail CODE xN` | fail N times with that HTTP status |
| `break`, `drop` | break off in the middle |

A good start: `run: ls -la`";

pub(super) const SUMMARY: &str = "<summary>Scripted summary so far.</summary>";
pub(super) const THOUGHT: &str = "Let me think. First the scripted idea, then the scripted check.";
pub(super) const UNICODE: &str = "Unicode: café e\u{301} | 日本語 中文 한국어 | עברית العربية \u{202b}RTL\u{202c} | \
    Ελληνικά Русский हिन्दी ไทย | 😀 👩\u{200d}👩\u{200d}👧\u{200d}👦 🏳\u{fe0f}\u{200d}🌈 🇪🇺 👍🏽 | 𝔘𝔫𝔦 𠜎 | \
    zero\u{200b}width \u{a0}nbsp | line\u{2028}sep para\u{2029}sep nel\u{85} | Z\u{351}a\u{334}l\u{337}g\u{336}o | \
    esc \u{1b}[31mred\u{1b}[0m bell \u{7} tab\t | quotes \"' \\ / </script> <!-- \u{feff} \u{fffd} end";

/// Lines and characters of a tool's output that are quoted.
const LINES: usize = 12;
const CHARACTERS: usize = 2000;

/// What is said where no rule fits.
pub(super) fn echo(text: &str) -> String {
    if text.is_empty() {
        return "You said nothing that I can read. Type `hello` to see what I can do.".to_owned();
    }
    let heard: String = text.chars().take(400).collect();
    format!("You said: {heard}\n\n*I only follow a script. Type `hello` to see what I can do.*")
}

/// What is said where the request offers no tool for it.
pub(super) fn no_tool(wanted: &str) -> String {
    format!("I cannot do that: you offer no tool {wanted}.")
}

/// What is said when the tools have answered.
pub(super) fn conclude(work: &Work<'_>, results: &[&ToolResult]) -> String {
    let Some(last) = results.last() else {
        return "Done, but no tool gave me a result.".to_owned();
    };
    match work {
        Work::Both(one, two) => {
            let told: Vec<String> =
                [one, two].iter().zip(results).map(|(command, result)| told(&code(command), result)).collect();
            format!("{} Both commands ended.\n\n{}", opening(results), told.join("\n\n"))
        }
        Work::Loop { rounds, command } => {
            let told = told(&code(command), last);
            format!("{} Round {} of {rounds} was the last.\n\n{told}", opening(&[last]), results.len())
        }
        Work::Run(command) => format!("{} {}", opening(&[last]), told(&code(command), last)),
        Work::Write { path, .. } => format!("{} Writing {}: {}", opening(&[last]), code(path), said(last)),
        Work::Edit { path, .. } => format!("{} Editing {}: {}", opening(&[last]), code(path), said(last)),
        Work::Read(path) => format!("{} {}", opening(&[last]), told(&code(path), last)),
        Work::Tool { name, .. } => format!("{} {}", opening(&[last]), told(&code(name), last)),
    }
}

fn opening(results: &[&ToolResult]) -> &'static str {
    if results.iter().any(|result| result.is_error) { "That went wrong." } else { "Done." }
}

/// A source and what it gave.
fn told(source: &str, result: &ToolResult) -> String {
    match result.text.trim() {
        "" => format!("{source} gave no output."),
        text => format!("{source} gave:\n\n{}", fenced(text)),
    }
}

/// A short answer in the line, a longer one below it.
fn said(result: &ToolResult) -> String {
    let text = result.text.trim();
    if text.is_empty() {
        "the tool said nothing.".to_owned()
    } else if text.lines().count() == 1 && text.chars().count() <= 120 {
        format!("the tool said *{}*", text.replace('*', "\\*"))
    } else {
        format!("the tool said\n\n{}", fenced(text))
    }
}

/// The first lines of a text in a code block that nothing in the text can end.
fn fenced(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut shown: String = lines.iter().take(LINES).copied().collect::<Vec<_>>().join("\n");
    if let Some((cut, _)) = shown.char_indices().nth(CHARACTERS) {
        shown.truncate(cut);
        shown.push('…');
    }
    let fence = "`".repeat(longest_run(&shown).max(2) + 1);
    let more = match lines.len().saturating_sub(LINES) {
        0 => String::new(),
        1 => "\n\n… and one more line.".to_owned(),
        more => format!("\n\n… and {more} more lines."),
    };
    format!("{fence}text\n{shown}\n{fence}{more}")
}

/// The start of a command or a name as inline code.
fn code(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let mut shown: String = line.chars().take(60).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    match longest_run(&shown) {
        0 => format!("`{shown}`"),
        run => {
            let ticks = "`".repeat(run + 1);
            format!("{ticks} {shown} {ticks}")
        }
    }
}

fn longest_run(text: &str) -> usize {
    text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(text: &str, is_error: bool) -> ToolResult {
        ToolResult { text: text.to_owned(), is_error }
    }

    #[test]
    fn a_result_is_quoted() {
        let run = Work::Run("ls");
        for (text, is_error, reply) in [
            ("a\nb\n", false, "Done. `ls` gave:\n\n```text\na\nb\n```"),
            ("", false, "Done. `ls` gave no output."),
            ("no such file", true, "That went wrong. `ls` gave:\n\n```text\nno such file\n```"),
            ("```x", false, "Done. `ls` gave:\n\n````text\n```x\n````"),
        ] {
            assert_eq!(conclude(&run, &[&result(text, is_error)]), reply);
        }
        let long = "x\n".repeat(14);
        assert!(conclude(&run, &[&result(&long, false)]).ends_with("```\n\n… and 2 more lines."));
        let wide = conclude(&run, &[&result(&"é".repeat(5000), false)]);
        assert_eq!(wide.matches('é').count(), CHARACTERS);
    }

    #[test]
    fn each_work_has_its_conclusion() {
        let (one, two) = (result("1", false), result("2", true));
        let both = conclude(&Work::Both("a", "b`c"), &[&one, &two]);
        assert_eq!(
            both,
            "That went wrong. Both commands ended.\n\n`a` gave:\n\n```text\n1\n```\n\n`` b`c `` gave:\n\n```text\n2\n```"
        );
        let write = Work::Write { path: "a.txt", content: "x" };
        assert_eq!(conclude(&write, &[&one]), "Done. Writing `a.txt`: the tool said *1*");
        let rounds = Work::Loop { rounds: 2, command: "a" };
        assert_eq!(
            conclude(&rounds, &[&one, &one]),
            "Done. Round 2 of 2 was the last.\n\n`a` gave:\n\n```text\n1\n```"
        );
        assert_eq!(conclude(&write, &[]), "Done, but no tool gave me a result.");
    }
}
