//! A terminal: the screen of a program that runs at the runner, drawn here by an emulator of the same kind, and the keys for
//! it.

mod input;
mod keys;
mod link;
mod links;
mod mouse;
mod notices;
mod paint;
mod past;
mod select;

use octo_proto::{
    emulator::Emulator,
    id::TerminalId,
    terminal::{TerminalCommand, TerminalState},
};
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    text::Line,
};

use self::past::Past;
use super::{Env, Kept, Linked, Look, Pane, PaneInput};
use crate::{
    keymap::Context,
    text::{anchor::Anchor, clean::clean_line, wrap::truncate},
    theme::Theme,
};

/// Lines of history that are kept here; the runner has the rest.
const SCROLLBACK: usize = 2_000;

/// How far the program has come.
#[derive(Debug, PartialEq, Eq)]
enum Stage {
    /// It is asked for.
    Opening,
    /// It runs, or did when it was looked at last.
    Running,
    /// It ended.
    Ended(TerminalState),
    /// It is not to be had.
    Failed(String),
}

/// One terminal.
pub struct TerminalPane {
    id: Option<TerminalId>,
    /// What is to be started, while it was not.
    command: Vec<String>,
    /// Whether that is asked for and not answered: the request outlives connections, a second one would start a second.
    asked: bool,
    stage: Stage,
    /// The folder that it was started in.
    folder: String,
    /// The links of what is drawn.
    linked: Vec<Linked>,
    emulator: Box<Emulator>,
    /// What is drawn: it stays while the program holds back what it draws.
    sheet: Buffer,
    /// How much of the sheet the terminal takes.
    taken: (u16, u16),
    /// The line and the column of the terminal that the sheet begins with.
    corner: (i32, usize),
    fresh: bool,
    /// Bytes of a redraw that are still to come.
    redraw: u64,
    /// Where the output goes on; none before there was any.
    offset: Option<u64>,
    /// What this client is called, and who writes.
    client: Option<String>,
    writer: Option<String>,
    /// What is looked at instead of the present.
    past: Option<Past>,
    /// Text is being selected, so that nothing may move.
    held: bool,
    /// Bytes that nobody has.
    missing: u64,
    size: (u16, u16),
    told_size: Option<(u16, u16)>,
    /// What was typed before the program was there.
    ahead: Vec<u8>,
    connected: bool,
    focused: bool,
}

impl std::fmt::Debug for TerminalPane {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("TerminalPane").field("id", &self.id).field("stage", &self.stage).finish_non_exhaustive()
    }
}

impl TerminalPane {
    /// A new terminal that runs a command; the person's shell where there is none.
    #[must_use]
    pub fn open(command: Vec<String>) -> Self {
        Self {
            id: None,
            command,
            asked: false,
            stage: Stage::Opening,
            folder: String::new(),
            linked: Vec::new(),
            emulator: Box::new(Emulator::new(80, 24, SCROLLBACK)),
            sheet: Buffer::default(),
            taken: (0, 0),
            corner: (0, 0),
            fresh: true,
            redraw: 0,
            offset: None,
            client: None,
            writer: None,
            past: None,
            held: false,
            missing: 0,
            size: (80, 24),
            told_size: None,
            ahead: Vec::new(),
            connected: false,
            focused: false,
        }
    }

    /// A terminal that is there.
    #[must_use]
    pub fn attach(id: TerminalId) -> Self {
        Self { id: Some(id), stage: Stage::Running, ..Self::open(Vec::new()) }
    }

    /// What is drawn, and the line and the column of it that the window begins with.
    fn seen(&self) -> (&Emulator, (i32, usize)) {
        self.past.as_ref().map_or((&*self.emulator, self.corner), Past::window)
    }

