//! Select graphic rendition: colours and attributes, read and written.

use alacritty_terminal::{
    term::cell::{Cell, Flags},
    vte::{
        Params,
        ansi::{Attr, Color, NamedColor, Rgb},
    },
};

/// The colours that numbers 30 to 37 and 90 to 97 name.
const NAMED: [NamedColor; 16] = [
    NamedColor::Black,
    NamedColor::Red,
    NamedColor::Green,
    NamedColor::Yellow,
    NamedColor::Blue,
    NamedColor::Magenta,
    NamedColor::Cyan,
    NamedColor::White,
    NamedColor::BrightBlack,
    NamedColor::BrightRed,
    NamedColor::BrightGreen,
    NamedColor::BrightYellow,
    NamedColor::BrightBlue,
    NamedColor::BrightMagenta,
    NamedColor::BrightCyan,
    NamedColor::BrightWhite,
];

/// The flags with the number that sets each.
const FLAGS: [(Flags, &str); 11] = [
    (Flags::BOLD, "1"),
    (Flags::DIM, "2"),
    (Flags::ITALIC, "3"),
    (Flags::UNDERLINE, "4"),
    (Flags::DOUBLE_UNDERLINE, "4:2"),
    (Flags::UNDERCURL, "4:3"),
    (Flags::DOTTED_UNDERLINE, "4:4"),
    (Flags::DASHED_UNDERLINE, "4:5"),
    (Flags::INVERSE, "7"),
    (Flags::HIDDEN, "8"),
    (Flags::STRIKEOUT, "9"),
];

/// The attributes that the parameters of one sequence ask for.
pub(super) fn read(params: &Params) -> Vec<Attr> {
    let mut attributes = Vec::new();
    let mut params = params.iter();
    while let Some(param) = params.next() {
        let attribute = match param {
            [4, style] => underline(*style),
            [38 | 48 | 58] => {
                let kind = params.next().and_then(|param| param.first().copied());
                let mut next = || params.next().and_then(|param| param.first().copied());
                let color = match kind {
                    Some(5) => next().and_then(indexed),
                    Some(2) => rgb(&[next().unwrap_or(0), next().unwrap_or(0), next().unwrap_or(0)]),
                    _ => None,
                };
                color.and_then(|color| place(param[0], color))
            }
            [at @ (38 | 48 | 58), 5, index, ..] => indexed(*index).and_then(|color| place(*at, color)),
            // With a colour space between, or without.
            [at @ (38 | 48 | 58), 2, _, parts @ ..] if parts.len() >= 3 => {
                rgb(&parts[..3]).and_then(|color| place(*at, color))
            }
            [at @ (38 | 48 | 58), 2, parts @ ..] => rgb(parts).and_then(|color| place(*at, color)),
            [number] => simple(*number),
            _ => None,
        };
        attributes.extend(attribute);
    }
    attributes
}

fn simple(number: u16) -> Option<Attr> {
    let named = |base: u16, bright: u16| Color::Named(NAMED[usize::from(number - base + bright)]);
    Some(match number {
        0 => Attr::Reset,
        1 => Attr::Bold,
        2 => Attr::Dim,
        3 => Attr::Italic,
        4 => Attr::Underline,
        7 => Attr::Reverse,
        8 => Attr::Hidden,
        9 => Attr::Strike,
        21 => Attr::DoubleUnderline,
        22 => Attr::CancelBoldDim,
        23 => Attr::CancelItalic,
        24 => Attr::CancelUnderline,
        27 => Attr::CancelReverse,
        28 => Attr::CancelHidden,
        29 => Attr::CancelStrike,
        30..=37 => Attr::Foreground(named(30, 0)),
        39 => Attr::Foreground(Color::Named(NamedColor::Foreground)),
        40..=47 => Attr::Background(named(40, 0)),
        49 => Attr::Background(Color::Named(NamedColor::Background)),
        59 => Attr::UnderlineColor(None),
        90..=97 => Attr::Foreground(named(90, 8)),
        100..=107 => Attr::Background(named(100, 8)),
        _ => return None,
    })
}

