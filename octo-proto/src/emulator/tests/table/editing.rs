//! Erasing, inserting and deleting characters.

use super::{Case, case};

const FILL: &str = "aaaaaaaaaa\r\nbbbbbbbbbb\r\ncccccccccc";

pub(super) fn cases() -> Vec<Case> {
    let filled = |name, rest: &str, screen, cursor| case(name, &format!("{FILL}{rest}"), screen, cursor);
    vec![
        filled("EL 0", "^[2;4H^[K", "aaaaaaaaaa\nbbb\ncccccccccc", (2, 4)),
        filled("EL 1", "^[2;4H^[1K", "aaaaaaaaaa\n    bbbbbb\ncccccccccc", (2, 4)),
        filled("EL 2", "^[2;4H^[2K", "aaaaaaaaaa\n\ncccccccccc", (2, 4)),
        filled("ED 0", "^[2;4H^[J", "aaaaaaaaaa\nbbb", (2, 4)),
        filled("ED 1", "^[2;4H^[1J", "\n    bbbbbb\ncccccccccc", (2, 4)),
        filled("ED 1 on the third row", "^[3;4H^[1J", "\n\n    cccccc", (3, 4)),
        filled("ED 2 keeps the cursor", "^[2;4H^[2J", "", (2, 4)),
        filled("DECSED is ED where nothing is protected", "^[2;4H^[?J", "aaaaaaaaaa\nbbb", (2, 4)),
        filled("DECSEL is EL where nothing is protected", "^[2;4H^[?K", "aaaaaaaaaa\nbbb\ncccccccccc", (2, 4)),
        filled("ECH", "^[2;4H^[3X", "aaaaaaaaaa\nbbb   bbbb\ncccccccccc", (2, 4)),
        filled("ECH stops at the edge", "^[2;4H^[99X", "aaaaaaaaaa\nbbb\ncccccccccc", (2, 4)),
        case("EL 0 breaks a wrapped line", "0123456789ab^[H^[K", "\nab", (1, 1))
            .has(false, |picture| picture.lines[0].wrapped),
        case("EL with the colour behind", "^[41m^[K", "", (1, 1)).looks("bg 1"),
        case("ECH of half a wide character", "漢字^[1;2H^[X", "  字", (1, 2)),
        case("ECH of the other half", "漢字^[1;3H^[X", "漢", (1, 3)),
        case("EL 1 through a wide character", "a漢b^[1;2H^[1K", "   b", (1, 2)),
        case("ICH", "abcdef^[1;3H^[2@", "ab  cdef", (1, 3)),
        case("ICH pushes out at the edge", "0123456789^[1;3H^[3@", "01   23456", (1, 3)),
        case("ICH of more than there is", "0123456789^[1;3H^[99@", "01", (1, 3)),
        case("ICH pushes half a wide character out", "01234567漢^[H^[@", " 01234567", (1, 1)),
        case("ICH within a wide character", "漢字^[1;2H^[@", "   字", (1, 2)),
        case("DCH", "abcdef^[1;3H^[2P", "abef", (1, 3)),
        case("DCH of more than there is", "0123456789^[1;6H^[8P", "01234", (1, 6)),
        case("DCH of half a wide character", "漢字x^[1;2H^[P", " 字x", (1, 2)),
        case("DCH fills with the colour behind", "0123456789^[H^[41m^[9P^[9C", "9", (1, 10))
            .has(Some("1".to_owned()), |picture| picture.lines[0].runs[1].style.background.clone()),
        case("insert mode", "abc^[1;2H^[4hXY", "aXYbc", (1, 4)),
        case("insert mode ends", "abc^[1;2H^[4hX^[4lY", "aXYc", (1, 4)),
        case("insert mode with wide characters", "abc^[1;2H^[4h漢", "a漢bc", (1, 4)),
        case("insert mode pushes half a wide character out", "01234567漢^[H^[4hX", "X01234567", (1, 2)),
        case("insert mode wraps as well", "0123456789^[4hX", "0123456789\nX", (2, 2)),
        case("insert mode wraps before what is there", "0123456789abc^[1;10H9^[4hX", "0123456789\nXabc", (2, 2)),
        case("REP", "a^[3b", "aaaa", (1, 5)),
        case("REP of nothing", "^[3b", "", (1, 1)),
        case("REP no more than a line", "a^[999b", "aaaaaaaaaa\na", (2, 2)),
        case("DECALN", "^#8", "EEEEEEEEEE\nEEEEEEEEEE\nEEEEEEEEEE\nEEEEEEEEEE\nEEEEEEEEEE", (1, 1)),
    ]
}