    /// The part of the terminal that is shown where it does not fit: around the cursor.
    fn corner(&self) -> (i32, usize) {
        let (columns, rows) = self.emulator.size();
        let (row, column) = self.emulator.cursor().unwrap_or((0, 0));
        let (width, height) = (usize::from(self.size.0), usize::from(self.size.1));
        let top = if rows > height { (row + 1).saturating_sub(height) } else { 0 };
        let left = if columns > width { (column + 1).saturating_sub(width) } else { 0 };
        (i32::try_from(top).unwrap_or(0), left)
    }
}

impl Pane for TerminalPane {
    fn title(&self) -> String {
        let title = clean_line(self.emulator.title());
        let mut text = match (title.is_empty(), self.command.first()) {
            (false, _) => title,
            (true, Some(program)) => clean_line(program.rsplit('/').next().unwrap_or(program)),
            (true, None) => "terminal".to_owned(),
        };
        if let Some(past) = self.past.as_ref().filter(|past| past.is_scrolled()) {
            text.push_str(&format!("  [{} above]", past.scrolled()));
        }
        if self.missing > 0 {
            text.push_str(&format!("  [{} bytes could not be recorded]", self.missing));
        }
        match &self.stage {
            Stage::Opening => text.push_str("  opening…"),
            Stage::Running if !self.connected => text.push_str("  not connected"),
            Stage::Running if !self.writes() => text.push_str("  another client writes"),
            Stage::Running | Stage::Ended(_) | Stage::Failed(_) => {}
        }
        text
    }

    fn context(&self) -> Context {
        Context::Terminal
    }

    fn on(&mut self, input: PaneInput<'_>, env: &mut Env<'_>) {
        match input {
            PaneInput::Connected => self.begin(env),
            PaneInput::Terminal(command, result) => self.on_answer(command, result, env),
            PaneInput::TerminalEvent(event) => self.on_event(event, env),
            PaneInput::Output(data) => self.on_output(data, env),
            PaneInput::Key(key) => self.on_key(key, env),
            PaneInput::Paste(text) => self.on_paste(text, env),
            PaneInput::Mouse(mouse) => self.on_mouse(mouse, env),
            PaneInput::Focus(focused) => self.on_focus(focused, env),
            PaneInput::Act(super::PaneAction::Take) => {
                if let Some(terminal_id) = self.id.clone() {
                    env.terminal(TerminalCommand::Take { terminal_id });
                }
            }
            PaneInput::Act(super::PaneAction::Pages(pages)) => {
                let page = isize::try_from(self.size.1.saturating_sub(1).max(1)).unwrap_or(1);
                self.scroll(-isize::from(pages) * page, env);
            }
            PaneInput::Held(held) => self.hold(held),
            PaneInput::Tick => {
                let outcome = self.emulator.tick(u64::try_from(env.now).unwrap_or(0));
                outcome.notices.into_iter().for_each(|notice| notices::tell(notice, env));
                self.fresh = true;
            }
            PaneInput::Closed => {
                if let Some(terminal_id) = self.id.clone().filter(|_| self.connected) {
                    env.terminal(TerminalCommand::Detach { terminal_id });
                }
            }
            PaneInput::Act(_)
            | PaneInput::Edit(_)
            | PaneInput::Typed(_)
            | PaneInput::Place(_)
            | PaneInput::Highlighted(..)
            | PaneInput::Files(..)
            | PaneInput::FilesEvent(_)
            | PaneInput::Cells
            | PaneInput::Drawn(_) => {}
        }
    }

