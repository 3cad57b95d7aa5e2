//! What is written down, in prose and in scripts, is as the code is.

use std::{fs, path::Path, process::Command};

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
    let page = read("docs/PROTOCOL.md");
    let sources = ["event.rs", "files/reply.rs", "terminal.rs"];
    let events: String = sources.iter().map(|file| read(&format!("octo-proto/src/{file}"))).collect();
    let names = events.split("#[serde(rename = \"").skip(1).filter_map(|rest| rest.split('"').next());
    let names: Vec<_> = names.collect();
    assert!(names.len() > 30, "the events are found as they are written");
    let missing: Vec<_> =
        names.iter().filter(|name| name.contains('.')).filter(|name| !page.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/PROTOCOL.md does not name {missing:?}");
}

#[test]
fn setup_refuses_what_it_does_not_know() {
    let setup = Path::new(env!("CARGO_MANIFEST_DIR")).join("../setup.sh");
    let ran = Command::new(setup).arg("tset").current_dir("/").output().unwrap();
    assert_eq!(ran.status.code(), Some(2));
    assert!(String::from_utf8(ran.stderr).unwrap().starts_with("usage: "));
}

#[test]
fn setup_and_the_page_about_it_install_the_pi_that_is_tested() {
    let version =
        |text: &str| text.split("PI_VERSION='").nth(1).and_then(|rest| rest.split('\'').next().map(str::to_owned));
    let version = version(&read("setup.sh")).unwrap();
    let minor = version.rsplit_once('.').unwrap().0;
    assert!(read("README.md").contains(&format!("Pi {minor}.")), "README.md names another Pi than {version}");
}
