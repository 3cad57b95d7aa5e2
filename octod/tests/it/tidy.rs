//! The rules of the house that a program can check, over the whole workspace.

use std::{
    fs,
    path::{Path, PathBuf},
};

use octo_proto::access::VERBS;

const CRATES: [&str; 4] = ["octo-proto", "octo-runner", "octod", "octo-tui"];

/// Names that say nothing of what a file owns.
const EMPTY_NAMES: [&str; 10] =
    ["utils", "util", "helpers", "helper", "common", "misc", "manager", "handler", "data", "info"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The Rust files of a crate, with what they say.
fn sources(name: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(name)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty(), "{name} has no sources");
    found
}

fn all() -> Vec<(PathBuf, String)> {
    CRATES.into_iter().flat_map(sources).collect()
}

#[test]
fn every_file_says_what_it_owns_and_stays_readable() {
    for (path, text) in all() {
        let is_test_table = path.file_name().is_some_and(|name| name == "tests.rs") && path.parent().is_some();
        let is_test = is_test_table || path.components().any(|part| part.as_os_str() == "tests");
        assert!(is_test_table || text.starts_with("//!"), "{} does not begin with what it owns", path.display());
        let lines = text.lines().count();
        let most = if is_test { 1000 } else { 800 };
        assert!(lines <= most, "{} has {lines} lines: it owns more than one thing", path.display());
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap();
        assert!(!EMPTY_NAMES.contains(&stem), "{}: the name says nothing", path.display());
        assert_ne!(stem, "mod", "{}: a module is foo.rs beside foo/", path.display());
    }
}

#[test]
fn nothing_is_left_for_later_and_nothing_is_switched_off() {
    // Put together here, so that this file does not hold what it looks for.
    let words = ["TO\u{44}O", "FIX\u{4d}E", "todo\u{21}(", "#[ignor\u{65}", "allow(dead_cod\u{65}"];
    for (path, text) in all() {
        for word in words {
            assert!(!text.contains(word), "{} has {word}", path.display());
        }
    }
}

#[test]
fn arrows_between_crates_point_at_the_contract_only() {
    for name in CRATES {
        let manifest = fs::read_to_string(root().join(name).join("Cargo.toml")).unwrap();
        let manifest: toml::Table = manifest.parse().unwrap();
        for table in ["dependencies", "build-dependencies", "dev-dependencies"] {
            let Some(dependencies) = manifest.get(table).and_then(toml::Value::as_table) else { continue };
            for other in CRATES.iter().filter(|other| **other != "octo-proto") {
                assert!(!dependencies.contains_key(*other), "{name} depends on {other}");
            }
        }
    }
}

#[test]
fn every_test_file_is_part_of_its_binary() {
    for name in CRATES {
        let folder = root().join(name).join("tests/it");
        let Ok(main) = fs::read_to_string(folder.join("main.rs")) else { continue };
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap().to_owned();
            if path.extension().is_some_and(|extension| extension == "rs") && stem != "main" {
                assert!(main.contains(&format!("mod {stem};")), "{} is in no test binary", path.display());
            }
        }
    }
}

#[test]
fn harness_names_stay_in_their_modules() {
    for (path, text) in sources("octo-runner").into_iter().chain(sources("octo-tui")).chain(sources("octo-proto")) {
        let shown = path.display().to_string();
        let own = ["/harness/", "/tests/", "/config", "tests.rs", "/benches/", "/samples"];
        if own.iter().any(|place| shown.contains(place)) {
            continue;
        }
        let code: String = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
        assert!(!code.contains("Pi::") && !code.contains("harness == \"pi\""), "{shown} asks which harness it is");
    }
}

#[test]
fn every_verb_is_documented() {
    let protocol = fs::read_to_string(root().join("docs/PROTOCOL.md")).unwrap();
    for (channel, verb, _) in VERBS {
        assert!(
            protocol.contains(&format!("`{verb}")),
            "docs/PROTOCOL.md does not say what `{verb}` on `{channel}` does"
        );
    }
}
