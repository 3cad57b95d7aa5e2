//! How large a picture is shown: as it is where there is room, else smaller, never distorted.

/// The size of a picture on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fitted {
    pub(super) pixels: (u32, u32),
    pub(super) cells: (u16, u16),
}

/// Fits a picture into so many columns and rows of cells of this size.
pub(super) fn fit((width, height): (u32, u32), room: (u16, u16), cell: (u16, u16)) -> Fitted {
    let cell = (u32::from(cell.0.max(1)), u32::from(cell.1.max(1)));
    let room = (u32::from(room.0.max(1)) * cell.0, u32::from(room.1.max(1)) * cell.1);
    let (width, height) = (u64::from(width.max(1)), u64::from(height.max(1)));
    // The side that is too large by more decides.
    let by_width = width * u64::from(room.1) >= height * u64::from(room.0);
    let (over, under) = if by_width { (u64::from(room.0), width) } else { (u64::from(room.1), height) };
    let scaled = |side: u64| if over < under { (side * over / under).max(1) } else { side };
    let pixels = [scaled(width), scaled(height)].map(|side| u32::try_from(side).unwrap_or(u32::MAX));
    let cells = [pixels[0].div_ceil(cell.0), pixels[1].div_ceil(cell.1)].map(|side| u16::try_from(side).unwrap_or(1));
    Fitted { pixels: pixels.into(), cells: cells.into() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_picture_is_shown_as_it_is_or_smaller() {
        for (image, room, pixels, cells) in [
            ((100, 100), (40, 16), (100, 100), (10, 5)),
            ((1600, 400), (40, 16), (400, 100), (40, 5)),
            ((400, 1600), (40, 16), (80, 320), (8, 16)),
            ((1, 1), (40, 16), (1, 1), (1, 1)),
            ((100_000, 1), (40, 16), (400, 1), (40, 1)),
        ] {
            assert_eq!(fit(image, room, (10, 20)), Fitted { pixels, cells }, "{image:?}");
        }
    }

    proptest! {
        #[test]
        fn no_picture_leaves_its_room(image: (u32, u32), room in (1_u16..400, 1_u16..200), cell in (1_u16..40, 1_u16..60)) {
            let fitted = fit(image, room, cell);
            prop_assert!(fitted.cells.0 <= room.0 && fitted.cells.1 <= room.1, "{fitted:?}");
            prop_assert!(fitted.cells.0 > 0 && fitted.cells.1 > 0);
        }
    }
}
