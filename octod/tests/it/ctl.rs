//! `octoctl` against a daemon that answers as it is told: exit codes, output, idempotent retries.

use octo_proto::{Code, Error, frame::Request};
use serde_json::{Value, json};

use crate::fake::{Fake, Ran, SESSION, Said, run};

fn entry() -> Value {
    json!({
        "info": {
            "session_id": SESSION, "title": "Tidy up", "harness": "pi", "cwd": "/src",
            "created_at": 0, "updated_at": 0,
        },
        "state": {"state": "idle"},
        "messages": 2,
    })
}

fn snapshot() -> Said {
    let view = json!({
        "info": entry()["info"], "live": {}, "messages": [], "has_more": false, "cursor": "0.1.0",
    });
    Said::Event(json!({"event": "session.snapshot", "view": view}))
}

fn question() -> Said {
    let request = json!({
        "request_id": "01JD0000000000000000000009", "kind": "confirm", "title": "Delete it?", "asked_at": 0,
    });
    Said::Event(json!({"event": "agent.input_needed", "request": request}))
}

/// A daemon with one session, in which a prompt leads to these events.
fn session(after_prompt: impl Fn(&str) -> Vec<Said> + Send + Sync + 'static) -> Fake {
    Fake::new(move |request: &Request, cmd: &str| match cmd {
        "session.list" => vec![Said::Ok(json!({"sessions": [entry()]}))],
        "session.get" | "session.create" => vec![Said::Ok(json!({"session": entry()}))],
        "watch" => vec![Said::Ok(json!({"cursor": "0.1.0"})), snapshot()],
        "prompt" => {
            let mut said = vec![Said::Ok(json!({"turn_id": "trn_1", "message_id": "msg_1"}))];
            said.extend(after_prompt(&request.id));
            said
        }
        "session.delete" | "abort" | "input_response" => vec![Said::Ok(json!({}))],
        _ => vec![Said::Error(Error::bad_request(format!("unknown command '{cmd}'")))],
    })
}

fn delivered(id: &str) -> Said {
    Said::Event(json!({"event": "prompt.delivered", "request_id": id, "turn_id": "trn_1"}))
}

fn ended(id: &str, outcome: &str) -> Said {
    Said::Event(json!({"event": "prompt.ended", "request_id": id, "outcome": outcome, "message": "why"}))
}

fn said(text: &str) -> Said {
    let message = json!({
        "id": "msg_2", "role": "assistant", "created_at": 0, "parts": [{"id": "msg_2/0", "type": "text", "text": text}],
    });
    Said::Event(json!({"event": "stream.message_end", "message": message}))
}

