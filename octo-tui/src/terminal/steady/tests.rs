//! What is written to a terminal of which not everything is known.

use std::num::NonZeroU16;

use super::*;

/// Writes down what a backend is told.
#[derive(Default)]
struct Notes(Vec<String>);

impl Write for Notes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.push(String::from_utf8_lossy(bytes).replace('\x1b', "^"));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Backend for Notes {
    type Error = io::Error;

    fn draw<'a, I: Iterator<Item = (u16, u16, &'a Cell)>>(&mut self, content: I) -> io::Result<()> {
        let cells: Vec<_> = content.collect();
        if let Some((x, y, _)) = cells.first() {
            let text: String = cells.iter().map(|(_, _, cell)| cell.symbol()).collect();
            self.0.push(format!("{x},{y} {}", text.trim_end()));
        }
        Ok(())
    }
    fn clear(&mut self) -> io::Result<()> {
        Ok(())
    }
    fn clear_region(&mut self, _: ClearType) -> io::Result<()> {
        self.0.push("clear line".to_owned());
        Ok(())
    }
    fn hide_cursor(&mut self) -> io::Result<()> {
        self.0.push("hide".to_owned());
        Ok(())
    }
    fn show_cursor(&mut self) -> io::Result<()> {
        self.0.push("show".to_owned());
        Ok(())
    }
    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(Position::ORIGIN)
    }
    fn set_cursor_position<P: Into<Position>>(&mut self, at: P) -> io::Result<()> {
        let at = at.into();
        self.0.push(format!("to {},{}", at.x, at.y));
        Ok(())
    }
    fn size(&self) -> io::Result<Size> {
        Ok(Size::new(12, 2))
    }
    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: Size::new(12, 2), pixels: Size::ZERO })
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn change(steady: &mut Steady<Notes>, before: &Buffer, lines: [&str; 2]) -> Buffer {
    let mut after = Buffer::empty(before.area);
    for (y, line) in (0..).zip(lines) {
        after.set_string(0, y, line, ratatui::style::Style::new());
    }
    steady.inner.0.clear();
    steady.draw(before.diff(&after).into_iter()).unwrap();
    after
}

#[test]
fn only_rows_with_a_doubtful_character_are_drawn_whole() {
    let mut steady = Steady::new(Notes::default(), Pixels::default(), Links::default());
    let blank = Buffer::empty(Rect::new(0, 0, 12, 2));
    let first = change(&mut steady, &blank, ["abc", "e\u{301}日x"]);
    assert_eq!(steady.inner.0, ["0,0 abce\u{301}日x"]);
    let second = change(&mut steady, &first, ["a👩\u{200d}👩c", "e\u{301}日y"]);
    assert_eq!(steady.inner.0, ["3,1 y", "to 0,0", "clear line", "0,0 a👩\u{200d}👩", "3,0 c"]);
    change(&mut steady, &second, ["abc", "e\u{301}日y"]);
    assert_eq!(steady.inner.0, ["to 0,0", "clear line", "0,0 abc"]);
}

#[test]
fn what_is_so_already_is_not_written_again() {
    let mut steady = Steady::new(Notes::default(), Pixels::default(), Links::default());
    let blank = Buffer::empty(Rect::new(0, 0, 12, 2));
    let mut frame = |before: &Buffer, text: &str, cursor: Option<(u16, u16)>| {
        let after = change(&mut steady, before, [text, ""]);
        match cursor {
            None => steady.hide_cursor().unwrap(),
            Some(at) => {
                steady.show_cursor().unwrap();
                steady.set_cursor_position(at).unwrap();
            }
        }
        (after, steady.inner.0.clone())
    };
    let (first, told) = frame(&blank, "ab", Some((2, 0)));
    assert_eq!(told, ["0,0 ab", "show", "to 2,0"]);
    let (first, told) = frame(&first, "ab", Some((2, 0)));
    assert_eq!(told, [""; 0]);
    let (first, told) = frame(&first, "ab", Some((3, 0)));
    assert_eq!(told, ["to 3,0"]);
    let (second, told) = frame(&first, "ac", Some((3, 0)));
    assert_eq!(told, ["1,0 c", "to 3,0"], "drawing moves it");
    let (second, _) = frame(&second, "ac", None);
    let (_, told) = frame(&second, "ac", None);
    assert_eq!(told, [""; 0]);
    steady.clear().unwrap();
    steady.inner.0.clear();
    steady.hide_cursor().unwrap();
    assert_eq!(steady.inner.0, ["hide"], "nothing is known of a screen that was cleared");
}

