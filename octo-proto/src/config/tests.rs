//! The configuration: precedence, mistakes, retired keys, what is shown.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use super::{retired::RETIRED, *};

struct Place {
    _dir: tempfile::TempDir,
    paths: Paths,
}

fn place() -> Place {
    let dir = tempfile::tempdir().unwrap();
    let below = |name: &str| {
        let path = dir.path().join(name);
        fs::create_dir(&path).unwrap();
        path
    };
    let paths = Paths {
        config: below("config"),
        data: below("data"),
        state: below("state"),
        run: below("run"),
        system: Some(below("system")),
    };
    Place { _dir: dir, paths }
}

impl Place {
    fn user(self, text: &str) -> Self {
        fs::write(user_file(&self.paths), text).unwrap();
        self
    }

    fn load(&self, env: &[(&str, &str)], flags: &[(&str, Value)]) -> Result<Loaded, ConfigError> {
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        load(&self.paths, env, flags)
    }

    fn error(&self) -> String {
        let message = self.load(&[], &[]).unwrap_err().to_string();
        message.replace(&self.paths.config.display().to_string(), "CONFIG")
    }
}

#[test]
fn later_layers_win() {
    let place = place().user("[server]\nport = 2\nallowed_hosts = [\"user\"]\n");
    let system = "[server]\nport = 1\nallowed_hosts = [\"system\"]\n[pi]\nenabled = false\n";
    fs::write(place.paths.system.as_ref().unwrap().join("config.toml"), system).unwrap();
    let loaded = place.load(&[], &[]).unwrap();
    assert_eq!((loaded.config.server.port, loaded.config.pi.enabled), (2, false));
    assert_eq!(loaded.config.server.allowed_hosts, ["user"]);

    let env =
        [("OCTO__SERVER__PORT", "3"), ("OCTO__ENV__PASS", "A, B"), ("OCTO_HOME", "/x"), ("OCTO__PI__ENABLED", "true")];
    let loaded = place.load(&env, &[]).unwrap();
    assert_eq!((loaded.config.server.port, loaded.config.pi.enabled), (3, true));
    assert_eq!(loaded.config.env.pass, ["A", "B"]);

    let loaded = place.load(&env, &[("server.port", Value::Integer(4))]).unwrap();
    assert_eq!(loaded.config.server.port, 4);
    assert_eq!(loaded.source("server.port"), &Source::Flag);
    assert_eq!(loaded.source("pi.executable"), &Source::Default);
}

#[test]
fn nothing_at_all_gives_the_defaults() {
    let loaded = place().load(&[], &[]).unwrap();
    assert_eq!(loaded.config, Config::default());
    assert!(loaded.warnings.is_empty());
}

#[test]
fn every_documented_block_loads() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/config/fixtures/documented");
    let mut seen = 0;
    for entry in fs::read_dir(fixtures).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let place = place().user(&text);
        let loaded = place.load(&[], &[]).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for warning in &loaded.warnings {
            assert_eq!(loaded.warnings.iter().filter(|other| *other == warning).count(), 1, "{warning}");
        }
        seen += 1;
    }
    assert_eq!(seen, 10);
}

#[test]
fn a_documented_block_has_its_effect() {
    let text = |name: &str| {
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/config/fixtures/documented").join(name))
            .unwrap()
    };
    let pi = place().user(&text("pi.toml")).load(&[], &[]).unwrap();
    assert_eq!(pi.config.pi.default_provider.as_deref(), Some("anthropic"));
    assert_eq!(pi.config.pi.default_model.as_deref(), Some("claude-sonnet-4-20250514"));
    assert_eq!(pi.warnings.len(), 1, "{:?}", pi.warnings);
    assert!(pi.warnings[0].contains("`pi.runtime_mode` is retired"), "{:?}", pi.warnings);

    let origins = place().user(&text("origins.toml")).load(&[], &[]).unwrap();
    assert_eq!(origins.config.auth.allowed_origins, ["https://octo.example.com"]);

    let system = place().user(&text("system.toml")).load(&[], &[]).unwrap();
    assert_eq!((system.config.server.host.as_str(), system.config.server.port), ("127.0.0.1", 3000));
    assert!(system.warnings.iter().any(|warning| warning.contains("loopback only")), "{:?}", system.warnings);
}

