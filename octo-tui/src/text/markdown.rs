//! Markdown as lines of the screen.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use ratatui::{
    style::{Modifier, Style},
    text::{Line, Span},
};

use super::{
    anchor::{Laid, Links, wrap_linked},
    clean::{clean, clean_line},
    table::Table,
    wrap::{Break, Prefix, pieces},
};
use crate::theme::Theme;

/// Markdown that was rendered, and from where on it must be rendered again when more text is appended.
#[derive(Clone, Debug, Default)]
pub struct Rendered {
    /// The lines.
    pub lines: Vec<Laid>,
    /// Where the last block begins: in the text, in bytes, and in the lines. What stands before it is final.
    pub tail: (usize, usize),
}

/// Renders Markdown to lines of at most `columns`.
#[must_use]
pub fn render(text: &str, columns: usize, (theme, root): (&Theme, &str)) -> Rendered {
    render_clean(&clean(text), columns, (theme, root))
}

fn render_clean(text: &str, columns: usize, (theme, root): (&Theme, &str)) -> Rendered {
    let mut writer = Writer::new(columns, (theme, root));
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut depth = 0_usize;
    let mut tail = (0, 0);
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        let top = depth == 0;
        match event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        let begins = top && !matches!(event, Event::End(_));
        writer.on(event);
        if begins {
            let line_start = text[..range.start].rfind('\n').map_or(0, |at| at + 1);
            tail = (line_start, writer.block_start);
        }
    }
    writer.flush();
    Rendered { lines: writer.lines, tail }
}

/// Lines of a text that grows at its end: only its last block is rendered again.
#[derive(Clone, Debug, Default)]
pub struct Growing {
    columns: usize,
    /// The bytes and lines that are final.
    settled: (usize, Vec<Laid>),
}

impl Growing {
    /// The lines of the text, which must begin with what it was before.
    pub fn render(&mut self, text: &str, columns: usize, (theme, root): (&Theme, &str)) -> Vec<Laid> {
        let text = &*clean(text);
        if self.columns != columns || self.settled.0 > text.len() || !text.is_char_boundary(self.settled.0) {
            *self = Self { columns, ..Self::default() };
        }
        let rendered = render_clean(&text[self.settled.0..], columns, (theme, root));
        let (bytes, lines) = rendered.tail;
        let mut all = self.settled.1.clone();
        all.extend_from_slice(&rendered.lines);
        self.settled.1.extend_from_slice(&rendered.lines[..lines.min(rendered.lines.len())]);
        self.settled.0 += bytes;
        all
    }
}

/// Lines in which nothing is looked for.
fn wrapped(spans: &[Span<'_>], columns: usize, how: (&Prefix, Break)) -> impl Iterator<Item = Laid> {
    pieces(spans, columns, how).into_iter().map(|(line, _)| line.into())
}

/// A block that holds other blocks.
enum Container {
    Quote,
    List { next: Option<u64> },
    Item { bullet: String, shown: bool },
}

struct Writer<'a> {
    theme: &'a Theme,
    places: Links<'a>,
    columns: usize,
    lines: Vec<Laid>,
    /// Where the block under way begins in `lines`.
    block_start: usize,
    containers: Vec<Container>,
    styles: Vec<Style>,
    inline: Vec<Span<'static>>,
    /// Whether the next block is set apart by a blank line.
    gap: bool,
    code: Option<(String, String)>,
    table: Option<Table>,
    links: Vec<(String, usize)>,
}

impl<'a> Writer<'a> {
    fn new(columns: usize, (theme, root): (&'a Theme, &'a str)) -> Self {
        Self {
            theme,
            places: Links { root, style: theme.link },
            columns,
            lines: Vec::new(),
            block_start: 0,
            containers: Vec::new(),
            styles: vec![theme.text],
            inline: Vec::new(),
            gap: false,
            code: None,
            table: None,
            links: Vec::new(),
        }
    }

