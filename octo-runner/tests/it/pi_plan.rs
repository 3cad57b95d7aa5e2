//! What is written to Pi when, and what it means that Pi answers as it does.

use octo_proto::{
    Code, Command, Event, Message, Part, PartKind, Role,
    message::Source,
    session::{Answer, Outcome, When},
};
use octo_runner::harness::{Harness, Out, Plan};
use serde_json::json;

use crate::desk::{Desk, accepted, prompt, spec};

#[test]
fn a_prompt_waits_for_the_handshake() {
    let mut desk = Desk::new(&spec());
    assert_eq!(desk.pi.plan(&prompt("p1", "hello", When::Now)), Plan::Wait);
    desk.shake_hands(&json!([crate::desk::model("large", true)]));
    let ready = desk
        .outs
        .iter()
        .filter(|out| matches!(out, Out::Ready { native, models } if native.id == "native" && models.len() == 1));
    assert_eq!(ready.count(), 1);
    assert_eq!(desk.send(&prompt("p1", "hello", When::Now)), ["prompt"]);
}

#[test]
fn one_prompt_at_a_time_and_only_steering_goes_into_a_turn() {
    let mut desk = Desk::ready();
    desk.send(&prompt("p1", "one", When::Now));
    for when in [When::Now, When::Steer, When::FollowUp] {
        assert_eq!(desk.pi.plan(&prompt("p2", "two", when)), Plan::Wait, "unanswered");
    }
    desk.begin("p1", "one");
    assert_eq!(desk.pi.plan(&prompt("p2", "two", When::Now)), Plan::Wait);
    assert_eq!(desk.pi.plan(&prompt("p2", "two", When::FollowUp)), Plan::Wait);
    assert_eq!(desk.send(&prompt("s1", "faster", When::Steer)), ["steer"]);
    assert_eq!(desk.pi.plan(&prompt("s2", "slower", When::Steer)), Plan::Wait, "the other is not answered");
    desk.queue(&["faster"]);
    desk.answer("s1", "steer", &json!(null));
    assert_eq!(desk.delivered(), ["p1"]);
    desk.queue(&[]);
    desk.echo("faster");
    assert_eq!(desk.delivered(), ["p1", "s1"]);
    desk.settle();
    assert_eq!(desk.ended(), [("p1", Outcome::Done), ("s1", Outcome::Done)]);
    assert_eq!(desk.send(&prompt("p2", "two", When::Steer)), ["prompt"], "idle");
}

#[test]
fn a_message_that_nobody_here_wrote_is_told_as_it_is() {
    let mut desk = Desk::working();
    let outs = desk.echo("from an extension");
    assert!(matches!(&outs[..], [Out::Fact(Event::MessageEnd { message })]
        if message.role == Role::User && message.text() == "from an extension"));
}

#[test]
fn a_prompt_that_an_extension_swallows_ends_without_a_turn() {
    let mut desk = Desk::ready();
    desk.send(&prompt("p1", "swallowed", When::Now));
    desk.answer("p1", "prompt", &json!(null));
    let probe = desk.react();
    assert_eq!(probe.len(), 1);
    assert!(desk.ended().is_empty());
    desk.answer(
        &probe[0],
        "get_state",
        &json!({"sessionId": "native", "sessionFile": "/srv/octo/native.jsonl", "isStreaming": false}),
    );
    assert_eq!(desk.ended(), [("p1", Outcome::Done)]);
    assert!(desk.outs.iter().any(|out| matches!(out, Out::PromptDelivered { handled: true, .. })));
}

