//! A picture of the workspace: read, drawn for the room that the pane has, and read again when it changes.

use bytes::{Bytes, BytesMut};
use octo_proto::{
    Error,
    files::{FilePiece, FilesCommand, FilesEvent},
};
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};

use super::{Answer, Env, Kept, Look, Pane, PaneAction, PaneInput, Place, Showing, Wish};
use crate::{
    graphics::{Drawing, LARGEST},
    keymap::Context,
    text::{
        clean::clean_line,
        wrap::{truncate, width},
    },
    theme::Theme,
};

/// How the names of pictures end.
const ENDINGS: &[&str] = &["png", "jpg", "jpeg", "gif", "webp", "svg"];

/// Whether a file of this name is shown as a picture.
#[must_use]
pub fn is_picture(path: &str) -> bool {
    let ending = path.rsplit_once('.').map(|(_, ending)| ending.to_lowercase());
    ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

/// How far the file has come.
#[derive(Debug, PartialEq, Eq)]
enum Stage {
    /// It is being read: what is here of it, and the version that it has.
    Reading(BytesMut, Option<String>),
    /// All of it is here.
    Here(Bytes),
    /// It is not to be had.
    Failed(String),
}

/// One picture.
#[derive(Debug)]
pub struct ImagePane {
    path: String,
    stage: Stage,
    room: (u16, u16),
    /// For which room a drawing was asked last; none where it must be asked anew.
    asked: Option<(u16, u16)>,
    drawing: Option<Drawing>,
    /// Why it cannot be shown.
    problem: Option<String>,
}

impl ImagePane {
    /// The picture at this path.
    #[must_use]
    pub fn new(path: String) -> Self {
        Self {
            path,
            stage: Stage::Reading(BytesMut::new(), None),
            room: (0, 0),
            asked: None,
            drawing: None,
            problem: None,
        }
    }

    /// Reads it from its beginning.
    fn read(&mut self, env: &mut Env<'_>) {
        self.stage = Stage::Reading(BytesMut::new(), None);
        env.files(FilesCommand::Read { path: self.path.clone(), offset: 0, limit: None, if_version: None });
    }

    fn watch(&self) -> FilesCommand {
        let parent = self.path.rsplit_once('/').map_or("", |(parent, _)| parent);
        FilesCommand::Watch { path: parent.to_owned() }
    }

    fn on_piece(&mut self, at: u64, result: Result<Answer, Error>, env: &mut Env<'_>) {
        let Stage::Reading(bytes, version) = &mut self.stage else { return };
        let piece = result.and_then(|answer| Ok((answer.read::<FilePiece>()?, answer.bytes)));
        let (about, more) = match piece {
            Ok(piece) if at == bytes.len() as u64 => piece,
            Ok(_) => return,
            Err(error) => {
                self.stage = Stage::Failed(error.message);
                return;
            }
        };
        if about.size > LARGEST {
            self.stage = Stage::Failed(format!("it has more than {} MiB", LARGEST >> 20));
            return;
        }
        // It was written meanwhile: the pieces are not of one picture.
        if version.as_ref().is_some_and(|version| *version != about.version) {
            return self.read(env);
        }
        bytes.extend_from_slice(&more);
        if (bytes.len() as u64) < about.size && !more.is_empty() {
            let offset = bytes.len() as u64;
            *version = Some(about.version);
            env.files(FilesCommand::Read { path: self.path.clone(), offset, limit: None, if_version: None });
            return;
        }
        self.stage = Stage::Here(std::mem::take(bytes).freeze());
        self.asked = None;
        self.ask_drawing(env);
    }

    fn ask_drawing(&mut self, env: &mut Env<'_>) {
        let Stage::Here(bytes) = &self.stage else { return };
        if self.asked != Some(self.room) && self.room.0 > 0 && self.room.1 > 0 {
            self.asked = Some(self.room);
            env.wishes.push(Wish::Draw { bytes: bytes.clone(), room: self.room });
        }
    }

    /// What is said where there is no picture.
    fn note(&self) -> Option<&str> {
        match (&self.stage, &self.problem, &self.drawing) {
            (Stage::Failed(why), ..) | (_, Some(why), _) => Some(why),
            (_, None, None) => Some("…"),
            (_, None, Some(_)) => None,
        }
    }
}

impl Pane for ImagePane {
    fn title(&self) -> String {
        clean_line(&self.path)
    }

    fn context(&self) -> Context {
        Context::Picture
    }

    fn on(&mut self, input: PaneInput<'_>, env: &mut Env<'_>) {
        match input {
            PaneInput::Connected => {
                env.files(self.watch());
                self.read(env);
            }
            PaneInput::Act(PaneAction::Refresh) => self.read(env),
            PaneInput::Act(PaneAction::Edit) => {
                let place = Place { path: self.path.clone(), ..Place::default() };
                env.wishes.push(Wish::Show(place, Showing::Editor));
            }
            PaneInput::Files(FilesCommand::Read { offset, .. }, result) => self.on_piece(*offset, result, env),
            PaneInput::FilesEvent(FilesEvent::Changed { paths, rescan, .. })
                if *rescan || paths.contains(&self.path) =>
            {
                self.read(env);
            }
            PaneInput::Drawn(drawn) => {
                self.problem = drawn.as_ref().err().cloned();
                self.drawing = drawn.ok();
            }
            _ => {}
        }
    }

    fn arrange(&mut self, size: (u16, u16), _: &Theme, env: &mut Env<'_>) {
        self.room = size;
        self.ask_drawing(env);
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, look: &Look<'_>) -> Option<Position> {
        if let Some(note) = self.note() {
            let text = truncate(&clean_line(note), usize::from(area.width));
            let columns = u16::try_from(width(&text)).unwrap_or(area.width);
            let (x, y) = (area.x + (area.width - columns) / 2, area.y + area.height / 2);
            if area.height > 0 {
                buffer.set_string(x, y, text, look.theme.dim);
            }
        } else if let Some(drawing) = &self.drawing {
            let (columns, rows) = drawing.size;
            let left = area.width.saturating_sub(columns) / 2;
            let above = area.height.saturating_sub(rows) / 2;
            let within =
                Rect { x: area.x + left, y: area.y + above, width: area.width - left, height: area.height - above };
            drawing.draw(0, within, buffer);
        }
        None
    }

    fn kept(&self) -> Option<Kept> {
        Some(Kept::Image { path: self.path.clone() })
    }
}

#[cfg(test)]
mod tests;