#[test]
fn a_picture_is_sent_once_and_rows_beside_it_do_not_touch_it() {
    let pixels = Pixels::default();
    let mut steady = Steady::new(Notes::default(), pixels.clone(), Links::default());
    let mut frame = |before: &Buffer, text: &str, picture: bool| {
        let mut after = Buffer::empty(before.area);
        after.set_string(0, 0, text, ratatui::style::Style::new());
        if picture {
            after[(8, 0)].set_symbol("<PICTURE>").set_diff_option(CellDiffOption::ForcedWidth(NonZeroU16::MIN));
            for at in [(9, 0), (8, 1), (9, 1)] {
                after[at].set_diff_option(CellDiffOption::Skip);
            }
        }
        pixels.find(&after);
        steady.inner.0.clear();
        steady.draw(before.diff(&after).into_iter()).unwrap();
        (after, steady.inner.0.clone())
    };
    let blank = Buffer::empty(Rect::new(0, 0, 12, 2));
    let (first, told) = frame(&blank, "ab", true);
    assert_eq!(told, ["0,0 ab", "8,0 <PICTURE>"]);
    let (second, told) = frame(&first, "a👩\u{200d}👩c", true);
    assert_eq!(told, ["0,0 a👩\u{200d}👩", "3,0 c"], "the row is drawn anew around it");
    let (third, told) = frame(&second, "a👩\u{200d}👩c", true);
    assert_eq!(told, [""; 0]);
    let (_, told) = frame(&third, "abc", false);
    assert_eq!(told, ["8,1 ", "to 0,0", "clear line", "0,0 abc"], "what was beneath it is drawn");
}

#[test]
fn links_are_told_with_their_text_and_again_where_only_they_change() {
    let links = Links::default();
    let mut steady = Steady::new(Notes::default(), Pixels::default(), links.clone());
    let mut frame = |before: &Buffer, text: &str, link: Option<&str>| {
        let mut after = Buffer::empty(before.area);
        after.set_string(0, 0, text, ratatui::style::Style::new());
        after.set_style(Rect::new(2, 0, 2, 1), Modifier::UNDERLINED);
        let linked = |link: &str| [2, 3, 9].map(|x| ((x, 0), Rc::from(link))).to_vec();
        links.set(link.map(linked).unwrap_or_default(), &after);
        steady.inner.0.clear();
        steady.draw(before.diff(&after).into_iter()).unwrap();
        (after, steady.inner.0.clone())
    };
    let blank = Buffer::empty(Rect::new(0, 0, 12, 2));
    let (first, told) = frame(&blank, "abcdef", Some("http://a"));
    assert_eq!(told, ["0,0 ab", "^]8;;http://a^\\", "2,0 cd", "^]8;;^\\", "4,0 ef"]);
    let (second, told) = frame(&first, "abcdef", Some("http://a"));
    assert_eq!(told, [""; 0]);
    let (third, told) = frame(&second, "abcdef", Some("http://b"));
    assert_eq!(told, ["^]8;;http://b^\\", "2,0 cd", "^]8;;^\\"]);
    let (fourth, told) = frame(&third, "abcdef", None);
    assert_eq!(told, ["2,0 cd"]);
    let (_, told) = frame(&fourth, "abc👩\u{200d}👩", Some("http://c"));
    let whole = ["to 0,0", "clear line", "0,0 ab", "^]8;;http://c^\\", "2,0 c👩\u{200d}👩"];
    assert_eq!(told[..5], whole, "also in a row that is drawn whole");
}