#[test]
fn an_extension_command_ends_with_its_answer_and_has_all_the_time() {
    let mut desk = Desk::ready();
    desk.send(&prompt("p1", "/ask me", When::Now));
    assert_eq!(desk.pi.deadlines(), []);
    let question = desk.dialog("d1");
    let value = Some("b".to_owned());
    let answer =
        Command::InputResponse { request_id: question.as_str().into(), value, confirmed: None, cancelled: None };
    assert_eq!(desk.send(&accepted("a1", answer.clone())), ["extension_ui_response"]);
    let resolved = |out: &&Out| matches!(out, Out::Fact(Event::InputResolved { answer: Answer::Value(value), .. }) if value == "b");
    assert_eq!(desk.outs.iter().filter(resolved).count(), 1);
    assert!(matches!(desk.pi.plan(&accepted("a2", answer)), Plan::Answer(Err(error)) if error.code == Code::NotFound));
    desk.answer("p1", "prompt", &json!(null));
    assert_eq!((desk.delivered(), desk.ended()), (vec!["p1"], vec![("p1", Outcome::Done)]));
}

#[test]
fn an_extension_command_that_throws_ends_as_an_error() {
    let mut desk = Desk::ready();
    desk.send(&prompt("p1", "/ask", When::Now));
    desk.print(
        &json!({"type": "extension_error", "extensionPath": "command:ask", "event": "command", "error": "boom"}),
    );
    desk.answer("p1", "prompt", &json!(null));
    assert_eq!(desk.ended(), [("p1", Outcome::Error)]);
}

#[test]
fn answers_that_do_not_fit_the_question_are_refused() {
    let mut desk = Desk::working();
    let question = desk.dialog("d1");
    for (value, confirmed, cancelled) in
        [(Some("c"), None, None), (None, Some(true), None), (Some("a"), None, Some(true)), (None, None, None)]
    {
        let request_id = question.as_str().into();
        let answer = Command::InputResponse { request_id, value: value.map(str::to_owned), confirmed, cancelled };
        let plan = desk.pi.plan(&accepted("a1", answer));
        assert!(matches!(plan, Plan::Answer(Err(error)) if error.code == Code::BadRequest));
    }
}

#[test]
fn an_abort_waits_until_pi_has_begun() {
    let mut desk = Desk::ready();
    assert!(matches!(desk.pi.plan(&accepted("a0", Command::Abort {})), Plan::Answer(Ok(_))), "nothing to stop");
    desk.send(&prompt("p1", "hello", When::Now));
    assert_eq!(desk.pi.plan(&accepted("a1", Command::Abort {})), Plan::Wait);
    desk.answer("p1", "prompt", &json!(null));
    assert_eq!(desk.pi.plan(&accepted("a1", Command::Abort {})), Plan::Wait);
    desk.print(&json!({"type": "agent_start"}));
    assert_eq!(desk.send(&accepted("a1", Command::Abort {})), ["abort"]);
    assert_eq!(desk.pi.plan(&accepted("a2", Command::Abort {})), Plan::Wait);
}

#[test]
fn an_abort_is_remembered_whatever_pi_says_of_the_reason() {
    let mut desk = Desk::working();
    desk.send(&accepted("a1", Command::Abort {}));
    let failed = json!({"role": "assistant", "content": [], "stopReason": "error", "errorMessage": "This operation was aborted"});
    desk.print(&json!({"type": "message_start", "message": failed}));
    desk.print(&json!({"type": "message_end", "message": failed}));
    desk.settle();
    assert_eq!(desk.ended(), [("p1", Outcome::Aborted)]);
    assert!(!desk.outs.iter().any(|out| matches!(out, Out::Fact(Event::AgentError { .. }))));
    let outs = desk.answer("a1", "abort", &json!(null));
    assert!(matches!(&outs[..], [Out::Reply { key, result: Ok(_) }] if key.as_str() == "a1"));
}

