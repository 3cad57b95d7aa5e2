//! What is too long for a message is an attachment; the message keeps its beginning.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use octo_proto::{
    id::{AttachmentId, PartId},
    message::{Message, Part, PartKind, Source},
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// A message may have so many bytes, as JSON.
const MOST: usize = 192 * 1024;

/// A part longer than the first of these, in bytes, is elided; the next ones hold while the message is too large as a
/// whole. A quarter stays.
const LONGEST: [usize; 4] = [64 << 10, 16 << 10, 4 << 10, 1 << 10];

/// Stands before the attachment's id, where a tool call's argument was cut.
const MORE: &str = " more: ";

/// The media type of what was cut off.
const TEXT: &str = "text/plain; charset=utf-8";

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
    for longest in LONGEST {
        cut(&mut message, longest, &mut attachments);
        if size_of(&message) <= MOST {
            return (message, attachments);
        }
    }
    // So many parts that even their heads are too much: the whole is beside it.
    let whole = Attachment::new(serde_json::to_vec(&message.parts).unwrap_or_default(), "application/json");
    let mut left = MOST - LONGEST[3];
    let fitting = message.parts.iter().take_while(|part| {
        let size = serde_json::to_vec(part).map_or(0, |bytes| bytes.len());
        let fits = size <= left;
        left = left.saturating_sub(size);
        fits
    });
    message.parts.truncate(fitting.count());
    let source = Source::Attachment { attachment_id: whole.id.clone(), mime_type: whole.mime_type.clone() };
    let kind = PartKind::Attachment {
        source,
        filename: Some("parts.json".to_owned()),
        size_bytes: Some(whole.bytes.len() as u64),
    };
    message.parts.push(Part::new(PartId(format!("{}.rest", message.id)), kind));
    attachments.push(whole);
    (message, attachments)
}

fn size_of(message: &Message) -> usize {
    serde_json::to_vec(message).map_or(0, |bytes| bytes.len())
}

/// Cuts what is longer than `longest`.
fn cut(message: &mut Message, longest: usize, attachments: &mut Vec<Attachment>) {
    for part in &mut message.parts {
        if part.attachment_id.is_some() {
            // Its whole is beside it already.
            if let PartKind::Text { text, .. } | PartKind::Thinking { text } | PartKind::ToolResult { output: text, .. } =
                &mut part.kind
                && text.len() > longest
            {
                let end = text.floor_char_boundary(longest / 4);
                part.elided_bytes = part.elided_bytes.map(|elided| elided + (text.len() - end) as u64);
                text.truncate(end);
            }
            continue;
        }
        match &mut part.kind {
            PartKind::Text { text, .. } | PartKind::Thinking { text } | PartKind::ToolResult { output: text, .. }
                if text.len() > longest =>
            {
                let head = text[..text.floor_char_boundary(longest / 4)].to_owned();
                let whole = Attachment::new(std::mem::replace(text, head).into_bytes(), TEXT);
                part.elided_bytes = Some((whole.bytes.len() - text.len()) as u64);
                part.attachment_id = Some(whole.id.clone());
                attachments.push(whole);
            }
            PartKind::Image { source, .. }
            | PartKind::Audio { source, .. }
            | PartKind::Video { source, .. }
            | PartKind::Attachment { source, .. } => {
                let Source::Base64 { base64, mime_type } = source else { continue };
                let Some(bytes) = (base64.len() > longest).then(|| STANDARD.decode(&*base64).ok()).flatten() else {
                    continue;
                };
                let whole = Attachment::new(bytes, mime_type);
                *source = Source::Attachment { attachment_id: whole.id.clone(), mime_type: mime_type.clone() };
                attachments.push(whole);
            }
            PartKind::ToolCall { input, .. } => elide_input(input, longest, attachments),
            _ => {}
        }
    }
}

/// Of a tool call's arguments the long texts: a file to be written, for example.
fn elide_input(input: &mut Value, longest: usize, attachments: &mut Vec<Attachment>) {
    match input {
        Value::String(text) if text.len() > longest && cut_of(text).is_none() => {
            let whole = Attachment::new(text.clone().into_bytes(), TEXT);
            text.truncate(text.floor_char_boundary(longest / 4));
            text.push_str(&format!("\n[{} bytes{MORE}{}]", whole.bytes.len() - text.len(), whole.id));
            attachments.push(whole);
        }
        Value::String(text) if text.len() > longest => {
            // Its whole is beside it already, and the note at its end says where.
            let note = text.rfind("\n[").map(|at| text.split_off(at)).unwrap_or_default();
            text.truncate(text.floor_char_boundary(longest / 4));
            text.push_str(&note);
        }
        Value::Array(items) => items.iter_mut().for_each(|item| elide_input(item, longest, attachments)),
        Value::Object(fields) => fields.values_mut().for_each(|field| elide_input(field, longest, attachments)),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The attachment that the note at the end of a cut text names.
fn cut_of(text: &str) -> Option<AttachmentId> {
    text.strip_suffix(']')?
        .rsplit_once(MORE)
        .map(|(_, id)| AttachmentId::from(id))
        .filter(|id| id.0.starts_with("att_"))
}

fn cuts(input: &Value, found: &mut Vec<AttachmentId>) {
    match input {
        Value::String(text) => found.extend(cut_of(text)),
        Value::Array(items) => items.iter().for_each(|item| cuts(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| cuts(field, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
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
            PartKind::ToolCall { input, .. } => cuts(input, &mut found),
            _ => {}
        }
    }
    found
}
