//! Unified diffs as files, hunks and lines: git's, and what agents write that looks like one.

use crate::text::clean::{clean, clean_line};

/// What a diff says of one file.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct FileDiff {
    /// Its name before; none where it was not there.
    pub(super) old: Option<String>,
    /// Its name now; none where it is gone.
    pub(super) new: Option<String>,
    /// What else is said of it, in words.
    pub(super) notes: Vec<String>,
    /// Where it differs.
    pub(super) hunks: Vec<Hunk>,
}

/// Some lines that differ, and those around them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Hunk {
    /// As it came, from its `@@` line on.
    pub(super) source: String,
    /// What stands behind the second `@@`.
    pub(super) heading: String,
    /// Whether it has all the lines that its head promises.
    pub(super) whole: bool,
    /// Its first line before.
    pub(super) old_start: u64,
    /// Its first line now.
    pub(super) new_start: u64,
    /// The lines.
    pub(super) lines: Vec<Line>,
}

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing.
    Context,
    /// It is new.
    Added,
    /// It is gone.
    Removed,
}

/// One line of a hunk.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    /// What became of it.
    pub(super) kind: Kind,
    /// Its number before.
    pub(super) old: Option<u64>,
    /// Its number now.
    pub(super) new: Option<u64>,
    /// As it is in the file, without its line feed.
    pub(super) source: String,
    /// As it may be shown.
    pub(super) shown: String,
    /// Whether the file ends behind it without an end of line.
    pub(super) open: bool,
}

/// The files of a diff. Text that is none is one file of lines that did not change.
pub(super) fn parse(text: &str) -> Vec<FileDiff> {
    let mut files: Vec<FileDiff> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some((hunk, length)) = Hunk::begin(rest) {
            if files.is_empty() {
                files.push(FileDiff::default());
            }
            files.last_mut().into_iter().for_each(|file| file.hunks.push(hunk.clone()));
            rest = &rest[length..];
        } else {
            let (line, next) = first_line(rest);
            head_line(line, next, &mut files);
            rest = next;
        }
    }
    if files.is_empty() && !text.trim().is_empty() {
        files.push(FileDiff { hunks: vec![Hunk::of_text(text)], ..FileDiff::default() });
    }
    files
}

/// A line with its end cut off, and what follows.
fn first_line(text: &str) -> (&str, &str) {
    text.split_once('\n').unwrap_or((text, ""))
}

/// A line between hunks.
fn head_line(line: &str, next: &str, files: &mut Vec<FileDiff>) {
    let line = line.strip_suffix('\r').unwrap_or(line);
    if let Some(names) = line.strip_prefix("diff --git ") {
        let name = both_names(names);
        files.push(FileDiff { old: name.clone(), new: name, ..FileDiff::default() });
        return;
    }
    if let Some(old) = line.strip_prefix("--- ") {
        // A line that was removed can look so too, where a hunk promises too little.
        if !next.starts_with("+++ ") {
            return;
        }
        if files.last().is_none_or(|file| !file.hunks.is_empty()) {
            files.push(FileDiff::default());
        }
        files.last_mut().into_iter().for_each(|file| file.old = name_of(old, "a/"));
        return;
    }
    let Some(file) = files.last_mut() else { return };
    let is_head = file.hunks.is_empty();
    if let Some(new) = line.strip_prefix("+++ ").filter(|_| is_head) {
        file.new = name_of(new, "b/");
    } else if is_head {
        extended(line, file);
    }
}

/// What git says of a file besides its names.
fn extended(line: &str, file: &mut FileDiff) {
    let behind = |prefix| line.strip_prefix(prefix).map(unquoted);
    if let Some(from) = behind("rename from ").or_else(|| behind("copy from ")) {
        let what = if line.starts_with("rename") { "renamed" } else { "copied" };
        file.notes.push(format!("{what} from {}", clean_line(&from)));
        file.old = Some(from);
    } else if let Some(to) = behind("rename to ").or_else(|| behind("copy to ")) {
        file.new = Some(to);
    } else if let Some(mode) = behind("new file mode ") {
        file.notes.push(special(&mode).map_or("new".to_owned(), |what| format!("new {what}")));
        file.old = None;
    } else if let Some(mode) = behind("deleted file mode ") {
        file.notes.push(special(&mode).map_or("deleted".to_owned(), |what| format!("deleted {what}")));
        file.new = None;
    } else if let Some(mode) = behind("old mode ") {
        file.notes.push(format!("mode {}", clean_line(&mode)));
    } else if let Some(mode) = behind("new mode ") {
        if let Some(note) = file.notes.iter_mut().find(|note| note.starts_with("mode ")) {
            note.push_str(&format!(" → {}", clean_line(&mode)));
        }
    } else if line.starts_with("Binary files ") || line.starts_with("GIT binary patch") {
        file.notes.push("binary".to_owned());
    }
}