fn underline(style: u16) -> Option<Attr> {
    Some(match style {
        0 => Attr::CancelUnderline,
        1 => Attr::Underline,
        2 => Attr::DoubleUnderline,
        3 => Attr::Undercurl,
        4 => Attr::DottedUnderline,
        5 => Attr::DashedUnderline,
        _ => return None,
    })
}

fn indexed(index: u16) -> Option<Color> {
    u8::try_from(index).ok().map(Color::Indexed)
}

fn rgb(parts: &[u16]) -> Option<Color> {
    let [r, g, b] = parts else { return None };
    let part = |value: &u16| u8::try_from(*value).ok();
    Some(Color::Spec(Rgb { r: part(r)?, g: part(g)?, b: part(b)? }))
}

fn place(at: u16, color: Color) -> Option<Attr> {
    match at {
        38 => Some(Attr::Foreground(color)),
        48 => Some(Attr::Background(color)),
        58 => Some(Attr::UnderlineColor(Some(color))),
        _ => None,
    }
}

/// The parameters that, after a reset, give the rendition of a cell.
pub(super) fn write(cell: &Cell) -> String {
    let mut text = String::from("0");
    for (flag, number) in FLAGS {
        if cell.flags.contains(flag) {
            text.push(';');
            text.push_str(number);
        }
    }
    for (color, at) in [(Some(cell.fg), 38), (Some(cell.bg), 48), (cell.underline_color(), 58)] {
        if let Some(part) = color.and_then(|color| parameter(color, at)) {
            text.push(';');
            text.push_str(&part);
        }
    }
    text
}

fn parameter(color: Color, at: u8) -> Option<String> {
    match color {
        Color::Named(name) => {
            let index = NAMED.iter().position(|named| *named == name)?;
            let base = if at == 58 { return Some(format!("58:5:{index}")) } else { usize::from(at) - 8 };
            Some(if index < 8 { (base + index).to_string() } else { (base + 60 + index - 8).to_string() })
        }
        Color::Indexed(index) if at == 58 => Some(format!("58:5:{index}")),
        Color::Indexed(index) => Some(format!("{at};5;{index}")),
        Color::Spec(Rgb { r, g, b }) if at == 58 => Some(format!("58:2::{r}:{g}:{b}")),
        Color::Spec(Rgb { r, g, b }) => Some(format!("{at};2;{r};{g};{b}")),
    }
}

/// The names of the attributes of a cell.
pub(super) fn names(flags: Flags) -> Vec<&'static str> {
    const NAMES: [(Flags, &str); 11] = [
        (Flags::BOLD, "bold"),
        (Flags::DIM, "dim"),
        (Flags::ITALIC, "italic"),
        (Flags::UNDERLINE, "underline"),
        (Flags::DOUBLE_UNDERLINE, "double underline"),
        (Flags::UNDERCURL, "curly underline"),
        (Flags::DOTTED_UNDERLINE, "dotted underline"),
        (Flags::DASHED_UNDERLINE, "dashed underline"),
        (Flags::INVERSE, "inverse"),
        (Flags::HIDDEN, "hidden"),
        (Flags::STRIKEOUT, "strikeout"),
    ];
    NAMES.iter().filter(|(flag, _)| flags.contains(*flag)).map(|(_, name)| *name).collect()
}

/// A colour in words: a number of the palette, or `#rrggbb`; nothing for the default.
pub(super) fn color(color: Color) -> Option<String> {
    match color {
        Color::Named(name) => NAMED.iter().position(|named| *named == name).map(|index| index.to_string()),
        Color::Indexed(index) => Some(format!("index {index}")),
        Color::Spec(Rgb { r, g, b }) => Some(format!("#{r:02x}{g:02x}{b:02x}")),
    }
}
