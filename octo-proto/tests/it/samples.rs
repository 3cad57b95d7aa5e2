//! The golden samples: at least one per variant, each of them read and written again without a difference.
//!
//! A sample is `samples/FOLDER/NAME.json`, or `NAME--NOTE.json` where a variant has several. Other languages read the
//! same files. A frame's is one line, as on the wire, without the bytes that follow it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use octo_proto::{
    Code, Command, Error, Event, Message, Part, PartKind, Role,
    command::{parse, *},
    files::{self, *},
    frame::{Frame, parse_line},
    hello::Hello,
    message::Source,
    terminal::TerminalCommand,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// Tells the name of a value's variant, and lists all names. The match is exhaustive: a new variant does not compile
/// until it is listed here, and what is listed here fails until it has a sample.
macro_rules! variants {
    ($names:ident, $name:ident: $type:ty { $($pattern:pat => $text:literal),+ $(,)? }) => {
        const $names: &[&str] = &[$($text),+];

        fn $name(value: &$type) -> &'static str {
            match value {
                $($pattern => $text),+
            }
        }
    };
}

pub(crate) use variants;

variants!(COMMANDS, command_name: Command {
    Command::SessionCreate { .. } => "session.create",
    Command::SessionList { .. } => "session.list",
    Command::SessionGet {} => "session.get",
    Command::SessionRename { .. } => "session.rename",
    Command::SessionStop {} => "session.stop",
    Command::SessionResume {} => "session.resume",
    Command::SessionDelete {} => "session.delete",
    Command::SessionFork { .. } => "session.fork",
    Command::Watch { .. } => "watch",
    Command::Unwatch {} => "unwatch",
    Command::Prompt { .. } => "prompt",
    Command::Abort {} => "abort",
    Command::QueueClear {} => "queue.clear",
    Command::InputResponse { .. } => "input_response",
    Command::SetModel { .. } => "set_model",
    Command::SetMode { .. } => "set_mode",
    Command::SetThinkingLevel { .. } => "set_thinking_level",
    Command::Compact { .. } => "compact",
    Command::GetModels { .. } => "get_models",
    Command::GetCommands {} => "get_commands",
    Command::GetStats {} => "get_stats",
    Command::HistoryPage { .. } => "history.page",
    Command::AttachmentGet { .. } => "attachment.get",
    Command::AttachmentPut { .. } => "attachment.put",
    Command::Harnesses {} => "harnesses",
    Command::Env { .. } => "env",
    Command::DiskUsage {} => "du",
    Command::StopAll { .. } => "stop_all",
    Command::Doctor {} => "doctor",
});

variants!(EVENTS, event_name: Event {
    Event::SessionSnapshot { .. } => "session.snapshot",
    Event::SessionLive { .. } => "session.live",
    Event::SessionCreated { .. } => "session.created",
    Event::SessionUpdated { .. } => "session.updated",
    Event::SessionClosed { .. } => "session.closed",
    Event::AgentWorking { .. } => "agent.working",
    Event::AgentStarting {} => "agent.starting",
    Event::AgentReady {} => "agent.ready",
    Event::AgentIdle { .. } => "agent.idle",
    Event::AgentError { .. } => "agent.error",
    Event::AgentUnavailable {} => "agent.unavailable",
    Event::PromptAccepted { .. } => "prompt.accepted",
    Event::PromptDelivered { .. } => "prompt.delivered",
    Event::PromptEnded { .. } => "prompt.ended",
    Event::InputNeeded { .. } => "agent.input_needed",
    Event::InputResolved { .. } => "agent.input_resolved",
    Event::MessageStart { .. } => "stream.message_start",
    Event::TextDelta { .. } => "stream.text_delta",
    Event::ThinkingDelta { .. } => "stream.thinking_delta",
    Event::ToolCallStart { .. } => "stream.tool_call_start",
    Event::ToolCallDelta { .. } => "stream.tool_call_delta",
    Event::ToolCallEnd { .. } => "stream.tool_call_end",
    Event::MessageEnd { .. } => "stream.message_end",
    Event::ToolStart { .. } => "tool.start",
    Event::ToolProgress { .. } => "tool.progress",
    Event::ToolEnd { .. } => "tool.end",
    Event::PlanUpdated { .. } => "plan.updated",
    Event::QueueUpdated { .. } => "queue.updated",
    Event::UsageUpdated { .. } => "usage.updated",
    Event::RetryStart { .. } => "retry.start",
    Event::RetryEnd { .. } => "retry.end",
    Event::CompactStart { .. } => "compact.start",
    Event::CompactEnd { .. } => "compact.end",
    Event::ModelChanged { .. } => "config.model_changed",
    Event::ModeChanged { .. } => "config.mode_changed",
    Event::ThinkingLevelChanged { .. } => "config.thinking_level_changed",
    Event::CommandsUpdated { .. } => "commands.updated",
    Event::Notify { .. } => "notify",
    Event::Status { .. } => "status",
    Event::IndexSnapshot { .. } => "index.snapshot",
    Event::IndexUpdated { .. } => "index.updated",
    Event::IndexRemoved { .. } => "index.removed",
    Event::RunnerLost {} => "runner.lost",
    Event::RunnerReady {} => "runner.ready",
    Event::Unknown => "unknown",
});

