//! What comes in wrong gets one clear error where it happened; nothing stored is lost, and nothing hangs.

use std::{
    io::{BufRead, BufReader, Write},
    os::unix::{fs::PermissionsExt, net::UnixStream},
    path::Path,
};

use octo_proto::{Code, Error, Event, client::Client, id::SessionId, session::Outcome};
use serde_json::{Value, json};

use crate::household::{PATIENCE, Watcher, World, ends, folder, prompt};

/// A connection that says exactly what it is told to.
struct Line {
    write: UnixStream,
    read: BufReader<UnixStream>,
}

impl Line {
    fn connect(world: &World) -> Self {
        let write = UnixStream::connect(world.socket()).unwrap();
        write.set_read_timeout(Some(PATIENCE)).unwrap();
        let read = BufReader::new(write.try_clone().unwrap());
        Self { write, read }
    }

    fn greeted(world: &World) -> Self {
        let mut line = Self::connect(world);
        let reply = line.say(&hello([1, 1]));
        assert!(reply.get("ok").is_some(), "{reply}");
        line
    }

    fn say(&mut self, text: &str) -> Value {
        self.write.write_all(text.as_bytes()).unwrap();
        self.write.write_all(b"\n").unwrap();
        self.hear().expect("an answer")
    }

    /// The next line; none at the end.
    fn hear(&mut self) -> Option<Value> {
        let mut line = String::new();
        (self.read.read_line(&mut line).unwrap() > 0).then(|| serde_json::from_str(&line).unwrap())
    }
}

fn hello(protocol: [u16; 2]) -> String {
    json!({ "channel": "system", "id": "h", "body": { "cmd": "hello", "protocol": protocol, "name": "t", "version": "0" } })
        .to_string()
}

fn code(reply: &Value) -> &str {
    reply["error"]["code"].as_str().unwrap_or_else(|| panic!("no error: {reply}"))
}

#[tokio::test]
async fn a_bad_line_is_answered_and_the_connection_goes_on() {
    let world = World::new();
    let mut line = Line::greeted(&world);
    for (text, id) in [
        ("this is no frame", ""),
        ("{\"channel\":\"agent\",\"id\":\"1\"", ""),
        ("[1,2]", ""),
        ("{\"channel\":\"agent\",\"id\":\"dup\",\"channel\":\"system\",\"body\":{\"cmd\":\"harnesses\"}}", "dup"),
        ("{\"channel\":\"agent\",\"id\":\"unknown\",\"body\":{\"cmd\":\"frobnicate\"}}", "unknown"),
        ("{\"channel\":\"agent\",\"id\":\"none\",\"body\":{}}", "none"),
        ("{\"channel\":\"agent\",\"id\":\"short\",\"body\":{\"cmd\":\"session.stop\"}}", "short"),
    ] {
        let reply = line.say(text);
        assert_eq!(code(&reply), "bad_request", "{text}: {reply}");
        assert_eq!(reply["id"], id, "{text}");
        assert!(!reply["error"]["message"].as_str().unwrap().is_empty());
    }
    let reply = line.say("{\"channel\":\"nowhere\",\"id\":\"c\",\"body\":{\"cmd\":\"x\"}}");
    assert_eq!(code(&reply), "unsupported");
    let reply = line.say("{\"channel\":\"agent\",\"id\":\"ok\",\"body\":{\"cmd\":\"session.list\"}}");
    assert_eq!(reply["ok"]["sessions"], json!([]));
}

#[tokio::test]
async fn a_raw_newline_in_a_body_makes_two_bad_lines_and_no_command() {
    let world = World::new();
    let mut line = Line::greeted(&world);
    let first = line.say("{\"channel\":\"agent\",\"id\":\"n\",\"body\":{\"cmd\":\"prompt\",\"message\":\"a\nb\"}}");
    let second = line.hear().unwrap();
    assert_eq!((code(&first), code(&second)), ("bad_request", "bad_request"));
    assert!(line.say("{\"channel\":\"system\",\"id\":\"p\",\"body\":{\"cmd\":\"ping\"}}").get("ok").is_some());
}

#[tokio::test]
async fn a_line_that_is_too_large_and_many_bad_ones_end_the_connection_with_the_reason() {
    let world = World::new();
    let mut line = Line::greeted(&world);
    let large = "x".repeat(2 * 1024 * 1024);
    // It may hang up before it has read all of it.
    drop(line.write.write_all(large.as_bytes()));
    drop(line.write.write_all(b"\n"));
    let mut text = String::new();
    line.read.read_line(&mut text).unwrap();
    let reply: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(code(&reply), "too_large");
    let mut line = Line::greeted(&world);
    for _ in 0..16 {
        line.write.write_all(b"nonsense\n").unwrap();
    }
    let mut replies = Vec::new();
    while let Some(reply) = line.hear() {
        replies.push(reply);
    }
    assert!(replies.len() <= 17 && replies.iter().all(|reply| code(reply) == "bad_request"), "{replies:?}");
    assert!(Line::greeted(&world).say("{\"channel\":\"system\",\"id\":\"p\",\"body\":{\"cmd\":\"ping\"}}").is_object());
}

