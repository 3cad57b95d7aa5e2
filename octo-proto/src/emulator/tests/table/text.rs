//! Plain text: characters, their widths, control characters, wrapping.

use super::{Case, case, raw};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = characters();
    cases.extend(sequences());
    cases
}

fn characters() -> Vec<Case> {
    vec![
        case("text is written from the top left", "abc", "abc", (1, 4)),
        case("CR goes to the first column", "abc\rX", "Xbc", (1, 2)),
        case("LF goes down and keeps the column", "ab\ncd", "ab\n  cd", (2, 5)),
        case("VT is a line feed", "ab\x0bcd", "ab\n  cd", (2, 5)),
        case("FF is a line feed", "ab\x0ccd", "ab\n  cd", (2, 5)),
        case("BS goes left", "ab\x08X", "aX", (1, 3)),
        case("BS stops at the first column", "\x08\x08a", "a", (1, 2)),
        case("NUL is nothing", "a\0b", "ab", (1, 3)),
        case("DEL is nothing", "a\x7fb", "ab", (1, 3)),
        case("ENQ is not answered", "a\x05b", "ab", (1, 3)),
        case("text wraps at the right edge", "0123456789ab", "0123456789\nab", (2, 3)),
        case("the cursor waits at the edge", "0123456789", "0123456789", (1, 10))
            .has(true, |picture| picture.cursor.wraps),
        case("CR at the edge ends the wait", "0123456789\rX", "X123456789", (1, 2)),
        case("LF at the edge ends the wait", "0123456789\nX", "0123456789\n         X", (2, 10))
            .has(true, |picture| picture.cursor.wraps),
        case("BS at the edge goes to the last but one", "0123456789\x08X", "01234567X9", (1, 10)),
        case("a wrapped line is known as one", "0123456789ab", "0123456789\nab", (2, 3))
            .has(true, |picture| picture.lines[0].wrapped),
        case("a line that ends is not wrapped", "0123456789\r\nab", "0123456789\nab", (2, 3))
            .has(false, |picture| picture.lines[0].wrapped),
        case("text scrolls at the bottom", "1\r\n2\r\n3\r\n4\r\n5\r\n6", "2\n3\n4\n5\n6", (5, 2)),
        case("wrapping scrolls at the bottom", "^[5;1H0123456789X", "\n\n\n0123456789\nX", (5, 2)),
        case("a wide character takes two columns", "漢X", "漢X", (1, 4)),
        case("a wide character does not hang over the edge", "^[1;10H漢", "\n漢", (2, 3)),
        case("a wide character fits in the last two columns", "^[1;9H漢", "        漢", (1, 10))
            .has(true, |picture| picture.cursor.wraps),
        case("half of a wide character overwritten leaves a blank", "漢^[1;2HX", " X", (1, 3)),
        case("the first half overwritten leaves a blank", "漢字^[1;1HX", "X 字", (1, 2)),
        case("wide over wide, shifted by one", "漢字^[1;2H木", " 木", (1, 4)),
        case("an accent joins the letter", "e\u{301}x", "e\u{301}x", (1, 3)),
        case("an accent joins the letter at the edge", "012345678e\u{301}", "012345678e\u{301}", (1, 10))
            .has(true, |picture| picture.cursor.wraps),
        case("an accent joins a wide character", "漢\u{301}x", "漢\u{301}x", (1, 4)),
        case("an accent on nothing stands on a blank", "\u{301}", " \u{301}", (1, 1)),
        case(
            "no more than eight marks on a letter",
            "e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
            "e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
            (1, 2),
        ),
        case("an emoji is wide", "🦀x", "🦀x", (1, 4)),
        case("the joiner of emojis has no width", "👩\u{200d}💻", "👩\u{200d}💻", (1, 5)),
    ]
}

fn sequences() -> Vec<Case> {
    vec![
        raw("a byte that is no UTF-8 is replaced", b"a\xffb", "a\u{fffd}b", (1, 4)),
        raw("a character cut short is replaced once", b"a\xe2\x82b", "a\u{fffd}b", (1, 4)),
        raw("a character cut short by an escape", b"a\xe2\x82\x1b[1;1Hb", "b\u{fffd}", (1, 2)),
        raw("two characters cut short", b"\xc2\xc2", "\u{fffd}", (1, 2)),
        raw("an overlong form is replaced", b"\xc0\xafx", "\u{fffd}\u{fffd}x", (1, 4)),
        case("NEL as a character", "ab\u{85}c", "ab\nc", (2, 2)),
        case("IND as a character", "ab\u{84}c", "ab\n  c", (2, 4)),
        case("RI as a character", "^[2;3H\u{8d}c", "  c", (1, 4)),
        case("line drawing", "^(0lqk^(Bx", "┌─┐x", (1, 5)),
        case("line drawing in G1", "^)0a\x0eq\x0fb", "a─b", (1, 4)),
        case("line drawing in G2 by LS2", "^*0^nq\x0fq", "─q", (1, 3)),
        case("line drawing in G3 by LS3", "^+0^oq\x0fq", "─q", (1, 3)),
        case("CAN ends a sequence", "a^[3\x18b", "ab", (1, 3)),
        case("SUB ends a sequence", "a^[3\x1ab", "ab", (1, 3)),
        case("a control character within a sequence is obeyed", "ab^[\r1Cx", "ax", (1, 3)),
        case("an escape begins anew within a sequence", "a^[3^[1Cb", "a b", (1, 4)),
        case("a sequence that nobody knows is nothing", "a^[5yb^[>7zc^%Gd", "abcd", (1, 5)),
        raw("private strings are nothing", b"a\x1b_hidden\x1b\\b\x1b^hidden\x1b\\c\x1bXhidden\x1b\\d", "abcd", (1, 5)),
        case("a picture in a device string is nothing", "a^Pq#0;2;0;0;0~~^\\b", "ab", (1, 3)),
    ]
}
