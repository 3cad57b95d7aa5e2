//! What can be opened on a terminal's screen: links that its program made, addresses, places in files and other terminals.

use std::{ops::Range, rc::Rc};

use octo_proto::emulator::{Cell, Emulator, Flags};

use crate::{
    pane::Linked,
    text::{
        address::{addresses, decode},
        anchor::{Anchor, Target, targets},
        place::resolve,
    },
};

/// Lines beyond the window that a line of text may go on in.
const BEYOND: i32 = 32;

/// What is seen of a terminal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    /// The line and the column that it begins with.
    pub(super) corner: (i32, usize),
    /// Its columns and rows.
    pub(super) size: (u16, u16),
}

/// From where paths are written and understood.
#[derive(Clone, Copy, Debug)]
pub(super) struct Folders<'a> {
    /// The one that the program is in.
    pub(super) own: &'a str,
    /// The workspace.
    pub(super) root: &'a str,
}

/// What can be opened, each with its row of the window.
pub(super) fn find(emulator: &Emulator, window: Window, folders: Folders<'_>) -> Vec<(u16, Anchor)> {
    let mut found = Vec::new();
    let (top, bottom) = (window.corner.0, window.corner.0 + i32::from(window.size.1));
    let mut line = top;
    while line > top - BEYOND && emulator.goes_on(line - 1) {
        line -= 1;
    }
    let mut text = Text::default();
    while line < bottom || !text.written.is_empty() {
        text.push(line, emulator.line(line));
        if !emulator.goes_on(line) || line >= bottom + BEYOND {
            text.tell(window, folders, &mut found);
            text = Text::default();
        }
        line += 1;
    }
    found
}

/// The links that the program made, of each cell in sight. One that has other characters than an address may have is left
/// out: it is told to another terminal.
pub(super) fn linked(emulator: &Emulator, window: Window) -> Vec<Linked> {
    let mut found: Vec<Linked> = Vec::new();
    for row in 0..window.size.1 {
        let cells = emulator.line(window.corner.0 + i32::from(row)).iter().skip(window.corner.1);
        for (column, cell) in (0..window.size.0).zip(cells) {
            let Some(link) = cell.hyperlink().filter(|link| link.uri().chars().all(|c| c.is_ascii_graphic())) else {
                continue;
            };
            let link = match found.last() {
                Some((_, known)) if **known == *link.uri() => Rc::clone(known),
                _ => Rc::from(link.uri()),
            };
            if !cell.flags.intersects(Flags::WIDE_CHAR_SPACER | Flags::LEADING_WIDE_CHAR_SPACER) {
                found.push(((column, row), link));
            }
        }
    }
    found
}

/// The folder that the address of OSC 7 names.
pub(super) fn folder(address: &str) -> Option<String> {
    let rest = address.strip_prefix("file://")?;
    decode(&rest[rest.find('/')?..])
}

/// A line of text, on as many lines of the terminal as it takes.
#[derive(Default)]
struct Text {
    written: String,
    /// Where the characters of it are: its first byte, line, column, columns.
    places: Vec<(usize, i32, usize, usize)>,
    /// Links that the program made.
    links: Vec<(Range<usize>, Target)>,
}

impl Text {
    fn push(&mut self, line: i32, cells: &[Cell]) {
        for (column, cell) in cells.iter().enumerate() {
            if cell.flags.intersects(Flags::WIDE_CHAR_SPACER | Flags::LEADING_WIDE_CHAR_SPACER) {
                continue;
            }
            let begin = self.written.len();
            self.written.push(if cell.c.is_control() { ' ' } else { cell.c });
            self.written.extend(cell.zerowidth().unwrap_or_default());
            let columns = if cell.flags.contains(Flags::WIDE_CHAR) { 2 } else { 1 };
            self.places.push((begin, line, column, columns));
            let Some(link) = cell.hyperlink() else { continue };
            match self.links.last_mut() {
                Some((at, Target::Address(known))) if at.end == begin && known == link.uri() => {
                    at.end = self.written.len();
                }
                _ => self.links.push((begin..self.written.len(), Target::Address(link.uri().to_owned()))),
            }
        }
    }