#[test]
fn an_abort_cancels_the_questions_that_it_would_wait_for() {
    let mut desk = Desk::working();
    desk.dialog("d1");
    assert_eq!(desk.send(&accepted("a1", Command::Abort {})), ["extension_ui_response", "abort"]);
    // The next of several tools asks when the first was answered.
    desk.dialog("d2");
    assert_eq!(desk.react().len(), 1);
    let by_octo = |out: &&Out| matches!(out, Out::Fact(Event::InputResolved { answer: Answer::Cancelled(true), by, .. }) if by == "octo");
    assert_eq!(desk.outs.iter().filter(by_octo).count(), 2);
}

#[test]
fn a_steer_that_came_too_late_is_handed_back_and_written_under_another_key() {
    let mut desk = Desk::working();
    desk.send(&prompt("s1", "late", When::Steer));
    desk.settle();
    desk.queue(&["late"]);
    desk.answer("s1", "steer", &json!(null));
    let clear = desk.react();
    assert_eq!(clear.len(), 1);
    assert_eq!(desk.pi.plan(&prompt("p2", "next", When::Now)), Plan::Wait);
    desk.queue(&[]);
    let outs = desk.answer(&clear[0], "clear_queue", &json!({"steering": ["late"], "followUp": []}));
    assert!(matches!(&outs[..], [Out::PromptReturned { key, withdrawn: false }] if key.as_str() == "s1"));
    let Plan::Write(writes) = desk.pi.plan(&prompt("s1", "late", When::Steer)) else { panic!("it is written again") };
    assert_eq!(writes[0].key, "s1#1");
    desk.write(&writes[0]);
    desk.begin("s1#1", "late");
    desk.settle();
    assert_eq!(desk.ended(), [("p1", Outcome::Done), ("s1", Outcome::Done)]);
}

#[test]
fn a_cleared_queue_withdraws_what_pi_still_holds() {
    let mut desk = Desk::working();
    assert!(matches!(desk.pi.plan(&accepted("c0", Command::QueueClear {})), Plan::Answer(Ok(_))));
    desk.send(&prompt("s1", "steered", When::Steer));
    assert_eq!(desk.pi.plan(&accepted("c1", Command::QueueClear {})), Plan::Wait);
    desk.queue(&["steered"]);
    desk.answer("s1", "steer", &json!(null));
    assert_eq!(desk.send(&accepted("c1", Command::QueueClear {})), ["clear_queue"]);
    desk.queue(&[]);
    let outs = desk.answer("c1", "clear_queue", &json!({"steering": ["steered"], "followUp": []}));
    assert!(matches!(&outs[..], [Out::PromptReturned { withdrawn: true, .. }, Out::Reply { result: Ok(with), .. }]
        if with["texts"] == json!(["steered"])));
}

#[test]
fn a_busy_pi_hands_a_prompt_back_and_another_refusal_ends_it() {
    let mut desk = Desk::ready();
    desk.send(&prompt("p1", "hello", When::Now));
    let outs = desk.refuse("p1", "prompt", "Agent is already processing. Specify streamingBehavior…");
    assert!(matches!(&outs[..], [Out::PromptReturned { withdrawn: false, .. }]));
    desk.send(&prompt("p2", "hello", When::Now));
    desk.refuse("p2", "prompt", "No API key found for the selected model.");
    assert_eq!(desk.ended(), [("p2", Outcome::Error)]);
}

#[test]
fn a_prompt_that_is_handed_back_again_and_again_ends() {
    let mut desk = Desk::ready();
    for _ in 0..6 {
        let Plan::Write(writes) = desk.pi.plan(&prompt("p1", "hello", When::Now)) else { panic!("it is written") };
        desk.write(&writes[0]);
        desk.refuse(&writes[0].key, "prompt", "Agent is already processing.");
    }
    assert_eq!(desk.ended(), [("p1", Outcome::Error)]);
}