#[test]
fn every_code_of_an_error_has_its_exit_code() {
    for (code, exit) in [
        (Code::BadRequest, 5),
        (Code::Unauthorized, 5),
        (Code::Forbidden, 5),
        (Code::NotFound, 3),
        (Code::Conflict, 5),
        (Code::Unsupported, 5),
        (Code::TooLarge, 5),
        (Code::RateLimited, 5),
        (Code::Busy, 5),
        (Code::Timeout, 6),
        (Code::Unavailable, 4),
        (Code::AgentFailed, 1),
        (Code::Internal, 1),
    ] {
        let fake = Fake::new(move |_, _| vec![Said::Error(Error::new(code, "no").hint("do this"))]);
        let ran = fake.octoctl(&["session", "list"]);
        assert_eq!((ran.code, ran.stderr.as_str()), (exit, "error: no\nhint: do this\n"), "{code:?}");
        let ran = fake.octoctl(&["session", "list", "--json"]);
        let told: Value = serde_json::from_str(&ran.stderr).unwrap();
        assert_eq!(told, json!({"error": {"code": code, "message": "no", "hint": "do this"}, "exit": exit}));
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn nobody_there_is_unreachable() {
    let home = tempfile::tempdir().unwrap();
    let octoctl = |arguments: &[&str]| run(home.path(), arguments, &[], "");
    let ran = octoctl(&["session", "list"]);
    assert_eq!(ran.code, 4);
    assert!(ran.stderr.starts_with("error: cannot connect to ") && ran.stderr.contains("\nhint: "), "{ran:?}");
    assert_eq!(octoctl(&["raw"]).code, 4);
    let short = octoctl(&["status", "--short"]);
    assert_eq!((short.code, short.stdout.as_str(), short.stderr.as_str()), (4, "octo: not running\n", ""));
    assert_eq!(octoctl(&["doctor"]).code, 1);
}

#[test]
fn a_wrong_command_line_is_usage() {
    let fake = session(|_| Vec::new());
    for arguments in [
        &["no-such-verb"][..],
        &["send", "@last"],
        &["send", "@last", "hi", "--wait", "--timeout", "soon"],
        &["send", "@last", "hi", "--id", "7"],
        &["send", "@last", "hi", "--steer", "--follow-up"],
        &["send", "@last", "hi", "--image", "/no/such/picture"],
        &["session", "delete", "@last"],
        &["stop"],
        &["watch", "--after", "here"],
        &["history", "show", "@last", "--limit", "0"],
    ] {
        let ran = fake.octoctl(arguments);
        assert_eq!(ran.code, 2, "{arguments:?} {ran:?}");
        assert!(ran.stderr.starts_with("error: "), "{ran:?}");
    }
    let ran = fake.octoctl(&["--json", "no-such-verb"]);
    let told: Value = serde_json::from_str(&ran.stderr).unwrap();
    assert_eq!((ran.code, &told["exit"]), (2, &json!(2)));
}

#[test]
fn sessions_are_listed_for_people_and_programs() {
    let fake = session(|_| Vec::new());
    let ran = fake.octoctl(&["session", "list"]);
    let first = ran.stdout.lines().nth(1).unwrap();
    assert!(first.starts_with("11112222  idle   ") && first.ends_with("pi     Tidy up  /src"), "{}", ran.stdout);
    let list: Value = serde_json::from_str(&fake.octoctl(&["session", "list", "--json"]).stdout).unwrap();
    assert_eq!(list["sessions"][0]["info"]["session_id"], SESSION);
    assert_eq!(fake.octoctl(&["session", "new"]).stdout, format!("{SESSION}\n"));
    assert_eq!(fake.octoctl(&["session", "show", "2222"]).code, 0);
    let unknown = fake.octoctl(&["session", "show", "Tidy"]);
    assert_eq!(unknown.code, 3, "titles are not guessed: {unknown:?}");
}

#[test]
fn a_prompt_waited_for_prints_the_answer() {
    let fake = session(|id| vec![said("before"), delivered(id), said("Hi."), said(" "), ended(id, "done")]);
    let ran = fake.octoctl(&["send", "@last", "hello", "--wait"]);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "Hi.\n", ""));
    let ran = fake.octoctl(&["send", "@last", "hello", "--wait", "--json", "--id", "01JD0000000000000000000001"]);
    let told: Value = serde_json::from_str(&ran.stdout).unwrap();
    let expected = json!({
        "turn_id": "trn_1", "message_id": "msg_1", "request_id": "01JD0000000000000000000001",
        "outcome": "done", "message": "why", "text": "Hi.",
    });
    assert_eq!(told, expected);
    let requests = fake.requests.lock().unwrap();
    let prompt = requests.iter().rev().find(|request| request.cmd().unwrap() == "prompt").unwrap();
    assert_eq!(prompt.id, "01JD0000000000000000000001");
    let watch = requests.iter().rev().find(|request| request.cmd().unwrap() == "watch").unwrap();
    assert!(watch.body.get().contains("0.0.0"), "a repeated prompt may be over: {}", watch.body);
}

#[test]
fn a_prompt_that_does_not_end_well_says_so() {
    for outcome in ["error", "aborted", "withdrawn"] {
        let fake = session(move |id| vec![delivered(id), ended(id, outcome)]);
        let ran = fake.octoctl(&["send", "@last", "hello", "--wait"]);
        assert_eq!(ran.code, 1);
        assert!(ran.stderr.starts_with("error: the prompt ") && ran.stderr.ends_with(": why\n"), "{ran:?}");
    }
}

#[test]
fn a_question_ends_the_waiting_with_7() {
    let fake = session(|id| vec![delivered(id), question()]);
    let ran = fake.octoctl(&["send", "@last", "hello", "--wait"]);
    let expected = "question 01JD0000000000000000000009: Delete it?\n  - yes\n  - no\n";
    assert_eq!((ran.code, ran.stdout.as_str()), (7, expected));
    let ran = fake.octoctl(&["send", "@last", "hello", "--wait", "--json"]);
    let told: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((ran.code, &told["question"]["title"]), (7, &json!("Delete it?")));
}

