//! The kitty keyboard protocol, and xterm's modifyOtherKeys.

use super::{Case, asked, case};

pub(super) fn cases() -> Vec<Case> {
    vec![
        asked("no flags at first", "^[?u", "^[?0u"),
        asked("flags are pushed", "^[>5u^[?u", "^[?5u"),
        asked("flags are popped", "^[>5u^[<u^[?u", "^[?0u"),
        asked("flags are popped by two", "^[>1u^[>3u^[>7u^[<2u^[?u", "^[?1u"),
        asked("more are popped than were pushed", "^[>1u^[<99u^[?u", "^[?0u"),
        asked("flags are set", "^[=3u^[?u", "^[?3u"),
        asked("flags are added", "^[=1u^[=2;2u^[?u", "^[?3u"),
        asked("flags are taken away", "^[=7u^[=2;3u^[?u", "^[?5u"),
        asked("flags that nobody knows", "^[>255u^[?u", "^[?31u"),
        asked("each screen has its own", "^[>5u^[?1049h^[?u", "^[?0u"),
        asked("the flags of the primary screen come back", "^[>5u^[?1049h^[>1u^[?1049l^[?u", "^[?5u"),
        case("the stack is kept", "^[>1u^[>3u", "", (1, 1)).has(vec![0, 1, 3], |picture| picture.keyboards[0].clone()),
        case("a full stack forgets the oldest", &"^[>1u".repeat(40), "", (1, 1))
            .has(17, |picture| picture.keyboards[0].len()),
        asked("modifyOtherKeys", "^[>4;2m^[?4m", "^[>4;2m"),
        asked("modifyOtherKeys ends", "^[>4;2m^[>4m^[?4m", "^[>4;0m"),
    ]
}
