//! What the recordings of Pi are translated to: one snapshot each.

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