#[test]
fn compaction_keeps_prompts_waiting() {
    let mut desk = Desk::ready();
    assert_eq!(desk.send(&accepted("c1", Command::Compact { instructions: Some("numbers".to_owned()) })), ["compact"]);
    assert_eq!(desk.pi.plan(&accepted("a1", Command::Abort {})), Plan::Wait, "it has not begun");
    assert_eq!(desk.pi.plan(&prompt("p1", "hello", When::Now)), Plan::Wait);
    desk.print(&json!({"type": "compaction_start", "reason": "manual"}));
    assert_eq!(desk.send(&accepted("a1", Command::Abort {})), ["abort"]);
    desk.print(&json!({"type": "compaction_end", "reason": "manual", "aborted": true}));
    desk.refuse("c1", "compact", "Compaction cancelled");
    desk.answer("a1", "abort", &json!(null));
    assert_eq!(desk.send(&prompt("p1", "hello", When::Now)), ["prompt"]);
}

#[test]
fn models_and_levels_are_checked_and_told() {
    let mut desk = Desk::ready();
    let set = |model: &str| accepted("m1", Command::SetModel { model: model.to_owned() });
    assert!(matches!(desk.pi.plan(&set("blind")), Plan::Answer(Err(error)) if error.code == Code::BadRequest));
    assert_eq!(desk.send(&set("scripted/blind")), ["set_model"]);
    let outs = desk.answer("m1", "set_model", &crate::desk::model("blind", false));
    assert!(
        matches!(&outs[..], [Out::Fact(Event::ModelChanged { model }), Out::Reply { result: Ok(_), .. }] if model == "scripted/blind")
    );
    assert!(!desk.pi.capabilities().images);
    let levels = desk.react();
    desk.answer(&levels[0], "get_available_thinking_levels", &json!({"levels": ["off", "low"]}));
    assert_eq!(desk.pi.capabilities().thinking_levels, ["off", "low"]);
    let level = |level: &str| accepted("l1", Command::SetThinkingLevel { level: level.to_owned() });
    assert!(matches!(desk.pi.plan(&level("high")), Plan::Answer(Err(error)) if error.code == Code::BadRequest));
    assert_eq!(desk.send(&level("low")), ["set_thinking_level"]);
    let outs = desk.print(&json!({"type": "thinking_level_changed", "level": "low"}));
    assert!(matches!(&outs[..], [Out::Fact(Event::ThinkingLevelChanged { level })] if level == "low"));
    desk.refuse("l1", "set_thinking_level", "no");
    desk.send(&set("scripted/none"));
    let outs = desk.refuse("m1", "set_model", "Model not found: scripted/none");
    assert!(matches!(&outs[..], [Out::Reply { result: Err(error), .. }] if error.code == Code::NotFound));
}

#[test]
fn pictures_are_sent_as_bytes_to_a_model_that_can_see() {
    let mut desk = Desk::ready();
    let mut with_picture = prompt("p1", "what is this", When::Now);
    let mut message = Message::new("msg_1".into(), Role::User, 0);
    let source = Source::Base64 { base64: "AAAA".to_owned(), mime_type: "image/png".to_owned() };
    message.parts.push(Part::new(message.id.part(0), PartKind::Image { source, alt: None }));
    with_picture.message = Some(message);
    let Plan::Write(writes) = desk.pi.plan(&with_picture) else { panic!("it is written") };
    let body = serde_json::from_slice::<serde_json::Value>(&writes[0].line).expect("JSON");
    assert_eq!(body["images"], json!([{"type": "image", "data": "AAAA", "mimeType": "image/png"}]));
    // An attachment is sent as its bytes; one that is gone ends the prompt with an error.
    let source = Source::Attachment { attachment_id: "att_1".into(), mime_type: "image/gif".to_owned() };
    with_picture.message.as_mut().expect("a message").parts[0].kind = PartKind::Image { source, alt: None };
    assert!(matches!(desk.pi.plan(&with_picture), Plan::Answer(Err(error)) if error.code == Code::NotFound));
    with_picture.pictures.insert("att_1".into(), "BBBB".to_owned());
    let Plan::Write(writes) = desk.pi.plan(&with_picture) else { panic!("it is written") };
    let body = serde_json::from_slice::<serde_json::Value>(&writes[0].line).expect("JSON");
    assert_eq!(body["images"], json!([{"type": "image", "data": "BBBB", "mimeType": "image/gif"}]));
    desk.send(&accepted("m1", Command::SetModel { model: "scripted/blind".to_owned() }));
    desk.answer("m1", "set_model", &crate::desk::model("blind", false));
    assert!(matches!(desk.pi.plan(&with_picture), Plan::Answer(Err(error)) if error.code == Code::Unsupported));
}

