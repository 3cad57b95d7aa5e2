//! Panes fill the screen without holes, whatever is done to them.

use proptest::prelude::*;

use super::*;

const AREA: Rect = Rect { x: 3, y: 1, width: 80, height: 24 };

fn widths(tab: &Tab) -> Vec<(u32, u16, u16, u16, u16)> {
    tab.places(AREA).panes.iter().map(|(id, area)| (id.0, area.x, area.y, area.width, area.height)).collect()
}

#[test]
fn a_split_shares_the_room_of_one_pane() {
    let mut tab = Tab::of(CHAT);
    tab.split(CHAT, PaneId(1), Axis::Columns, 50);
    assert_eq!(widths(&tab), [(0, 3, 1, 39, 24), (1, 43, 1, 40, 24)], "with a line between them");
    tab.split(PaneId(1), PaneId(2), Axis::Rows, 50);
    assert_eq!(widths(&tab), [(0, 3, 1, 39, 24), (1, 43, 1, 40, 12), (2, 43, 13, 40, 12)]);
    tab.split_left(PaneId(3), 25);
    assert_eq!(tab.panes(), [PaneId(3), CHAT, PaneId(1), PaneId(2)]);
    assert_eq!(tab.focus, PaneId(3));
    assert_eq!(widths(&tab)[0], (3, 3, 1, 19, 24));
}

#[test]
fn neighbours_are_those_that_share_an_edge() {
    let mut tab = Tab::of(CHAT);
    tab.split(CHAT, PaneId(1), Axis::Columns, 50);
    tab.split(PaneId(1), PaneId(2), Axis::Rows, 70);
    assert_eq!(tab.neighbour(CHAT, Direction::Right, AREA), Some(PaneId(2)), "the one with more of the edge");
    assert_eq!(tab.neighbour(PaneId(2), Direction::Up, AREA), Some(PaneId(1)));
    assert_eq!(tab.neighbour(PaneId(2), Direction::Left, AREA), Some(CHAT));
    assert_eq!(tab.neighbour(PaneId(2), Direction::Down, AREA), None);
    tab.swap(PaneId(2), Direction::Left, AREA);
    assert_eq!(tab.panes(), [PaneId(2), PaneId(1), CHAT]);
}

#[test]
fn a_border_moves_by_keys_and_with_the_mouse_and_stops_before_a_pane_is_gone() {
    let mut tab = Tab::of(CHAT);
    tab.split(CHAT, PaneId(1), Axis::Columns, 50);
    tab.resize(CHAT, Direction::Right, 5, AREA);
    assert_eq!(widths(&tab), [(0, 3, 1, 44, 24), (1, 48, 1, 35, 24)]);
    tab.resize(PaneId(1), Direction::Left, 5, AREA);
    assert_eq!(widths(&tab)[0].3, 39, "the last one moves the border before it");
    let divider = tab.places(AREA).dividers[0].clone();
    tab.drag(&divider, Position::new(3 + 60, 5), AREA);
    assert_eq!(widths(&tab), [(0, 3, 1, 60, 24), (1, 64, 1, 19, 24)]);
    tab.resize(CHAT, Direction::Right, 500, AREA);
    assert_eq!(widths(&tab)[1].3, LEAST.0);
    tab.resize(CHAT, Direction::Down, 5, AREA);
    assert_eq!(widths(&tab)[0].4, 24, "there is no border below");
}

#[test]
fn what_is_closed_gives_its_room_and_the_keys_to_a_neighbour() {
    let mut layout = Layout::default();
    layout.tab_mut().split(CHAT, PaneId(1), Axis::Columns, 50);
    layout.tab_mut().split(PaneId(1), PaneId(2), Axis::Rows, 50);
    layout.tab_mut().zoomed = true;
    layout.remove(PaneId(2));
    assert_eq!((layout.tab().focus, layout.tab().zoomed), (PaneId(1), false));
    layout.remove(PaneId(1));
    layout.remove(CHAT);
    assert_eq!(layout, Layout::default(), "the conversation stays");
    layout.open_tab(PaneId(4));
    assert_eq!((layout.at(), layout.tabs().len()), (1, 2));
    layout.focus(CHAT);
    layout.step(-1);
    assert_eq!(layout.at(), 1);
    layout.remove(PaneId(4));
    assert_eq!(layout, Layout::default());
}

#[test]
fn something_is_always_seen_of_the_pane_with_the_keys() {
    let mut tab = Tab::of(CHAT);
    for id in 1..40 {
        tab.split(tab.focus, PaneId(id), Axis::Rows, 50);
        for height in [24, 5, 1] {
            let area = Rect { height, ..AREA };
            let own = tab.places(area).of(tab.focus).unwrap();
            assert!(own.height >= SEEN.1.min(height), "{id} in {height} rows: {own:?}");
        }
    }
    assert_eq!(tab.places(AREA).panes.len(), 1);
    tab.focus = CHAT;
    assert!(tab.places(AREA).panes.len() > 1, "whose room it is has it");
    assert!(tab.neighbour(PaneId(39), Direction::Up, AREA).is_some(), "others are reached as ever");
}

