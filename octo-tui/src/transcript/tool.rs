//! A tool call with what it gave, as lines.

use octo_proto::{Part, id::ToolCallId, message::ToolStatus};
use ratatui::text::Span;
use serde_json::Value;

use super::message::{MARGIN, Painter};
use crate::{
    pane::Place,
    text::{
        anchor::{Anchor, Target},
        clean::{clean_line, clean_output},
        place::resolve,
        wrap::{Break, Prefix, spans_width, truncate, width},
    },
};

/// Lines of output that are shown folded: some of the beginning and some of the end.
const FOLDED: (usize, usize) = (2, 3);

/// Arguments that say best what a call is about, the best first; whatever the tool, its first text is next.
const TELLING: &[&str] = &["command", "cmd", "path", "file_path", "pattern", "query", "url", "description"];

impl Painter<'_> {
    pub(super) fn tool_call(&mut self, part: &Part, call: (&ToolCallId, &str, &Value), status: ToolStatus) {
        let (id, name, input) = call;
        let outcome = self.content.outcome(id).copied();
        let running = outcome.is_some_and(|outcome| outcome.running);
        let failed = outcome.map_or(status == ToolStatus::Error, |outcome| outcome.is_error);
        let (mark, style) = match status {
            _ if running => ("◐", self.theme.warn),
            _ if failed => ("✗", self.theme.bad),
            ToolStatus::Success => ("●", self.theme.good),
            ToolStatus::Error => ("✗", self.theme.bad),
            _ if outcome.is_some() => ("●", self.theme.good),
            ToolStatus::Running => ("◐", self.theme.warn),
            ToolStatus::Pending => ("○", self.theme.dim),
        };
        let time = outcome.and_then(|outcome| outcome.duration_ms).filter(|ms| *ms >= 1000).map(duration);
        let name = clean_line(name);
        let taken = MARGIN + 2 + width(&name) + 2 + time.as_ref().map_or(0, |time| time.len() + 2);
        let about = truncate(&summary(input), self.columns.saturating_sub(taken));
        let changed = outcome.is_some_and(|outcome| outcome.diff.is_some_and(|diff| !diff.is_empty()));
        let place = self.place_of(input);
        let target = match place {
            Some(place) if changed => Some(Target::Diff(id.clone(), place)),
            place => place.map(Target::Place),
        };
        let start = MARGIN + 2 + width(&name) + 2;
        let columns = start..start + width(&about);
        let looks = if target.is_some() { self.theme.text.patch(self.theme.link) } else { self.theme.text };
        let mut spans = vec![
            Span::raw("  "),
            Span::styled(format!("{mark} "), style),
            Span::styled(name, self.theme.strong),
            Span::raw("  "),
            Span::styled(about, looks),
        ];
        spans.extend(time.map(|time| Span::styled(format!("  {time}"), self.theme.dim)));
        self.line(spans);
        self.mark_last(part);
        if let Some(target) = target {
            self.anchor_last(Anchor { columns, target });
        }
        let open = self.folds.is_open(&part.id, self.folds.tools);
        if open && let Value::Object(fields) = input {
            let whole = fields.values().any(|value| value.as_str().is_some_and(|text| text.contains('\n')));
            if whole || fields.len() > 1 {
                self.arguments(fields);
            }
        }
        if let Some(outcome) = outcome {
            match outcome.diff.filter(|diff| !diff.is_empty()) {
                Some(diff) => self.diff(diff, path_of(input)),
                None => self.output(part, outcome.output, open),
            }
            self.content.pictures(id).iter().for_each(|source| self.picture(source, None));
            if outcome.elided > 0 {
                self.bar_line(&format!("… {} more bytes are stored", outcome.elided));
            }
        }
    }

    /// A result whose call is not among the messages that are here.
    pub(super) fn lone_result(&mut self, part: &Part, id: &ToolCallId, name: Option<&str>) {
        let Some(outcome) = self.content.outcome(id).copied() else { return };
        let (mark, style) = if outcome.is_error { ("✗", self.theme.bad) } else { ("●", self.theme.good) };
        let name = clean_line(name.unwrap_or("tool"));
        self.line(vec![
            Span::raw("  "),
            Span::styled(format!("{mark} "), style),
            Span::styled(name, self.theme.strong),
        ]);
        self.mark_last(part);
        let open = self.folds.is_open(&part.id, self.folds.tools);
        self.output(part, outcome.output, open);
    }

    fn arguments(&mut self, fields: &serde_json::Map<String, Value>) {
        for (name, value) in fields {
            let value = match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let text = clean_output(&format!("{name}: {value}"));
            for line in text.split('\n') {
                self.bar_line(line);
            }
        }
    }

    fn output(&mut self, part: &Part, output: &str, open: bool) {
        let output = clean_output(output.trim_end());
        if output.is_empty() {
            return;
        }
        let lines: Vec<&str> = output.split('\n').collect();
        let (head, tail) = FOLDED;
        if open || lines.len() <= head + tail + 1 {
            lines.iter().for_each(|line| self.output_line(line, open));
            return;
        }
        lines[..head].iter().for_each(|line| self.output_line(line, false));
        self.bar_line(&format!("… {} more lines", lines.len() - head - tail));
        self.mark_last(part);
        lines[lines.len() - tail..].iter().for_each(|line| self.output_line(line, false));
    }

    fn output_line(&mut self, line: &str, open: bool) {
        if open {
            self.bar_line(line);
        } else {
            self.bar_line(&truncate(line, self.columns.saturating_sub(MARGIN + 4)));
        }
    }

    /// A change. The head of a hunk opens the file where the hunk is.
    pub(super) fn diff(&mut self, unified: &str, path: Option<&str>) {
        let mut path = path.map(str::to_owned);
        for line in clean_output(unified.trim_end()).split('\n') {
            let style = match line.as_bytes().first() {
                Some(b'+') => self.theme.good,
                Some(b'-') => self.theme.bad,
                _ => self.theme.dim,
            };
            if let Some(name) = line.strip_prefix("+++ ").filter(|name| *name != "/dev/null") {
                path = path.or_else(|| Some(name.strip_prefix("b/").unwrap_or(name).to_owned()));
            }
            let lead = self.bar();
            let first = self.rows.len();
            self.wrapped(&[Span::styled(line.to_owned(), style)], &lead, Break::Anywhere);
            if let (Some(line), Some(path), Some(row)) = (hunk_start(line), &path, self.rows.get_mut(first)) {
                let place = Place { path: resolve(path, self.content.root), line: Some(line), to: None };
                let columns = lead.width()..spans_width(&row.line.spans);
                row.line.spans.iter_mut().skip(lead.first.len()).for_each(|span| {
                    span.style = span.style.patch(self.theme.link);
                });
                row.anchors = vec![Anchor { columns, target: Target::Place(place) }];
            }
        }
    }

    /// The place that the arguments of a call are about.
    fn place_of(&self, input: &Value) -> Option<Place> {
        let line = input.get("offset").and_then(Value::as_u64).filter(|line| *line > 0);
        let path = resolve(path_of(input)?, self.content.root);
        Some(Place { path, line, to: None })
    }

    fn bar_line(&mut self, text: &str) {
        let lead = self.bar();
        self.wrapped(&[Span::styled(text.to_owned(), self.theme.dim)], &lead, Break::Anywhere);
    }

    fn bar(&self) -> Prefix {
        let bar = vec![Span::raw("  "), Span::styled("│ ", self.theme.dim)];
        Prefix { first: bar.clone(), rest: bar }
    }
}

