//! The pictures of the conversation: those in sight are fetched and drawn.

use octo_proto::{Command, Error, command::AttachmentPiece, id::AttachmentId, message::Source};

use super::{
    App,
    effect::{Effect, Wall},
};
use crate::{
    graphics::Drawing,
    pane::{Answer, PaneInput},
    state::gallery::Need,
};

/// The most columns and rows of a picture in the conversation.
const ROOM: (u16, u16) = (72, 16);

/// The fewest rows that a picture is shown in.
const LOWEST: u16 = 3;

impl App {
    /// Asks for what the pictures in sight need.
    pub(super) fn ask_pictures(&mut self) {
        let area = self.areas.transcript;
        let room = (area.width.saturating_sub(4).min(ROOM.0), (area.height / 2).min(ROOM.1));
        if room.1 < LOWEST || room.0 == 0 || !self.is_connected() {
            return;
        }
        let mut sources: Vec<Source> = Vec::new();
        for strip in self.open.transcript.window().iter().filter_map(|row| row.picture.as_ref()) {
            if sources.last() != Some(&*strip.source) {
                sources.push((*strip.source).clone());
            }
        }
        for need in self.gallery.show(&sources, room) {
            match need {
                Need::Fetch(id) => self.fetch(id, 0),
                Need::Draw { key, bytes } => {
                    let id = self.name_drawing();
                    self.effects.push(Effect::Draw { place: Wall::Chat(key), bytes, room, id });
                }
            }
        }
    }

    /// The pictures that are drawn are of no use any more.
    pub(super) fn draw_anew(&mut self) {
        self.gallery.draw_anew();
        for id in self.pane_ids() {
            self.tell_pane(id, PaneInput::Cells);
        }
        self.effects.push(Effect::Redraw);
    }

    /// A name for a drawing that no other of this program has.
    pub(super) fn name_drawing(&mut self) -> u32 {
        // Zero is no name.
        self.drawn = self.drawn.wrapping_add(1).max(1);
        self.drawn
    }

    fn fetch(&mut self, id: AttachmentId, offset: u64) {
        let session = self.open.id().cloned();
        self.ask(session.as_ref(), Command::AttachmentGet { id, offset, limit: None });
    }

    /// A piece of a picture came.
    pub(super) fn on_piece(&mut self, id: &AttachmentId, offset: u64, result: Result<Answer, Error>) {
        let piece = result.and_then(|answer| Ok((answer.read::<AttachmentPiece>()?, answer.bytes)));
        match piece {
            Ok((about, bytes)) => {
                if let Some(next) = self.gallery.put(&id.0, offset, &bytes, about.size) {
                    self.fetch(id.clone(), next);
                }
            }
            Err(error) => self.gallery.finish(&id.0, Err(error.message)),
        }
    }

    /// A picture can be shown, or cannot.
    pub(super) fn on_drawn(&mut self, place: Wall, drawn: Result<Drawing, String>) {
        match place {
            Wall::Chat(key) => self.gallery.finish(&key, drawn),
            Wall::Pane(id) => self.tell_pane(id, PaneInput::Drawn(drawn)),
        }
    }
}
