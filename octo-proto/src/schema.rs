//! The JSON Schema of the protocol, generated from the types; `docs/schema/octo-v1.json` is this document.

use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Value, json};

use crate::{Command, Error, Event, Message, Part, View, command, files, hello::Hello, index::IndexEntry, terminal};

/// One document with a definition for every body that crosses the wire, and for all that those consist of.
#[must_use]
pub fn document() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    add::<(Command, Event, Message, Part, Error, View, Hello, IndexEntry)>(&mut generator);
    add::<(command::Done, command::SessionReply, command::SessionList, command::ForkReply)>(&mut generator);
    add::<(command::WatchReply, command::PromptReply, command::QueueCleared, command::HistoryPage)>(&mut generator);
    add::<(command::ModelList, command::CommandList, command::Stats, command::HarnessList)>(&mut generator);
    add::<(command::AttachmentPiece, command::AttachmentPut)>(&mut generator);
    add::<(files::FilesRequest, files::FilesCommand, files::FilesEvent, files::Listing, files::Stat)>(&mut generator);
    add::<(files::FilePiece, files::Written, files::Found, files::Grepped)>(&mut generator);
    add::<(files::Changes, files::Watching)>(&mut generator);
    add::<(terminal::TerminalCommand, terminal::TerminalEvent, terminal::TerminalReply)>(&mut generator);
    add::<(terminal::TerminalList, terminal::TerminalScreen, terminal::TerminalHistory, terminal::Attached)>(
        &mut generator,
    );
    add::<(command::Environment, command::DiskUsage, command::Diagnosis)>(&mut generator);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Octo protocol 1",
        "description": "The bodies of Octo's frames. Readers ignore fields and events that are not listed here: later \
                        releases add some.",
        "$defs": generator.take_definitions(true),
    })
}

/// Registers the definitions of a tuple's members.
fn add<T: JsonSchema>(generator: &mut SchemaGenerator) {
    drop(generator.subschema_for::<T>());
}