/// What a mode says beyond a plain file.
fn special(mode: &str) -> Option<&'static str> {
    match mode {
        "120000" => Some("link"),
        "160000" => Some("submodule"),
        "100755" => Some("program"),
        _ => None,
    }
}

/// The name behind `---` or `+++`.
fn name_of(text: &str, prefix: &str) -> Option<String> {
    let name = unquoted(text.split('\t').next().unwrap_or(text));
    if name == "/dev/null" {
        return None;
    }
    Some(name.strip_prefix(prefix).map(ToOwned::to_owned).unwrap_or(name))
}

/// Of `a/NAME b/NAME` the name, where both are the same.
fn both_names(text: &str) -> Option<String> {
    if let Some(quoted) = text.strip_prefix('"') {
        let name = unquoted(&text[..quoted.find('"')? + 2]);
        return Some(name.strip_prefix("a/").map(ToOwned::to_owned).unwrap_or(name));
    }
    let name = text.strip_prefix("a/").unwrap_or(text);
    let found = name.match_indices(" b/").find(|(at, _)| name[..*at] == name[at + 3..]);
    found.map(|(at, _)| name[..at].to_owned())
}

/// A name as git writes it between quotes where it is not plain.
fn unquoted(text: &str) -> String {
    let Some(inner) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else { return text.to_owned() };
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        let (byte, taken) = match (first, after) {
            (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ..]) => {
                ((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'), 3)
            }
            (b'\\', [b't', ..]) => (b'\t', 1),
            (b'\\', [b'n', ..]) => (b'\n', 1),
            (b'\\', [other, ..]) => (*other, 1),
            _ => (*first, 0),
        };
        bytes.push(byte);
        rest = rest.get(taken..).unwrap_or_default();
    }
    octo_proto::files::name::escape(&bytes)
}

impl Hunk {
    /// The hunk that a text begins with, and how long it is there.
    fn begin(text: &str) -> Option<(Self, usize)> {
        let (head, mut rest) = first_line(text);
        let after = head.strip_prefix("@@")?;
        let (counts, heading) = match numbers(after) {
            Some((counts, heading)) => (Some(counts), heading),
            // Some agents write no numbers.
            None => (None, after.trim_start_matches([' ', '@'])),
        };
        let (old_start, old_count, new_start, new_count) = counts.unwrap_or((0, u64::MAX, 0, u64::MAX));
        let mut hunk = Self { heading: clean_line(heading.trim()), old_start, new_start, ..Self::default() };
        let mut count = Count { old: old_start, new: new_start, numbered: counts.is_some() };
        while !rest.is_empty() {
            let (line, next) = first_line(rest);
            if line.starts_with('\\') {
                hunk.lines.last_mut().into_iter().for_each(|line| line.open = true);
                rest = next;
                continue;
            }
            let full = count.old - old_start >= old_count && count.new - new_start >= new_count;
            let foreign =
                counts.is_none() && (line.starts_with("@@") || next.starts_with("+++ ") && line.starts_with("--- "));
            let Some((kind, source)) = body_line(line).filter(|_| !full && !foreign) else { break };
            hunk.lines.push(count.line(kind, source));
            rest = next;
        }
        hunk.show_ends();
        hunk.whole = counts.is_some() && (count.old - old_start, count.new - new_start) == (old_count, new_count);
        let length = text.len() - rest.len();
        hunk.source = text[..length].to_owned();
        Some((hunk, length))
    }