#[test]
fn waiting_ends_in_time() {
    let fake = session(|id| vec![delivered(id)]);
    let ran = fake.octoctl(&["send", "@last", "hello", "--wait", "--timeout", "0.2"]);
    assert_eq!(ran.code, 6);
    assert!(ran.stderr.contains("hint: the agent goes on"), "{ran:?}");
}

#[test]
fn a_lost_connection_is_made_again_and_the_prompt_repeated_with_its_id() {
    let lost = std::sync::atomic::AtomicBool::new(false);
    let fake = Fake::new(move |request: &Request, cmd: &str| match cmd {
        "watch" => vec![Said::Ok(json!({"cursor": "0.1.0"})), snapshot()],
        "prompt" if !lost.swap(true, std::sync::atomic::Ordering::SeqCst) => vec![Said::Close],
        "prompt" => vec![
            Said::Ok(json!({"turn_id": "trn_1", "message_id": "msg_1"})),
            delivered(&request.id),
            said("Still here."),
            ended(&request.id, "done"),
        ],
        _ => vec![Said::Error(Error::bad_request("unknown"))],
    });
    let ran = fake.octoctl(&["send", SESSION, "hello", "--wait"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "Still here.\n"), "{ran:?}");
    let requests = fake.requests.lock().unwrap();
    let ids: Vec<_> = requests.iter().filter(|request| request.cmd().unwrap() == "prompt").map(|r| &r.id).collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);
}

#[test]
fn a_watch_goes_on_behind_its_cursor_when_the_runner_is_back() {
    let fake = Fake::new(|request: &Request, cmd: &str| match cmd {
        "watch" if request.body.get().contains("after") => vec![
            Said::Ok(json!({"cursor": "2.2.0"})),
            said("And on."),
            Said::Event(json!({"event": "session.closed", "reason": "deleted", "deleted": true})),
        ],
        "watch" => vec![
            Said::Ok(json!({"cursor": "0.1.0"})),
            snapshot(),
            said("So far."),
            Said::System(json!({"event": "runner.lost"})),
            Said::System(json!({"event": "runner.ready"})),
        ],
        _ => vec![Said::Error(Error::bad_request("unknown"))],
    });
    let ran = fake.octoctl(&["watch", SESSION]);
    let expected = "agent: So far.\nagent: And on.\nclosed: deleted\n";
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, expected, ""));
    let requests = fake.requests.lock().unwrap();
    let watches = requests.iter().filter(|request| request.cmd().unwrap() == "watch");
    let bodies: Vec<_> = watches.map(|request| request.body.get().to_owned()).collect();
    assert_eq!(bodies, [r#"{"cmd":"watch"}"#, r#"{"cmd":"watch","after":"2.1.0"}"#]);
}

#[test]
fn a_question_is_answered_as_it_asks() {
    let fake = Fake::new(|_: &Request, cmd: &str| match cmd {
        "watch" => vec![Said::Ok(json!({"cursor": "0.1.0"})), open_question()],
        "input_response" => vec![Said::Ok(json!({}))],
        _ => vec![Said::Error(Error::bad_request("unknown"))],
    });
    let answer = |arguments: &[&str]| -> (Ran, Option<Value>) {
        fake.requests.lock().unwrap().clear();
        let ran = fake.octoctl(&[&["answer", SESSION], arguments].concat());
        let requests = fake.requests.lock().unwrap();
        let sent = requests.iter().find(|request| request.cmd().unwrap() == "input_response");
        (ran, sent.map(|request| serde_json::from_str(request.body.get()).unwrap()))
    };
    let id = "01JD0000000000000000000009";
    assert_eq!(answer(&[id, "yes"]).1.unwrap()["confirmed"], true);
    assert_eq!(answer(&[id, "no"]).1.unwrap()["confirmed"], false);
    assert_eq!(answer(&[id, "--cancel"]).1.unwrap()["cancelled"], true);
    let (ran, sent) = answer(&[id, "perhaps"]);
    assert_eq!((ran.code, sent), (2, None));
    assert_eq!(answer(&["another", "yes"]).0.code, 3);
}

fn open_question() -> Said {
    let Said::Event(mut event) = snapshot() else { unreachable!() };
    let Said::Event(asked) = question() else { unreachable!() };
    event["view"]["live"]["questions"] = json!([asked["request"]]);
    Said::Event(event)
}

#[test]
fn run_leaves_nothing_behind_when_ephemeral() {
    let fake = session(|id| vec![delivered(id), question(), said("No then."), ended(id, "done")]);
    let ran = fake.octoctl(&["run", "--ephemeral", "--on-question", "deny", "hello"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "No then.\n"), "{ran:?}");
    let cmds: Vec<_> = fake.requests.lock().unwrap().iter().map(|request| request.cmd().unwrap()).collect();
    assert!(cmds.contains(&"input_response".to_owned()), "{cmds:?}");
    assert_eq!(cmds.last().unwrap(), "session.delete");

    let ran = fake.octoctl(&["run", "--ephemeral", "hello"]);
    assert_eq!(ran.code, 7, "the default is to fail");
    let cmds: Vec<_> = fake.requests.lock().unwrap().iter().map(|request| request.cmd().unwrap()).collect();
    assert_eq!(cmds.last().unwrap(), "session.delete");
}

#[test]
fn run_prints_events_as_lines_and_the_result_last() {
    let fake = session(|id| vec![delivered(id), said("Hi."), ended(id, "done")]);
    let ran = fake.command(&["run", "--json", "-"], &[], "hello\n");
    let lines: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["body"]["event"], "session.snapshot");
    assert!(lines[0]["cursor"].is_string());
    assert_eq!(lines.last().unwrap()["text"], "Hi.");
    assert_eq!(ran.code, 0);
    let requests = fake.requests.lock().unwrap();
    let prompt = requests.iter().find(|request| request.cmd().unwrap() == "prompt").unwrap();
    assert_eq!(serde_json::from_str::<Value>(prompt.body.get()).unwrap()["message"], "hello");
}

