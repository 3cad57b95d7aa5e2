//! What the recordings of Pi are translated to: one snapshot each.

use octo_proto::Event;
use octo_runner::translate;
use serde_json::Value;

use crate::recordings::{fold, names, records, view};

#[test]
fn every_recording_is_translated_as_before() {
    for name in names("pi") {
        let (_, outs) = fold("pi", &records("pi", &name));
        insta::with_settings!({ snapshot_suffix => name.clone(), omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!("pi", view(&outs));
        });
    }
}

#[test]
fn a_translation_is_a_json_line_per_outcome() {
    let recording = concat!(
        r#"{"t":0.5,"dir":"in","json":{"id":"r1","type":"prompt","message":"hello"}}"#,
        "\n",
        r#"{"t":1.0,"dir":"out","json":{"type":"agent_start"}}"#,
        "\n",
        r#"{"t":1.5,"dir":"out","json":{"type":"agent_settled"}}"#,
        "\n",
    );
    let mut out = Vec::new();
    translate::run("pi", recording.as_bytes(), &mut out).expect("a recording of Pi");
    let lines = String::from_utf8(out).expect("text");
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")).collect::<Vec<_>>();
    assert_eq!(lines.iter().map(|line| &line["place"]).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(lines.iter().map(|line| &line["fact"]).collect::<Vec<_>>(), [false, true]);
    let event = serde_json::from_value::<Event>(lines[1]["event"].clone()).expect("an event");
    assert!(matches!(event, Event::AgentIdle { .. }));
}

#[test]
fn what_cannot_be_translated_is_told_with_its_line() {
    let refusal = |harness: &str, input: &str| {
        let error = translate::run(harness, input.as_bytes(), Vec::new()).expect_err("refused");
        format!("{error:#}")
    };
    assert!(refusal("pi", "{\"t\":0,\"dir\":\"out\",\"text\":\"\"}\nnonsense\n").starts_with("line 2 "));
    assert!(refusal("other", "").contains("`other`"));
}
