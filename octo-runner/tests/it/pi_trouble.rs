//! Pi that does not answer, does not start, dies, or prints too much.

use octo_proto::{
    Code, Command, Event,
    session::{Answer, Outcome, When},
};
use octo_runner::harness::{Harness, Out, Plan, StopStep, What};
use serde_json::json;

use crate::desk::{Desk, accepted, prompt, spec};

fn errors(outs: &[Out]) -> Vec<(&str, bool)> {
    let errors = outs.iter().filter_map(|out| match out {
        Out::Fact(Event::AgentError { message, recoverable }) => Some((message.as_str(), *recoverable)),
        _ => None,
    });
    errors.collect()
}

#[test]
fn without_a_model_prompts_are_refused_with_what_to_do() {
    let mut desk = Desk::new(&spec());
    desk.shake_hands(&json!([]));
    assert!(matches!(&errors(&desk.outs)[..], [(message, false)] if message.contains("/login")));
    assert!(!desk.outs.iter().any(|out| matches!(out, Out::Ready { .. })));
    let plan = desk.pi.plan(&prompt("p1", "hello", When::Now));
    assert!(matches!(plan, Plan::Answer(Err(error)) if error.code == Code::AgentFailed && error.hint.is_some()));
}

#[test]
fn a_handshake_without_an_answer_is_an_error_with_what_to_do() {
    let mut desk = Desk::new(&spec());
    desk.react();
    let deadline = desk.pi.deadlines().into_iter().find(|deadline| deadline.key == "octo:state").expect("a deadline");
    assert!((20_000..21_000).contains(&(deadline.at - desk.at + 10)));
    assert!(errors(&desk.fold(What::Timeout { key: "octo:state" })).is_empty(), "it has time yet");
    desk.at = deadline.at;
    let outs = desk.fold(What::Timeout { key: "octo:state" });
    assert!(matches!(&errors(&outs)[..], [(message, false)] if message.contains("run `pi`")));
}

#[test]
fn what_is_not_answered_in_time_ends() {
    let mut desk = Desk::working();
    desk.send(&prompt("x1", "/ask", When::Steer));
    desk.send(&accepted("a1", Command::Abort {}));
    desk.at += 30_000;
    let outs = desk.fold(What::Timeout { key: "a1" });
    assert!(matches!(&outs[..], [Out::Reply { result: Err(error), .. }] if error.code == Code::Timeout));
    let late = desk.answer("a1", "abort", &json!(null));
    assert!(matches!(&late[..], [Out::Debug { .. }]));
    assert_eq!(desk.pi.deadlines(), [], "an extension has all the time");
}

#[test]
fn a_prompt_without_an_answer_ends_unless_pi_compacts_first() {
    let mut desk = Desk::ready();
    desk.send(&prompt("p1", "hello", When::Now));
    desk.print(&json!({"type": "compaction_start", "reason": "threshold"}));
    desk.at += 40_000;
    desk.fold(What::Timeout { key: "p1" });
    assert!(desk.ended().is_empty());
    desk.print(&json!({"type": "compaction_end", "reason": "threshold"}));
    desk.at += 40_000;
    desk.fold(What::Timeout { key: "p1" });
    assert_eq!(desk.ended(), [("p1", Outcome::Error)]);
}

#[test]
fn a_prompt_that_is_accepted_and_never_begun_ends() {
    let mut desk = Desk::ready();
    desk.send(&prompt("p1", "hello", When::Now));
    desk.answer("p1", "prompt", &json!(null));
    let probe = desk.react();
    desk.at += 40_000;
    desk.fold(What::Timeout { key: &probe[0] });
    assert_eq!(desk.ended(), [("p1", Outcome::Error)]);
}

#[test]
fn a_question_that_pi_gave_up_is_resolved() {
    let mut desk = Desk::working();
    desk.print(
        &json!({"type": "extension_ui_request", "id": "d1", "method": "confirm", "title": "Quick!", "timeout": 500}),
    );
    let deadline = desk.pi.deadlines().pop().expect("a deadline");
    desk.at = deadline.at;
    let outs = desk.fold(What::Timeout { key: &deadline.key });
    assert!(matches!(&outs[..], [Out::Fact(Event::InputResolved { answer: Answer::Cancelled(true), .. })]));
}

