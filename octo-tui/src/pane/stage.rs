//! A pane without an app: what happens goes in, wishes and the screen come out.

use crossterm::event::{KeyModifiers, MouseButton};
use octo_proto::{
    Error,
    files::{FilesCommand, FilesEvent},
    id::RequestId,
};
use ratatui::{buffer::Buffer, layout::Rect, style::Style};
use serde::Serialize;

use super::{Answer, Env, Look, MouseKind, Pane, PaneAction, PaneInput, PaneMouse, Wish};
use crate::theme::{Theme, ThemeName};

pub(super) struct PaneStage<P> {
    pub(super) pane: P,
    pub(super) size: (u16, u16),
    pub(super) now: i64,
    pub(super) theme: Theme,
    /// What was asked of files and not looked at yet.
    pub(super) asked: Vec<FilesCommand>,
    /// What else was wished.
    pub(super) wishes: Vec<Wish>,
}

impl<P: Pane> PaneStage<P> {
    /// A pane of this size that was just connected.
    pub(super) fn new(pane: P, size: (u16, u16)) -> Self {
        let theme = Theme::named(ThemeName::Ansi);
        let mut stage = Self { pane, size, now: 1_800_000_000_000, theme, asked: Vec::new(), wishes: Vec::new() };
        stage.input(PaneInput::Connected);
        stage
    }

    pub(super) fn input(&mut self, input: PaneInput<'_>) {
        let mut env = Env { now: self.now, root: "/home/ann/work", wishes: Vec::new() };
        self.pane.on(input, &mut env);
        self.pane.arrange(self.size, &self.theme, &mut env);
        for wish in env.wishes {
            match wish {
                Wish::Files(command, _) => self.asked.push(command),
                other => self.wishes.push(other),
            }
        }
    }

    pub(super) fn act(&mut self, action: PaneAction) {
        self.input(PaneInput::Act(action));
    }

    pub(super) fn write(&mut self, text: &str) {
        text.chars().for_each(|c| self.input(PaneInput::Typed(c)));
    }

    pub(super) fn mouse(&mut self, kind: MouseKind, (column, row): (u16, u16)) {
        self.input(PaneInput::Mouse(PaneMouse { kind, column, row, modifiers: KeyModifiers::NONE }));
    }

    pub(super) fn click(&mut self, row: u16) {
        self.mouse(MouseKind::Down(MouseButton::Left), (5, row));
        self.mouse(MouseKind::Up(MouseButton::Left), (5, row));
    }

    /// What was asked and is not answered yet.
    pub(super) fn take_asked(&mut self) -> Vec<FilesCommand> {
        std::mem::take(&mut self.asked)
    }

    /// Answers the first request that this takes.
    pub(super) fn answer(&mut self, is_it: impl Fn(&FilesCommand) -> bool, result: Result<Answer, Error>) {
        let at = self.asked.iter().position(is_it).unwrap_or_else(|| panic!("it was not asked: {:?}", self.asked));
        let command = self.asked.remove(at);
        self.input(PaneInput::Files(&command, result));
    }

    pub(super) fn changed(&mut self, paths: &[&str]) {
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        self.input(PaneInput::FilesEvent(&FilesEvent::Changed {
            request_id: RequestId("01".to_owned()),
            paths,
            rescan: false,
        }));
    }

    pub(super) fn pass(&mut self, ms: i64) {
        self.now += ms;
        self.input(PaneInput::Tick);
    }

    fn drawn(&self) -> Buffer {
        let area = Rect::new(0, 0, self.size.0, self.size.1);
        let mut buffer = Buffer::empty(area);
        let look = Look { theme: &self.theme, focused: true, now: self.now };
        self.pane.draw(area, &mut buffer, &look);
        buffer
    }

    /// The title and what is seen, without what surrounds it.
    pub(super) fn screen(&self) -> String {
        let buffer = self.drawn();
        let rows = (0..self.size.1).map(|y| text_of(&buffer, y));
        let text: Vec<String> = std::iter::once(format!("[{}]", self.pane.title())).chain(rows).collect();
        text.join("\n").trim_end().to_owned()
    }

    /// The same, and how each row is styled.
    pub(super) fn styled(&self) -> String {
        let buffer = self.drawn();
        let styles = (0..self.size.1).filter_map(|y| styles_of(&buffer, y).map(|runs| format!("{y:>3}: {runs}")));
        format!("{}\n--\n{}", self.screen(), styles.collect::<Vec<_>>().join("\n"))
    }
}

/// An answer with this body.
pub(super) fn body(body: &impl Serialize) -> Result<Answer, Error> {
    Ok(Answer { body: serde_json::to_string(body).unwrap(), bytes: bytes::Bytes::new() })
}

/// A wide character's second cell is left out, as a terminal leaves it out.
pub(super) fn text_of(buffer: &Buffer, y: u16) -> String {
    let mut out = String::new();
    let mut x = 0;
    while x < buffer.area.width {
        let symbol = buffer[(x, y)].symbol();
        out.push_str(symbol);
        x += u16::try_from(crate::text::wrap::width(symbol).max(1)).unwrap();
    }
    out.trim_end().to_owned()
}

/// The runs of style in a row, where it has any.
pub(super) fn styles_of(buffer: &Buffer, y: u16) -> Option<String> {
    let mut styles: Vec<(u16, Style)> = Vec::new();
    while let Some(x) = u16::try_from(styles.len()).ok().filter(|x| *x < buffer.area.width) {
        // A wide character's second cell looks as its first.
        let cell = &buffer[(x, y)];
        let wide = u16::try_from(crate::text::wrap::width(cell.symbol()).max(1)).unwrap();
        styles.extend((x..x + wide).map(|x| (x, cell.style())));
    }
    let plain = Buffer::empty(buffer.area)[(0, 0)].style();
    let runs: Vec<String> = styles
        .chunk_by(|a, b| a.1 == b.1)
        .filter(|run| run[0].1 != plain)
        .map(|run| format!("{}-{} {}", run[0].0, run[run.len() - 1].0, words(run[0].1)))
        .collect();
    (!runs.is_empty()).then(|| runs.join(", "))
}

fn words(style: Style) -> String {
    let colour = |name: &str, colour: Option<ratatui::style::Color>| {
        colour.filter(|colour| *colour != ratatui::style::Color::Reset).map(|colour| format!("{name}{colour}"))
    };
    let modifiers: Vec<String> = style.add_modifier.iter_names().map(|(name, _)| name.to_lowercase()).collect();
    colour("", style.fg).into_iter().chain(colour("on ", style.bg)).chain(modifiers).collect::<Vec<_>>().join(" ")
}
