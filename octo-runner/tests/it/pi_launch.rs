//! How Pi is started for a new session, one that goes on, and a fork.

use octo_proto::{Code, session::When};
use octo_runner::harness::{Fork, Harness, Installed, NativeId, Out, Plan, SessionSpec, any::AnyHarness, pi::Pi};
use serde_json::json;

use crate::desk::{Desk, prompt, spec};

fn native(file: Option<&str>) -> NativeId {
    NativeId { id: "native".to_owned(), file: file.map(Into::into) }
}

fn args(spec: &SessionSpec) -> String {
    let command = vec!["/usr/bin/node".to_owned(), "/opt/pi/cli.js".to_owned()];
    let launch = AnyHarness::launch("pi", spec, &Installed { command, version: "0.87.1".to_owned() })
        .expect("it can be started");
    assert_eq!(launch.program, std::path::Path::new("/usr/bin/node"));
    assert!(launch.env.contains(&("PI_SKIP_VERSION_CHECK".to_owned(), "1".to_owned())));
    assert!(launch.env.iter().all(|(name, _)| name != "PI_OFFLINE"), "providers are wanted");
    launch.args.join(" ")
}

#[test]
fn arguments_follow_from_the_session() {
    let fork = |before, file| Some(Fork { native: native(file), user_messages_before: before });
    let cases = [
        (spec(), "/opt/pi/cli.js --mode rpc"),
        (
            SessionSpec {
                model: Some("openrouter/meta/llama".to_owned()),
                thinking_level: Some("high".to_owned()),
                ..spec()
            },
            "/opt/pi/cli.js --mode rpc --provider openrouter --model meta/llama --thinking high",
        ),
        (SessionSpec { title: "Tea".to_owned(), ..spec() }, "/opt/pi/cli.js --mode rpc --name Tea"),
        (
            SessionSpec { resume: Some(native(Some("/s.jsonl"))), fork: fork(2, Some("/o.jsonl")), ..spec() },
            "/opt/pi/cli.js --mode rpc --session /s.jsonl",
        ),
        (SessionSpec { resume: Some(native(None)), ..spec() }, "/opt/pi/cli.js --mode rpc --session-id native"),
        (SessionSpec { fork: fork(2, Some("/o.jsonl")), ..spec() }, "/opt/pi/cli.js --mode rpc --fork /o.jsonl"),
        (SessionSpec { fork: fork(0, Some("/o.jsonl")), ..spec() }, "/opt/pi/cli.js --mode rpc"),
    ];
    for (spec, expected) in cases {
        assert_eq!(args(&spec), expected);
    }
}

#[test]
fn what_cannot_be_started_is_refused() {
    let found = Installed { command: vec!["node".to_owned()], version: "0.87.1".to_owned() };
    let wrong = SessionSpec { model: Some("large".to_owned()), ..spec() };
    assert_eq!(Pi::launch(&wrong, &found).expect_err("no provider").code, Code::BadRequest);
    assert_eq!(AnyHarness::launch("other", &spec(), &found).expect_err("unknown").code, Code::NotFound);
    let fork = Fork { native: native(None), user_messages_before: 1 };
    let early = SessionSpec { fork: Some(fork), ..spec() };
    assert_eq!(Pi::launch(&early, &found).expect_err("nothing to fork").code, Code::Unsupported);
}

#[test]
fn a_fork_leaves_out_its_message_before_it_is_ready() {
    let fork = Fork { native: native(Some("/o.jsonl")), user_messages_before: 1 };
    let mut desk = Desk::new(&SessionSpec { fork: Some(fork), title: "Tea again".to_owned(), ..spec() });
    assert_eq!(desk.react(), ["octo:fork-points"]);
    let points = json!({"messages": [{"entryId": "e0", "text": "zero"}, {"entryId": "e1", "text": "one"}]});
    desk.answer("octo:fork-points", "get_fork_messages", &points);
    let fork = desk.pi.reactions().pop().expect("the fork");
    assert!(String::from_utf8_lossy(&fork.line).contains(r#""entryId":"e1""#));
    assert_eq!(desk.react(), ["octo:fork"]);
    assert_eq!(desk.pi.plan(&prompt("p1", "hello", When::Now)), Plan::Wait);
    desk.answer("octo:fork", "fork", &json!({"text": "one", "cancelled": false}));
    let name = desk.pi.reactions().into_iter().find(|write| write.key == "octo:name").expect("its own title");
    assert!(String::from_utf8_lossy(&name.line).contains("Tea again"));
    desk.shake_hands(&json!([crate::desk::model("large", true)]));
    assert!(desk.outs.iter().any(|out| matches!(out, Out::Ready { .. })));
}

#[test]
fn a_fork_at_a_message_that_pi_never_had_is_the_whole_session() {
    let fork = Fork { native: native(Some("/o.jsonl")), user_messages_before: 1 };
    let mut desk = Desk::new(&SessionSpec { fork: Some(fork), ..spec() });
    desk.react();
    desk.answer("octo:fork-points", "get_fork_messages", &json!({"messages": [{"entryId": "e0", "text": "zero"}]}));
    desk.shake_hands(&json!([crate::desk::model("large", true)]));
    assert!(desk.outs.iter().any(|out| matches!(out, Out::Ready { .. })));
}

#[test]
fn a_fork_that_an_extension_refuses_is_an_error() {
    let fork = Fork { native: native(Some("/o.jsonl")), user_messages_before: 1 };
    let mut desk = Desk::new(&SessionSpec { fork: Some(fork), ..spec() });
    desk.react();
    let points = json!({"messages": [{"entryId": "e0"}, {"entryId": "e1"}]});
    desk.answer("octo:fork-points", "get_fork_messages", &points);
    desk.react();
    desk.answer("octo:fork", "fork", &json!({"cancelled": true}));
    assert!(matches!(desk.pi.plan(&prompt("p1", "hello", When::Now)), Plan::Answer(Err(_))));
}