#[test]
fn raw_carries_frames_and_trace_shows_them_masked() {
    let fake = session(|_| Vec::new());
    let frames = "{\"channel\":\"agent\",\"id\":\"1\",\"body\":{\"cmd\":\"session.list\",\"api_key\":\"abc\"}}\n";
    let ran = fake.command(&["raw"], &[("OCTO_TRACE", "wire")], frames);
    assert_eq!(ran.code, 0, "{ran:?}");
    let reply: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&reply["id"], &reply["ok"]["sessions"][0]["messages"]), (&json!("1"), &json!(2)));
    assert!(ran.stderr.contains("> ") && ran.stderr.contains("< "), "{ran:?}");
    assert!(ran.stderr.contains("\"api_key\":\"***\"") && !ran.stderr.contains("abc"), "{ran:?}");
}

#[test]
fn a_picture_is_put_in_pieces() {
    let fake = Fake::new(|request: &Request, cmd: &str| match cmd {
        "attachment.put" => {
            let body: Value = serde_json::from_str(request.body.get()).unwrap();
            let whole = body["sha256"].is_string().then_some("att_1");
            vec![Said::Ok(json!({"size": request.bytes.len(), "attachment_id": whole}))]
        }
        "prompt" => vec![Said::Ok(json!({"turn_id": "trn_1", "message_id": "msg_1"}))],
        _ => vec![Said::Error(Error::bad_request("unknown"))],
    });
    let mut picture = b"\x89PNG".to_vec();
    picture.resize(200 * 1024, 7);
    let path = fake.home.path().join("a.png");
    std::fs::write(&path, &picture).unwrap();
    let ran = fake.octoctl(&["send", SESSION, "look", "--image", path.to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let requests = fake.requests.lock().unwrap();
    let pieces: Vec<_> = requests.iter().filter(|request| request.cmd().unwrap() == "attachment.put").collect();
    assert_eq!(pieces.iter().flat_map(|piece| piece.bytes.to_vec()).collect::<Vec<_>>(), picture);
    assert_eq!(pieces.len(), 2);
    let prompt = requests.iter().find(|request| request.cmd().unwrap() == "prompt").unwrap();
    assert!(prompt.body.get().contains(r#""attachment_id":"att_1","mime_type":"image/png""#), "{}", prompt.body);
}

#[test]
fn a_reader_that_has_enough_is_no_error() {
    let fake = session(|_| Vec::new());
    // A watch has nothing more to say, and still has to notice.
    for piped in ["session list | true", "watch | true", "watch --json | head -n 1", "raw --follow | true"] {
        let script = format!("exec </dev/null; {} {piped}; exit \"${{PIPESTATUS[0]}}\"", env!("CARGO_BIN_EXE_octoctl"));
        let ran = std::process::Command::new("timeout")
            .args(["20", "bash", "-c", &script])
            .env("OCTO_HOME", fake.home.path())
            .output()
            .map(Ran::from)
            .unwrap();
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{piped}");
    }
}
