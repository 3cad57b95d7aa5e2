//! Output that is meant to do harm: it costs bounded memory and time.

use alacritty_terminal::{
    grid::Dimensions,
    index::{Column, Line},
};

use super::{after, redrawn};
use crate::emulator::{Emulator, Notice, redraw::LONGEST, screens::Which};

#[test]
fn an_endless_command_is_forgotten_and_what_follows_is_shown() {
    let mut emulator = Emulator::new(20, 3, 10);
    emulator.feed(b"\x1b]2;", 0);
    for _ in 0..200 {
        assert!(!emulator.feed(&[b'x'; 4096], 0).at_rest);
    }
    let outcome = emulator.feed(b"\x1b\\after", 0);
    assert_eq!(outcome.notices, []);
    assert!(outcome.at_rest);
    assert_eq!(emulator.text(), "after\n\n\n");
}

#[test]
fn an_endless_device_string_is_passed_over() {
    let mut emulator = Emulator::new(20, 3, 10);
    emulator.feed(b"\x1bP$q", 0);
    for _ in 0..200 {
        emulator.feed(&[b'm'; 4096], 0);
    }
    assert_eq!(emulator.feed(b"\x1b\\after", 0).replies, b"\x1bP0$r\x1b\\");
    assert_eq!(emulator.text(), "after\n\n\n");
}

#[test]
fn a_flood_of_questions_gets_a_bounded_answer() {
    let (_, outcome) = after(20, 3, &b"\x1b[c".repeat(100_000));
    assert!((1..=16 << 10).contains(&outcome.replies.len()), "{}", outcome.replies.len());
}

#[test]
fn a_flood_of_notices_is_bounded() {
    let (_, outcome) = after(20, 3, &b"\x07\x1b]9;x\x07\x1b]2;y\x07".repeat(10_000));
    assert!(outcome.notices.len() < 100, "{}", outcome.notices.len());
    assert!(outcome.notices.contains(&Notice::Bell));
}

#[test]
fn no_character_piles_up_on_a_cell() {
    for mark in ['\u{ad}', '\u{301}', '\u{200b}', '\u{200d}', '\u{fe0f}', '\u{115f}', '\u{e0020}'] {
        let (emulator, _) = after(20, 3, format!("x{}", String::from(mark).repeat(1_000)).as_bytes());
        assert!(emulator.text().chars().count() <= 20 * 3 + 3 + 8, "{:?}", mark.escape_unicode());
    }
}

#[test]
fn what_is_beside_the_cells_is_bounded_and_the_newest_lines_keep_theirs() {
    let marked = format!("e{}", "\u{301}\u{302}\u{303}\u{304}");
    let linked = "\x1b]8;id=a;http://h/\x1b\\l\x1b]8;;\x1b\\";
    let underlined = "\x1b[4m\x1b[58:5:1mu\x1b[59m\x1b[24m";
    for (cell, alternate) in [(marked.as_str(), ""), (linked, ""), (underlined, ""), (marked.as_str(), "\x1b[?1049h")] {
        let mut emulator = Emulator::new(200, 60, 2_000);
        emulator.feed(alternate.as_bytes(), 0);
        emulator.feed(cell.repeat(200 * 1_000).as_bytes(), 0);
        let adorned = |which| {
            let grid = emulator.machine.screens.screen(which).grid();
            let rows = grid.topmost_line().0..=grid.bottommost_line().0;
            rows.map(|line| (0..200).filter(|column| grid[Line(line)][Column(*column)].extra.is_some()).count())
                .collect::<Vec<usize>>()
        };
        let rows = adorned(if alternate.is_empty() { Which::Primary } else { Which::Alternate });
        let sum: usize = rows.iter().sum();
        assert!((8_000..=16_000).contains(&sum), "{cell:?}: {sum}");
        assert!(rows.iter().rev().skip(1).take(39).all(|row| *row == 200), "{cell:?}: {rows:?}");
    }
}

#[test]
fn the_cells_of_a_terminal_are_bounded_whatever_its_size() {
    for size in [(1_000, 1_000), (1_000, 200), (200, 1_000), (400, 100), (200, 60), (80, 24), (1, 1_000)] {
        let mut emulator = Emulator::new(size.0, size.1, 2_000);
        emulator.feed("\r\n".repeat(4_000).as_bytes(), 0);
        let (columns, rows) = emulator.size();
        let cells = columns * (emulator.history() + 2 * rows);
        assert!(cells <= 430_000, "{size:?}: {cells}");
        assert!(
            size.1 > 100 || emulator.history() >= if size.0 > 200 { 875 } else { 2_000 },
            "{size:?}: {}",
            emulator.history()
        );
    }
}

#[test]
fn a_long_title_is_cut() {
    let (emulator, _) = after(20, 3, format!("\x1b]2;{}\x07", "é".repeat(5_000)).as_bytes());
    assert_eq!(emulator.picture().title, "é".repeat(512));
}

#[test]
fn links_beyond_the_budget_are_plain_text_until_there_is_room() {
    let mut emulator = Emulator::new(40, 50, 2_000);
    let target = "x".repeat(1_500);
    for number in 0..2_000 {
        emulator.feed(format!("\x1b]8;;http://{number}/{target}\x1b\\l\x1b]8;;\x1b\\\r\n").as_bytes(), 0);
    }
    let linked = |emulator: &Emulator| {
        let lines = emulator.picture().lines;
        lines.iter().flat_map(|line| &line.runs).filter(|run| run.style.link.is_some()).count()
    };
    assert_eq!(linked(&emulator), 0, "a megabyte of links is in the history");
    emulator.feed(b"\x1b[3J\x1b[2J\x1b[3J\x1b[H", 0);
    for number in 0..400 {
        emulator.feed(format!("\x1b]8;;http://{number}/{target}\x1b\\l\x1b]8;;\x1b\\\r\n").as_bytes(), 0);
    }
    assert!(linked(&emulator) > 0, "there is room again");
}

