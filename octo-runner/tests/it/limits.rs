//! What is bounded: watchers that stall, agents' environments, what Octo leaves alone.

use std::collections::BTreeMap;

use octo_proto::command::Environment;
use serde_json::{Value, json};

use crate::household::{Watcher, World, ends, prompt};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_people_have_set_up_for_pi_is_untouched() {
    let world = World::with(|home| {
        std::fs::write(home.join("pi/auth.json"), "{\"other\":{\"type\":\"api_key\",\"key\":\"k\"}}\n").unwrap();
    });
    let settings = || {
        let files = ["settings.json", "models.json", "auth.json"];
        files.map(|name| std::fs::read(world.dir.path().join("pi").join(name)).unwrap())
    };
    let before = settings();
    let (client, mut events) = world.connect().await;
    let session = world.session(&client).await;
    let mut watcher = Watcher::new(session.clone());
    watcher.watch(&client).await;
    for body in [
        json!({ "cmd": "prompt", "message": "hello" }),
        json!({ "cmd": "set_model", "model": "scripted/scripted-thinking" }),
        json!({ "cmd": "set_thinking_level", "level": "high" }),
        json!({ "cmd": "prompt", "message": "think" }),
    ] {
        let mut request = prompt(&session, "");
        request.body = serde_json::value::to_raw_value(&body).unwrap();
        let id = request.id.clone();
        client.request(request).await.unwrap_or_else(|error| panic!("{body}: {error}"));
        if body["cmd"] == "prompt" {
            assert!(watcher.until(&mut events, |_, event| ends(event, &id)).await);
        }
    }
    let info = watcher.view.unwrap().info;
    assert_eq!(info.model.as_deref(), Some("scripted/scripted-thinking"));
    assert_eq!(info.thinking_level.as_deref(), Some("high"));
    client.ask::<Value>("agent", Some(&session), &json!({ "cmd": "session.stop" })).await.unwrap();
    let after = settings();
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(String::from_utf8_lossy(before), String::from_utf8_lossy(after));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_has_the_environment_that_is_shown_and_nothing_unnamed() {
    let mut world = World::unstarted(crate::household::folder());
    let file = world.dir.path().join("config/env");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}MY_API_KEY=secret-of-mine\nPLAIN='two words'\n")).unwrap();
    std::fs::write(world.dir.path().join("config/config.toml"), "[env]\npass = [\"PASSED_ON\"]\n").unwrap();
    let runner = env!("CARGO_BIN_EXE_octo-runner").into();
    world.set_program(runner, &[("PASSED_ON", "yes".to_owned()), ("NOT_NAMED", "no".to_owned())]);
    world.start();
    let (client, mut events) = world.connect().await;
    let session = world.session(&client).await;
    let mut watcher = Watcher::new(session.clone());
    watcher.watch(&client).await;
    let request = prompt(&session, "hello");
    let id = request.id.clone();
    client.request(request).await.unwrap();
    assert!(watcher.until(&mut events, |_, event| ends(event, &id)).await);
    let shown: Environment = client.ask("agent", None, &json!({ "cmd": "env" })).await.unwrap();
    let [agent] = world.agents().try_into().unwrap();
    let environ = std::fs::read_to_string(format!("/proc/{agent}/environ")).unwrap();
    let mut has: BTreeMap<_, _> = environ.split('\0').filter_map(|variable| variable.split_once('=')).collect();
    for variable in &shown.variables {
        let value = has.remove(variable.name.as_str());
        match variable.value.as_str() {
            "********" => assert_eq!((variable.name.as_str(), value), ("MY_API_KEY", Some("secret-of-mine"))),
            shown => assert_eq!(value, Some(shown), "{}", variable.name),
        }
        assert!(!variable.source.is_empty(), "{} comes from somewhere", variable.name);
    }
    let source = |name: &str| &shown.variables.iter().find(|variable| variable.name == name).unwrap().source;
    assert!(source("PLAIN").ends_with("config/env") && source("PASSED_ON").contains("[env] pass"));
    let added: Vec<_> = has.into_keys().collect();
    assert_eq!(added, ["OCTO_PROCESS", "OCTO_SESSION_ID"]);
}
