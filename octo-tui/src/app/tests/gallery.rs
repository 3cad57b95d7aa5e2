//! Pictures in the conversation: fetched when they come in sight, shown in part, gone beneath what lies over them.

use bytes::Bytes;
use octo_proto::{
    Code, Command, Error, Message, PartKind,
    command::AttachmentPiece,
    id::{AttachmentId, RequestId},
    message::Source,
};

use super::*;
use crate::{
    app::{
        effect::{Effect, Wall},
        input::{Heard, What},
    },
    graphics::{Graphics, Way, prepare},
    pane::Answer,
};

/// Black, with a white frame: 400 by 240 dots.
const PICTURE: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"400\" height=\"240\">\
    <rect x=\"10\" y=\"20\" width=\"380\" height=\"200\" fill=\"black\"/></svg>";

fn source(name: &str) -> Source {
    Source::Attachment { attachment_id: AttachmentId(format!("att_{name}")), mime_type: "image/svg+xml".to_owned() }
}

fn image(name: &str) -> PartKind {
    PartKind::Image { source: source(name), alt: Some(format!("{name}.svg")) }
}

fn text(text: &str) -> PartKind {
    PartKind::Text { text: text.to_owned(), format: None }
}

fn conversation() -> Vec<Message> {
    let mut said = user(0, "what is this?");
    said.parts.push(octo_proto::Part::new(said.id.part(1), image("frame")));
    vec![said, assistant(1, vec![text("A black frame.\n\nOn white.")])]
}

/// What is asked for, and its offset.
fn fetched(stage: &mut Stage) -> Vec<(RequestId, String, u64)> {
    let piece = |asked: crate::app::effect::Asked| match stage::agent(&asked) {
        Some(Command::AttachmentGet { id, offset, .. }) => Some((asked.id.clone(), id.0.clone(), *offset)),
        _ => None,
    };
    stage.asked.drain(..).filter_map(piece).collect()
}

fn piece(stage: &mut Stage, id: &RequestId, bytes: &'static [u8], size: usize) {
    let about = AttachmentPiece { size: size as u64, mime_type: "image/svg+xml".to_owned() };
    let answer = Answer { body: serde_json::to_string(&about).unwrap(), bytes: Bytes::from_static(bytes) };
    stage.input(What::Link(Heard::Reply { id: id.clone(), result: Ok(answer) }));
}

/// Draws what is to be drawn, as it would be away from the screen.
fn draw(stage: &mut Stage, way: Way) -> usize {
    let draws: Vec<Effect> = stage.effects.extract_if(.., |effect| matches!(effect, Effect::Draw { .. })).collect();
    let count = draws.len();
    for effect in draws {
        let Effect::Draw { place, bytes, room, id } = effect else { continue };
        let drawn = prepare(&bytes, room, id, &Graphics { way, ..Graphics::default() });
        stage.input(What::Drawn { place, drawn });
    }
    count
}

fn shown(size: (u16, u16), way: Way) -> Stage {
    let mut stage = Stage::open_in(size);
    stage.snapshot("a", conversation(), false);
    stage.screen();
    let [(id, name, 0)] = &fetched(&mut stage)[..] else { panic!("it is fetched") };
    assert_eq!(name, "att_frame");
    assert!(stage.screen().contains("[image: frame.svg]  …"));
    let (first, second) = PICTURE.as_bytes().split_at(50);
    piece(&mut stage, id, first, PICTURE.len());
    let [(id, _, 50)] = &fetched(&mut stage)[..] else { panic!("more of it is fetched") };
    piece(&mut stage, id, second, PICTURE.len());
    stage.screen();
    assert_eq!(draw(&mut stage, way), 1);
    stage
}

#[test]
fn a_picture_in_half_blocks_in_80_by_24() {
    insta::assert_snapshot!(shown((80, 24), Way::HalfBlocks).screen());
}

#[test]
fn a_picture_in_half_blocks_in_120_by_40() {
    insta::assert_snapshot!(shown((120, 40), Way::HalfBlocks).screen());
}

#[test]
fn a_picture_in_half_blocks_in_200_by_60() {
    insta::assert_snapshot!(shown((200, 60), Way::HalfBlocks).screen());
}

