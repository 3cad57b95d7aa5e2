//! What sessions can do beyond talking: pictures, commands, modes, plans, and what they tell of themselves.

use bytes::Bytes;
use crossterm::event::{KeyCode, KeyModifiers};
use octo_proto::{
    Code, Command, Error, Event,
    id::{AttachmentId, RequestId},
    message::Source,
    session::{Phase, PlanEntry, SessionUsage, SlashCommand, When},
};
use serde_json::json;

use super::*;
use crate::{
    app::{
        effect::{Asked, Effect},
        input::What,
    },
    state::picture::Image,
};

const PIECE: usize = 192 * 1024;

/// A session that can do everything.
fn able(size: (u16, u16)) -> Stage {
    let mut stage = Stage::open_in(size);
    let mut info = entry("a", "Fix the build").info;
    info.capabilities.images = true;
    info.capabilities.compact = true;
    info.capabilities.plan = true;
    info.capabilities.slash_commands = true;
    info.capabilities.modes = vec!["ask".to_owned(), "code".to_owned()];
    info.mode = Some("ask".to_owned());
    stage.event(Some("a"), Event::SessionUpdated { info: Box::new(info) });
    stage
}

/// The upload and the path of the one file that is to be read.
fn read(stage: &mut Stage) -> (RequestId, String) {
    let reads = stage.effects.extract_if(.., |effect| matches!(effect, Effect::Read { .. }));
    let [Effect::Read { upload, path }] = &reads.collect::<Vec<_>>()[..] else { panic!("one file is read") };
    (upload.clone(), path.clone())
}

fn put(upload: &RequestId, offset: usize, sha256: Option<&str>) -> Command {
    Command::AttachmentPut {
        upload: upload.clone(),
        offset: offset as u64,
        sha256: sha256.map(str::to_owned),
        mime_type: Some("image/png".to_owned()),
    }
}

fn image(size: usize) -> Image {
    Image { bytes: Bytes::from(vec![7; size]), mime_type: "image/png", sha256: "5a".to_owned() }
}

fn submit(stage: &mut Stage, text: &str) {
    stage.write(text);
    stage.press(KeyCode::Enter);
}

#[test]
fn a_picture_is_put_in_pieces_and_goes_with_the_next_prompt() {
    let mut stage = able((80, 24));
    submit(&mut stage, "/attach shots/one.png");
    let (upload, path) = read(&mut stage);
    assert_eq!(path, "/home/ann/work/shots/one.png");
    stage.input(What::Read { upload: upload.clone(), image: Ok(image(PIECE + 5)) });
    assert_eq!(stage.asked[0].bytes.len(), PIECE);
    stage.reply(&put(&upload, 0, None), &json!({ "size": PIECE }));
    submit(&mut stage, "what is this?");
    let screen = stage.screen();
    assert!(screen.contains("[one.png 99 %]") && screen.contains("one.png 99 % is still on its way"), "{screen}");
    assert!(screen.contains("│ what is this?"), "what is written stays: {screen}");
    // The connection breaks: the piece is sent again with its id and its bytes.
    let before = stage.asked.pop().unwrap();
    stage.disconnect();
    stage.connect();
    assert!(stage.asked.contains(&Asked { connection: 2, ..before }), "{:?}", stage.asked);
    stage.reply(&put(&upload, PIECE, Some("5a")), &json!({ "size": PIECE + 5, "attachment_id": "att_1" }));
    assert!(stage.screen().contains("[one.png]"));
    stage.press(KeyCode::Enter);
    let source = Source::Attachment { attachment_id: AttachmentId::from("att_1"), mime_type: "image/png".to_owned() };
    let prompt = Command::Prompt {
        message: "what is this?".to_owned(),
        images: vec![source.clone()],
        files: Vec::new(),
        when: When::Now,
    };
    assert!(stage.screen().contains("▌ what is this?\n  [image]\n  sending…"));
    // What is refused comes back, with its picture.
    stage.refuse(&prompt, Error::new(Code::NotFound, "there is no attachment"));
    let screen = stage.screen();
    assert!(screen.contains("[one.png]") && screen.contains("│ what is this?"), "{screen}");
    stage.ctrl('u');
    stage.press(KeyCode::Enter);
    let alone = Command::Prompt { message: String::new(), images: vec![source], files: Vec::new(), when: When::Now };
    assert_eq!(stage.take_asked().pop(), Some(alone), "a picture alone is a prompt");
}

