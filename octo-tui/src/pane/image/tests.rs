//! A picture is read in pieces, drawn for its room, and read again when it changes.

use super::*;
use crate::{
    graphics::{Graphics, prepare},
    theme::ThemeName,
};

/// A pane, what it wishes, and a file of a red dot as it would come from the runner.
struct Desk {
    pane: ImagePane,
    wishes: Vec<Wish>,
}

impl Desk {
    fn new() -> Self {
        let mut desk = Self { pane: ImagePane::new("docs/dot.svg".to_owned()), wishes: Vec::new() };
        desk.on(PaneInput::Connected);
        desk
    }

    fn on(&mut self, input: PaneInput<'_>) {
        let mut env = Env { now: 0, root: "/w", wishes: Vec::new() };
        self.pane.on(input, &mut env);
        self.wishes.append(&mut env.wishes);
    }

    fn arrange(&mut self, size: (u16, u16)) {
        let mut env = Env { now: 0, root: "/w", wishes: Vec::new() };
        self.pane.arrange(size, &Theme::named(ThemeName::Mono), &mut env);
        self.wishes.append(&mut env.wishes);
    }

    fn piece(&mut self, offset: u64, piece: &str, (size, version): (usize, &str)) {
        let about = FilePiece { size: size as u64, version: version.to_owned(), binary: false };
        let bytes = Bytes::copy_from_slice(piece.as_bytes());
        let answer = Answer { body: serde_json::to_string(&about).unwrap(), bytes };
        let command = FilesCommand::Read { path: "docs/dot.svg".to_owned(), offset, limit: None, if_version: None };
        self.on(PaneInput::Files(&command, Ok(answer)));
    }

    fn reads(&mut self) -> Vec<u64> {
        let offset = |wish| match wish {
            Wish::Files(FilesCommand::Read { offset, .. }, _) => Some(offset),
            _ => None,
        };
        self.wishes.drain(..).filter_map(offset).collect()
    }

    fn screen(&self, size: (u16, u16)) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, size.0, size.1));
        let theme = Theme::named(ThemeName::Mono);
        let look = Look { theme: &theme, focused: true, now: 0 };
        self.pane.draw(buffer.area, &mut buffer, &look);
        buffer
    }
}

const DOT: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"40\" height=\"40\"><rect width=\"40\" height=\"40\" fill=\"red\"/></svg>";

#[test]
fn a_picture_is_read_in_pieces_and_drawn_in_the_middle() {
    for size in [(80, 24), (120, 40), (200, 60)] {
        let mut desk = Desk::new();
        assert!(matches!(&desk.wishes[0], Wish::Files(FilesCommand::Watch { path }, _) if path == "docs"));
        assert_eq!(desk.reads(), [0]);
        desk.arrange(size);
        assert!(desk.wishes.is_empty());
        let (first, second) = DOT.split_at(30);
        desk.piece(0, first, (DOT.len(), "1"));
        assert_eq!(desk.reads(), [30]);
        desk.piece(30, second, (DOT.len(), "1"));
        let [Wish::Draw { bytes, room }] = &desk.wishes[..] else { panic!("{:?}", desk.wishes) };
        assert_eq!((&bytes[..], *room), (DOT.as_bytes(), size));
        let drawing = prepare(bytes, *room, 1, &Graphics::default()).unwrap().into();
        desk.on(PaneInput::Drawn(Ok(drawing)));
        let buffer = desk.screen(size);
        let drawn = buffer.content.iter().enumerate().filter(|(_, cell)| **cell != ratatui::buffer::Cell::EMPTY);
        let columns: Vec<u16> = drawn.map(|(at, _)| buffer.pos_of(at).0).collect();
        let (left, right) = (columns.iter().min().unwrap(), columns.iter().max().unwrap());
        assert!(left.abs_diff(size.0 - 1 - right) <= 1, "{left} to {right} of {}", size.0);
        desk.wishes.clear();
        desk.arrange(size);
        assert!(desk.wishes.is_empty(), "it is drawn once");
        desk.on(PaneInput::Cells);
        assert!(desk.screen(size).content.iter().any(|cell| cell.symbol() == "…"), "the old one has a wrong size");
        desk.arrange(size);
        assert!(matches!(desk.wishes[..], [Wish::Draw { .. }]));
        desk.wishes.clear();
        desk.arrange((40, 10));
        assert!(matches!(desk.wishes[..], [Wish::Draw { room: (40, 10), .. }]));
    }
}

#[test]
fn what_changes_is_read_again_and_what_fails_is_told() {
    let mut desk = Desk::new();
    desk.arrange((40, 10));
    desk.reads();
    desk.piece(0, &DOT[..30], (DOT.len(), "1"));
    assert_eq!(desk.reads(), [30]);
    desk.piece(30, &DOT[30..], (DOT.len(), "2"));
    assert_eq!(desk.reads(), [0], "it was written meanwhile");
    let changed =
        |path: &str| FilesEvent::Changed { request_id: "r".into(), paths: vec![path.to_owned()], rescan: false };
    desk.on(PaneInput::FilesEvent(&changed("docs/other.svg")));
    assert!(desk.wishes.is_empty());
    desk.on(PaneInput::FilesEvent(&changed("docs/dot.svg")));
    assert_eq!(desk.reads(), [0]);
    desk.piece(0, "x", (usize::try_from(LARGEST).unwrap() + 1, "3"));
    let text = |buffer: Buffer| buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect::<String>();
    assert!(text(desk.screen((40, 10))).contains("more than 16 MiB"));
    desk.on(PaneInput::Act(PaneAction::Refresh));
    let command = FilesCommand::Read { path: "docs/dot.svg".to_owned(), offset: 0, limit: None, if_version: None };
    desk.on(PaneInput::Files(&command, Err(Error::not_found("there is no `docs/dot.svg` in the workspace"))));
    assert!(text(desk.screen((60, 10))).contains("there is no `docs/dot.svg`"));
    desk.wishes.clear();
    desk.on(PaneInput::Act(PaneAction::Edit));
    assert!(matches!(&desk.wishes[..], [Wish::Show(place, Showing::Editor)] if place.path == "docs/dot.svg"));
    assert!(is_picture("a/B.PNG") && is_picture("x.svg") && !is_picture("png") && !is_picture("a.txt"));
}