    /// Text that is no diff.
    fn of_text(text: &str) -> Self {
        let mut count = Count { old: 0, new: 0, numbered: false };
        let lines = text.lines().map(|line| count.line(Kind::Context, line)).collect();
        Self { source: text.to_owned(), lines, ..Self::default() }
    }

    /// Ends of lines are shown where they are not all alike.
    fn show_ends(&mut self) {
        let returns = self.lines.iter().filter(|line| line.source.ends_with('\r')).count();
        if returns < self.lines.len() {
            self.lines.iter_mut().filter(|line| line.source.ends_with('\r')).for_each(|line| line.shown.push('␍'));
        }
    }

    /// How many lines are new, and how many are gone.
    pub(super) fn counts(&self) -> (usize, usize) {
        let of = |kind| self.lines.iter().filter(|line| line.kind == kind).count();
        (of(Kind::Added), of(Kind::Removed))
    }
}

fn body_line(line: &str) -> Option<(Kind, &str)> {
    match line.as_bytes().first() {
        Some(b' ') => Some((Kind::Context, &line[1..])),
        Some(b'+') => Some((Kind::Added, &line[1..])),
        Some(b'-') => Some((Kind::Removed, &line[1..])),
        // Blanks at the end of an empty line are often lost.
        None | Some(b'\r') if line.len() < 2 => Some((Kind::Context, line)),
        _ => None,
    }
}

/// Numbers lines.
struct Count {
    old: u64,
    new: u64,
    numbered: bool,
}

impl Count {
    fn line(&mut self, kind: Kind, source: &str) -> Line {
        let number = |count: &mut u64, counts: bool| {
            *count += u64::from(counts);
            (counts && self.numbered).then(|| *count - 1)
        };
        let old = number(&mut self.old, kind != Kind::Added);
        let new = number(&mut self.new, kind != Kind::Removed);
        let shown = clean(source.strip_suffix('\r').unwrap_or(source)).into_owned();
        Line { kind, old, new, source: source.to_owned(), shown, open: false }
    }
}

/// Where and how many lines before, where and how many now.
type Ranges = (u64, u64, u64, u64);

