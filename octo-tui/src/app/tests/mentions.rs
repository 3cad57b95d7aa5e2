//! `@…` in the composer: files are offered, taken, and sent as what they are.

use crossterm::event::KeyCode;
use octo_proto::{
    Code, Command, Error,
    files::{FilesCommand, FilesEvent, FilesRequest, Found, FoundFile, Shown},
    id::RequestId,
    message::Mention,
    session::When,
};

use super::*;
use crate::{
    app::{
        Start,
        effect::Call,
        input::{Heard, What},
    },
    pane::Answer,
};

fn search(query: &str) -> FilesCommand {
    let shown = Shown { hidden: query.starts_with('.'), ignored: false };
    FilesCommand::Search { query: query.to_owned(), path: String::new(), limit: Some(8), shown }
}

/// The requests about files since the last look.
fn asked(stage: &mut Stage) -> Vec<(RequestId, FilesRequest)> {
    let files = |call| match call {
        Call::Files(request) => Some(request),
        Call::Agent(_) | Call::Terminal(_) => None,
    };
    stage.asked.drain(..).filter_map(|asked| Some((asked.id, files(asked.call)?))).collect()
}

/// The last search; each that was begun before it is cancelled.
fn searched(stage: &mut Stage, query: &str) -> RequestId {
    let mut asked = asked(stage);
    let (id, request) = asked.pop().expect("something is searched");
    assert_eq!(request.command, search(query));
    let cancelled = |id: &RequestId| {
        let cancel = FilesCommand::Cancel { request_id: id.clone() };
        asked.iter().any(|(_, request)| request.command == cancel)
    };
    let mut before = asked.iter().filter(|(_, request)| matches!(request.command, FilesCommand::Search { .. }));
    assert!(before.all(|(id, _)| cancelled(id)));
    id
}

fn found(paths: &[&str]) -> Found {
    let file = |path: &&str| FoundFile { path: (*path).to_owned(), score: 9, matched: vec![0, 1] };
    Found { files: paths.iter().map(file).collect(), scanned: 99, cancelled: false }
}

fn tell(stage: &mut Stage, request_id: &RequestId, paths: &[&str]) {
    let event = FilesEvent::Found { request_id: request_id.clone(), found: found(paths) };
    stage.input(What::Link(Heard::Files(event)));
}

fn answer(stage: &mut Stage, id: &RequestId, result: Result<&[&str], Error>) {
    let answer = |paths: &[&str]| Answer { body: serde_json::to_string(&found(paths)).unwrap(), ..Answer::default() };
    stage.input(What::Link(Heard::Reply { id: id.clone(), result: result.map(answer) }));
}

const PATHS: [&str; 4] = ["src/main.rs", "src/map.rs", "docs/Überblick 東京.md", "examples/a long way down/main.rs"];

fn offered(size: (u16, u16)) -> Stage {
    let mut stage = Stage::open_in(size);
    stage.write("see @ma");
    let id = searched(&mut stage, "ma");
    answer(&mut stage, &id, Ok(&PATHS));
    stage.press(KeyCode::Down);
    stage
}

#[test]
fn files_are_offered_in_80_by_24() {
    insta::assert_snapshot!(offered((80, 24)).screen());
}

#[test]
fn files_are_offered_in_120_by_40() {
    insta::assert_snapshot!(offered((120, 40)).screen());
}

#[test]
fn files_are_offered_in_200_by_60() {
    insta::assert_snapshot!(offered((200, 60)).screen());
}

#[test]
fn an_offer_is_chosen_taken_and_sent_as_a_file() {
    let mut stage = offered((80, 24));
    stage.press(KeyCode::Tab);
    assert_eq!(stage.app.open.composer.text(), "see @src/map.rs ");
    assert!(stage.app.offers().is_none());
    stage.write("and @long");
    let id = searched(&mut stage, "long");
    answer(&mut stage, &id, Ok(&PATHS[3..]));
    stage.press(KeyCode::Enter);
    stage.press(KeyCode::Backspace);
    stage.write(":3-5 @/home/ann/work/a.rs ann@b");
    stage.press(KeyCode::Enter);
    let [.., Command::Prompt { message, files, .. }] = &stage.take_asked()[..] else { panic!("it is sent") };
    assert_eq!(message, "see @src/map.rs and @\"examples/a long way down/main.rs\":3-5 @/home/ann/work/a.rs ann@b");
    let mention = |path: &str, range| Mention { path: path.to_owned(), range };
    assert_eq!(files[..], [mention("src/map.rs", None), mention(PATHS[3], Some([3, 5])), mention("a.rs", None)]);
}

#[test]
fn what_comes_late_is_dropped() {
    let mut stage = Stage::open();
    stage.write("@");
    let first = searched(&mut stage, "");
    tell(&mut stage, &first, &["Makefile", "src/map.rs"]);
    assert!(stage.screen().contains(" Makefile"));
    stage.write("s");
    let requests = asked(&mut stage);
    assert_eq!(requests[0].1.command, FilesCommand::Cancel { request_id: first.clone() });
    assert_eq!(requests[1].1.command, search("s"));
    let screen = stage.screen();
    assert!(screen.contains(" src/map.rs") && !screen.contains(" Makefile"), "what no longer fits is gone: {screen}");
    answer(&mut stage, &first, Ok(&["late.rs"]));
    tell(&mut stage, &first, &["late.rs"]);
    assert!(!stage.screen().contains("late.rs"));
    answer(&mut stage, &requests[1].0, Err(Error::new(Code::NotFound, "the workspace is not there")));
    assert!(stage.app.notice.is_none(), "a person who writes is not disturbed");
    stage.write("rc ");
    assert!(stage.app.offers().is_none());
}

#[test]
fn a_fresh_session_is_searched_where_it_will_work() {
    let mut stage = Stage::new(Start::New, (80, 24));
    stage.connect();
    stage.asked.clear();
    stage.write("@.g");
    let (_, request) = asked(&mut stage).pop().unwrap();
    assert_eq!(request, FilesRequest { root: Some("/home/ann/work".to_owned()), command: search(".g") });
}

#[test]
fn keys_mean_what_they_always_mean_where_nothing_is_offered() {
    let mut stage = offered((80, 24));
    stage.press(KeyCode::Esc);
    assert!(stage.app.offers().is_none() && stage.app.notice.is_none());
    stage.write("p");
    assert!(asked(&mut stage).is_empty(), "no more for this word");
    stage.press(KeyCode::Enter);
    assert_eq!(stage.app.open.sent.len(), 1);
    // What was sent before is walked through without offers.
    stage.press(KeyCode::Up);
    assert_eq!(stage.app.open.composer.text(), "see @map");
    assert!(asked(&mut stage).is_empty());

    let mut stage = Stage::open();
    stage.write("@a.rs");
    let id = searched(&mut stage, "a.rs");
    answer(&mut stage, &id, Ok(&["a.rs", "b/a.rs"]));
    stage.press(KeyCode::Enter);
    let files = vec![Mention { path: "a.rs".to_owned(), range: None }];
    let whole = Command::Prompt { message: "@a.rs".to_owned(), images: Vec::new(), files, when: When::Now };
    assert_eq!(stage.take_asked(), [whole], "who writes it whole sends it");
}