#[test]
fn files_that_are_referred_to_are_named_and_their_lines_quoted() {
    let desk = Desk::ready();
    let text = |said: &str, kinds: Vec<PartKind>| {
        let mut accepted = prompt("p1", said, When::Now);
        let mut message = Message::new("msg_1".into(), Role::User, 0);
        message.parts = kinds.into_iter().map(|kind| Part::new("msg_1/1".into(), kind)).collect();
        accepted.message = Some(message);
        let Plan::Write(writes) = desk.pi.plan(&accepted) else { panic!("it is written") };
        let body = serde_json::from_slice::<serde_json::Value>(&writes[0].line).expect("JSON");
        body["message"].as_str().expect("a text").to_owned()
    };
    let refer = |range, quote: Option<&str>| {
        let quote = quote.map(str::to_owned);
        vec![PartKind::FileRef { uri: "src/a.rs".to_owned(), label: None, range, quote }]
    };
    assert_eq!(text("see @src/a.rs", refer(None, None)), "see @src/a.rs", "Pi finds it in the text");
    assert_eq!(text("see this", refer(None, None)), "see this\n\n@src/a.rs");
    let quoted = text("see @src/a.rs:3", refer(Some([3, 3]), Some("let a;")));
    assert_eq!(quoted, "see @src/a.rs:3\n\n@src/a.rs:3\n```\nlet a;\n```");
    let fenced = text("see", refer(Some([3, 5]), Some("```\nx\n```")));
    assert_eq!(fenced, "see\n\n@src/a.rs:3-5\n````\n```\nx\n```\n````");
    let odd = |uri: &str, range, quote: Option<&str>| {
        let quote = quote.map(str::to_owned);
        vec![PartKind::FileRef { uri: uri.to_owned(), label: None, range, quote }]
    };
    let spaced = text("see", odd("a b.rs", Some([2, 2]), Some("x")));
    assert_eq!(spaced, "see\n\n@\"a b.rs\":2\n```\nx\n```");
    let mentioned = "see @\"a \\\"b\\\".rs\"";
    assert_eq!(text(mentioned, odd("a \"b\".rs", None, None)), mentioned);
}

#[test]
fn what_is_known_is_answered_without_pi() {
    let mut desk = Desk::ready();
    let ask = |desk: &Desk, command| match desk.pi.plan(&accepted("q1", command)) {
        Plan::Answer(Ok(with)) => with,
        other => panic!("{other:?}"),
    };
    assert_eq!(ask(&desk, Command::GetModels { harness: None })["models"][1]["id"], "scripted/blind");
    assert_eq!(ask(&desk, Command::GetCommands {})["commands"][0]["name"], "ask");
    assert_eq!(ask(&desk, Command::GetStats {})["usage"]["total"]["output_tokens"], 7);
    let plan = desk.pi.plan(&accepted("q1", Command::SetMode { mode: "plan".to_owned() }));
    assert!(matches!(plan, Plan::Answer(Err(error)) if error.code == Code::Unsupported));
    assert_eq!(desk.send(&accepted("r1", Command::SessionRename { title: "Tea".to_owned() })), ["set_session_name"]);
    let outs = desk.print(&json!({"type": "session_info_changed", "name": "Tea"}));
    assert!(matches!(&outs[..], [Out::Title { title }] if title == "Tea"));
}
