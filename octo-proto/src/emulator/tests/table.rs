//! Conformance, as a table: what a program writes on a terminal of ten columns and five rows, and what becomes of it.
//!
//! Written from ECMA-48, the VT220 and VT510 manuals and xterm's list of control sequences. Every case is also read one
//! byte at a time, and drawn again from a redraw.

mod commands;
mod editing;
mod keys;
mod modes;
mod movement;
mod replies;
mod screens;
mod scrolling;
mod styles;
mod text;

use super::{after, redrawn};
use crate::emulator::{Emulator, Notice, Picture};

/// One row of the table.
pub(super) struct Case {
    name: &'static str,
    input: Vec<u8>,
    screen: &'static str,
    cursor: (usize, usize),
    replies: &'static str,
    notices: Option<Vec<Notice>>,
    checks: Vec<Check>,
}

type Check = Box<dyn Fn(&Picture) -> Result<(), String>>;

/// After `input`, the rows hold `screen` and the cursor stands at row and column, from 1. `^` stands for the escape.
fn case(name: &'static str, input: &str, screen: &'static str, cursor: (usize, usize)) -> Case {
    raw(name, input.replace('^', "\x1b").as_bytes(), screen, cursor)
}

/// The same with bytes that are no text.
fn raw(name: &'static str, input: &[u8], screen: &'static str, cursor: (usize, usize)) -> Case {
    Case { name, input: input.to_vec(), screen, cursor, replies: "", notices: None, checks: Vec::new() }
}

/// A question that leaves nothing on the screen, and its answer.
fn asked(name: &'static str, input: &str, replies: &'static str) -> Case {
    case(name, input, "", (1, 1)).replies(replies)
}

impl Case {
    fn replies(self, replies: &'static str) -> Self {
        Self { replies, ..self }
    }

    fn notices(self, notices: Vec<Notice>) -> Self {
        Self { notices: Some(notices), ..self }
    }

    /// Something else that holds of the picture; the value is shown if it does not.
    fn has<T: PartialEq + std::fmt::Debug + 'static>(mut self, value: T, of: fn(&Picture) -> T) -> Self {
        self.checks.push(Box::new(move |picture| {
            let found = of(picture);
            if found == value { Ok(()) } else { Err(format!("{found:?} where {value:?} should be")) }
        }));
        self
    }

    /// How the character at the top left looks: attributes, then colours.
    fn looks(self, expected: &'static str) -> Self {
        self.has(expected.to_owned(), |picture| {
            let Some(run) = picture.lines[0].runs.first() else { return String::new() };
            let style = &run.style;
            let mut words: Vec<String> = style.attributes.iter().map(|name| (*name).to_owned()).collect();
            words.extend(style.foreground.iter().map(|color| format!("fg {color}")));
            words.extend(style.background.iter().map(|color| format!("bg {color}")));
            words.extend(style.underline.iter().map(|color| format!("ul {color}")));
            words.extend(style.link.iter().map(|(_, target)| format!("link {target}")));
            words.join(", ")
        })
    }

    fn check(&self) -> Result<(), String> {
        let (emulator, outcome) = after(10, 5, &self.input);
        let picture = emulator.picture();
        let screen = emulator.text();
        if screen.trim_end_matches('\n') != self.screen {
            return Err(format!("the screen is {screen:?}"));
        }
        let cursor = (picture.cursor.row + 1, picture.cursor.column + 1);
        if cursor != self.cursor {
            return Err(format!("the cursor is at {cursor:?}"));
        }
        let replies = String::from_utf8_lossy(&outcome.replies).replace('\x1b', "^");
        if replies != self.replies {
            return Err(format!("it answers {replies:?}"));
        }
        if self.notices.as_ref().is_some_and(|notices| *notices != outcome.notices) {
            return Err(format!("it tells {:?}", outcome.notices));
        }
        self.checks.iter().try_for_each(|check| check(&picture))?;
        self.check_pieces(&picture)?;
        let again = redrawn(&emulator);
        if again == picture { Ok(()) } else { Err(format!("redrawn it is {again:#?}\nwhere {picture:#?} was")) }
    }

    fn check_pieces(&self, whole: &Picture) -> Result<(), String> {
        let mut emulator = Emulator::new(10, 5, 100);
        let mut replies = Vec::new();
        for byte in &self.input {
            replies.extend(emulator.feed(std::slice::from_ref(byte), 0).replies);
        }
        if emulator.picture() != *whole {
            return Err("read byte by byte it is another".to_owned());
        }
        let replies = String::from_utf8_lossy(&replies).replace('\x1b', "^");
        if replies == self.replies { Ok(()) } else { Err(format!("byte by byte it answers {replies:?}")) }
    }
}

fn all() -> Vec<Case> {
    let groups = [
        text::cases(),
        movement::cases(),
        editing::cases(),
        scrolling::cases(),
        modes::cases(),
        screens::cases(),
        styles::cases(),
        replies::cases(),
        commands::cases(),
        keys::cases(),
    ];
    groups.into_iter().flatten().collect()
}

#[test]
fn every_row_of_the_table_holds() {
    let cases = all();
    let wrong: Vec<String> =
        cases.iter().filter_map(|case| case.check().err().map(|error| format!("{}: {error}", case.name))).collect();
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert!(cases.len() >= 150, "only {} cases", cases.len());
}

/// The table as a file, for those who try it with more than an emulator. `UPDATE=1 cargo nextest run -p octo-proto` writes
/// it anew.
#[test]
#[expect(clippy::disallowed_methods, reason = "UPDATE=1 asks a test to rewrite what is generated")]
fn the_table_in_the_repository_is_this_one() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/terminal-table.jsonl");
    let rows = all().into_iter().map(|case| {
        let input: String = case.input.iter().map(|byte| format!("{byte:02x}")).collect();
        let (row, column) = case.cursor;
        let row =
            serde_json::json!({ "name": case.name, "input": input, "screen": case.screen, "cursor": [row, column] });
        format!("{row}\n")
    });
    let table: String = rows.collect();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &table).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), table, "UPDATE=1 writes it anew");
}