variants!(FILES, files_name: FilesCommand {
    FilesCommand::Tree { .. } => "tree",
    FilesCommand::List { .. } => "list",
    FilesCommand::Stat { .. } => "stat",
    FilesCommand::Read { .. } => "read",
    FilesCommand::Write { .. } => "write",
    FilesCommand::Mkdir { .. } => "mkdir",
    FilesCommand::Rename { .. } => "rename",
    FilesCommand::Copy { .. } => "copy",
    FilesCommand::Delete { .. } => "delete",
    FilesCommand::Search { .. } => "search",
    FilesCommand::Grep { .. } => "grep",
    FilesCommand::Cancel { .. } => "cancel",
    FilesCommand::Changes { .. } => "changes",
    FilesCommand::Apply { .. } => "apply",
    FilesCommand::Watch { .. } => "watch",
});

variants!(FILES_EVENTS, files_event_name: FilesEvent {
    FilesEvent::Changed { .. } => "file.changed",
    FilesEvent::Found { .. } => "search.found",
    FilesEvent::Matched { .. } => "grep.matched",
    FilesEvent::Unknown => "unknown",
});

variants!(PARTS, part_name: PartKind {
    PartKind::Text { .. } => "text",
    PartKind::Thinking { .. } => "thinking",
    PartKind::ToolCall { .. } => "tool_call",
    PartKind::ToolResult { .. } => "tool_result",
    PartKind::Diff { .. } => "diff",
    PartKind::Image { .. } => "image",
    PartKind::Audio { .. } => "audio",
    PartKind::Video { .. } => "video",
    PartKind::FileRef { .. } => "file_ref",
    PartKind::Attachment { .. } => "attachment",
    PartKind::Error { .. } => "error",
    PartKind::Compaction { .. } => "compaction",
    PartKind::Other(_) => "x-mermaid",
});

variants!(SOURCES, source_name: Source {
    Source::Attachment { .. } => "attachment",
    Source::Base64 { .. } => "base64",
    Source::Url { .. } => "url",
});

variants!(ROLES, role_name: Role {
    Role::User => "user",
    Role::Assistant => "assistant",
    Role::System => "system",
    Role::Tool => "tool",
});

variants!(CODES, code_name: Code {
    Code::BadRequest => "bad_request",
    Code::Unauthorized => "unauthorized",
    Code::Forbidden => "forbidden",
    Code::NotFound => "not_found",
    Code::Conflict => "conflict",
    Code::Unsupported => "unsupported",
    Code::TooLarge => "too_large",
    Code::RateLimited => "rate_limited",
    Code::Busy => "busy",
    Code::Timeout => "timeout",
    Code::Unavailable => "unavailable",
    Code::AgentFailed => "agent_failed",
    Code::Internal => "internal",
});

/// The samples of a folder, by file name without `.json`.
pub(crate) fn folder(name: &str) -> BTreeMap<String, String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("samples").join(name);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    files
        .map(|file| {
            let path = file.unwrap().path();
            assert_eq!(path.extension().unwrap(), "json", "{}", path.display());
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(&path).unwrap())
        })
        .collect()
}

/// What a sample's file name says it is: all before `--`.
pub(crate) fn kind(file: &str) -> &str {
    file.split_once("--").map_or(file, |(kind, _)| kind)
}

/// Reads a sample, sees that writing it gives the same JSON, and hands the value out.
pub(crate) fn round_trip<T: DeserializeOwned + Serialize>(file: &str, text: &str) -> T {
    let value: T = serde_json::from_str(text).unwrap_or_else(|error| panic!("{file}: {error}"));
    let written: Value = serde_json::to_value(&value).unwrap();
    assert_eq!(written, serde_json::from_str::<Value>(text).unwrap(), "{file}");
    value
}

