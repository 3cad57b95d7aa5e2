//! Pictures for the next prompt: named or pasted, read, put into Octo's store, shown, taken away.

use octo_proto::{Error, command::AttachmentPut, id::RequestId, message::Source};

use super::{App, effect::Effect};
use crate::state::{
    picture::{Image, MOST, Picture, Progress},
    session::Session,
};

/// How the names of files end that are taken as pictures when they are pasted.
const ENDINGS: &[&str] = &[".png", ".jpg", ".jpeg", ".gif", ".webp"];

impl App {
    /// Begins to take in a picture. `pasted`: what becomes text again where it is none.
    pub(super) fn attach(&mut self, path: &str, pasted: Option<String>) {
        if self.open.pictures.len() >= MOST {
            self.complain_of(format!("a prompt takes {MOST} pictures at most"));
            return;
        }
        let path = self.absolute(path);
        let upload = self.outbox.draw(self.now);
        let name = path.rsplit('/').next().unwrap_or_default().to_owned();
        self.open.pictures.push(Picture { upload: upload.clone(), name, progress: Progress::Reading { pasted } });
        self.effects.push(Effect::Read { upload, path });
    }

    /// A file was read.
    pub(super) fn on_read(&mut self, upload: &RequestId, image: Result<Image, String>) {
        let Some(picture) = self.picture_mut(upload) else { return };
        match image {
            Ok(image) => {
                picture.progress = Progress::Putting { image, offset: 0 };
                self.put_piece(upload);
            }
            Err(why) => match self.drop_picture(upload).map(|picture| picture.progress) {
                Some(Progress::Reading { pasted: Some(text) }) => self.open.composer.insert(&text),
                _ => self.complain_of(why),
            },
        }
    }

    fn put_piece(&mut self, upload: &RequestId) {
        if let Some(piece) = self.picture_mut(upload).and_then(|picture| picture.piece()) {
            let (command, bytes) = piece;
            self.outbox.put(self.now, None, (command.into(), bytes), &mut self.effects);
        }
    }

    /// A piece was put.
    pub(super) fn on_put(&mut self, upload: &RequestId, put: Result<AttachmentPut, Error>) {
        let Some(picture) = self.picture_mut(upload) else { return };
        match (put, &mut picture.progress) {
            (Ok(AttachmentPut { attachment_id: Some(attachment_id), .. }), Progress::Putting { image, .. }) => {
                let mime_type = image.mime_type.to_owned();
                picture.progress = Progress::There(Source::Attachment { attachment_id, mime_type });
            }
            (Ok(put), Progress::Putting { offset, .. }) => {
                *offset = usize::try_from(put.size).unwrap_or(usize::MAX);
                self.put_piece(upload);
            }
            (Ok(_), Progress::Reading { .. } | Progress::There(_)) => {}
            (Err(error), _) => {
                self.drop_picture(upload);
                self.complain(&error);
            }
        }
    }

    fn sessions_mut(&mut self) -> impl Iterator<Item = &mut Session> {
        std::iter::once(&mut self.open).chain(&mut self.kept)
    }

    fn picture_mut(&mut self, upload: &RequestId) -> Option<&mut Picture> {
        self.sessions_mut().flat_map(|session| &mut session.pictures).find(|picture| picture.upload == *upload)
    }

    fn drop_picture(&mut self, upload: &RequestId) -> Option<Picture> {
        let is_it = |picture: &mut Picture| picture.upload == *upload;
        self.sessions_mut().find_map(|session| session.pictures.extract_if(.., is_it).next())
    }

    /// The path of a picture that a pasted text is: dragged files come quoted, escaped or as an address.
    pub(super) fn pasted_picture(&self, text: &str) -> Option<String> {
        if !self.capabilities().images {
            return None;
        }
        let text = text.trim();
        let quoted = ['\'', '"'].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote));
        let path = match quoted {
            Some(path) => path.to_owned(),
            None => text.strip_prefix("file://").unwrap_or(text).replace("\\ ", " "),
        };
        let is_path = path.starts_with('/') || path.starts_with("~/");
        let lower = path.to_lowercase();
        let is_picture = ENDINGS.iter().any(|ending| lower.ends_with(ending));
        (is_path && is_picture && !path.contains('\n')).then_some(path)
    }
}
