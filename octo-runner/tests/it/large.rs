//! However much a person or an agent says at once: no frame is larger than the protocol allows, and nothing is lost.

use octo_proto::{
    Event,
    client::{Client, Events, Told},
    frame::MAX_EVENT,
    id::{AttachmentId, SessionId},
    message::{Message, PartKind, Role},
};
use serde_json::{Value, json};

use crate::household::{PATIENCE, World, prompt};

/// Events up to the first that is `last`; each of a size that is allowed.
async fn events_until(events: &mut Events, last: impl Fn(&Event) -> bool) -> Vec<Event> {
    let mut seen = Vec::new();
    loop {
        let told = tokio::time::timeout(PATIENCE, events.recv()).await.expect("an event in time");
        let Told::Event(frame) = told.expect("the connection holds") else { continue };
        assert!(frame.body.get().len() <= MAX_EVENT, "an event of {} bytes", frame.body.get().len());
        let event: Event = serde_json::from_str(frame.body.get()).unwrap();
        let ends = last(&event);
        seen.push(event);
        if ends {
            return seen;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prompt_of_a_megabyte_makes_no_frame_too_large() {
    let world = World::new();
    let (client, mut events) = world.connect().await;
    let session = world.session(&client).await;
    client.ask::<Value>("agent", Some(&session), &json!({ "cmd": "watch" })).await.unwrap();
    // Escaped it is as much as a request may have.
    let text = format!("hello {}", "\"line\"\t".repeat(100_000));
    for _ in 0..3 {
        let request = prompt(&session, &text);
        let id = request.id.clone();
        client.request(request).await.unwrap();
        let over = |event: &Event| matches!(event, Event::PromptEnded { request_id, .. } if request_id.as_str() == id);
        let seen = events_until(&mut events, over).await;
        assert!(seen.iter().any(|event| matches!(event, Event::PromptAccepted { .. })));
        // Somebody who comes later.
        let (late, mut late_events) = world.connect().await;
        late.ask::<Value>("agent", Some(&session), &json!({ "cmd": "watch" })).await.unwrap();
        let seen = events_until(&mut late_events, |event| matches!(event, Event::SessionSnapshot { .. })).await;
        let Some(Event::SessionSnapshot { view }) = seen.last() else { panic!("a snapshot") };
        // It has the end of the conversation; Pi may have compacted what was before.
        assert!(view.messages.iter().any(|message| message.role == Role::Assistant));
    }
    // What was said is in the history: its beginning in the message, the whole beside it.
    let page: Value = client.ask("agent", Some(&session), &json!({ "cmd": "history.page" })).await.unwrap();
    let messages: Vec<Message> = serde_json::from_value(page["messages"].clone()).unwrap();
    let said = &messages[0].parts[0];
    assert!(matches!(&said.kind, PartKind::Text { text, .. } if text.starts_with("hello \"line\"")));
    assert_eq!(size_of(&client, &session, said.attachment_id.as_ref().unwrap()).await, text.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_file_is_written_and_its_text_is_beside_the_tool_call() {
    let world = World::new();
    let (client, mut events) = world.connect().await;
    let session = world.session(&client).await;
    client.ask::<Value>("agent", Some(&session), &json!({ "cmd": "watch" })).await.unwrap();
    let text = "\"line\"\t".repeat(10_000);
    let request = prompt(&session, &format!("write big.txt: {text}"));
    let id = request.id.clone();
    client.request(request).await.unwrap();
    let over = |event: &Event| matches!(event, Event::PromptEnded { request_id, .. } if request_id.as_str() == id);
    let seen = events_until(&mut events, over).await;
    let call = seen.iter().find_map(|event| match event {
        Event::MessageEnd { message } => message.parts.iter().find_map(|part| match &part.kind {
            PartKind::ToolCall { input, .. } => Some(input.clone()),
            _ => None,
        }),
        _ => None,
    });
    let call = call.expect("a tool call").to_string();
    assert!(call.len() < 64 * 1024 && call.contains("bytes more: att_"), "{} bytes", call.len());
    let whole = &call[call.find("att_").unwrap()..][..68];
    let written = std::fs::read_to_string(world.dir.path().join("work/big.txt")).unwrap();
    assert_eq!(written.trim_end(), text.trim_end());
    assert_eq!(size_of(&client, &session, &whole.into()).await, written.len());
}

/// The size of an attachment, in bytes.
async fn size_of(client: &Client, session: &SessionId, attachment: &AttachmentId) -> usize {
    let piece = json!({ "cmd": "attachment.get", "id": attachment, "offset": 0, "limit": 1 });
    let piece: Value = client.ask("agent", Some(session), &piece).await.unwrap();
    usize::try_from(piece["size"].as_u64().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_title_is_one_short_line() {
    let world = World::new();
    let (client, _events) = world.connect().await;
    let session = world.session(&client).await;
    let title = format!("first\u{1b}[31m {}\nsecond", "long ".repeat(100_000));
    let renamed = json!({ "cmd": "session.rename", "title": title });
    let reply: Value = client.ask("agent", Some(&session), &renamed).await.unwrap();
    let title = reply["session"]["info"]["title"].as_str().unwrap();
    assert!(
        title.starts_with("first[31m long") && title.chars().count() <= 201 && !title.contains("second"),
        "{title}"
    );
}