#[test]
fn a_retired_key_warns_once_however_often_it_is_set() {
    let place = place().user("[backend]\nmode = \"local\"\n[container]\nruntime = \"docker\"\nbase_port = 1\n");
    fs::write(place.paths.system.as_ref().unwrap().join("config.toml"), "[backend]\nmode = \"auto\"\n").unwrap();
    let warnings = place.load(&[("OCTO__BACKEND__MODE", "local")], &[]).unwrap().warnings;
    assert_eq!(warnings.len(), 2, "{warnings:?}");
}

#[test]
fn no_retired_key_is_also_honoured() {
    for key in KEYS {
        assert!(retired::find(key.path).is_none(), "{}", key.path);
    }
    for retired in RETIRED {
        assert!(!retired.instead.is_empty());
    }
}

#[test]
fn a_mistyped_key_is_named_with_its_place() {
    for (text, says) in [
        ("[server]\n\nprot = 1\n", "CONFIG/config.toml:3: unknown key `server.prot`; did you mean `server.port`?"),
        ("[servr]\nport = 1\n", "CONFIG/config.toml:2: unknown key `servr.port`; did you mean `server.port`?"),
        ("[trasncripts]\n", "CONFIG/config.toml:1: unknown key `trasncripts`; did you mean `transcripts`?"),
        ("[pi]\nport = 1\n", "CONFIG/config.toml:2: unknown key `pi.port`; did you mean `server.port`?"),
        ("xyzzy = 1\n", "CONFIG/config.toml:1: unknown key `xyzzy`"),
        ("[local]\nsingle_usr = 1\n", "CONFIG/config.toml:2: unknown key `local.single_usr`"),
        (
            "[server]\nport = \"x\"\n",
            "CONFIG/config.toml:2: `server.port` is \"x\"; it takes a whole number from 0 to 65535",
        ),
        (
            "[transcripts]\nmax_total = \"much\"\n",
            "CONFIG/config.toml:2: `transcripts.max_total` is \"much\"; it takes a size, as \"256 MiB\" or a number of bytes",
        ),
        ("[server]\nport = 1\nport = 2\n", "CONFIG/config.toml:3: duplicate key"),
        (
            "[pi]\nexecutable = \"bin/pi\"\n",
            "CONFIG/config.toml:2: `pi.executable` is \"bin/pi\"; write a bare name, a path from /, or one from ~/",
        ),
    ] {
        assert_eq!(place().user(text).error(), says, "{text}");
    }
}

#[test]
fn a_variable_or_flag_is_checked_like_a_file() {
    let place = place();
    let error = place.load(&[("OCTO__SERVER__PROT", "1")], &[]).unwrap_err().to_string();
    assert_eq!(error, "OCTO__SERVER__PROT: unknown key `server.prot`; did you mean `server.port`?");
    let error = place.load(&[("OCTO__SERVER__PORT", "many")], &[]).unwrap_err().to_string();
    assert!(error.starts_with("OCTO__SERVER__PORT: `server.port` is"), "{error}");
    let error = place.load(&[], &[("server.host", "0.0.0.0".into())]).unwrap_err().to_string();
    assert!(error.starts_with("command line: octod listens on the loopback only"), "{error}");
    for host in ["127.0.0.1", "::1", "localhost", "127.3.2.1"] {
        let loaded = place.load(&[], &[("server.host", host.into())]).unwrap();
        assert_eq!(loaded.config.server.host, host);
    }
}

#[test]
fn the_home_folder_is_put_into_a_program() {
    let place = place().user("[pi]\nexecutable = \"~/bin/pi\"\n");
    assert_eq!(place.load(&[("HOME", "/home/a")], &[]).unwrap().config.pi.executable, "/home/a/bin/pi");
    assert!(place.error().contains("HOME is not set"));
}

