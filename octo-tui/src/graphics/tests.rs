//! Pictures of every kind and for every terminal, and bytes that are none or too much.

use std::io::Cursor;

use image::{ImageFormat, Rgba, RgbaImage};
use ratatui::{buffer::CellDiffOption, style::Color};

use super::*;

const ROOM: (u16, u16) = (20, 8);

/// Red above, blue below.
fn flag(width: u32, height: u32) -> RgbaImage {
    let colour = |_, y| if y < height / 2 { Rgba([255, 0, 0, 255]) } else { Rgba([0, 0, 255, 255]) };
    RgbaImage::from_fn(width, height, colour)
}

fn file(format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let image = DynamicImage::ImageRgba8(flag(40, 80));
    let image = if format == ImageFormat::Jpeg { DynamicImage::ImageRgb8(image.to_rgb8()) } else { image };
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn prepared(bytes: &[u8], way: Way) -> Result<Drawing, String> {
    prepare(bytes, ROOM, 7, &Graphics { way, ..Graphics::default() }).map(Drawing::from)
}

fn drawn(drawing: &Drawing, first: u16, area: Rect) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 8));
    drawing.draw(first, area, &mut buffer);
    buffer
}

const SVG: &str = "<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\" width=\"40\" height=\"80\">\
    <rect width=\"40\" height=\"40\" fill=\"red\"/><rect y=\"40\" width=\"40\" height=\"40\" fill=\"#00f\"/></svg>";

#[test]
fn every_kind_of_picture_is_shown_in_half_blocks() {
    let files = [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP].map(file);
    for bytes in files.iter().map(Vec::as_slice).chain([SVG.as_bytes()]) {
        let drawing = prepared(bytes, Way::HalfBlocks).unwrap();
        let (columns, rows) = drawing.size;
        let buffer = drawn(&drawing, 0, Rect::new(0, 0, 20, 8));
        let reddish = |color| matches!(color, Color::Rgb(240.., _, ..20));
        let blueish = |color| matches!(color, Color::Rgb(..20, _, 240..));
        assert!(reddish(buffer[(0, 0)].bg) || reddish(buffer[(0, 0)].fg), "{:?}", buffer[(0, 0)]);
        let last = &buffer[(columns - 1, rows - 1)];
        assert!(blueish(last.bg) || blueish(last.fg), "{last:?}");
        assert_eq!(buffer[(columns, 0)].symbol(), " ");
    }
}

#[test]
fn a_part_of_a_picture_is_drawn_where_it_is_and_nowhere_else() {
    for way in [Way::HalfBlocks, Way::Sixel, Way::Iterm2, Way::Kitty] {
        let drawing = prepared(&file(ImageFormat::Png), way).unwrap();
        assert_eq!(drawing.size, (4, 4));
        let buffer = drawn(&drawing, 1, Rect::new(2, 3, 10, 2));
        let touched: Vec<(u16, u16)> = (0..8)
            .flat_map(|y| (0..20).map(move |x| (x, y)))
            .filter(|at| buffer[*at] != ratatui::buffer::Cell::EMPTY)
            .collect();
        assert_eq!(touched.len(), 8, "{way:?}");
        assert!(touched.iter().all(|(x, y)| (2..6).contains(x) && (3..5).contains(y)), "{way:?} {touched:?}");
        assert_eq!(drawn(&drawing, 4, Rect::new(0, 0, 20, 8)), Buffer::empty(buffer.area), "nothing is left of it");
        assert_eq!(drawn(&drawing, 0, Rect::new(0, 0, 3, 8)), Buffer::empty(buffer.area), "it does not fit");
    }
}

