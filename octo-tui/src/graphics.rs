//! Pictures as this terminal can show them: decoded within bounds, fitted into cells, encoded for its protocol. It takes time
//! and is done away from the screen.

mod decode;
mod fit;

use std::{fmt, rc::Rc};

use image::DynamicImage;
use ratatui::{
    buffer::Buffer,
    layout::{Rect, Size},
    widgets::Widget,
};
use ratatui_image::{
    Image,
    protocol::{Protocol, halfblocks::Halfblocks, iterm2::Iterm2, kitty::Kitty, sixel::Sixel},
    sliced::{SignedPosition, SlicedImage, SlicedProtocol},
};

pub use decode::LARGEST;

/// The character that kitty puts pictures in the place of.
pub const PLACEHOLDER: char = '\u{10eeee}';

/// A cell where nobody tells how large it is: twice as high as it is wide.
const CELL: (u16, u16) = (10, 20);

/// How a terminal shows pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Pixels, by kitty's protocol and its placeholders.
    Kitty,
    /// Pixels, by that of iTerm2.
    Iterm2,
    /// Pixels, as sixels.
    Sixel,
    /// Two colours in a cell.
    HalfBlocks,
    /// Not at all: colours are not wanted.
    Not,
}

/// What is known of the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Graphics {
    /// How it shows pictures.
    pub way: Way,
    /// The pixels of a cell.
    pub cell: (u16, u16),
    /// The pixels that a picture may be wide, where there is a limit: nothing is drawn of a wider one.
    pub widest: Option<u16>,
}

impl Default for Graphics {
    fn default() -> Self {
        Self { way: Way::HalfBlocks, cell: CELL, widest: None }
    }
}

/// A picture, ready to be drawn.
#[derive(Clone)]
pub struct Drawing {
    /// Its columns and rows.
    pub size: (u16, u16),
    form: Rc<Form>,
}

/// What the terminal gets.
pub struct Form {
    size: (u16, u16),
    kind: Kind,
    sent: String,
}

impl Form {
    /// What the terminal must get once, before the picture is drawn.
    pub fn take_sent(&mut self) -> String {
        std::mem::take(&mut self.sent)
    }
}

enum Kind {
    /// Each row by itself, so that any part can be shown.
    Rows(Vec<Protocol>),
    /// As a whole; the placeholders say which part.
    Whole(Box<SlicedProtocol>),
}

impl fmt::Debug for Form {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Form").field("size", &self.size).finish_non_exhaustive()
    }
}

impl fmt::Debug for Drawing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.form.fmt(formatter)
    }
}

impl From<Form> for Drawing {
    fn from(form: Form) -> Self {
        Self { size: form.size, form: Rc::new(form) }
    }
}

impl Drawing {
    /// Draws the rows from `first` on, as many as the area has.
    pub fn draw(&self, first: u16, area: Rect, buffer: &mut Buffer) {
        let (columns, rows) = self.size;
        let height = rows.saturating_sub(first).min(area.height);
        if columns > area.width || height == 0 {
            return;
        }
        match &self.form.kind {
            Kind::Rows(rows) => {
                let lines = rows.iter().skip(first.into()).zip(area.y..area.y + height);
                lines.for_each(|(row, y)| Image::new(row).render(Rect { y, height: 1, ..area }, buffer));
            }
            Kind::Whole(whole) => {
                let above = i16::try_from(first).unwrap_or(i16::MAX);
                let area = Rect { height, width: columns, ..area };
                SlicedImage::new(whole, SignedPosition { x: 0, y: -above }).render(area, buffer);
            }
        }
    }
}

/// Makes a picture of the bytes of a file, for so many columns and rows at most. `id` is what kitty calls it.
///
/// # Errors
/// Why there is none, in words.
pub fn prepare(bytes: &[u8], room: (u16, u16), id: u32, graphics: &Graphics) -> Result<Form, String> {
    if graphics.way == Way::Not {
        return Err("it would need colours, and NO_COLOR is set".to_owned());
    }
    let pixels = (u32::from(room.0) * u32::from(graphics.cell.0), u32::from(room.1) * u32::from(graphics.cell.1));
    let image = decode::decode(bytes, pixels)?;
    let columns = graphics.widest.map_or(room.0, |widest| room.0.min(widest / graphics.cell.0.max(1)));
    let fitted = fit::fit((image.width(), image.height()), (columns, room.1), graphics.cell);
    encode(&image, &fitted, id, graphics).map_err(|error| error.to_string())
}

fn encode(
    image: &DynamicImage,
    fitted: &fit::Fitted,
    id: u32,
    graphics: &Graphics,
) -> Result<Form, ratatui_image::errors::Errors> {
    let (columns, rows) = fitted.cells;
    // Half blocks have two dots in a cell, one above the other.
    let ((width, height), dots) = match graphics.way {
        Way::HalfBlocks | Way::Not => ((u32::from(columns), u32::from(rows) * 2), 2),
        Way::Kitty | Way::Iterm2 | Way::Sixel => (fitted.pixels, u32::from(graphics.cell.1)),
    };
    let image = image.resize_exact(width, height, image::imageops::FilterType::Triangle);
    let size = Size::new(columns, 1);
    let row = |at: u16| {
        let top = u32::from(at) * dots;
        image.crop_imm(0, top, width, dots.min(height - top))
    };
    let protocol = |at: u16| match graphics.way {
        Way::Iterm2 => Iterm2::new(row(at), size, false).map(Protocol::ITerm2),
        Way::Sixel => Sixel::new(row(at), size, false).map(Protocol::Sixel),
        Way::HalfBlocks | Way::Not | Way::Kitty => Halfblocks::new(row(at), size).map(Protocol::Halfblocks),
    };
    let kind = match graphics.way {
        Way::Kitty => {
            let whole = Kitty::new(image.clone(), Size::new(columns, rows), id, false, false)?;
            Kind::Whole(Box::new(SlicedProtocol::Kitty(whole)))
        }
        Way::Iterm2 | Way::Sixel | Way::HalfBlocks | Way::Not => {
            Kind::Rows((0..rows).map(protocol).collect::<Result<_, _>>()?)
        }
    };
    let sent = sent(&kind);
    Ok(Form { size: fitted.cells, kind, sent })
}

/// kitty's picture itself comes with the first cell that is drawn of it, once. It is sent by itself instead, so that nothing
/// that lies over that cell can keep it back.
fn sent(kind: &Kind) -> String {
    let Kind::Whole(whole) = kind else { return String::new() };
    let mut buffer = Buffer::empty(Rect::new(0, 0, 1, 1));
    SlicedImage::new(whole, SignedPosition { x: 0, y: 0 }).render(buffer.area, &mut buffer);
    buffer[(0, 0)].symbol().split(PLACEHOLDER).next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
