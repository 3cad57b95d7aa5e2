//! Bytes of a file as pixels, whatever they are: neither their size nor what they say of themselves is trusted.

use std::{
    io::Cursor,
    sync::{Arc, OnceLock},
};

use image::{DynamicImage, ImageDecoder, ImageReader, Limits, RgbaImage};
use resvg::{
    tiny_skia::{Color, Pixmap, Transform},
    usvg::{ImageHrefResolver, Options, Tree, fontdb::Database},
};

/// The most bytes of a file that is looked at.
pub const LARGEST: u64 = 16 << 20;

/// The most bytes of a drawing: each can become many.
const LARGEST_SVG: usize = 2 << 20;

/// The longest side of a picture.
const LONGEST: u32 = 16_384;

/// The most pixels: four bytes each, and as much again while it is turned into others.
const MOST_PIXELS: u64 = 32_000_000;

/// The most memory that a decoder may take besides.
const MEMORY: u64 = 256 << 20;

/// How far into a file a drawing may begin, behind what XML allows before it.
const HEAD: usize = 4096;

/// As deep as the elements of a drawing may lie within each other.
const DEEPEST: usize = 256;

/// The pixels of a picture. A drawing has as many as there is room for.
pub(super) fn decode(bytes: &[u8], room: (u32, u32)) -> Result<DynamicImage, String> {
    if bytes.len() as u64 > LARGEST {
        return Err(format!("it has more than {} MiB", LARGEST >> 20));
    }
    let head = &bytes[..bytes.len().min(HEAD)];
    if head.windows(4).any(|window| window == b"<svg") {
        return drawing(bytes, room);
    }
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|error| error.to_string())?;
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(LONGEST), Some(LONGEST));
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(|error| error.to_string())?;
    let (width, height) = decoder.dimensions();
    check(width.into(), height.into())?;
    DynamicImage::from_decoder(decoder).map_err(|error| error.to_string())
}

fn check(width: u64, height: u64) -> Result<(), String> {
    if width.saturating_mul(height) > MOST_PIXELS {
        return Err(format!("it has {width}x{height} pixels, which is too many to show it here"));
    }
    Ok(())
}

fn drawing(bytes: &[u8], room: (u32, u32)) -> Result<DynamicImage, String> {
    if bytes.len() > LARGEST_SVG {
        return Err(format!("it has more than {} MiB", LARGEST_SVG >> 20));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "it is no UTF-8".to_owned())?;
    if depth(text) > DEEPEST {
        return Err(format!("its elements lie more than {DEEPEST} deep"));
    }
    let options = Options {
        // What a drawing refers to is not fetched, neither from disks nor from elsewhere.
        image_href_resolver: ImageHrefResolver {
            resolve_data: ImageHrefResolver::default_data_resolver(),
            resolve_string: Box::new(|_, _| None),
        },
        fontdb: fonts(),
        ..Options::default()
    };
    let tree = Tree::from_str(text, &options).map_err(|error| error.to_string())?;
    let (width, height) = (tree.size().width(), tree.size().height());
    #[expect(clippy::cast_precision_loss, reason = "a screen has far fewer pixels than would be inexact")]
    let scale = (room.0 as f32 / width).min(room.1 as f32 / height).min(2.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size is no less than one pixel")]
    let side = |length: f32| ((length * scale).ceil() as u32).max(1);
    let (width, height) = (side(width), side(height));
    check(width.into(), height.into())?;
    let mut pixmap = Pixmap::new(width, height).ok_or("it has no size")?;
    // Most drawings are made for paper, and say nothing of what is beneath them.
    pixmap.fill(Color::WHITE);
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    let image = RgbaImage::from_raw(width, height, pixmap.take()).ok_or("it has no size")?;
    Ok(DynamicImage::ImageRgba8(image))
}

/// At most how deep elements lie in each other.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for (at, _) in text.match_indices('<') {
        let tag = &text[at + 1..];
        if tag.starts_with('/') {
            depth = depth.saturating_sub(1);
        } else if !tag.starts_with(['!', '?']) {
            let closed = tag.find('>').is_some_and(|end| tag[..end].ends_with('/'));
            depth += usize::from(!closed);
            deepest = deepest.max(depth);
        }
    }
    deepest
}

/// The fonts of the system, looked for once.
fn fonts() -> Arc<Database> {
    static FONTS: OnceLock<Arc<Database>> = OnceLock::new();
    let find = || {
        let mut fonts = Database::new();
        fonts.load_system_fonts();
        Arc::new(fonts)
    };
    Arc::clone(FONTS.get_or_init(find))
}