#[test]
fn what_is_no_picture_is_said_and_what_was_pasted_stays_text() {
    let mut stage = able((80, 24));
    submit(&mut stage, "/attach ~/notes.txt");
    let (upload, path) = read(&mut stage);
    assert_eq!(path, "/home/ann/notes.txt");
    stage.input(What::Read { upload, image: Err("notes.txt is not a picture".to_owned()) });
    assert!(stage.screen().contains("notes.txt is not a picture"));

    for (pasted, path) in
        [("'/tmp/a b.png'", "/tmp/a b.png"), ("/tmp/a\\ b.JPG ", "/tmp/a b.JPG"), ("file:///tmp/c.webp", "/tmp/c.webp")]
    {
        stage.input(What::Paste(pasted.to_owned()));
        assert_eq!(read(&mut stage).1, path);
        stage.press(KeyCode::Backspace);
    }
    stage.input(What::Paste("/tmp/gone.png".to_owned()));
    assert!(stage.screen().contains("[gone.png …]"));
    let (upload, _) = read(&mut stage);
    stage.input(What::Read { upload, image: Err("no such file".to_owned()) });
    let screen = stage.screen();
    assert!(screen.contains("│ /tmp/gone.png") && !screen.contains("no such file"), "{screen}");

    let mut unable = Stage::open();
    unable.input(What::Paste("/tmp/c.png".to_owned()));
    assert!(unable.effects.is_empty() && unable.screen().contains("│ /tmp/c.png"));
    unable.ctrl('u');
    submit(&mut unable, "/attach c.png");
    assert!(unable.effects.is_empty() && unable.screen().contains("cannot be shown pictures"));
}

#[test]
fn a_prompt_takes_so_many_pictures_and_no_more() {
    let mut stage = able((80, 24));
    for n in 0..9 {
        stage.input(What::Paste(format!("/tmp/{n}.png")));
    }
    let reads = stage.effects.iter().filter(|effect| matches!(effect, Effect::Read { .. })).count();
    assert!(reads == 8 && stage.screen().contains("8 pictures at most"));
    stage.press(KeyCode::Backspace);
    assert!(!stage.screen().contains("[7.png"));
}

#[test]
fn commands_of_ours_are_done_and_those_of_the_agent_are_sent() {
    let mut stage = able((80, 24));
    submit(&mut stage, "/compact keep the names");
    assert_eq!(stage.take_asked(), [Command::Compact { instructions: Some("keep the names".to_owned()) }]);
    submit(&mut stage, "/compact");
    assert_eq!(stage.take_asked(), [Command::Compact { instructions: None }]);
    submit(&mut stage, "/mode code");
    assert_eq!(stage.take_asked(), [Command::SetMode { mode: "code".to_owned() }]);
    submit(&mut stage, "/mode nonsense");
    assert!(stage.take_asked().is_empty() && stage.screen().contains("the modes are: ask, code"));
    submit(&mut stage, "/review it");
    let review =
        Command::Prompt { message: "/review it".to_owned(), images: Vec::new(), files: Vec::new(), when: When::Now };
    assert_eq!(stage.take_asked(), [review]);

    let mut unable = Stage::open();
    submit(&mut unable, "/compact");
    assert!(unable.take_asked().is_empty() && unable.screen().contains("cannot be compacted"));
    let own = SlashCommand { name: "compact".to_owned(), description: None };
    unable.event(Some("a"), Event::CommandsUpdated { commands: vec![own] });
    unable.press(KeyCode::Enter);
    assert_eq!(unable.take_asked().len(), 1, "the agent has a command of this name");
}

#[test]
fn commands_are_completed_and_asked_for_where_they_are_not_known() {
    let mut stage = able((80, 24));
    stage.write("/");
    assert!(stage.screen().contains("Tab: /attach /compact /mode"));
    stage.write("re");
    stage.press(KeyCode::Tab);
    let commands =
        json!({ "commands": [{ "name": "review", "description": "Reads the change" }, { "name": "attach" }] });
    stage.reply(&Command::GetCommands {}, &commands);
    assert!(stage.screen().contains("│ /review "));
    stage.ctrl('u');
    stage.write("/rev");
    assert!(stage.screen().contains(" /review  Reads the change "));
    stage.ctrl('u');
    stage.write("/a");
    assert!(stage.screen().contains(" /attach  FILE: show the agent a picture"));
    let mut unable = Stage::open();
    unable.write("/");
    unable.press(KeyCode::Tab);
    assert!(unable.asked.is_empty() && !unable.screen().contains("/attach"));
}

