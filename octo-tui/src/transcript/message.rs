//! One message as lines.

use std::{collections::HashMap, rc::Rc};

use octo_proto::{
    Message, Part, PartKind, Role,
    id::PartId,
    message::{Source, StopReason},
};
use ratatui::{
    style::Style,
    text::{Line, Span},
};

use super::{Content, Folds, Item, Row, Strip};
use crate::{
    pane::Place,
    state::gallery::Stage,
    text::{
        anchor::{Anchor, Laid, Links, Target, wrap_linked},
        clean::{clean, clean_line},
        markdown::{Growing, render},
        mention::written,
        place::resolve,
        wrap::{Break, Prefix, truncate, width},
    },
    theme::Theme,
};

/// Columns left of everything.
pub(super) const MARGIN: usize = 2;

/// Draws items into rows.
pub(super) struct Painter<'a> {
    pub(super) columns: usize,
    pub(super) theme: &'a Theme,
    pub(super) folds: &'a Folds,
    pub(super) content: &'a Content<'a>,
    pub(super) growing: &'a mut HashMap<PartId, Growing>,
    pub(super) rows: Vec<Row>,
}

impl Painter<'_> {
    /// Draws one item and the blank line behind it.
    pub(super) fn item(&mut self, item: &Item<'_>) {
        match item {
            Item::Stored(message) => self.message(message, false),
            Item::Growing(message) => self.message(message, true),
            Item::Waiting { text, pictures, note, .. } => {
                if !text.is_empty() {
                    self.said(text, self.theme.dim);
                }
                (0..*pictures).for_each(|_| self.note("[image]"));
                self.line(vec![Span::raw("  "), Span::styled(format!("{note}…"), self.theme.dim)]);
            }
            Item::Fault(text) => self.fault(text),
        }
        if !self.rows.is_empty() {
            self.line(Vec::new());
        }
    }

    fn message(&mut self, message: &Message, growing: bool) {
        for part in &message.parts {
            if !self.rows.is_empty() && sets_apart(&part.kind) {
                self.line(Vec::new());
            }
            self.part(message, part, growing);
        }
        match message.stop_reason {
            Some(StopReason::Aborted) => self.note("stopped"),
            Some(StopReason::Length) => self.note("the model reached its length limit"),
            Some(StopReason::Error) if !has_error(message) => self.fault("the agent stopped with an error"),
            Some(StopReason::Error | StopReason::Stop | StopReason::ToolUse) | None => {}
        }
    }

    fn part(&mut self, message: &Message, part: &Part, growing: bool) {
        match &part.kind {
            PartKind::Text { text, .. } if message.role == Role::User => self.said(text, self.theme.text),
            PartKind::Text { text, format } if format.as_deref() == Some("plain") => self.plain(text, self.theme.text),
            PartKind::Text { text, .. } => self.markdown(part, text, growing),
            PartKind::Thinking { text } => self.thinking(part, text),
            PartKind::ToolCall { tool_call_id, name, input, status } => {
                self.tool_call(part, (tool_call_id, name, input), *status);
            }
            PartKind::ToolResult { tool_call_id, name, .. } => self.lone_result(part, tool_call_id, name.as_deref()),
            PartKind::Diff { path, unified, .. } => {
                if message.role != Role::Tool {
                    self.note(path);
                    self.diff(unified, Some(path));
                }
            }
            PartKind::Image { source, alt } => self.picture(source, alt.as_deref()),
            PartKind::Audio { source, alt } => self.medium("audio", source, alt.as_deref()),
            PartKind::Video { source, alt } => self.medium("video", source, alt.as_deref()),
            PartKind::FileRef { uri, label, range, .. } => self.file_ref(uri, label.as_deref(), *range),
            PartKind::Attachment { source, filename, .. } => self.medium("attachment", source, filename.as_deref()),
            PartKind::Error { message } => self.fault(message),
            PartKind::Compaction { summary, tokens_before } => {
                let before = tokens_before.map(|tokens| format!(" at {tokens} tokens")).unwrap_or_default();
                self.note(&format!("── context compacted{before} ──"));
                if self.folds.is_open(&part.id, self.folds.thinking) {
                    self.plain(summary.as_deref().unwrap_or_default(), self.theme.dim);
                }
                self.mark_last(part);
            }
            PartKind::Other(payload) => {
                let kind = payload.get("type").and_then(|kind| kind.as_str()).unwrap_or("unknown");
                self.note(&format!("[{kind}]"));
            }
        }
        if let Some(bytes) = part.elided_bytes.filter(|_| !matches!(part.kind, PartKind::ToolResult { .. })) {
            self.note(&format!("… {bytes} more bytes are stored"));
        }
    }

    /// What a person said: a bar beside it.
    fn said(&mut self, text: &str, style: Style) {
        let bar = Span::styled("▌ ", self.theme.accent);
        let lead = Prefix { first: vec![bar.clone()], rest: vec![bar] };
        for line in clean(text).split('\n') {
            self.wrapped(&[Span::styled(line.to_owned(), style)], &lead, Break::Words);
        }
    }

    fn markdown(&mut self, part: &Part, text: &str, growing: bool) {
        let columns = self.columns.saturating_sub(MARGIN).max(1);
        let look = (self.theme, self.content.root);
        let lines = if growing {
            self.growing.entry(part.id.clone()).or_default().render(text, columns, look)
        } else {
            render(text, columns, look).lines
        };
        for Laid { line, mut anchors } in lines {
            let mut spans = vec![Span::raw(" ".repeat(MARGIN))];
            spans.extend(line.spans.into_iter().map(|span| span.patch_style(line.style)));
            for anchor in &mut anchors {
                anchor.columns = anchor.columns.start + MARGIN..anchor.columns.end + MARGIN;
            }
            self.rows.push(Laid { line: Line::from(spans), anchors }.into());
        }
    }

    fn thinking(&mut self, part: &Part, text: &str) {
        let text = clean(text.trim());
        if text.is_empty() {
            return;
        }
        let open = self.folds.is_open(&part.id, self.folds.thinking);
        let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        let room = self.columns.saturating_sub(MARGIN + 14);
        let summary = if open { String::new() } else { truncate(first.trim_matches(['*', ' ']), room) };
        let mark = if open { "▾" } else { "▸" };
        self.line(vec![Span::raw("  "), Span::styled(format!("{mark} thinking  {summary}"), self.theme.dim)]);
        self.mark_last(part);
        if open {
            let lead = Prefix::indent(MARGIN + 2);
            for line in text.split('\n') {
                self.wrapped(&[Span::styled(line.to_owned(), self.theme.dim)], &lead, Break::Words);
            }
        }
    }

    fn medium(&mut self, kind: &str, source: &Source, name: Option<&str>) {
        let place = match source {
            Source::Url { url } => url.as_str(),
            Source::Attachment { mime_type, .. } | Source::Base64 { mime_type, .. } => mime_type,
        };
        self.note(&format!("[{kind}: {}]", name.unwrap_or(place)));
    }

    fn file_ref(&mut self, uri: &str, label: Option<&str>, range: Option<[u64; 2]>) {
        let lines = match range {
            Some([from, to]) if from == to => format!(":{from}"),
            Some([from, to]) => format!(":{from}-{to}"),
            None => String::new(),
        };
        let text = match label {
            Some(label) => clean_line(label),
            None => clean_line(&format!("{}{lines}", written(uri))),
        };
        let text = truncate(&text, self.columns.saturating_sub(MARGIN));
        let place = Place {
            path: resolve(uri, self.content.root),
            line: range.map(|[from, _]| from),
            to: range.map(|[_, to]| to),
        };
        let style = self.theme.dim.patch(self.theme.link);
        let anchor = Anchor { columns: MARGIN..MARGIN + width(&text), target: Target::Place(place) };
        self.line(vec![Span::raw(" ".repeat(MARGIN)), Span::styled(text, style)]);
        self.anchor_last(anchor);
    }

    /// The last line opens this too.
    pub(super) fn anchor_last(&mut self, anchor: Anchor) {
        if let Some(row) = self.rows.last_mut() {
            row.anchors.push(anchor);
        }
    }

    /// A picture: its name, and itself where it is here.
    pub(super) fn picture(&mut self, source: &Source, alt: Option<&str>) {
        let note = match self.content.gallery.stage(source) {
            Some(Stage::Fetching(_) | Stage::Here | Stage::Drawing) => "  …".to_owned(),
            Some(Stage::Failed(why)) => format!("  {why}"),
            Some(Stage::Ready(_)) | None => String::new(),
        };
        self.medium("image", source, alt);
        let rows = self.content.gallery.drawing(source).map_or(0, |drawing| drawing.size.1);
        let source = Rc::new(source.clone());
        if let Some(row) = self.rows.last_mut() {
            row.line.push_span(Span::styled(clean_line(&note), self.theme.dim));
            row.picture = Some(Strip { source: Rc::clone(&source), row: None });
        }
        for at in 0..rows {
            self.line(Vec::new());
            if let Some(row) = self.rows.last_mut() {
                row.picture = Some(Strip { source: Rc::clone(&source), row: Some(at) });
            }
        }
    }

    /// A short remark that is nobody's words.
    pub(super) fn note(&mut self, text: &str) {
        self.plain(&clean_line(text), self.theme.dim);
    }

    pub(super) fn fault(&mut self, text: &str) {
        let lead = Prefix {
            first: vec![Span::raw("  "), Span::styled("✗ ", self.theme.bad)],
            rest: vec![Span::raw("    ")],
        };
        for (index, line) in clean(text.trim_end()).split('\n').enumerate() {
            let lead = if index == 0 { lead.clone() } else { Prefix { first: lead.rest.clone(), ..lead.clone() } };
            self.wrapped(&[Span::styled(line.to_owned(), self.theme.bad)], &lead, Break::Words);
        }
    }

    pub(super) fn plain(&mut self, text: &str, style: Style) {
        for line in clean(text).split('\n') {
            self.wrapped(&[Span::styled(line.to_owned(), style)], &Prefix::indent(MARGIN), Break::Words);
        }
    }

    pub(super) fn wrapped(&mut self, spans: &[Span<'_>], lead: &Prefix, at: Break) {
        let mut lines = Vec::new();
        let links = Links { root: self.content.root, style: self.theme.link };
        wrap_linked(spans, self.columns, (lead, at), &links, &mut lines);
        self.rows.extend(lines.into_iter().map(Row::from));
    }

    pub(super) fn line(&mut self, spans: Vec<Span<'static>>) {
        self.rows.push(Laid::from(Line::from(spans)).into());
    }

    /// A click on the last line folds this part.
    pub(super) fn mark_last(&mut self, part: &Part) {
        if let Some(row) = self.rows.last_mut() {
            row.folds = Some(part.id.clone());
        }
    }
}

/// Texts stand apart; tool calls and thinking stand close.
fn sets_apart(kind: &PartKind) -> bool {
    !matches!(kind, PartKind::ToolResult { .. } | PartKind::Image { .. } | PartKind::FileRef { .. })
}

fn has_error(message: &Message) -> bool {
    message.parts.iter().any(|part| matches!(part.kind, PartKind::Error { .. }))
}