#[test]
fn a_picture_is_scrolled_by_rows_and_drawn_anew_for_another_room() {
    let mut stage = shown((80, 24), Way::HalfBlocks);
    stage.screen();
    assert_eq!(draw(&mut stage, Way::HalfBlocks), 0, "once");
    let dark = |screen: &str| screen.lines().filter(|line| line.contains('▀') || line.contains('▄')).count();
    let whole = dark(&stage.screen());
    let more: Vec<String> = (0..12).map(|line| format!("line {line}\n")).collect();
    let more = assistant(2, vec![text(&more.join("\n"))]);
    stage.event(Some("a"), octo_proto::Event::MessageEnd { message: Box::new(more) });
    let cut = dark(&stage.screen());
    assert!(cut < whole, "{}", stage.screen());
    stage.input(What::Resize(60, 20));
    stage.screen();
    let before = stage.app.gallery.drawing(&source("frame")).unwrap().size;
    stage.chord(crossterm::event::KeyModifiers::NONE, crossterm::event::KeyCode::PageUp);
    stage.chord(crossterm::event::KeyModifiers::NONE, crossterm::event::KeyCode::PageUp);
    stage.screen();
    assert_eq!(draw(&mut stage, Way::HalfBlocks), 1);
    stage.screen();
    assert_ne!(stage.app.gallery.drawing(&source("frame")).unwrap().size, before);
}

#[test]
fn pictures_are_drawn_anew_for_cells_of_another_size() {
    let mut stage = shown((80, 24), Way::HalfBlocks);
    stage.screen();
    stage.input(What::Cells);
    assert!(stage.effects.contains(&Effect::Redraw), "rows of pixels may lie anywhere");
    assert!(stage.app.gallery.drawing(&source("frame")).is_none());
    stage.screen();
    assert_eq!(draw(&mut stage, Way::HalfBlocks), 1);
    stage.screen();
    stage.app.gallery.show(&[source("frame")], (9, 9));
    // One that is under way is of the old size.
    stage.input(What::Cells);
    let again = stage.app.gallery.show(&[source("frame")], (9, 9));
    assert_eq!(again.len(), 1);
}

/// How many cells are left to a picture in pixels.
fn pixels(stage: &mut Stage) -> usize {
    stage.app.prepare();
    let (columns, rows) = stage.app.size;
    let mut terminal = ratatui::Terminal::new(ratatui::backend::TestBackend::new(columns, rows)).unwrap();
    let mut count = 0;
    let frame = terminal.draw(|frame| {
        crate::view::draw(&stage.app, frame);
        let cells = &frame.buffer_mut().content;
        count = cells.iter().filter(|cell| cell.diff_option != ratatui::buffer::CellDiffOption::None).count();
    });
    frame.unwrap();
    count
}

#[test]
fn pixels_make_room_for_what_lies_over_them() {
    let mut stage = shown((120, 40), Way::Sixel);
    let all = pixels(&mut stage);
    assert_eq!(all, 54 * 16, "as large as there is room");
    stage.chord(crossterm::event::KeyModifiers::NONE, crossterm::event::KeyCode::F(1));
    assert_eq!(pixels(&mut stage), 0);
    stage.press(crossterm::event::KeyCode::Esc);
    assert_eq!(pixels(&mut stage), all);
}

#[test]
fn what_cannot_be_shown_says_why() {
    let mut stage = Stage::open();
    let elsewhere = PartKind::Image { source: Source::Url { url: "https://example.org/a.png".to_owned() }, alt: None };
    let inline = Source::Base64 { base64: "bm8gcGljdHVyZQ==".to_owned(), mime_type: "image/png".to_owned() };
    let inline = PartKind::Image { source: inline, alt: Some("inline".to_owned()) };
    let kinds = vec![image("gone"), elsewhere, inline];
    stage.snapshot("a", vec![assistant(0, kinds)], false);
    stage.screen();
    let [(id, ..)] = &fetched(&mut stage)[..] else { panic!("one can be fetched") };
    let gone = Error::new(Code::NotFound, "there is no attachment att_gone");
    stage.input(What::Link(Heard::Reply { id: id.clone(), result: Err(gone) }));
    assert_eq!(draw(&mut stage, Way::HalfBlocks), 1, "one is here");
    let screen = stage.screen();
    assert!(screen.contains("[image: gone.svg]  there is no attachment att_gone"), "{screen}");
    assert!(screen.contains("[image: https://example.org/a.png]"), "{screen}");
    assert!(screen.contains("[image: inline]  The image format could not be determined"), "{screen}");
    stage.input(What::Drawn { place: Wall::Chat("nobody".to_owned()), drawn: Err("late".to_owned()) });
}

#[test]
fn a_picture_on_its_way_is_fetched_again_after_a_new_connection() {
    let mut stage = Stage::open();
    stage.snapshot("a", conversation(), false);
    stage.screen();
    assert_eq!(fetched(&mut stage).len(), 1);
    stage.disconnect();
    stage.screen();
    stage.connect();
    stage.screen();
    assert_eq!(fetched(&mut stage).len(), 1);
}
