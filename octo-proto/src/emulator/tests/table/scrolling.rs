//! The scroll region, inserting and deleting lines.

use super::{Case, case};

const FIVE: &str = "1\r\n2\r\n3\r\n4\r\n5";

pub(super) fn cases() -> Vec<Case> {
    let five = |name, rest: &str, screen, cursor| case(name, &format!("{FIVE}{rest}"), screen, cursor);
    vec![
        five("DECSTBM goes home", "^[2;4r", "1\n2\n3\n4\n5", (1, 1)).has((1, 3), |picture| picture.region),
        five("DECSTBM without parameters is the whole screen", "^[2;4r^[r", "1\n2\n3\n4\n5", (1, 1))
            .has((0, 4), |picture| picture.region),
        five("DECSTBM of one row is nothing", "^[3;3r", "1\n2\n3\n4\n5", (5, 2)).has((0, 4), |picture| picture.region),
        five("DECSTBM upside down is nothing", "^[4;2r", "1\n2\n3\n4\n5", (5, 2)),
        five("DECSTBM beyond the screen ends there", "^[2;99r", "1\n2\n3\n4\n5", (1, 1))
            .has((1, 4), |picture| picture.region),
        five("LF at the end of the region scrolls it", "^[2;4r^[4;1H\nx", "1\n3\n4\nx\n5", (4, 2)),
        five("LF below the region does not scroll", "^[2;3r^[5;1H\nx", "1\n2\n3\n4\nx", (5, 2)),
        five("LF above the region goes down", "^[3;4r^[1;1H\nx", "1\nx\n3\n4\n5", (2, 2)),
        five("RI at the beginning of the region scrolls it", "^[2;4r^[2;1H^Mx", "1\nx\n2\n3\n5", (2, 2)),
        five("RI above the region stops at the top", "^[3;4r^[1;1H^Mx", "x\n2\n3\n4\n5", (1, 2)),
        five("wrapping at the end of the region scrolls it", "^[1;2r^[2;10HXY", "2        X\nY\n3\n4\n5", (2, 2)),
        five("IL", "^[2;1H^[2L", "1\n\n\n2\n3", (2, 1)),
        five("IL of more than there is", "^[2;1H^[99L", "1", (2, 1)),
        five("IL within the region", "^[2;4r^[2;1H^[L", "1\n\n2\n3\n5", (2, 1)),
        five("IL outside the region is nothing", "^[2;3r^[5;1H^[L", "1\n2\n3\n4\n5", (5, 1)),
        five("DL", "^[2;1H^[2M", "1\n4\n5", (2, 1)),
        five("DL of more than there is", "^[2;1H^[99M", "1", (2, 1)),
        five("DL within the region", "^[2;4r^[2;1H^[M", "1\n3\n4\n\n5", (2, 1)),
        five("DL outside the region is nothing", "^[2;3r^[1;1H^[M", "1\n2\n3\n4\n5", (1, 1)),
        five("SU", "^[2S", "3\n4\n5", (5, 2)),
        five("SU within the region", "^[2;4r^[S", "1\n3\n4\n\n5", (1, 1)),
        five("SU of more than there is", "^[99S", "", (5, 2)),
        five("SD", "^[2T", "\n\n1\n2\n3", (5, 2)),
        five("SD within the region", "^[2;4r^[T", "1\n\n2\n3\n5", (1, 1)),
        five("scrolling fills with the colour behind", "^[41m^[4T^[H", "\n\n\n\n1", (1, 1)).looks("bg 1"),
        five("origin mode counts from the region", "^[2;4r^[?6h^[2;2Hx", "1\n2\n3x\n4\n5", (3, 3)),
        five("origin mode keeps within the region", "^[2;4r^[?6h^[9;1Hx", "1\n2\n3\nx\n5", (4, 2)),
        five("setting origin mode goes to its home", "^[2;4r^[3;3H^[?6hx", "1\nx\n3\n4\n5", (2, 2)),
        five("leaving origin mode goes home", "^[2;4r^[?6h^[3;3H^[?6lx", "x\n2\n3\n4\n5", (1, 2)),
        five("VPA in origin mode", "^[2;4r^[?6h^[3dx", "1\n2\n3\nx\n5", (4, 2)),
        five("CHA in origin mode", "^[2;4r^[?6h^[2;1H^[4Gx", "1\n2\n3  x\n4\n5", (3, 5)),
        five("CUD in origin mode", "^[2;4r^[?6h^[Bx", "1\n2\nx\n4\n5", (3, 2)),
        five("the report counts from the region in origin mode", "^[2;4r^[?6h^[2;3H^[6n", "1\n2\n3\n4\n5", (3, 3))
            .replies("^[2;3R"),
    ]
}