    fn arrange(&mut self, size: (u16, u16), theme: &Theme, env: &mut Env<'_>) {
        if size.0 == 0 || size.1 == 0 {
            return;
        }
        if self.size != size {
            self.size = size;
            self.fresh = true;
        }
        if self.connected && self.told_size != Some(size) && self.stage == Stage::Running {
            self.told_size = Some(size);
            if let Some(terminal_id) = self.id.clone() {
                env.terminal(TerminalCommand::Resize { terminal_id, cols: size.0, rows: size.1 });
            }
        }
        let area = Rect::new(0, 0, size.0, size.1);
        // What a program draws piece by piece is shown when it is whole; a size that changed cannot wait.
        let held = self.emulator.deadline().is_some() && self.sheet.area == area;
        // Half a redraw is not shown either.
        if !self.fresh || held || self.redraw > 0 && self.sheet.area == area {
            return;
        }
        self.fresh = false;
        let mut sheet = Buffer::empty(area);
        self.corner = self.corner();
        let (shown, corner) = self.seen();
        let taken = paint::paint(shown, &self.emulator, corner, &mut sheet);
        let linked = links::linked(shown, links::Window { corner, size: taken });
        (self.taken, self.linked) = (taken, linked);
        // Around a screen that there is. While its own size is on its way, what is still free looks as if it were not.
        if self.offset.is_some() && (!self.writes() || self.told_size != Some(size)) {
            paint::letterbox(self.taken, theme.dim, &mut sheet);
        }
        self.sheet = sheet;
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, look: &Look<'_>) -> Option<Position> {
        let own = self.sheet.area;
        for y in 0..own.height.min(area.height) {
            for x in 0..own.width.min(area.width) {
                buffer[(area.x + x, area.y + y)] = self.sheet[(x, y)].clone();
            }
        }
        let ended = match &self.stage {
            Stage::Ended(TerminalState::Exited { code }) => Some(format!(" ended with {code} · Enter closes ")),
            Stage::Ended(TerminalState::Signalled { signal }) => {
                Some(format!(" ended by signal {signal} · Enter closes "))
            }
            Stage::Ended(TerminalState::Lost { rebooted: true }) => {
                Some(" lost: the machine was started anew · Enter closes ".to_owned())
            }
            Stage::Ended(_) => Some(" lost · Enter closes ".to_owned()),
            Stage::Failed(why) => Some(format!(" Enter tries again · Esc closes · {why} ")),
            Stage::Opening | Stage::Running => None,
        };
        if let Some(text) = ended.filter(|_| area.height > 0) {
            let text = truncate(&text, usize::from(area.width));
            let line = Line::styled(text, look.theme.chosen);
            buffer.set_line(area.x, area.bottom() - 1, &line, area.width);
            return None;
        }
        let (row, column) = self.emulator.cursor().filter(|_| self.past.is_none())?;
        let row = u16::try_from(i32::try_from(row).ok()? - self.corner.0).ok()?;
        let column = u16::try_from(column.checked_sub(self.corner.1)?).ok()?;
        (row < area.height && column < area.width).then(|| Position::new(area.x + column, area.y + row))
    }

    fn kept(&self) -> Option<Kept> {
        let id = self.id.as_ref().filter(|_| !matches!(self.stage, Stage::Ended(_)))?;
        Some(Kept::Terminal { terminal_id: id.0.clone() })
    }

    fn terminal(&self) -> Option<&TerminalId> {
        self.id.as_ref()
    }

    fn cursor_style(&self) -> u16 {
        if self.stage == Stage::Running { self.emulator.cursor_style() } else { 0 }
    }

    fn linked(&self) -> &[Linked] {
        &self.linked
    }

    fn links(&self, root: &str) -> Vec<(u16, Anchor)> {
        let own = links::folder(self.emulator.directory()).unwrap_or_else(|| self.folder.clone());
        let (shown, corner) = self.seen();
        links::find(shown, links::Window { corner, size: self.taken }, links::Folders { own: &own, root })
    }

    fn asks_mouse(&self) -> bool {
        self.stage == Stage::Running && self.emulator.modes().mouse != 0
    }

    fn asks_motion(&self) -> bool {
        self.stage == Stage::Running && self.emulator.modes().mouse == 1003
    }

    fn wake_at(&self) -> Option<i64> {
        self.emulator.deadline().and_then(|at| i64::try_from(at).ok())
    }

    fn first_line(&self) -> Option<i64> {
        self.past.as_ref().map(Past::first_line)
    }

    fn selected(&self, from: (u16, i64), to: (u16, i64)) -> Option<String> {
        self.past.as_ref().map(|past| past.text(from, to))
    }
}
