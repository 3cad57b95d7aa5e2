//! The alternate screen, and what lies beneath it.

use super::{Case, case};
use crate::emulator::Picture;

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("1049 shows an empty screen", "ab^[?1049h", "", (1, 3)).has(true, |picture| picture.alternate),
        case("1049 keeps what is beneath", "ab^[?1049hcd", "  cd", (1, 5)).has("ab".to_owned(), beneath),
        case("1049 comes back", "ab^[?1049h^[3;3Hcd^[?1049l", "ab", (1, 3)).has(false, |picture| picture.alternate),
        case("1049 restores the rendition", "^[1m^[?1049h^[0m^[?1049lx", "x", (1, 2)).looks("bold"),
        case("1049 empties it each time", "^[?1049hab^[?1049l^[?1049h", "", (1, 1)),
        case("1049 twice is once", "ab^[?1049hcd^[?1049h", "  cd", (1, 5)),
        case("leaving where one is not is nothing", "ab^[?1049lc", "abc", (1, 4)),
        case("47 empties it on leaving", "^[?47hab^[?47l^[?47h", "", (1, 3)),
        case("1047 empties it on leaving", "^[?1047hab^[?1047l^[?1047h", "", (1, 3)),
        case("1047 carries the cursor along", "^[?1047hab^[?1047lc", "  c", (1, 4)),
        case("the region belongs to both", "^[2;3r^[?1049h", "", (1, 1)).has((1, 2), |picture| picture.region),
        case(
            "the alternate screen scrolls without history",
            "^[?1049h1\n\r2\n\r3\n\r4\n\r5\n\r6",
            "2\n3\n4\n5\n6",
            (5, 2),
        ),
        case("each screen has a saved cursor", "ab^7^[?1049h^[3;3H^7^[H^8x^[?1049l^8y", "aby", (1, 4)),
        case("colours are painted beneath", "^[31mab^[?1049h^[0mcd", "  cd", (1, 5))
            .has(Some("1".to_owned()), |picture| {
                picture.beneath.as_ref().and_then(|beneath| beneath.lines[0].runs[0].style.foreground.clone())
            }),
        case("wrapped lines are kept beneath", "0123456789ab^[?1049hcd", "\n  cd", (2, 5))
            .has(Some(true), |picture| picture.beneath.as_ref().map(|beneath| beneath.lines[0].wrapped)),
        case("a wide character wrapped beneath", "012345678漢^[?1049h", "", (2, 3))
            .has("012345678漢".to_owned(), beneath),
    ]
}

fn beneath(picture: &Picture) -> String {
    let lines = picture.beneath.iter().flat_map(|beneath| &beneath.lines);
    lines.flat_map(|line| &line.runs).map(|run| run.text.as_str()).collect()
}
