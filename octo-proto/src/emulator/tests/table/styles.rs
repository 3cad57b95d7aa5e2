//! Colours, attributes and links.

use super::{Case, case};

/// An `x` with a rendition, and how it looks.
fn drawn(name: &'static str, rendition: &str, looks: &'static str) -> Case {
    case(name, &format!("^[{rendition}mx"), "x", (1, 2)).looks(looks)
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        drawn("bold", "1", "bold"),
        drawn("dim", "2", "dim"),
        drawn("italic", "3", "italic"),
        drawn("underline", "4", "underline"),
        drawn("inverse", "7", "inverse"),
        drawn("hidden", "8", "hidden"),
        drawn("strikeout", "9", "strikeout"),
        drawn("double underline by 21", "21", "double underline"),
        drawn("no underline by 4:0", "4;4:0", ""),
        drawn("double underline by 4:2", "4:2", "double underline"),
        drawn("curly underline", "4:3", "curly underline"),
        drawn("dotted underline", "4:4", "dotted underline"),
        drawn("dashed underline", "4:5", "dashed underline"),
        drawn("the later underline counts", "4;4:3", "curly underline"),
        drawn("neither bold nor dim", "1;2;22", ""),
        drawn("bold and dim", "1;2", "bold, dim"),
        drawn("everything ends one by one", "3;4;7;8;9;23;24;27;28;29", ""),
        drawn("everything ends by 0", "1;3;4;31;42;0", ""),
        drawn("an empty parameter is 0", "1;", ""),
        drawn("no parameter is 0", "1m^[", ""),
        drawn("a colour of eight", "31", "fg 1"),
        drawn("a bright colour", "91", "fg 9"),
        drawn("a colour behind", "44", "bg 4"),
        drawn("a bright colour behind", "104", "bg 12"),
        drawn("the usual colours", "31;41;39;49", ""),
        drawn("a colour of 256", "38;5;208", "fg index 208"),
        drawn("a colour of 256 with colons", "48:5:208", "bg index 208"),
        drawn("a true colour", "38;2;1;2;3", "fg #010203"),
        drawn("a true colour with colons", "38:2:1:2:3", "fg #010203"),
        drawn("a true colour with its space", "38:2::1:2:3", "fg #010203"),
        drawn("both true colours and bold", "1;38;2;1;2;3;48;2;4;5;6", "bold, fg #010203, bg #040506"),
        drawn("a coloured underline", "4;58:5:9", "underline, ul index 9"),
        drawn("a true colour underline", "4;58:2::7:8:9", "underline, ul #070809"),
        drawn("the underline without colour", "4;58:5:9;59", "underline"),
        drawn("a colour of 256 that is none", "38;5;256", ""),
        drawn("a true colour that is none", "38;2;300;0;0", ""),
        drawn("a colour cut short", "38;5", ""),
        drawn("numbers that nobody knows", "1;77;999", "bold"),
        case("text without colour erased in colour", "x^[41m^[H^[X", "", (1, 1)).looks("bg 1"),
        case("a link", "^]8;;http://a/^\\x", "x", (1, 2)).looks("link http://a/"),
        case("a link ends", "^]8;;http://a/^\\x^]8;;^\\y", "xy", (1, 3))
            .has(None, |picture| picture.lines[0].runs[1].style.link.clone()),
        case("a link with a name", "^]8;id=n;http://a/^\\x", "x", (1, 2))
            .has(Some(("n".to_owned(), "http://a/".to_owned())), |picture| picture.lines[0].runs[0].style.link.clone()),
        case("a link with what separates parameters", "^]8;;http://a/;b\x07x", "x", (1, 2)).looks("link http://a/;b"),
        case("a link with a control character is none", "^]8;;http://a/\u{9c}b^\\x", "x", (1, 2)).looks(""),
        case("a link outlives a reset of the rendition", "^]8;;http://a/^\\^[0mx", "x", (1, 2)).looks("link http://a/"),
        case("two links without names are two", "^]8;;http://a/^\\x^]8;;^\\^]8;;http://a/^\\y", "xy", (1, 3))
            .has(2, |picture| picture.lines[0].runs.len()),
    ]
}
