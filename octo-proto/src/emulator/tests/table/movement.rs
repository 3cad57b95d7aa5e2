//! Moving the cursor, tab stops, saving and restoring.

use super::{Case, case};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = moves();
    cases.extend(tabs());
    cases.extend(saving());
    cases
}

fn moves() -> Vec<Case> {
    vec![
        case("CUP", "^[3;4Hx", "\n\n   x", (3, 5)),
        case("CUP without parameters goes home", "ab^[Hx", "xb", (1, 2)),
        case("CUP with zeros goes home", "ab^[0;0Hx", "xb", (1, 2)),
        case("CUP beyond the edges stops there", "^[99;99Hx", "\n\n\n\n         x", (5, 10)),
        case("HVP", "^[2;3fx", "\n  x", (2, 4)),
        case("CUU", "^[3;3H^[2Ax", "  x", (1, 4)),
        case("CUU stops at the top", "^[2;3H^[9Ax", "  x", (1, 4)),
        case("CUD", "^[2Bx", "\n\nx", (3, 2)),
        case("CUD stops at the bottom", "^[99Bx", "\n\n\n\nx", (5, 2)),
        case("CUF", "^[3Cx", "   x", (1, 5)),
        case("CUF stops at the edge", "^[99Cx", "         x", (1, 10)),
        case("CUF does not wrap", "0123456789^[Cx", "012345678x", (1, 10)),
        case("CUB", "abc^[2Dx", "axc", (1, 3)),
        case("CUB stops at the first column", "abc^[9Dx", "xbc", (1, 2)),
        case("CNL", "ab^[2Ex", "ab\n\nx", (3, 2)),
        case("CPL", "^[3;3H^[2Fx", "x", (1, 2)),
        case("CHA", "abc^[2Gx", "axc", (1, 3)),
        case("HPA", "abc^[2`x", "axc", (1, 3)),
        case("HPR", "a^[2ax", "a  x", (1, 5)),
        case("VPA", "ab^[3dx", "ab\n\n  x", (3, 4)),
        case("VPR", "ab^[2ex", "ab\n\n  x", (3, 4)),
        case("a count of zero is one", "^[0Bx", "\nx", (2, 2)),
        case("CUU stops at the top of the region", "^[2;4r^[3;1H^[9Ax", "\nx", (2, 2)),
        case("CUU above the region stops at the top", "^[3;4r^[2;1H^[9Ax", "x", (1, 2)),
        case("CUD stops at the bottom of the region", "^[2;4r^[3;1H^[9Bx", "\n\n\nx", (4, 2)),
        case("CUD below the region stops at the bottom", "^[1;2r^[4;1H^[9Bx", "\n\n\n\nx", (5, 2)),
        case("IND", "ab^Dx", "ab\n  x", (2, 4)),
        case("NEL", "ab^Ex", "ab\nx", (2, 2)),
        case("RI", "^[2;2H^Mx", " x", (1, 3)),
        case("RI at the top scrolls down", "ab^[H^Mx", "x\nab", (1, 2)),
    ]
}

fn tabs() -> Vec<Case> {
    vec![
        case("HT goes to every eighth column", "a\tb", "a       b", (1, 10)),
        case("HT stops at the edge", "\t\t\tx", "         x", (1, 10)),
        case("HT at the edge keeps waiting", "0123456789\tx", "0123456789\nx", (2, 2)),
        case("HT leaves what it passes", "abcdefgh\r\tx", "abcdefghx", (1, 10)),
        case("HTS", "^[4G^H\r\tx", "   x", (1, 5)).has(vec![0, 3, 8], |picture| picture.tabs.clone()),
        case("TBC takes one away", "^[9G^[g\r\tx", "         x", (1, 10)),
        case("TBC 3 takes all away", "^[3g\tx", "         x", (1, 10)).has(0, |picture| picture.tabs.len()),
        case("CHT", "^[3G^H^[5G^H\r^[2Ix", "    x", (1, 6)),
        case("CBT", "^[10G^[Zx", "        x", (1, 10)),
        case("CBT by two", "^[10G^[2Zx", "x", (1, 2)),
        case("CBT stops at the first column", "ab^[9Zx", "xb", (1, 2)),
    ]
}

fn saving() -> Vec<Case> {
    vec![
        case("DECSC and DECRC", "ab^7^[3;3Hc^8d", "abd\n\n  c", (1, 4)),
        case("SCOSC and SCORC", "ab^[s^[3;3Hc^[ud", "abd\n\n  c", (1, 4)),
        case("DECRC without DECSC goes home", "ab^8x", "xb", (1, 2)),
        case("DECRC restores the rendition", "^[1m^7^[0m^8x", "x", (1, 2)).looks("bold"),
        case("DECRC restores the charset", "^(0^7^(B^8q", "─", (1, 2)),
        case("DECRC restores the shift", "^)0\x0e^7\x0f^8q", "─", (1, 2)),
        case("DECRC restores origin mode", "^[2;4r^[?6h^7^[?6l^8x", "\nx", (2, 2))
            .has(true, |picture| picture.cursor.origin),
        case("DECRC restores a pending wrap", "0123456789^7^[H^8x", "0123456789\nx", (2, 2)),
        case("DECRC can be used twice", "ab^7c^8d^8e", "abe", (1, 4)),
        case("DECSC of a wait that went on", "0123456789^7x^8", "0123456789\nx", (1, 10))
            .has(true, |picture| picture.cursor.wraps),
        case("save and restore by mode 1048", "ab^[?1048h^[3;3Hc^[?1048ld", "abd\n\n  c", (1, 4)),
    ]
}
