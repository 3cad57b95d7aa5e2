//! The golden samples of channel `terminal`: each variant has one, and each is read and written again as it is.

use std::collections::BTreeMap;

use octo_proto::{command::Done, terminal::*};
use serde::{Serialize, de::DeserializeOwned};

use crate::samples::{check, folder, kind, round_trip, variants};

variants!(COMMANDS, command_name: TerminalCommand {
    TerminalCommand::Open { .. } => "open",
    TerminalCommand::Attach { .. } => "attach",
    TerminalCommand::Detach { .. } => "detach",
    TerminalCommand::Input { .. } => "input",
    TerminalCommand::Take { .. } => "take",
    TerminalCommand::Resize { .. } => "resize",
    TerminalCommand::Close { .. } => "close",
    TerminalCommand::List {} => "list",
    TerminalCommand::Screen { .. } => "screen",
    TerminalCommand::History { .. } => "history",
    TerminalCommand::Wait { .. } => "wait",
});

variants!(EVENTS, event_name: TerminalEvent {
    TerminalEvent::Screen { .. } => "terminal.screen",
    TerminalEvent::Owner { .. } => "terminal.owner",
    TerminalEvent::Gap { .. } => "terminal.gap",
    TerminalEvent::Exited { .. } => "terminal.exited",
    TerminalEvent::Unknown => "unknown",
});

/// The name of the reply that a command gets, and how that is read.
fn reply_of(command: &TerminalCommand) -> (&'static str, fn(&str, &str)) {
    fn read<T: DeserializeOwned + Serialize>(file: &str, text: &str) {
        drop(round_trip::<T>(file, text));
    }
    match command {
        TerminalCommand::Open { .. } | TerminalCommand::Wait { .. } => ("terminal_reply", read::<TerminalReply>),
        TerminalCommand::List {} => ("terminal_list", read::<TerminalList>),
        TerminalCommand::Screen { .. } => ("terminal_screen", read::<TerminalScreen>),
        TerminalCommand::History { .. } => ("terminal_history", read::<TerminalHistory>),
        TerminalCommand::Attach { .. } => ("attached", read::<Attached>),
        TerminalCommand::Detach { .. }
        | TerminalCommand::Input { .. }
        | TerminalCommand::Take { .. }
        | TerminalCommand::Resize { .. }
        | TerminalCommand::Close { .. } => ("done", read::<Done>),
    }
}

#[test]
fn each_command_has_a_sample() {
    check("terminal", COMMANDS, |file, text| {
        assert_eq!(parse(text).unwrap(), round_trip::<TerminalCommand>(file, text));
        command_name(&round_trip(file, text)).to_owned()
    });
}

#[test]
fn each_event_has_a_sample() {
    let known: Vec<_> = EVENTS.iter().copied().filter(|&name| name != "unknown").collect();
    check("terminal_events", &known, |file, text| event_name(&round_trip(file, text)).to_owned());
    assert_eq!(event_name(&serde_json::from_str(r#"{"event":"terminal.painted"}"#).unwrap()), "unknown");
}

#[test]
fn each_reply_has_a_sample() {
    let commands = folder("terminal");
    let replies: BTreeMap<_, _> =
        commands.iter().map(|(file, text)| reply_of(&round_trip::<TerminalCommand>(file, text))).collect();
    let kinds: Vec<_> = replies.keys().copied().collect();
    check("terminal_replies", &kinds, |file, text| {
        let Some(read) = replies.get(kind(file)) else { panic!("no command has the reply {file}") };
        read(file, text);
        kind(file).to_owned()
    });
}