#[test]
fn pixels_are_sent_as_the_terminal_takes_them() {
    let form = |way| prepare(&file(ImageFormat::Png), ROOM, 7, &Graphics { way, ..Graphics::default() }).unwrap();
    for (way, begins) in [(Way::Sixel, "\x1bP"), (Way::Iterm2, "\x1b]1337;File=inline=1")] {
        let mut form = form(way);
        assert_eq!(form.take_sent(), "");
        let buffer = drawn(&Drawing::from(form), 0, Rect::new(0, 0, 20, 8));
        assert!(buffer[(0, 0)].symbol().contains(begins), "{way:?}");
        assert!(matches!(buffer[(0, 0)].diff_option, CellDiffOption::ForcedWidth(_)));
    }
    // kitty gets the picture once, and then the cells that it is in.
    let mut form = form(Way::Kitty);
    let sent = form.take_sent();
    assert!(sent.starts_with("\x1b_Gq=2,i=7,a=T,U=1,") && sent.ends_with("\x1b\\"), "{sent:.80}");
    let buffer = drawn(&Drawing::from(form), 0, Rect::new(0, 0, 20, 8));
    for at in [(0, 0), (3, 3)] {
        assert!(buffer[at].symbol().starts_with(PLACEHOLDER), "{:?}", buffer[at]);
        assert_eq!(buffer[at].fg, Color::Rgb(0, 0, 7));
    }
}

#[test]
fn a_picture_is_no_wider_than_the_terminal_draws() {
    let image = DynamicImage::ImageRgba8(flag(3_000, 300));
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, ImageFormat::Png).unwrap();
    let size = |widest, room| {
        let graphics = Graphics { way: Way::Sixel, cell: (8, 17), widest };
        Drawing::from(prepare(bytes.get_ref(), room, 7, &graphics).unwrap()).size
    };
    assert_eq!(size(None, (150, 40)), (150, 8));
    assert_eq!(size(Some(1000), (150, 40)), (125, 6));
    assert_eq!(size(Some(1000), (60, 40)), (60, 3));
    assert_eq!(size(Some(1), (60, 40)), (1, 1), "a cell is the least");
}

#[test]
fn what_is_no_picture_or_too_much_is_refused() {
    let deep =
        format!("<svg xmlns=\"http://www.w3.org/2000/svg\">{}{}</svg>", "<g>".repeat(100_000), "</g>".repeat(100_000));
    let mut uses = "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\"><rect id=\"a0\" width=\"1\" height=\"1\"/>".to_owned();
    for level in 1..12 {
        uses.push_str(&format!("<g id=\"a{level}\">"));
        uses.push_str(&format!("<use xlink:href=\"#a{}\"/>", level - 1).repeat(10));
        uses.push_str("</g>");
    }
    uses.push_str("</svg>");
    let entities = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\"><!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;\"><!ENTITY e \"&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;\">]><svg xmlns=\"http://www.w3.org/2000/svg\"><text>&e;&e;&e;&e;&e;&e;&e;&e;&e;</text></svg>";
    let mut bomb = file(ImageFormat::Png);
    // The size that it says it has: 16,000 by 16,000.
    bomb[16..24].copy_from_slice(&[0, 0, 0x3e, 0x80, 0, 0, 0x3e, 0x80]);
    let truncated = &file(ImageFormat::Jpeg)[..40];
    let large = vec![0; usize::try_from(LARGEST).unwrap() + 1];
    let unwanted = prepared(SVG.as_bytes(), Way::Not).unwrap_err();
    assert!(unwanted.contains("NO_COLOR"), "{unwanted}");
    let texts = [deep.as_str(), &uses, entities, "<svg", "no picture", ""].map(str::as_bytes);
    for (at, bytes) in texts.into_iter().chain([&bomb[..], truncated, &large]).enumerate() {
        let refused = prepared(bytes, Way::HalfBlocks);
        assert!(refused.is_err(), "case {at}");
    }
}

#[test]
fn a_drawing_does_not_fetch_what_it_refers_to() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("other.svg");
    std::fs::write(&path, SVG).unwrap();
    let refers = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"40\" height=\"80\"><image href=\"{}\" width=\"40\" height=\"80\"/></svg>",
        path.display()
    );
    let drawing = prepared(refers.as_bytes(), Way::HalfBlocks).unwrap();
    let buffer = drawn(&drawing, 0, Rect::new(0, 0, 20, 8));
    assert_eq!(buffer[(0, 0)].bg, Color::Rgb(255, 255, 255), "{:?}", buffer[(0, 0)]);
}