    /// Everything in it, where it is in sight. What the program says itself is believed before what its text looks like.
    fn tell(self, window: Window, folders: Folders<'_>, found: &mut Vec<(u16, Anchor)>) {
        let mut all = self.links;
        let named = addresses(&self.written).into_iter();
        let named = named.map(|at| (at.clone(), Target::Address(self.written[at].to_owned())));
        let placed = targets(&self.written, folders.own).into_iter().map(|(at, target)| (at, within(target, folders)));
        for (at, target) in named.chain(placed) {
            if all.iter().all(|(other, _)| at.end <= other.start || other.end <= at.start) {
                all.push((at, target));
            }
        }
        all.sort_by_key(|(at, _)| at.start);
        let (left, right) = (window.corner.1, window.corner.1 + usize::from(window.size.0));
        for (at, target) in all {
            let from = self.places.partition_point(|place| place.0 < at.start);
            let to = self.places.partition_point(|place| place.0 < at.end);
            for piece in self.places[from..to].chunk_by(|one, other| one.1 == other.1) {
                let ([first, ..], [.., last]) = (piece, piece) else { continue };
                let row = u16::try_from(first.1 - window.corner.0).ok().filter(|row| *row < window.size.1);
                let (start, end) = (first.2.max(left), (last.2 + last.3).min(right));
                if let Some(row) = row.filter(|_| start < end) {
                    let columns = start - left..end - left;
                    found.push((row, Anchor { columns, target: target.clone() }));
                }
            }
        }
    }
}

/// A place as the workspace knows it, which the program named from its own folder.
fn within(target: Target, folders: Folders<'_>) -> Target {
    match target {
        Target::Place(mut place) => {
            let whole = match place.path.starts_with('/') {
                true => place.path,
                false => format!("{}/{}", folders.own, place.path),
            };
            place.path = resolve(&whole, folders.root);
            Target::Place(place)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pane::Place;

    fn found(emulator: &Emulator, window: Window, own: &str) -> Vec<(u16, Range<usize>, Target)> {
        let folders = Folders { own, root: "/w" };
        find(emulator, window, folders).into_iter().map(|(row, it)| (row, it.columns, it.target)).collect()
    }

    fn place(path: &str, line: u64) -> Target {
        Target::Place(Place { path: path.to_owned(), line: Some(line), to: None })
    }

    fn address(text: &str) -> Target {
        Target::Address(text.to_owned())
    }

    #[test]
    fn links_addresses_and_places_are_found_where_they_are_seen() {
        let mut emulator = Emulator::new(20, 6, 100);
        emulator.feed("\x1b]8;;https://a.org\x1b\\b.rs:1\x1b]8;;\x1b\\ 日b.rs:2 x\r\n".as_bytes(), 0);
        emulator.feed(b"https://long.org/0123456789 ok\r\n/etc/hosts:3", 0);
        let all = Window { corner: (0, 0), size: (20, 6) };
        assert_eq!(
            found(&emulator, all, "/w/sub"),
            [
                (0, 0..6, address("https://a.org")),
                (0, 7..15, place("sub/日b.rs", 2)),
                (1, 0..20, address("https://long.org/0123456789")),
                (2, 0..7, address("https://long.org/0123456789")),
                (3, 0..12, place("/etc/hosts", 3)),
            ]
        );
        let part = Window { corner: (2, 4), size: (4, 1) };
        assert_eq!(found(&emulator, part, "/w"), [(0, 0..3, address("https://long.org/0123456789"))]);
        let above = Window { corner: (1, 18), size: (2, 1) };
        assert_eq!(found(&emulator, above, "/w"), [(0, 0..2, address("https://long.org/0123456789"))]);
    }

    #[test]
    fn what_its_program_links_to_is_told_by_cells() {
        let mut emulator = Emulator::new(8, 2, 0);
        let text = "ab\x1b]8;;http://a\x1b\\c日\x1b]8;;http://\u{fc}\x1b\\x\r\n\x1b]8;;http://b\x1b\\y";
        emulator.feed(text.as_bytes(), 0);
        let window = Window { corner: (0, 1), size: (7, 2) };
        let (a, b): (Rc<str>, Rc<str>) = (Rc::from("http://a"), Rc::from("http://b"));
        assert_eq!(linked(&emulator, window), [((1, 0), a.clone()), ((2, 0), a)]);
        let window = Window { corner: (1, 0), size: (7, 1) };
        assert_eq!(linked(&emulator, window), [((0, 0), b)]);
    }

    #[test]
    fn the_folder_of_a_program_is_read_from_its_address() {
        assert_eq!(folder("file://box/home/ann/a%20b").as_deref(), Some("/home/ann/a b"));
        for address in ["", "file://", "/home", "file://box/%ff"] {
            assert_eq!(folder(address), None, "{address}");
        }
    }
}