#[test]
fn a_link_that_is_named_for_each_cell_is_held_once() {
    let target = "x".repeat(2_000);
    let link = format!("\x1b]8;id=a;http://{target}\x1b\\l");
    let (emulator, _) = after(40, 5, link.repeat(80).as_bytes());
    let grid = emulator.machine.screens.screen(Which::Primary).grid();
    let texts: Vec<_> = (0..80)
        .map(|cell| grid[Line(cell / 40)][Column((cell % 40) as usize)].hyperlink().unwrap().uri().as_ptr())
        .collect();
    assert!(texts.iter().all(|text| *text == texts[0]), "each cell holds a text of its own");
}

#[test]
fn a_redraw_is_never_too_long() {
    let mut full = String::new();
    for cell in 0..200_u32 * 60 {
        let (r, g, b) = (cell % 256, cell / 7 % 256, cell / 13 % 256);
        full += &format!("\x1b[38;2;{r};{g};{b};48;2;{b};{r};{g}m\u{6f22}\u{301}\u{301}");
    }
    for (columns, rows) in [(200, 50), (400, 100), (1_000, 300)] {
        let mut emulator = Emulator::new(columns, rows, 0);
        emulator.feed(full.as_bytes(), 0);
        emulator.feed(b"\x1b[?1049h", 0);
        emulator.feed(full.as_bytes(), 0);
        let redraw = emulator.redraw();
        assert!(redraw.len() <= LONGEST, "{columns}x{rows}: {}", redraw.len());
        let again = redrawn(&emulator);
        assert_eq!(again.cursor.row, emulator.picture().cursor.row);
        assert!(again.alternate);
    }
}

#[test]
fn as_much_history_is_redrawn_as_there_is_room_for() {
    let mut emulator = Emulator::new(200, 50, 2_000);
    for line in 0..3_000 {
        let colors: String = (0..20).map(|part| format!("\x1b[38;5;{}mpart {part} ", (line + part) % 256)).collect();
        emulator.feed(format!("line {line} {colors}\r\n").as_bytes(), 0);
    }
    let redraw = emulator.redraw_with_scrollback(2_000);
    assert!((LONGEST / 2..=LONGEST).contains(&redraw.len()), "{}", redraw.len());
    let mut again = Emulator::new(200, 50, 2_000);
    again.feed(&redraw, 0);
    assert_eq!(again.picture(), emulator.picture());
    again.resize(200, 80);
    assert!(again.text().starts_with("line 2921 "), "{}", again.text());
}

#[test]
fn a_usual_screen_is_redrawn_whole() {
    let mut emulator = Emulator::new(200, 50, 0);
    for row in 0..50 {
        let line =
            format!("\x1b[{}H\x1b[3{}m{}\x1b[0;1m{}", row + 1, row % 8, "word ".repeat(20), "and more ".repeat(10));
        emulator.feed(line.as_bytes(), 0);
    }
    assert_eq!(redrawn(&emulator), emulator.picture());
}

#[test]
fn output_held_back_is_let_go_in_time() {
    let mut emulator = Emulator::new(20, 3, 0);
    assert!(!emulator.feed(b"\x1b[?2026hdrawing", 1_000).at_rest);
    assert_eq!(emulator.deadline(), Some(1_150));
    assert!(!emulator.tick(1_149).at_rest);
    assert!(emulator.tick(1_150).at_rest);
    assert_eq!(emulator.deadline(), None);
    assert!(!emulator.picture().private_modes.contains(&2026));
}

#[test]
fn output_held_back_is_let_go_by_its_program() {
    let mut emulator = Emulator::new(20, 3, 0);
    emulator.feed(b"\x1b[?2026hdrawing", 1_000);
    assert!(emulator.feed(b"\x1b[?2026l", 1_010).at_rest);
    assert_eq!(emulator.deadline(), None);
    emulator.feed(b"\x1b[?2026h", 2_000);
    assert_eq!(emulator.deadline(), Some(2_150), "another frame has its own time");
}

#[test]
fn a_size_that_cannot_be_is_brought_to_one_that_can() {
    for (columns, rows, expected) in [(0, 0, (2, 1)), (10_000, 10_000, (1_000, 200)), (10, 10_000, (10, 1_000))] {
        let (emulator, _) = after(columns, rows, b"x");
        let picture = emulator.picture();
        assert_eq!((picture.columns, picture.rows), expected);
    }
}

#[test]
fn what_stands_for_a_sequence_that_is_too_long_to_be_given_again_ends_where_it_does() {
    let long = "x".repeat(300_000);
    for (opener, ends) in
        [("\x1b]2;", "\x07"), ("\x1b]52;c;", "\x1b\\"), ("\x1bP$q", "\x1b\\"), ("\x1bX", "\x1b\\"), ("\x1b[", "m")]
    {
        let begun = if opener == "\x1b[" { "1;".repeat(100_000) } else { long.clone() };
        let (mut emulator, _) = after(20, 3, format!("before{opener}{begun}").as_bytes());
        let (unfinished, stands) = emulator.unfinished(100_000);
        let mut again = Emulator::new(20, 3, 10);
        again.feed(&[&emulator.redraw(), stands].concat(), 0);
        assert_eq!(unfinished, 0);
        for terminal in [&mut emulator, &mut again] {
            let outcome = terminal.feed(format!("{}{ends}after", &begun[..50_000]).as_bytes(), 0);
            assert_eq!((terminal.text(), outcome.at_rest), ("beforeafter\n\n\n".to_owned(), true), "{opener:?}");
        }
    }
}