#[test]
fn a_pane_is_divided_where_both_parts_have_room() {
    let wide = Rect { x: 0, y: 0, width: 120, height: 30 };
    let tab = Tab::of(CHAT);
    for (size, wished, axis) in [
        ((120, 30), None, Some(Axis::Columns)),
        ((80, 24), None, Some(Axis::Rows)),
        ((80, 24), Some(Axis::Columns), Some(Axis::Columns)),
        ((80, 5), Some(Axis::Rows), Some(Axis::Columns)),
        ((16, 24), Some(Axis::Columns), Some(Axis::Rows)),
        ((16, 5), None, None),
    ] {
        assert_eq!(tab.room_for(CHAT, wished, Rect { width: size.0, height: size.1, ..wide }), axis, "{size:?}");
    }
    let mut tab = Tab::of(CHAT);
    tab.split(CHAT, PaneId(1), Axis::Rows, 60);
    tab.split_left(PaneId(2), 45);
    let screen = Rect { width: 80, height: 24, ..wide };
    assert_eq!(tab.roomiest(screen, |_| true), PaneId(1), "lines have room there");
    assert_eq!(tab.roomiest(screen, |id| id != PaneId(1)), CHAT);
    assert_eq!(tab.roomiest(Rect { width: 60, ..screen }, |_| true), PaneId(2), "nowhere: then by size");
}

#[test]
fn a_layout_from_a_file_is_brought_into_order() {
    let text = r#"{"at":7,"tabs":[
        {"focus":9,"root":{"split":{"axis":"rows","parts":[
            {"weight":0,"node":{"pane":1}},{"weight":5,"node":{"pane":1}},{"weight":5,"node":{"pane":2}}]}}},
        {"focus":2,"root":{"pane":2}},{"focus":3,"root":{"pane":3}}]}"#;
    let mut layout: Layout = serde_json::from_str(text).unwrap();
    layout.repair(|id| id.0 < 3);
    let panes: Vec<PaneId> = layout.panes().collect();
    assert!(panes.contains(&CHAT), "{layout:?}");
    assert_eq!(panes.iter().collect::<HashSet<_>>().len(), panes.len(), "{layout:?}");
    assert!(layout.tabs().iter().all(|tab| tab.panes().contains(&tab.focus)), "{layout:?}");
    assert!(layout.at() < layout.tabs().len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, rng_seed: proptest::test_runner::RngSeed::Fixed(3), ..ProptestConfig::default() })]
    #[test]
    fn panes_fill_the_area_and_never_overlap(
        steps in proptest::collection::vec((0_u8..6, 0_u32..6, any::<bool>(), 1_u16..40), 0..24),
        width in 1_u16..200, height in 1_u16..60,
    ) {
        let area = Rect { x: 2, y: 1, width, height };
        let mut layout = Layout::default();
        let mut next = 1;
        for (what, which, flag, cells) in steps {
            let panes = layout.tab().panes();
            let id = panes[which as usize % panes.len()];
            let axis = if flag { Axis::Columns } else { Axis::Rows };
            let to = match (flag, cells % 2) {
                (true, 0) => Direction::Left,
                (true, _) => Direction::Right,
                (false, 0) => Direction::Up,
                (false, _) => Direction::Down,
            };
            match what {
                0 | 1 => {
                    layout.tab_mut().split(id, PaneId(next), axis, u32::from(cells) * 2);
                    next += 1;
                }
                2 => layout.remove(id),
                3 => layout.tab_mut().resize(id, to, cells, area),
                4 => layout.tab_mut().swap(id, to, area),
                _ => {
                    layout.tab_mut().split_left(PaneId(next), u32::from(cells));
                    next += 1;
                }
            }
            let places = layout.tab().places(area);
            let lines = places.dividers.iter().filter(|divider| divider.axis == Axis::Columns).map(|divider| divider.area);
            let mut covered = 0_u64;
            for (at, first) in places.panes.iter().enumerate() {
                prop_assert!(area.union(first.1) == area || first.1.is_empty(), "{first:?}");
                covered += u64::from(first.1.area());
                for second in &places.panes[at + 1..] {
                    prop_assert!(first.1.intersection(second.1).is_empty(), "{first:?} {second:?}");
                }
            }
            let wide_enough = places.panes.iter().all(|(_, area)| !area.is_empty());
            if wide_enough {
                covered += lines.map(|area| u64::from(area.area())).sum::<u64>();
                prop_assert_eq!(covered, u64::from(area.area()));
            }
            prop_assert!(layout.tab().panes().contains(&layout.tab().focus));
        }
    }
}
