//! What was kept of a workspace, also where the file is damaged.

use proptest::prelude::*;
use ratatui::layout::Rect;
use serde_json::{Value, json};

use super::*;
use crate::state::layout::{Axis, Direction};

/// A number as a damaged file may have it.
fn number() -> impl Strategy<Value = Value> {
    let odd = [json!(0), json!(u32::MAX), json!(u32::MAX - 1), json!(u64::MAX), json!(-1), json!(1.5), json!(null)];
    prop_oneof![8 => (0_u32..8).prop_map(Value::from), 2 => any::<u32>().prop_map(Value::from), 1 => prop::sample::select(odd.to_vec())]
}

/// A number that the form allows.
fn allowed() -> impl Strategy<Value = Value> {
    prop_oneof![8 => 0_u32..8, 1 => any::<u32>(), 1 => u32::MAX - 2..=u32::MAX].prop_map(Value::from)
}

fn node(numbers: BoxedStrategy<Value>) -> impl Strategy<Value = Value> {
    let pane = numbers.clone().prop_map(|id| json!({ "pane": id }));
    pane.prop_recursive(6, 48, 6, move |inner| {
        let part = (numbers.clone(), inner).prop_map(|(weight, node)| json!({ "weight": weight, "node": node }));
        (prop::collection::vec(part, 0..6), any::<bool>()).prop_map(
            |(parts, rows)| json!({ "split": { "axis": if rows { "rows" } else { "columns" }, "parts": parts } }),
        )
    })
}

fn file(numbers: BoxedStrategy<Value>) -> impl Strategy<Value = String> {
    let kept = prop::sample::select(vec![
        json!({ "pane": "tree", "chosen": "../..", "open": ["\u{0}", "/", "a/b"] }),
        json!({ "pane": "file", "path": "", "line": u64::MAX }),
        json!({ "pane": "file", "path": "../x", "line": 0, "to": 0 }),
        json!({ "pane": "image", "path": "\u{1b}[2J" }),
        json!({ "pane": "diff", "path": "//" }),
        json!({ "pane": "terminal", "terminal_id": "" }),
        json!({ "pane": "what" }),
    ]);
    let tab = (numbers.clone(), node(numbers.clone()), any::<bool>())
        .prop_map(|(focus, root, zoomed)| json!({ "focus": focus, "root": root, "zoomed": zoomed }));
    let panes =
        prop::collection::vec((numbers.clone(), kept.prop_filter("known", |kept| kept["pane"] != "what")), 0..8);
    (prop::collection::vec(tab, 0..4), numbers, panes).prop_map(|(tabs, at, panes)| {
        json!({ "version": VERSION, "root": "/w", "layout": { "tabs": tabs, "at": at }, "panes": panes }).to_string()
    })
}

/// Does all that a person can do with panes, on screens of all sizes.
fn use_it(workspace: &mut Workspace) -> Result<(), TestCaseError> {
    for (width, height) in [(80, 24), (0, 0), (1, 1), (u16::MAX, u16::MAX)] {
        let area = Rect { x: 0, y: 0, width, height };
        let panes: Vec<_> = workspace.layout.panes().collect();
        prop_assert_eq!(panes.iter().filter(|id| **id == CHAT).count(), 1);
        prop_assert!(panes.iter().all(|id| *id == CHAT || workspace.panes.contains_key(id)));
        for id in panes {
            workspace.layout.focus(id);
            for to in [Direction::Left, Direction::Down, Direction::Right, Direction::Up] {
                workspace.layout.tab_mut().resize(id, to, 3, area);
                workspace.layout.tab_mut().swap(id, to, area);
            }
            for (other, place) in workspace.layout.tab().places(area).panes {
                prop_assert!(area.union(place) == area || place.is_empty(), "{:?} at {:?}", other, place);
            }
        }
        for axis in [Axis::Columns, Axis::Rows] {
            let (focus, new) = (workspace.layout.tab().focus, workspace.draw());
            workspace.layout.tab_mut().split(focus, new, axis, 50);
            workspace.panes.insert(new, Box::new(TreePane::new(false, Vec::new(), String::new())));
        }
        let new = workspace.draw();
        workspace.layout.tab_mut().split_left(new, 30);
        workspace.layout.remove(new);
        workspace.layout.step(1);
    }
    workspace.loaded = true;
    prop_assert!(workspace.to_keep().is_some());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, rng_seed: proptest::test_runner::RngSeed::Fixed(5), ..ProptestConfig::default() })]
    #[test]
    fn any_file_leaves_a_workspace_that_can_be_used(
        text in prop_oneof![4 => file(allowed().boxed()), 1 => file(number().boxed())], cut in any::<prop::sample::Index>(), is_cut in prop::bool::weighted(0.1),
    ) {
        let text = if is_cut { text.get(..cut.index(text.len())).unwrap_or(&text) } else { &text };
        let mut workspace = Workspace::new("/w");
        workspace.restore(text);
        use_it(&mut workspace)?;
    }
}

#[test]
fn weights_and_numbers_beyond_all_bounds_are_brought_back_into_them() {
    let part = |id: u32| json!({ "weight": u32::MAX, "node": { "pane": id } });
    let split = json!({ "split": { "axis": "columns", "parts": [part(0), part(1), part(u32::MAX - 1)] } });
    let layout = json!({ "tabs": [{ "focus": 1, "root": split }], "at": 0 });
    let panes = json!([[1, { "pane": "diff", "path": "a" }], [u32::MAX - 1, { "pane": "diff", "path": "b" }]]);
    let mut workspace = Workspace::new("/w");
    workspace.restore(&json!({ "version": VERSION, "root": "/w", "layout": layout, "panes": panes }).to_string());
    let places = workspace.layout.tab().places(Rect { x: 0, y: 0, width: 81, height: 24 });
    let widths: Vec<_> = places.panes.iter().map(|(id, area)| (id.0, area.width)).collect();
    assert_eq!(widths, [(0, 40), (1, 40)]);
    assert_eq!((workspace.draw(), workspace.draw()), (PaneId(2), PaneId(3)));
}