/// A call in a few words.
fn summary(input: &Value) -> String {
    let Value::Object(fields) = input else { return String::new() };
    let telling = TELLING.iter().find_map(|name| fields.get(*name)?.as_str());
    let text = telling.or_else(|| fields.values().find_map(Value::as_str));
    match text {
        Some(text) => clean_line(text.trim()),
        None if fields.is_empty() => String::new(),
        None => clean_line(&input.to_string()),
    }
}

/// The file that a call is about, where nothing tells more.
fn path_of(input: &Value) -> Option<&str> {
    let Value::Object(fields) = input else { return None };
    let telling = TELLING.iter().find(|name| fields.get(**name).is_some_and(Value::is_string))?;
    let path = fields.get(*telling).and_then(Value::as_str)?.trim();
    (matches!(*telling, "path" | "file_path") && !path.is_empty()).then_some(path)
}

/// The first line that a hunk's head names on the new side.
fn hunk_start(line: &str) -> Option<u64> {
    let new = line.strip_prefix("@@ -")?.split_once(" +")?.1;
    let digits = new.find(|c: char| !c.is_ascii_digit()).unwrap_or(new.len());
    new[..digits].parse::<u64>().ok().map(|line| line.max(1))
}

fn duration(ms: u64) -> String {
    if ms < 60_000 {
        format!("{}.{} s", ms / 1000, ms % 1000 / 100)
    } else {
        format!("{} min {} s", ms / 60_000, ms / 1000 % 60)
    }
}