/// Behind the first `@@`: the ranges, and what follows.
fn numbers(text: &str) -> Option<(Ranges, &str)> {
    let (ranges, heading) = text.strip_prefix(" -")?.split_once(" @@")?;
    let (old, new) = ranges.split_once(" +")?;
    let range = |text: &str| {
        let (start, count) = text.split_once(',').unwrap_or((text, "1"));
        // What is larger is no number of a line, and could not be counted on from.
        let number = |text: &str| text.parse::<u32>().ok().map(u64::from);
        Some((number(start)?, number(count)?))
    };
    let ((old_start, old_count), (new_start, new_count)) = (range(old)?, range(new)?);
    Some(((old_start, old_count, new_start, new_count), heading))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shape(text: &str) -> Vec<String> {
        let file = |file: &FileDiff| {
            let hunks: Vec<_> = file
                .hunks
                .iter()
                .map(|hunk| format!("{}{}", hunk.lines.len(), if hunk.whole { "" } else { "?" }))
                .collect();
            let name = |name: &Option<String>| name.clone().unwrap_or("-".to_owned());
            format!("{} > {} [{}] {}", name(&file.old), name(&file.new), file.notes.join(", "), hunks.join(" "))
        };
        parse(text).iter().map(file).collect()
    }

    #[test]
    fn every_kind_of_diff_is_read() {
        for (text, files) in [
            ("", vec![]),
            (
                "diff --git a/src/a b.rs b/src/a b.rs\nindex 1..2 100644\n--- a/src/a b.rs\t\n+++ b/src/a b.rs\t\n@@ -1,2 +1,2 @@ fn x\n a\n-b\n+c\n@@ -9 +9 @@\n-d\n\\ No newline at end of file\n+d\n",
                vec!["src/a b.rs > src/a b.rs [] 3 2"],
            ),
            ("diff --git a/x b/y\nsimilarity index 90%\nrename from x\nrename to y\n", vec!["x > y [renamed from x] "]),
            (
                "diff --git a/new b/new\nnew file mode 100755\n--- /dev/null\n+++ b/new\n@@ -0,0 +1 @@\n+a\n\
                 diff --git a/old b/old\ndeleted file mode 100644\n--- a/old\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n",
                vec!["- > new [new program] 1", "old > - [deleted] 1"],
            ),
            (
                "diff --git \"a/caf\\303\\251\" \"b/caf\\303\\251\"\nBinary files differ\n",
                vec!["café > café [binary] "],
            ),
            ("diff --git a/x b/x\nold mode 100644\nnew mode 100755\n", vec!["x > x [mode 100644 → 100755] "]),
            // As agents write them: absolute, without numbers, cut, promising too much, no diff at all.
            ("--- /srv/a.txt\n+++ /srv/a.txt\n@@ -1,1 +1,1 @@\n-a\n+b", vec!["/srv/a.txt > /srv/a.txt [] 2"]),
            ("@@\n-a\n+b\n@@ fn x\n-c\n", vec!["- > - [] 2? 1?"]),
            ("@@ -1,9 +1,9 @@\n a\n-b\n", vec!["- > - [] 2?"]),
            ("@@ -1 +1 @@\n-a\n+b\n+c\n", vec!["- > - [] 2"]),
            ("just\ntext", vec!["- > - [] 2?"]),
            ("--- a\n+++ b\n@@ -1,2 +1 @@\n--- x\n-y\n+++ z\n", vec!["a > b [] 3"]),
            (
                "--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n--- c\n+++ d\n@@ -1 +1 @@\n-x\n+y\n",
                vec!["a > b [] 2", "c > d [] 2"],
            ),
        ] {
            assert_eq!(shape(text), files, "{text:?}");
        }
    }

    #[test]
    fn quoted_names_are_read() {
        assert_eq!(unquoted("\"a/caf\\303\\251 \\\"x\\\"\\t\""), "a/café \"x\"\\x09");
        assert_eq!(unquoted("plain \"x\""), "plain \"x\"");
        assert_eq!(both_names("a/x b/x b/x b/x"), Some("x b/x".to_owned()));
        assert_eq!(both_names("a/x b/y"), None);
    }

    #[test]
    fn lines_are_numbered_and_clean() {
        let files = parse("@@ -3,2 +5,2 @@\n \tx\r\n-\u{1b}[31mred\n+b\n\\ No newline at end of file\n");
        let lines: Vec<_> =
            files[0].hunks[0].lines.iter().map(|line| (line.old, line.new, line.shown.as_str(), line.open)).collect();
        assert_eq!(
            lines,
            [(Some(3), Some(5), "    x␍", false), (Some(4), None, "red", false), (None, Some(6), "b", true)]
        );
        assert_eq!(files[0].hunks[0].lines[0].source, "\tx\r");
        assert_eq!(parse("@@ -1 +1 @@\n-a\r\n+b\r\n")[0].hunks[0].lines[0].shown, "a");
    }

    proptest! {
        #[test]
        fn any_text_is_read_and_its_numbers_add_up(
            pieces in prop::collection::vec(prop_oneof![
                "@@ -[0-9]{1,3}(,[0-9])? \\+[0-9]{1,3}(,[0-9])? @@( x)?\n",
                "@@[^\n]{0,12}\n",
                "[-+ \\\\][a-z日\u{301}\u{1b}\u{202e}]{0,4}\r?\n",
                "(diff --git|---|\\+\\+\\+|rename from|new mode|old mode) [^\n]{0,9}\n",
                "@@ -99999999999999999999 \\+4294967295,4294967295 @@\n",
                "\\PC{0,9}",
            ], 0..40)
        ) {
            let text = pieces.concat();
            for hunk in parse(&text).iter().flat_map(|file| &file.hunks) {
                prop_assert!(text.contains(&hunk.source));
                for numbers in [hunk.lines.iter().filter_map(|line| line.old).collect::<Vec<_>>(), hunk.lines.iter().filter_map(|line| line.new).collect()] {
                    prop_assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{numbers:?}");
                }
                if hunk.whole {
                    let again = parse(&hunk.source);
                    prop_assert_eq!(&again[0].hunks, &vec![hunk.clone()]);
                }
                prop_assert!(!hunk.lines.iter().any(|line| line.shown.chars().any(char::is_control)));
            }
        }
    }
}
