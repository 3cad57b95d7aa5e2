//! Finding Pi and its Node on machines of all sorts.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use octo_runner::harness::discover::{Found, Problem, Search, pi};

/// A machine in a folder.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn program(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, text).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a mode");
    }

    fn node(&self, path: &str, version: &str) {
        self.program(path, &format!("#!/bin/sh\necho {version}\n"));
    }

    /// A package as npm installs it, with its link `pi`.
    fn pi(&self, prefix: &str, bin: &str, name: &str, version: &str) {
        let package = format!("{prefix}/{name}");
        self.program(&format!("{package}/dist/bundle/cli.js"), "#!/usr/bin/env node\n");
        let manifest = format!(r#"{{"name":"{name}","version":"{version}","bin":{{"pi":"dist/bundle/cli.js"}}}}"#);
        fs::write(self.path().join(&package).join("package.json"), manifest).expect("a file");
        fs::create_dir_all(self.path().join(bin)).expect("a folder");
        let script = self.path().join(&package).join("dist/bundle/cli.js");
        std::os::unix::fs::symlink(script, self.path().join(bin).join("pi")).expect("a link");
    }

    async fn find(&self, executable: &str) -> Found {
        let search = Search {
            enabled: true,
            executable: executable.to_owned(),
            path: self.path().join("bin").into_os_string(),
            data: self.path().join("data"),
        };
        pi(&search).await
    }
}

const PI: &str = "@earendil-works/pi-coding-agent";

#[tokio::test]
async fn a_global_pi_is_run_by_the_node_of_the_path() {
    let machine = Machine::new();
    machine.node("bin/node", "v22.19.0");
    machine.pi("lib", "bin", PI, "0.87.1");
    let found = machine.find("pi").await;
    let installed = found.installed.expect("usable");
    assert_eq!(installed.version, "0.87.1");
    assert_eq!(installed.command[0], machine.path().join("bin/node").display().to_string());
    assert!(installed.command[1].ends_with("pi-coding-agent/dist/bundle/cli.js"));
    assert!(found.status.usable && found.status.problem.is_none());
    assert_eq!(found.status.program.as_ref(), installed.command.last());
}

#[tokio::test]
async fn where_there_is_none_the_install_command_is_told() {
    let machine = Machine::new();
    let found = machine.find("pi").await;
    assert_eq!(found.installed, Err(Problem::Missing { executable: "pi".to_owned() }));
    let prefix = machine.path().join("data/harnesses/pi").display().to_string();
    assert_eq!(found.status.install, format!("npm install --prefix {prefix} {PI}@0.87.1"));
    assert!(!found.status.usable);
}

#[tokio::test]
async fn a_pi_of_before_is_too_old() {
    let machine = Machine::new();
    machine.node("bin/node", "v22.19.0");
    machine.pi("lib", "bin", "@mariozechner/pi-coding-agent", "0.73.1");
    let found = machine.find("pi").await;
    assert!(matches!(&found.installed, Err(Problem::TooOld { version, .. }) if version == "0.73.1"));
    assert!(found.status.problem.expect("a problem").contains("needs 0.87.0 or newer"));
    assert!(found.status.install.ends_with("@earendil-works/pi-coding-agent@0.87.1"));
}

#[tokio::test]
async fn the_private_ones_step_in_for_what_is_too_old() {
    let machine = Machine::new();
    machine.node("bin/node", "v20.20.2");
    machine.pi("lib", "bin", "@mariozechner/pi-coding-agent", "0.73.1");
    machine.pi("data/harnesses/pi/node_modules", "data/harnesses/pi/node_modules/.bin", PI, "0.87.1");
    machine.node("data/harnesses/node/node_modules/.bin/node", "v22.23.3");
    let installed = machine.find("pi").await.installed.expect("usable");
    assert!(installed.command.iter().all(|word| word.contains("/data/harnesses/")));
}

#[tokio::test]
async fn a_node_that_is_missing_or_too_old_is_told() {
    let machine = Machine::new();
    machine.pi("lib", "bin", PI, "0.87.1");
    let found = machine.find("pi").await;
    assert_eq!(found.installed, Err(Problem::NodeMissing));
    machine.node("bin/node", "v20.20.2");
    let found = machine.find("pi").await;
    assert!(matches!(&found.installed, Err(Problem::NodeTooOld { version, .. }) if version == "v20.20.2"));
    let prefix = machine.path().join("data/harnesses/node").display().to_string();
    assert_eq!(found.status.install, format!("npm install --prefix {prefix} node@22"));
}

#[tokio::test]
async fn a_configured_program_is_not_replaced_by_another() {
    let machine = Machine::new();
    machine.node("bin/node", "v22.19.0");
    machine.pi("lib", "bin", PI, "0.87.1");
    let elsewhere = machine.path().join("elsewhere/pi").display().to_string();
    assert_eq!(machine.find(&elsewhere).await.installed, Err(Problem::Missing { executable: elsewhere.clone() }));
    machine.program("elsewhere/pi", "#!/bin/sh\nexit 0\n");
    assert!(matches!(machine.find(&elsewhere).await.installed, Err(Problem::Unknown { .. })));
}

#[tokio::test]
async fn a_pi_that_is_switched_off_is_not_looked_for() {
    let machine = Machine::new();
    let search = Search {
        enabled: false,
        executable: "pi".to_owned(),
        path: machine.path().join("bin").into_os_string(),
        data: machine.path().to_owned(),
    };
    assert_eq!(pi(&search).await.installed, Err(Problem::Disabled));
}
