//! A picture on its way into a prompt: read from its file, put into Octo's store in pieces, then named in the prompt.

use bytes::Bytes;
use octo_proto::{Command, id::RequestId, message::Source};

/// Bytes of one piece.
const PIECE: usize = 192 * 1024;

/// Pictures that one prompt takes at most.
pub const MOST: usize = 8;

/// A picture as it was read from its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// All of it.
    pub bytes: Bytes,
    /// What it is.
    pub mime_type: &'static str,
    /// Of all of it, in hexadecimal.
    pub sha256: String,
}

/// How far a picture has come.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// It is being read.
    Reading {
        /// What was pasted: text after all, where it names no picture.
        pasted: Option<String>,
    },
    /// It is being put.
    Putting {
        /// The picture.
        image: Image,
        /// The bytes that octod has.
        offset: usize,
    },
    /// A prompt can name it so.
    There(Source),
}

/// One picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// What its pieces have in common.
    pub upload: RequestId,
    /// What a person calls it.
    pub name: String,
    /// How far it is.
    pub progress: Progress,
}

impl Picture {
    /// The next piece of it, where it is being put.
    #[must_use]
    pub fn piece(&self) -> Option<(Command, Bytes)> {
        let Progress::Putting { image, offset } = &self.progress else { return None };
        let from = (*offset).min(image.bytes.len());
        let to = image.bytes.len().min(from + PIECE);
        let is_last = to == image.bytes.len();
        let command = Command::AttachmentPut {
            upload: self.upload.clone(),
            offset: from as u64,
            sha256: is_last.then(|| image.sha256.clone()),
            mime_type: Some(image.mime_type.to_owned()),
        };
        Some((command, image.bytes.slice(from..to)))
    }

    /// How a prompt names it, once it is there.
    #[must_use]
    pub fn source(&self) -> Option<&Source> {
        match &self.progress {
            Progress::There(source) => Some(source),
            Progress::Reading { .. } | Progress::Putting { .. } => None,
        }
    }

    /// Its name and how far it is, in few characters.
    #[must_use]
    pub fn label(&self) -> String {
        match &self.progress {
            Progress::Reading { .. } => format!("{} …", self.name),
            Progress::Putting { image, offset } => {
                format!("{} {} %", self.name, offset * 100 / image.bytes.len().max(1))
            }
            Progress::There(_) => self.name.clone(),
        }
    }
}