#[test]
fn a_death_keeps_what_was_written_and_tells_why() {
    let mut desk = Desk::working();
    desk.print(&json!({"type": "message_start", "message": {"role": "assistant", "content": []}}));
    let delta = json!({"type": "text_delta", "contentIndex": 0, "delta": "half a sen"});
    desk.print(&json!({"type": "message_update", "assistantMessageEvent": delta}));
    desk.print(&json!({"type": "tool_execution_start", "toolCallId": "t1", "toolName": "bash", "args": {}}));
    desk.send(&prompt("s1", "steer", When::Steer));
    desk.fold(What::Stderr(b"out of memory"));
    let outs = desk.fold(What::Exited { code: Some(134), signal: None });
    assert!(
        matches!(&errors(&outs)[..], [(message, false)] if message.contains("134") && message.contains("out of memory"))
    );
    let kept = |out: &&Out| matches!(out, Out::Fact(Event::MessageEnd { message }) if message.text() == "half a sen");
    assert_eq!(outs.iter().filter(kept).count(), 1);
    assert!(outs.iter().any(|out| matches!(out, Out::Fact(Event::ToolEnd { is_error: true, .. }))));
    assert_eq!(desk.ended(), [("p1", Outcome::Error), ("s1", Outcome::Error)]);
    assert!(matches!(desk.pi.plan(&prompt("p2", "hello", When::Now)), Plan::Answer(Err(_))));
}

#[test]
fn an_end_that_was_asked_for_is_no_error() {
    let mut desk = Desk::ready();
    assert_eq!(desk.fold(What::Exited { code: Some(0), signal: None }), []);
}

#[test]
fn stderr_is_kept_within_bounds() {
    let mut desk = Desk::ready();
    for _ in 0..100 {
        desk.fold(What::Stderr("ä".repeat(1000).as_bytes()));
    }
    let outs = desk.fold(What::Exited { code: Some(1), signal: None });
    assert!(errors(&outs)[0].0.len() < 5_000);
}

#[test]
fn a_turn_that_settles_at_once_and_goes_on_ends_its_prompt_once() {
    let mut desk = Desk::ready();
    desk.send(&prompt("p1", "first", When::Now));
    desk.answer("p1", "prompt", &json!(null));
    desk.print(&json!({"type": "agent_start"}));
    desk.settle();
    desk.print(&json!({"type": "turn_start"}));
    desk.echo("first");
    desk.settle();
    assert_eq!((desk.delivered(), desk.ended()), (vec!["p1"], vec![("p1", Outcome::Done)]));
}

#[test]
fn a_line_that_is_too_long_still_moves_the_state() {
    let mut desk = Desk::ready();
    desk.send(&prompt("p1", "a large picture", When::Now));
    desk.answer("p1", "prompt", &json!(null));
    desk.print(&json!({"type": "agent_start"}));
    for kind in ["message_start", "message_end"] {
        let head = format!(r#"{{"type":"{kind}","message":{{"role":"user","content":[{{"type":"image","data":"AAAA"#);
        desk.fold(What::Oversize { head: head.as_bytes(), len: 9_000_000 });
    }
    assert_eq!(desk.delivered(), ["p1"]);
    desk.print(&json!({"type": "message_start", "message": {"role": "assistant", "content": []}}));
    let delta = json!({"type": "text_delta", "contentIndex": 0, "delta": "long"});
    desk.print(&json!({"type": "message_update", "assistantMessageEvent": delta}));
    let outs =
        desk.fold(What::Oversize { head: br#"{"type":"message_end","message":{"role":"assistant""#, len: 9_000_000 });
    assert!(outs.iter().any(|out| matches!(out, Out::Fact(Event::MessageEnd { message }) if message.text() == "long")));
    desk.settle();
    assert_eq!(desk.ended().len(), 1);
}

#[test]
fn after_a_gap_pi_is_asked_whether_it_works() {
    let mut desk = Desk::working();
    desk.fold(What::Gap { bytes: 10 });
    let keys = desk.react();
    assert_eq!(keys.len(), 1);
    let idle = json!({"sessionId": "native", "sessionFile": "/srv/octo/native.jsonl", "isStreaming": false, "isCompacting": false});
    desk.answer(&keys[0], "get_state", &idle);
    assert_eq!(desk.ended(), [("p1", Outcome::Done)]);
}

#[test]
fn stopping_aborts_a_turn_first_and_ends_with_the_tree() {
    let steps = |desk: &Desk| {
        desk.pi
            .stop()
            .into_iter()
            .map(|step| match step {
                StopStep::Write(write) => crate::desk::kind(&write),
                StopStep::WaitSettled(ms) => format!("settled {ms}"),
                StopStep::Eof(ms) => format!("eof {ms}"),
                StopStep::Signal(signal, ms) => format!("signal {signal} {ms}"),
                StopStep::KillTree => "kill".to_owned(),
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(steps(&Desk::ready()), ["eof 5000", "signal 15 3000", "kill"]);
    assert_eq!(steps(&Desk::working()), ["abort", "settled 3000", "eof 5000", "signal 15 3000", "kill"]);
}