/// Sees that the samples of a folder are of the kinds that their names say, and that no kind lacks one.
pub(crate) fn check(name: &str, kinds: &[&str], read: impl Fn(&str, &str) -> String) {
    let mut seen = BTreeSet::new();
    for (file, text) in folder(name) {
        assert_eq!(read(&file, &text), kind(&file), "samples/{name}/{file}.json is another kind than its name says");
        seen.insert(kind(&file).to_owned());
    }
    let wanted: BTreeSet<String> = kinds.iter().map(|&kind| kind.to_owned()).collect();
    assert_eq!(seen, wanted, "samples/{name}");
}

#[test]
fn each_command_has_a_sample() {
    check("commands", COMMANDS, |file, text| {
        assert_eq!(parse(text).unwrap(), round_trip::<Command>(file, text));
        command_name(&round_trip(file, text)).to_owned()
    });
}

#[test]
fn each_command_about_files_has_a_sample() {
    check("files", FILES, |file, text| {
        assert_eq!(files::parse(text).unwrap(), round_trip::<FilesRequest>(file, text));
        files_name(&round_trip::<FilesRequest>(file, text).command).to_owned()
    });
}

#[test]
fn each_event_about_files_has_a_sample() {
    let known: Vec<_> = FILES_EVENTS.iter().copied().filter(|&name| name != "unknown").collect();
    check("files_events", &known, |file, text| files_event_name(&round_trip(file, text)).to_owned());
    assert_eq!(files_event_name(&serde_json::from_str(r#"{"event":"file.painted"}"#).unwrap()), "unknown");
}

#[test]
fn each_event_has_a_sample() {
    let known: Vec<_> = EVENTS.iter().copied().filter(|&name| name != "unknown").collect();
    check("events", &known, |file, text| event_name(&round_trip(file, text)).to_owned());
}

#[test]
fn an_event_of_a_later_release_is_read_and_means_nothing() {
    let event: Event = serde_json::from_str(r#"{"event":"weather.changed","to":{"rain":true}}"#).unwrap();
    assert_eq!(event_name(&event), "unknown");
}

#[test]
fn each_kind_of_part_has_a_sample() {
    check("parts", PARTS, |file, text| part_name(&round_trip::<Part>(file, text).kind).to_owned());
}

#[test]
fn each_source_has_a_sample() {
    check("sources", SOURCES, |file, text| source_name(&round_trip(file, text)).to_owned());
}

#[test]
fn each_role_has_a_message() {
    check("messages", ROLES, |file, text| role_name(&round_trip::<Message>(file, text).role).to_owned());
}

#[test]
fn each_code_has_an_error() {
    check("errors", CODES, |file, text| code_name(&round_trip::<Error>(file, text).code).to_owned());
}

fn read<T: DeserializeOwned + Serialize>(file: &str, text: &str) {
    drop(round_trip::<T>(file, text));
}

/// The name of the reply that a command about files gets, and how that is read.
fn files_reply_of(command: &FilesCommand) -> (&'static str, fn(&str, &str)) {
    match command {
        FilesCommand::Tree { .. } | FilesCommand::List { .. } => ("listing", read::<Listing>),
        FilesCommand::Stat { .. }
        | FilesCommand::Mkdir { .. }
        | FilesCommand::Rename { .. }
        | FilesCommand::Copy { .. } => ("stat", read::<Stat>),
        FilesCommand::Read { .. } => ("file_piece", read::<FilePiece>),
        FilesCommand::Write { .. } => ("written", read::<Written>),
        FilesCommand::Search { .. } => ("found", read::<Found>),
        FilesCommand::Grep { .. } => ("grepped", read::<Grepped>),
        FilesCommand::Changes { .. } => ("changes", read::<Changes>),
        FilesCommand::Watch { .. } => ("watching", read::<Watching>),
        FilesCommand::Delete { .. } | FilesCommand::Cancel { .. } | FilesCommand::Apply { .. } => {
            ("done", read::<Done>)
        }
    }
}

#[test]
fn each_reply_about_files_has_a_sample() {
    let commands = folder("files");
    let replies: BTreeMap<_, _> =
        commands.iter().map(|(file, text)| files_reply_of(&round_trip::<FilesRequest>(file, text).command)).collect();
    let kinds: Vec<_> = replies.keys().copied().collect();
    check("files_replies", &kinds, |file, text| {
        let Some(read) = replies.get(kind(file)) else { panic!("no command has the reply {file}") };
        read(file, text);
        kind(file).to_owned()
    });
}

/// The name of the reply that a command gets, and how that is read.
fn reply_of(command: &Command) -> (&'static str, fn(&str, &str)) {
    match command {
        Command::SessionCreate { .. }
        | Command::SessionGet {}
        | Command::SessionRename { .. }
        | Command::SessionResume {} => ("session_reply", read::<SessionReply>),
        Command::SessionList { .. } => ("session_list", read::<SessionList>),
        Command::SessionFork { .. } => ("fork_reply", read::<ForkReply>),
        Command::Watch { .. } => ("watch_reply", read::<WatchReply>),
        Command::Prompt { .. } => ("prompt_reply", read::<PromptReply>),
        Command::QueueClear {} => ("queue_cleared", read::<QueueCleared>),
        Command::GetModels { .. } => ("model_list", read::<ModelList>),
        Command::GetCommands {} => ("command_list", read::<CommandList>),
        Command::GetStats {} => ("stats", read::<Stats>),
        Command::HistoryPage { .. } => ("history_page", read::<HistoryPage>),
        Command::AttachmentGet { .. } => ("attachment_piece", read::<AttachmentPiece>),
        Command::AttachmentPut { .. } => ("attachment_put", read::<AttachmentPut>),
        Command::Harnesses {} => ("harness_list", read::<HarnessList>),
        Command::Env { .. } => ("environment", read::<Environment>),
        Command::DiskUsage {} => ("disk_usage", read::<DiskUsage>),
        Command::Doctor {} => ("diagnosis", read::<Diagnosis>),
        Command::SessionStop {}
        | Command::SessionDelete {}
        | Command::Unwatch {}
        | Command::Abort {}
        | Command::InputResponse { .. }
        | Command::SetModel { .. }
        | Command::SetMode { .. }
        | Command::SetThinkingLevel { .. }
        | Command::Compact { .. }
        | Command::StopAll { .. } => ("done", read::<Done>),
    }
}

#[test]
fn each_command_s_reply_has_a_sample() {
    let commands = folder("commands");
    let replies: BTreeMap<_, _> =
        commands.iter().map(|(file, text)| reply_of(&round_trip::<Command>(file, text))).collect();
    let kinds: Vec<_> = replies.keys().copied().collect();
    check("replies", &kinds, |file, text| {
        let Some(read) = replies.get(kind(file)) else { panic!("no command has the reply {file}") };
        read(file, text);
        kind(file).to_owned()
    });
}

/// What a frame is, as the file names of its samples say it.
fn frame_name(frame: &Frame) -> &'static str {
    match frame {
        Frame::Request(request) if request.cmd().unwrap() == "hello" => {
            drop(round_trip::<Hello>("hello", request.body.get()));
            "hello-request"
        }
        Frame::Request(request) => {
            match request.channel.as_str() {
                octo_proto::channel::TERMINAL => drop(round_trip::<TerminalCommand>("request", request.body.get())),
                _ => drop(round_trip::<Command>("request", request.body.get())),
            }
            "request"
        }
        Frame::Reply(reply) => match &reply.result {
            Ok(ok) if serde_json::from_str::<Hello>(ok.get()).is_ok() => {
                drop(round_trip::<Hello>("hello", ok.get()));
                "hello-reply"
            }
            Ok(_) => "reply-ok",
            Err(_) => "reply-error",
        },
        Frame::Event(event) => {
            drop(round_trip::<Event>("event", event.body.get()));
            "event"
        }
        Frame::Data(_) => "data",
    }
}

#[test]
fn each_kind_of_frame_has_a_sample() {
    let kinds = ["request", "reply-ok", "reply-error", "event", "data", "hello-request", "hello-reply"];
    check("frames", &kinds, |file, text| {
        let head = parse_line(text.trim_end().as_bytes()).unwrap_or_else(|bad| panic!("{file}: {bad}"));
        let bytes: Vec<u8> = (0..=255).cycle().take(head.follow).collect();
        let frame = head.with_bytes(bytes.clone().into());
        let encoded = frame.encode();
        let end = encoded.iter().position(|byte| *byte == b'\n').unwrap();
        let line: Value = serde_json::from_slice(&encoded[..end]).unwrap();
        assert_eq!(line, serde_json::from_str::<Value>(text).unwrap(), "{file}");
        assert_eq!(encoded[end + 1..], bytes, "{file}");
        frame_name(&frame).to_owned()
    });
}
