//! The page of the protocol names every command, event and error code that there is.

use std::{fs, path::Path};

use octo_proto::access::VERBS;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

#[test]
fn every_command_is_on_the_page() {
    let page = read("docs/PROTOCOL.md");
    let missing: Vec<_> = VERBS.iter().filter(|(_, cmd, _)| !page.contains(&format!("`{cmd}`"))).collect();
    assert!(missing.is_empty(), "docs/PROTOCOL.md does not name {missing:?}");
}

#[test]
fn every_event_is_on_the_page() {
    let (page, events) = (read("docs/PROTOCOL.md"), read("octo-proto/src/event.rs"));
    let names = events.split("#[serde(rename = \"").skip(1).filter_map(|rest| rest.split('"').next());
    let names: Vec<_> = names.collect();
    assert!(names.len() > 30, "the events are found as they are written");
    let missing: Vec<_> = names.iter().filter(|name| !page.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/PROTOCOL.md does not name {missing:?}");
}