#[test]
fn a_file_that_others_can_write_is_refused() {
    let place = place().user("[server]\nport = 1\n");
    let file = user_file(&place.paths);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    assert_eq!(place.error(), "CONFIG/config.toml: can be written by others (mode 666); chmod go-w it");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(place.load(&[], &[]).unwrap().config.server.port, 1);
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert_eq!(place.error(), "CONFIG/config.toml: is not a file");
}

#[test]
fn what_holds_is_shown_with_where_it_comes_from() {
    let place = place().user("[server]\nlisten = \"[::1]:9000\"\n");
    let shown = place.load(&[("OCTO__LOGGING__LEVEL", "debug")], &[("pi.enabled", false.into())]).unwrap().show();
    let shown = shown.replace(&place.paths.config.display().to_string(), "CONFIG");
    insta::assert_snapshot!(shown, @r#"
    [server]
    host = "::1"  # CONFIG/config.toml:2
    port = 9000  # CONFIG/config.toml:2
    allowed_hosts = []  # default

    [auth]
    allowed_origins = []  # default

    [runner]
    start = "auto"  # default

    [pi]
    enabled = false  # command line
    executable = "pi"  # default

    [env]
    pass = []  # default

    [transcripts]
    max_per_process = "256 MiB"  # default
    max_total = "8 GiB"  # default
    keep_days = 90  # default

    [logging]
    level = "debug"  # OCTO__LOGGING__LEVEL
    "#);
    let again = place.user(&shown).load(&[], &[]).unwrap().config;
    assert_eq!((again.server.host.as_str(), again.server.port), ("::1", 9000));
}

#[test]
fn the_example_has_every_key_with_its_default() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/config.example.toml");
    let text = fs::read_to_string(example).unwrap();
    let is_key = |line: &str| line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
    let live: Vec<&str> =
        text.lines().map(|line| line.strip_prefix("# ").filter(|rest| is_key(rest)).unwrap_or(line)).collect();
    let table: toml::Table = toml::from_str(&live.join("\n")).unwrap();
    for key in KEYS {
        assert!(lookup(&table, key.path).is_some(), "{} is not in the example", key.path);
    }
    let loaded = place().user(&live.join("\n")).load(&[], &[]).unwrap();
    let mut config = loaded.config;
    assert!(loaded.warnings.is_empty());
    // These have no default; the example shows what they look like.
    config.runner.executable = None;
    (config.pi.default_provider, config.pi.default_model) = (None, None);
    assert_eq!(config, Config::default());
    assert_eq!(place().user(&text).load(&[], &[]).unwrap().config, Config::default());
}

#[test]
fn every_field_has_its_key() {
    let mut config = Config::default();
    config.runner.executable = Some("x".to_owned());
    (config.pi.default_provider, config.pi.default_model) = (Some("x".to_owned()), Some("x".to_owned()));
    let table = toml::Table::try_from(&config).unwrap();
    for (section, keys) in &table {
        for key in keys.as_table().unwrap().keys() {
            assert!(KEYS.iter().any(|known| known.path == format!("{section}.{key}")), "{section}.{key}");
        }
    }
}

#[test]
fn a_sandbox_that_is_asked_for_is_never_forgotten() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/config/fixtures/sandbox/development.toml");
    let text = fs::read_to_string(fixture).unwrap();
    for (text, asked) in
        [(text.as_str(), true), ("", true), ("enabled = false\n", false), ("profile = \"strict\"\n", true)]
    {
        let place = place();
        let file = place.paths.config.join("sandbox.toml");
        fs::write(&file, text).unwrap();
        let loaded = place.load(&[], &[]).unwrap();
        assert_eq!(loaded.config.sandbox_asked_by, asked.then_some(file), "{text}");
        assert_eq!(loaded.warnings.len(), usize::from(asked));
    }
    let place = place();
    fs::write(place.paths.config.join("sandbox.toml"), "enabld = false\n").unwrap();
    assert!(place.error().ends_with("unknown key `enabld`; did you mean `enabled`?"));
}
