//! Modes, and resetting them.

use super::{Case, case};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = switches();
    cases.extend(resets());
    cases
}

fn on(name: &'static str, input: &str, number: u16) -> Case {
    case(name, input, "", (1, 1)).has(
        Some(number),
        match number {
            1 => |picture| picture.private_modes.iter().find(|on| **on == 1).copied(),
            5 => |picture| picture.private_modes.iter().find(|on| **on == 5).copied(),
            66 => |picture| picture.private_modes.iter().find(|on| **on == 66).copied(),
            1004 => |picture| picture.private_modes.iter().find(|on| **on == 1004).copied(),
            2004 => |picture| picture.private_modes.iter().find(|on| **on == 2004).copied(),
            _ => |picture| picture.private_modes.iter().find(|on| **on == 2026).copied(),
        },
    )
}

fn switches() -> Vec<Case> {
    vec![
        case("without wrapping the last column is written again", "^[?7l0123456789abc", "012345678c", (1, 10)),
        case("without wrapping a wide character at the edge is dropped", "^[?7l012345678漢", "012345678", (1, 10)),
        case("wrapping comes back", "^[?7l^[?7h0123456789a", "0123456789\na", (2, 2)),
        case("newline mode", "^[20hab\ncd", "ab\ncd", (2, 3)),
        case("newline mode ends", "^[20h^[20lab\ncd", "ab\n  cd", (2, 5)),
        case("the cursor is hidden", "^[?25l", "", (1, 1)).has(false, |picture| picture.private_modes.contains(&25)),
        case("the cursor is shown again", "^[?25l^[?25h", "", (1, 1))
            .has(true, |picture| picture.private_modes.contains(&25)),
        on("application cursor keys", "^[?1h", 1),
        on("reverse video", "^[?5h", 5),
        on("application keypad", "^=", 66),
        on("application keypad by number", "^[?66h", 66),
        on("focus reports", "^[?1004h", 1004),
        on("bracketed paste", "^[?2004h", 2004),
        on("synchronized output", "^[?2026h", 2026),
        case("several modes at once", "^[?1;2004h", "", (1, 1))
            .has(true, |picture| [1, 2004].iter().all(|mode| picture.private_modes.contains(mode))),
        case("the keypad is numeric again", "^=^>", "", (1, 1))
            .has(false, |picture| picture.private_modes.contains(&66)),
        case("mouse clicks", "^[?1000h", "", (1, 1)).has(1000, |picture| picture.modes.mouse),
        case("the later mouse mode counts", "^[?1000h^[?1003h", "", (1, 1)).has(1003, |picture| picture.modes.mouse),
        case("any mouse mode reset ends all", "^[?1003h^[?1000l", "", (1, 1)).has(0, |picture| picture.modes.mouse),
        case("mouse reports in decimal", "^[?1002;1006h", "", (1, 1)).has(1006, |picture| picture.modes.mouse_form),
        case("mouse reports in pixels", "^[?1006h^[?1016h", "", (1, 1)).has(1016, |picture| picture.modes.mouse_form),
        case("a mode that nobody knows is nothing", "^[?31337h^[31337hx", "x", (1, 2)),
        case("the shape of the cursor", "^[5 q", "", (1, 1)).has(5, |picture| picture.cursor_style),
        case("the usual shape of the cursor", "^[5 q^[ q", "", (1, 1)).has(0, |picture| picture.cursor_style),
        case("no such shape of the cursor", "^[5 q^[9 q", "", (1, 1)).has(5, |picture| picture.cursor_style),
        case("132 columns are not obeyed unasked", "abc^[?3h", "abc", (1, 4)),
        case("132 columns clear the screen where allowed", "abc^[2;3r^[?40h^[?3hx", "x", (1, 2))
            .has((0, 4), |picture| picture.region),
    ]
}

fn resets() -> Vec<Case> {
    vec![
        case("RIS clears everything", "abc^[2;4r^[1m^[?7l^[4h^c", "", (1, 1))
            .has((0, 4), |picture| picture.region)
            .has(true, |picture| picture.private_modes.contains(&7))
            .has(false, |picture| picture.modes.insert),
        case("RIS resets the rendition", "^[1m^cx", "x", (1, 2)).looks(""),
        case("RIS leaves the alternate screen", "ab^[?1049hcd^c", "", (1, 1)).has(false, |picture| picture.alternate),
        case("RIS sets the tab stops", "^[3g^c\tx", "        x", (1, 10)),
        case("RIS forgets the title", "^]2;x^\\^c", "", (1, 1)).has(String::new(), |picture| picture.title.clone()),
        case("DECSTR keeps the text and the cursor", "abc^[!p", "abc", (1, 4)),
        case("DECSTR ends insert mode", "abc^[4h^[!p^[1;1HX", "Xbc", (1, 2)),
        case("DECSTR ends origin mode and region", "^[2;4r^[?6h^[!p^[1;1Hx", "x", (1, 2))
            .has((0, 4), |picture| picture.region),
        case("DECSTR resets the rendition", "^[1m^[!px", "x", (1, 2)).looks(""),
        case("DECSTR resets the charset", "^(0^[!pq", "q", (1, 2)),
        case("DECSTR forgets the saved cursor", "abc^7^[!p^8x", "xbc", (1, 2)),
        case("DECSTR shows the cursor", "^[?25l^[!p", "", (1, 1))
            .has(true, |picture| picture.private_modes.contains(&25)),
    ]
}
