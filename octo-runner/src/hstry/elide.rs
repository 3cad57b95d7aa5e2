//! What is too long for a message is an attachment; the message keeps its beginning.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use octo_proto::{
    id::AttachmentId,
    message::{Message, PartKind, Source},
};
use sha2::{Digest as _, Sha256};

/// A part longer than this, in bytes, is elided.
const LONGEST: usize = 64 * 1024;

/// What stays of it, in bytes.
const HEAD: usize = 16 * 1024;

/// Stands before the attachment's id, where a tool call's argument was cut.
const MORE: &str = " more: ";

/// Bytes beside the messages, named by what they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Of its bytes.
    pub id: AttachmentId,
    /// The media type.
    pub mime_type: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Attachment {
    /// These bytes.
    #[must_use]
    pub fn new(bytes: Vec<u8>, mime_type: &str) -> Self {
        let hash = Sha256::digest(&bytes);
        let id = hash.iter().fold("att_".to_owned(), |id, byte| format!("{id}{byte:02x}"));
        Self { id: AttachmentId(id), mime_type: mime_type.to_owned(), bytes }
    }
}

/// The message as it is stored and told, and what it refers to.
#[must_use]
pub fn elide(mut message: Message) -> (Message, Vec<Attachment>) {
    let mut attachments = Vec::new();
    for part in &mut message.parts {
        match &mut part.kind {
            PartKind::Text { text, .. } | PartKind::Thinking { text } | PartKind::ToolResult { output: text, .. }
                if text.len() > LONGEST =>
            {
                let head = text[..head_of(text)].to_owned();
                let whole = Attachment::new(std::mem::replace(text, head).into_bytes(), "text/plain; charset=utf-8");
                part.elided_bytes = Some((whole.bytes.len() - text.len()) as u64);
                part.attachment_id = Some(whole.id.clone());
                attachments.push(whole);
            }
            PartKind::Image { source, .. }
            | PartKind::Audio { source, .. }
            | PartKind::Video { source, .. }
            | PartKind::Attachment { source, .. } => {
                let Source::Base64 { base64, mime_type } = source else { continue };
                let Some(bytes) = (base64.len() > LONGEST).then(|| STANDARD.decode(&*base64).ok()).flatten() else {
                    continue;
                };
                let whole = Attachment::new(bytes, mime_type);
                *source = Source::Attachment { attachment_id: whole.id.clone(), mime_type: mime_type.clone() };
                attachments.push(whole);
            }
            PartKind::ToolCall { input, .. } => elide_input(input, &mut attachments),
            _ => {}
        }
    }
    (message, attachments)
}

/// Where the head of a text ends: between characters.
fn head_of(text: &str) -> usize {
    (0..=HEAD.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0)
}

/// Of a tool call's arguments the long texts: a file to be written, for example.
fn elide_input(input: &mut serde_json::Value, attachments: &mut Vec<Attachment>) {
    let serde_json::Value::Object(fields) = input else { return };
    for value in fields.values_mut() {
        let serde_json::Value::String(text) = value else { continue };
        if text.len() > LONGEST {
            let whole = Attachment::new(text.clone().into_bytes(), "text/plain; charset=utf-8");
            text.truncate(head_of(text));
            text.push_str(&format!("\n[{} bytes{MORE}{}]", whole.bytes.len() - text.len(), whole.id));
            attachments.push(whole);
        }
    }
}

/// The attachments that a message refers to: those of its pictures and sounds, and the whole of what was cut.
pub(super) fn references(message: &Message) -> Vec<AttachmentId> {
    let mut found = Vec::new();
    for part in &message.parts {
        found.extend(part.attachment_id.clone());
        match &part.kind {
            PartKind::Image { source: Source::Attachment { attachment_id, .. }, .. }
            | PartKind::Audio { source: Source::Attachment { attachment_id, .. }, .. }
            | PartKind::Video { source: Source::Attachment { attachment_id, .. }, .. }
            | PartKind::Attachment { source: Source::Attachment { attachment_id, .. }, .. } => {
                found.push(attachment_id.clone());
            }
            PartKind::ToolCall { input: serde_json::Value::Object(fields), .. } => {
                let cut = fields.values().filter_map(|value| value.as_str()?.strip_suffix(']')?.rsplit_once(MORE));
                found.extend(cut.map(|(_, id)| AttachmentId::from(id)));
            }
            _ => {}
        }
    }
    found
}