#[tokio::test]
async fn hello_comes_first_and_its_protocols_must_overlap() {
    let world = World::new();
    let mut line = Line::connect(&world);
    let reply = line.say("{\"channel\":\"agent\",\"id\":\"1\",\"body\":{\"cmd\":\"session.list\"}}");
    assert_eq!(code(&reply), "bad_request");
    let reply = line.say(&hello([200, 201]));
    assert_eq!(code(&reply), "unsupported", "{reply}");
    assert!(reply["error"]["hint"].is_string(), "{reply}");
    assert_eq!(line.hear(), None);
}

async fn refused(client: &Client, session: Option<&SessionId>, body: Value) -> Error {
    client.ask::<Value>("agent", session, &body).await.unwrap_err()
}

/// Prompts, and gives how it ended.
async fn ended(
    client: &Client,
    events: &mut octo_proto::client::Events,
    watcher: &mut Watcher,
    text: &str,
) -> (Outcome, Option<String>) {
    let request = prompt(&watcher.session, text);
    let id = request.id.clone();
    client.request(request).await.unwrap();
    assert!(watcher.until(events, |_, event| ends(event, &id)).await);
    match &watcher.events.last().unwrap().1 {
        Event::PromptEnded { outcome, message, .. } => (*outcome, message.clone()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_there_is_not_found() {
    let world = World::new();
    let (client, mut events) = world.connect().await;
    let nobody = SessionId("ses_00000000000000000000000000".to_owned());
    let error = refused(&client, Some(&nobody), json!({ "cmd": "prompt", "message": "hello" })).await;
    assert_eq!(error.code, Code::NotFound);
    assert!(error.hint.unwrap().contains("octoctl session list"));
    let error = refused(&client, None, json!({ "cmd": "session.create", "harness": "hal", "cwd": world.work() })).await;
    assert_eq!(error.code, Code::NotFound);
    assert_eq!(error.hint.as_deref(), Some("this runner knows: pi"));
    for (cwd, expected) in
        [("/no/such/folder", Code::NotFound), ("relative", Code::BadRequest), ("/etc/passwd", Code::BadRequest)]
    {
        let error = refused(&client, None, json!({ "cmd": "session.create", "harness": "pi", "cwd": cwd })).await;
        assert_eq!(error.code, expected, "{cwd}");
    }
    let session = world.session(&client).await;
    client.ask::<Value>("agent", Some(&session), &json!({ "cmd": "session.delete" })).await.unwrap();
    let error = refused(&client, Some(&session), json!({ "cmd": "prompt", "message": "hello" })).await;
    assert_eq!(error.code, Code::NotFound);
    // Its folder vanished between its prompts: the prompt says so, and the session works again once it is back.
    let session = world.session(&client).await;
    let mut watcher = Watcher::new(session);
    watcher.watch(&client).await;
    std::fs::remove_dir(world.work()).unwrap();
    let (outcome, message) = ended(&client, &mut events, &mut watcher, "hello").await;
    assert_eq!(outcome, Outcome::Error);
    assert!(message.unwrap().contains("is not there any more"));
    std::fs::create_dir(world.work()).unwrap();
    assert_eq!(ended(&client, &mut events, &mut watcher, "hello").await.0, Outcome::Done);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prompt_to_a_stopped_session_resumes_it() {
    let world = World::new();
    let (client, mut events) = world.connect().await;
    let session = world.session(&client).await;
    let mut watcher = Watcher::new(session.clone());
    watcher.watch(&client).await;
    assert_eq!(ended(&client, &mut events, &mut watcher, "hello").await.0, Outcome::Done);
    let native = watcher.view.as_ref().unwrap().info.native_id.clone();
    client.ask::<Value>("agent", Some(&session), &json!({ "cmd": "session.stop" })).await.unwrap();
    assert_eq!(world.agents(), [0_u32; 0]);
    assert_eq!(ended(&client, &mut events, &mut watcher, "hello").await.0, Outcome::Done);
    let view = watcher.view.unwrap();
    assert_eq!((view.info.native_id, view.messages.len()), (native, 4));
}

/// A runner that finds this folder's programs instead of a real Pi.
fn with_pi(make: impl FnOnce(&Path)) -> World {
    World::with(|home| {
        let harnesses = home.join("data/harnesses");
        std::fs::create_dir_all(&harnesses).unwrap();
        for folder in [home.join("data"), harnesses] {
            std::fs::set_permissions(folder, PermissionsExt::from_mode(0o700)).unwrap();
        }
        make(home);
    })
}

fn script(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o700)).unwrap();
}

/// A package of Pi's with this release, as the one configured.
fn pretend_pi(home: &Path, version: &str) {
    let package = home.join("pretended/node_modules/@earendil-works/pi-coding-agent");
    script(&package.join("dist/cli.js"), "exit 1");
    let json = json!({ "name": "@earendil-works/pi-coding-agent", "version": version, "bin": { "pi": "dist/cli.js" } });
    std::fs::write(package.join("package.json"), json.to_string()).unwrap();
    configure(home, &package.join("dist/cli.js"));
}

fn configure(home: &Path, executable: &Path) {
    std::fs::write(home.join("config/config.toml"), format!("[pi]\nexecutable = {executable:?}\n")).unwrap();
}

async fn refused_to_create(world: &World) -> Error {
    let (client, _events) = world.connect().await;
    refused(&client, None, json!({ "cmd": "session.create", "harness": "pi", "cwd": world.work() })).await
}

#[tokio::test]
async fn pi_that_is_missing_or_too_old_is_said_with_the_command_that_helps() {
    for (world, says) in [
        (with_pi(|home| configure(home, Path::new("/nowhere/pi"))), "is not installed"),
        (with_pi(|home| pretend_pi(home, "0.1.0")), "too old"),
    ] {
        let error = refused_to_create(&world).await;
        assert_eq!(error.code, Code::AgentFailed);
        assert!(error.message.contains(says), "{error}");
        assert!(error.hint.unwrap().starts_with("npm install"));
    }
}

#[tokio::test]
async fn node_that_is_too_old_is_said_with_the_command_that_helps() {
    let mut world = World::unstarted(folder());
    let home = world.dir.path().to_owned();
    pretend_pi(&home, "99.0.0");
    script(&home.join("bin/node"), "echo v18.0.0");
    // The PATH of agents is the login shell's.
    script(&home.join("bin/shell"), &format!("echo octo-path:{}", home.join("bin").display()));
    std::fs::create_dir_all(home.join("data/harnesses")).unwrap();
    std::fs::set_permissions(home.join("data"), PermissionsExt::from_mode(0o700)).unwrap();
    let runner = env!("CARGO_BIN_EXE_octo-runner").into();
    world.set_program(runner, &[("SHELL", home.join("bin/shell").display().to_string())]);
    world.start();
    let error = refused_to_create(&world).await;
    assert_eq!(error.code, Code::AgentFailed);
    assert!(error.message.contains("Node.js") && error.message.contains("v18.0.0"), "{error}");
    assert!(error.hint.unwrap().contains("node@22"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pi_without_a_model_ends_the_prompt_with_what_it_says_and_works_once_it_has_one() {
    let mut saved = String::new();
    let world = World::with(|home| {
        saved = std::fs::read_to_string(home.join("pi/models.json")).unwrap();
        std::fs::write(home.join("pi/models.json"), "{\"providers\":{}}").unwrap();
    });
    let (client, mut events) = world.connect().await;
    let session = world.session(&client).await;
    let mut watcher = Watcher::new(session.clone());
    watcher.watch(&client).await;
    let (outcome, message) = ended(&client, &mut events, &mut watcher, "hello").await;
    assert_eq!(outcome, Outcome::Error);
    assert!(message.unwrap().to_lowercase().contains("model"));
    std::fs::write(world.dir.path().join("pi/models.json"), saved).unwrap();
    client.ask::<Value>("agent", Some(&session), &json!({ "cmd": "session.stop" })).await.unwrap();
    assert_eq!(ended(&client, &mut events, &mut watcher, "hello").await.0, Outcome::Done);
}

#[tokio::test]
async fn folders_that_cannot_be_ours_are_refused_at_the_start() {
    let world = World::unstarted(folder());
    let state = world.dir.path().join("state");
    std::fs::create_dir(&state).unwrap();
    std::fs::set_permissions(&state, PermissionsExt::from_mode(0o755)).unwrap();
    let said = world.refused();
    assert!(said.contains("open to others") && said.contains("chmod 700"), "{said}");
    let world = World::unstarted(folder());
    std::os::unix::fs::symlink("/tmp", world.dir.path().join("state")).unwrap();
    assert!(world.refused().contains("is a link"), "{}", world.log());
    let world = World::unstarted(folder());
    std::fs::write(world.dir.path().join("state"), "").unwrap();
    assert!(world.refused().contains("is not a folder"), "{}", world.log());
}

#[tokio::test]
async fn a_history_that_is_damaged_is_refused_and_left_as_it_is() {
    let mut world = World::new();
    let (client, events) = world.connect().await;
    world.session(&client).await;
    drop((client, events));
    world.kill();
    let database = world.dir.path().join("data/hstry.db");
    for rest in ["-wal", "-shm"] {
        std::fs::remove_file(format!("{}{rest}", database.display())).ok();
    }
    let damaged = vec![0x5a; 8192];
    std::fs::write(&database, &damaged).unwrap();
    let said = world.refused();
    assert!(said.contains("is damaged") && said.contains(&format!("mv {0} {0}.damaged", database.display())), "{said}");
    assert_eq!(std::fs::read(&database).unwrap(), damaged);
    std::fs::rename(&database, database.with_extension("damaged")).unwrap();
    world.start();
}

#[tokio::test]
async fn a_key_of_the_settings_that_is_not_known_is_refused_with_what_was_meant() {
    let world = World::unstarted(folder());
    std::fs::write(world.dir.path().join("config/config.toml"), "[transcripts]\nmax_totl = \"1 GiB\"\n").unwrap();
    let said = world.refused();
    assert!(said.contains("max_totl") && said.contains("max_total"), "{said}");
}