    fn on(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.text(&text),
            Event::Code(code) | Event::InlineMath(code) | Event::DisplayMath(code) => {
                self.push(&code, self.style().patch(self.theme.code));
            }
            Event::Html(html) | Event::InlineHtml(html) => self.text(&html),
            Event::FootnoteReference(name) => self.text(&format!("[{name}]")),
            Event::SoftBreak => self.push(" ", self.style()),
            Event::HardBreak => self.flush(),
            Event::Rule => {
                self.open_block();
                let lead = self.prefix();
                let room = self.columns.saturating_sub(lead.width());
                let rule = [Span::styled("─".repeat(room.min(40)), self.theme.dim)];
                self.lines.extend(wrapped(&rule, self.columns, (&lead, Break::Anywhere)));
                self.gap = true;
            }
            Event::TaskListMarker(done) => self.push(if done { "☑ " } else { "☐ " }, self.style()),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph | Tag::HtmlBlock => self.open_block(),
            Tag::Heading { level, .. } => {
                self.open_block();
                let style = if level == HeadingLevel::H1 {
                    self.theme.strong.add_modifier(Modifier::UNDERLINED)
                } else {
                    self.theme.strong
                };
                self.styles.push(self.style().patch(style));
            }
            Tag::BlockQuote(_) => {
                self.open_block();
                self.containers.push(Container::Quote);
            }
            Tag::CodeBlock(kind) => {
                self.open_block();
                let language = match kind {
                    CodeBlockKind::Fenced(language) => language.to_string(),
                    CodeBlockKind::Indented => String::new(),
                };
                self.code = Some((language, String::new()));
            }
            Tag::List(next) => {
                if self.inline.is_empty() && self.containers.is_empty() {
                    self.open_block();
                } else {
                    self.flush();
                    self.gap = false;
                }
                self.containers.push(Container::List { next });
            }
            Tag::Item => self.start_item(),
            Tag::Table(_) => {
                self.open_block();
                self.table = Some(Table::default());
            }
            Tag::TableHead | Tag::TableRow => self.table.iter_mut().for_each(Table::begin_row),
            Tag::Emphasis => self.styles.push(self.style().add_modifier(Modifier::ITALIC)),
            Tag::Strong => self.styles.push(self.style().add_modifier(Modifier::BOLD)),
            Tag::Strikethrough => self.styles.push(self.style().add_modifier(Modifier::CROSSED_OUT)),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.links.push((dest_url.to_string(), self.inline.len()));
                self.styles.push(self.style().patch(self.theme.link));
            }
            _ => {}
        }
    }

    fn start_item(&mut self) {
        self.flush();
        if self.gap {
            self.blank();
        }
        let bullet = match self.containers.last_mut() {
            Some(Container::List { next: Some(number) }) => {
                let bullet = format!("{number}. ");
                *number += 1;
                bullet
            }
            _ => "• ".to_owned(),
        };
        self.containers.push(Container::Item { bullet, shown: false });
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::HtmlBlock => {
                self.flush();
                self.gap = true;
            }
            TagEnd::Heading(_) => {
                self.flush();
                self.styles.pop();
                self.gap = true;
            }
            TagEnd::BlockQuote(_) => {
                self.flush();
                self.containers.pop();
                self.gap = true;
            }
            TagEnd::List(_) => {
                self.containers.pop();
                self.gap = self.containers.is_empty();
            }
            TagEnd::Item => {
                self.flush();
                // An item without content still shows its bullet.
                if matches!(self.containers.last(), Some(Container::Item { shown: false, .. })) {
                    let lead = self.prefix();
                    self.lines.extend(wrapped(&[], self.columns, (&lead, Break::Words)));
                }
                self.containers.pop();
            }
            TagEnd::CodeBlock => self.end_code(),
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.inline);
                self.table.iter_mut().for_each(|table| table.push(cell.clone()));
            }
            TagEnd::Table => {
                if let Some(table) = self.table.take() {
                    let lead = self.prefix();
                    let lines = table.render(self.columns, &lead, self.theme);
                    self.lines.extend(lines.iter().map(|line| Laid::find(line, &self.places)));
                }
                self.gap = true;
            }
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough => {
                self.styles.pop();
            }
            TagEnd::Link | TagEnd::Image => self.end_link(),
            _ => {}
        }
    }

    /// The address of a link is shown where its text does not say it.
    fn end_link(&mut self) {
        self.styles.pop();
        if let Some((address, from)) = self.links.pop() {
            let shown: String = self.inline.get(from..).unwrap_or(&[]).iter().map(|span| &*span.content).collect();
            if shown != clean_line(&address) && !address.starts_with('#') {
                self.push(&format!(" ({address})"), self.theme.dim);
            }
        }
    }

    fn end_code(&mut self) {
        let Some((language, code)) = self.code.take() else { return };
        let bar = || Span::styled("▏ ", self.theme.dim);
        let mut lead = self.prefix();
        lead.first.push(bar());
        lead.rest.push(bar());
        let code = clean(code.strip_suffix('\n').unwrap_or(&code)).into_owned();
        for line in code.split('\n') {
            let style = match line.as_bytes().first() {
                Some(b'+') if language == "diff" => self.theme.good,
                Some(b'-') if language == "diff" => self.theme.bad,
                _ => self.theme.text,
            };
            let spans = [Span::styled(line, style)];
            wrap_linked(&spans, self.columns, (&lead, Break::Anywhere), &self.places, &mut self.lines);
            lead.first.clone_from(&lead.rest);
        }
        self.gap = true;
    }

    fn style(&self) -> Style {
        self.styles.last().copied().unwrap_or_default()
    }

    fn text(&mut self, text: &str) {
        if let Some((_, code)) = &mut self.code {
            code.push_str(text);
            return;
        }
        for (index, line) in text.trim_end_matches('\n').split('\n').enumerate() {
            if index > 0 {
                self.flush();
            }
            self.push(line, self.style());
        }
        if text.ends_with('\n') {
            self.flush();
        }
    }

    /// Every text passes here, entities that were decoded to controls too.
    fn push(&mut self, text: &str, style: Style) {
        self.inline.push(Span::styled(clean_line(text), style));
    }

    /// Ends what was written, and sets the next block apart.
    fn open_block(&mut self) {
        self.flush();
        if self.gap {
            self.blank();
        }
        if self.containers.is_empty() {
            self.block_start = self.lines.len();
        }
    }

    fn blank(&mut self) {
        self.gap = false;
        let quotes = self.containers.iter().filter(|container| matches!(container, Container::Quote)).count();
        self.lines.push(Line::styled("▏ ".repeat(quotes).trim_end().to_owned(), self.theme.dim).into());
    }

    /// Breaks the inline text so far into lines.
    fn flush(&mut self) {
        if self.inline.is_empty() {
            return;
        }
        let inline = std::mem::take(&mut self.inline);
        let lead = self.prefix();
        wrap_linked(&inline, self.columns, (&lead, Break::Words), &self.places, &mut self.lines);
    }

    /// What the containers put before a line; the bullet of an item only once.
    fn prefix(&mut self) -> Prefix {
        let mut prefix = Prefix::default();
        for container in &mut self.containers {
            let (first, rest) = match container {
                Container::Quote => (Span::styled("▏ ", self.theme.dim), Span::styled("▏ ", self.theme.dim)),
                Container::List { .. } => continue,
                Container::Item { bullet, shown } => {
                    let blank = Span::raw(" ".repeat(super::wrap::width(bullet)));
                    let first = if *shown { blank.clone() } else { Span::styled(bullet.clone(), self.theme.dim) };
                    *shown = true;
                    (first, blank)
                }
            };
            prefix.first.push(first);
            prefix.rest.push(rest);
        }
        prefix
    }
}

#[cfg(test)]
mod tests;