#[test]
fn a_mode_is_picked_where_there_are_modes() {
    let mut stage = able((80, 24));
    assert!(stage.screen().contains(" · ask"));
    stage.chord(KeyModifiers::SHIFT, KeyCode::BackTab);
    assert!(stage.screen().contains("● ask"));
    stage.press(KeyCode::Down);
    stage.press(KeyCode::Enter);
    assert_eq!(stage.take_asked(), [Command::SetMode { mode: "code".to_owned() }]);
    let mut unable = Stage::open();
    unable.press(KeyCode::BackTab);
    assert!(unable.screen().contains("this agent has no modes"));
}

fn plan() -> Event {
    let step = |content: &str, status: &str, priority: Option<&str>| PlanEntry {
        content: content.to_owned(),
        status: status.to_owned(),
        priority: priority.map(str::to_owned),
    };
    let mut entries =
        vec![step("Read the log", "completed", None), step("Find the \u{1b}[31mcause", "in_progress", Some("high"))];
    entries.extend((3..12).map(|n| step(&format!("Mend part {n}"), "pending", None)));
    Event::PlanUpdated { entries }
}

fn busy(size: (u16, u16)) -> Stage {
    let mut stage = able(size);
    stage.event(Some("a"), plan());
    stage.event(Some("a"), Event::Status { key: "git".to_owned(), text: Some("main \u{1b}[1m+3".to_owned()) });
    stage.event(Some("a"), Event::Status { key: "lint".to_owned(), text: Some("2 warnings".to_owned()) });
    let usage = SessionUsage { context_tokens: Some(24_000), context_window: Some(200_000), ..SessionUsage::default() };
    stage.event(Some("a"), Event::UsageUpdated { usage });
    stage.event(Some("a"), Event::AgentWorking { phase: Phase::Generating, detail: None, turn_id: None });
    stage
}

#[test]
fn a_plan_and_status_lines_in_80_by_24() {
    let mut stage = busy((80, 24));
    let open = stage.screen();
    stage.alt('p');
    insta::assert_snapshot!(format!("{open}\n----\n{}", stage.screen()));
}

#[test]
fn a_plan_and_status_lines_in_120_by_40() {
    insta::assert_snapshot!(busy((120, 40)).screen());
}

#[test]
fn a_plan_that_is_done_is_one_line_and_a_status_line_can_go() {
    let mut stage = busy((80, 24));
    let done = PlanEntry { content: "All".to_owned(), status: "completed".to_owned(), priority: None };
    stage.event(Some("a"), Event::PlanUpdated { entries: vec![done] });
    stage.event(Some("a"), Event::Status { key: "git".to_owned(), text: None });
    let screen = stage.screen();
    assert!(screen.contains("▸ plan  1 of 1") && !screen.contains("All") && !screen.contains("main"), "{screen}");
    assert!(screen.contains("  2 warnings"), "{screen}");
}

#[test]
fn waiting_to_try_again_and_compacting_are_told_while_they_last() {
    let mut stage = able((80, 24));
    let retry =
        Event::RetryStart { attempt: 2, max_attempts: 3, delay_ms: 4_000, message: "529 overloaded".to_owned() };
    stage.event(Some("a"), retry);
    assert!(stage.screen().contains("try 2 of 3 in 4 s: 529 overloaded"));
    stage.wait(2_500);
    assert!(stage.screen().contains("try 2 of 3 in 2 s"));
    assert!(stage.app.wake_at().is_some_and(|at| at - stage.at <= 1_000), "the seconds are counted");
    stage.event(Some("a"), Event::RetryEnd { success: true, attempt: 2, message: None });
    stage.event(Some("a"), Event::AgentWorking { phase: Phase::Generating, detail: None, turn_id: None });
    assert!(!stage.screen().contains("try 2"));

    stage.event(Some("a"), Event::CompactStart { reason: "threshold".to_owned() });
    assert!(stage.screen().contains("compacting: its context is nearly full"));
    let end = |aborted, message: Option<&str>| Event::CompactEnd {
        reason: "threshold".to_owned(),
        summary: None,
        tokens_before: Some(180_000),
        aborted,
        message: message.map(str::to_owned),
    };
    for (event, said) in [
        (end(false, None), "compacted from 180k tokens"),
        (end(true, None), "compacting was stopped"),
        (end(false, Some("too short")), "compacting failed: too short"),
    ] {
        stage.event(Some("a"), event);
        assert!(stage.screen().contains(said), "{}", stage.screen());
    }
}

#[test]
fn who_waits_long_for_octod_is_told_how_it_is_started() {
    let mut stage = Stage::open_in((120, 40));
    stage.disconnect();
    assert!(!stage.screen().contains("`octo` starts octod"));
    stage.wait(3_000);
    stage.disconnect();
    assert!(stage.screen().contains("`octo` starts octod"), "{}", stage.screen());
    stage.connect();
    assert!(!stage.screen().contains("starts octod"));
}
