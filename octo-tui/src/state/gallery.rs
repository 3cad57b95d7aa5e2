//! The pictures of conversations: fetched when they come in sight, drawn for the room there is, few at a time.

use std::collections::HashMap;

use bytes::{Bytes, BytesMut};
use octo_proto::{id::AttachmentId, message::Source};

use crate::graphics::Drawing;

/// Pictures that are kept.
const KEPT: usize = 32;

/// Bytes of pictures that are kept, besides those on the screen.
const KEPT_BYTES: usize = 48 << 20;

/// Pictures that are fetched or drawn at a time.
const AT_ONCE: usize = 3;

/// How far a picture has come.
#[derive(Clone, Debug)]
pub enum Stage {
    /// It is being fetched: what is here of it.
    Fetching(BytesMut),
    /// Its bytes are here.
    Here,
    /// It is being drawn.
    Drawing,
    /// It can be shown.
    Ready(Drawing),
    /// Why it cannot be.
    Failed(String),
}

/// One picture.
#[derive(Clone, Debug)]
struct Entry {
    stage: Stage,
    bytes: Bytes,
    /// For how many columns and rows it was drawn.
    room: (u16, u16),
    /// When it was in sight last, in frames.
    seen: u64,
}

/// What is to be done for a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// Its bytes, from the first on.
    Fetch(AttachmentId),
    /// A drawing.
    Draw {
        /// What the picture is called.
        key: String,
        /// Its bytes.
        bytes: Bytes,
    },
}

/// All pictures.
#[derive(Debug, Default)]
pub struct Gallery {
    entries: HashMap<String, Entry>,
    frames: u64,
}

/// What a picture is called, where it is one that can be fetched.
#[must_use]
pub fn key(source: &Source) -> Option<&str> {
    match source {
        Source::Attachment { attachment_id, .. } => Some(&attachment_id.0),
        Source::Base64 { base64, .. } => Some(base64),
        Source::Url { .. } => None,
    }
}

impl Gallery {
    /// Another frame: these pictures are in sight, with this room. What is to be done for them?
    pub fn show(&mut self, sources: &[Source], room: (u16, u16)) -> Vec<Need> {
        self.frames += 1;
        let mut needs = Vec::new();
        let busy = |entry: &&Entry| matches!(entry.stage, Stage::Fetching(_) | Stage::Drawing);
        let mut free = AT_ONCE.saturating_sub(self.entries.values().filter(busy).count());
        for source in sources {
            let Some(key) = key(source) else { continue };
            let entry = self.entries.entry(key.to_owned()).or_insert_with(|| Entry {
                stage: Stage::Fetching(BytesMut::new()),
                bytes: Bytes::new(),
                room: (0, 0),
                seen: 0,
            });
            let is_new = std::mem::replace(&mut entry.seen, self.frames) == 0;
            if free == 0 {
                if is_new {
                    self.entries.remove(key);
                }
                continue;
            }
            let need = match (&entry.stage, source) {
                (Stage::Fetching(_), Source::Attachment { attachment_id, .. }) if is_new => {
                    Some(Need::Fetch(attachment_id.clone()))
                }
                (Stage::Fetching(_), Source::Base64 { base64, .. }) if is_new => entry.take_base64(base64, room, key),
                (Stage::Here, _) => entry.draw(room, key),
                (Stage::Ready(_), _) if entry.room != room => entry.draw(room, key),
                _ => None,
            };
            free -= usize::from(need.is_some());
            needs.extend(need);
        }
        self.forget();
        needs
    }

    /// A piece came: the next offset, where there is more of it.
    pub fn put(&mut self, key: &str, offset: u64, piece: &[u8], size: u64) -> Option<u64> {
        let entry = self.entries.get_mut(key)?;
        let Stage::Fetching(bytes) = &mut entry.stage else { return None };
        if bytes.len() as u64 != offset || size > crate::graphics::LARGEST || piece.is_empty() {
            entry.stage = Stage::Failed("it is too large to be shown here".to_owned());
            return None;
        }
        bytes.extend_from_slice(piece);
        if (bytes.len() as u64) < size {
            return Some(bytes.len() as u64);
        }
        entry.bytes = std::mem::take(bytes).freeze();
        entry.stage = Stage::Here;
        None
    }

    /// It was drawn, or cannot be shown.
    pub fn finish(&mut self, key: &str, drawn: Result<Drawing, String>) {
        if let Some(entry) = self.entries.get_mut(key) {
            entry.stage = match drawn {
                Ok(drawing) => Stage::Ready(drawing),
                Err(why) => Stage::Failed(why),
            };
        }
    }

    /// What is drawn is of no use any more, nor what is being drawn.
    pub fn draw_anew(&mut self) {
        for entry in self.entries.values_mut() {
            entry.room = (0, 0);
            if matches!(entry.stage, Stage::Ready(_)) {
                entry.stage = Stage::Here;
            }
        }
    }

    /// There is another connection: what was being fetched is fetched anew.
    pub fn reconnect(&mut self) {
        self.entries.retain(|_, entry| !matches!(entry.stage, Stage::Fetching(_)));
    }

    /// How far a picture has come.
    #[must_use]
    pub fn stage(&self, source: &Source) -> Option<&Stage> {
        self.entries.get(key(source)?).map(|entry| &entry.stage)
    }

    /// A picture that can be shown.
    #[must_use]
    pub fn drawing(&self, source: &Source) -> Option<&Drawing> {
        match self.stage(source)? {
            Stage::Ready(drawing) => Some(drawing),
            Stage::Fetching(_) | Stage::Here | Stage::Drawing | Stage::Failed(_) => None,
        }
    }

    /// Those that were out of sight longest go first.
    fn forget(&mut self) {
        let frames = self.frames;
        let mut held: usize = self.entries.values().map(|entry| entry.bytes.len()).sum();
        while self.entries.len() > KEPT || held > KEPT_BYTES {
            let idle = self.entries.iter().filter(|(_, entry)| entry.seen < frames);
            let Some(key) = idle.min_by_key(|(_, entry)| entry.seen).map(|(key, _)| key.clone()) else { return };
            held -= self.entries.remove(&key).map_or(0, |entry| entry.bytes.len());
        }
    }
}

impl Entry {
    fn take_base64(&mut self, base64: &str, room: (u16, u16), key: &str) -> Option<Need> {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        match STANDARD.decode(base64) {
            Ok(bytes) => {
                self.bytes = bytes.into();
                self.draw(room, key)
            }
            Err(error) => {
                self.stage = Stage::Failed(error.to_string());
                None
            }
        }
    }

    fn draw(&mut self, room: (u16, u16), key: &str) -> Option<Need> {
        // The old one is shown until the new one is there.
        if !matches!(self.stage, Stage::Ready(_)) {
            self.stage = Stage::Drawing;
        }
        self.room = room;
        Some(Need::Draw { key: key.to_owned(), bytes: self.bytes.clone() })
    }
}
