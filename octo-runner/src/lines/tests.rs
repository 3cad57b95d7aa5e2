//! Any cutting of the same bytes gives the same lines; any checkpoint goes on with the same lines.

use proptest::prelude::*;

use super::*;

/// Payloads at made-up record offsets, with other records between them.
fn records(chunks: &[Vec<u8>]) -> Vec<(u64, &[u8])> {
    let mut offset = 8;
    let mut found = Vec::new();
    for chunk in chunks {
        found.push((offset, &chunk[..]));
        offset += 19 + chunk.len() as u64 + 7;
    }
    found
}

fn lines(splitter: &mut LineSplitter, records: &[(u64, &[u8])]) -> Vec<Line<'static>> {
    let mut found = Vec::new();
    for (offset, payload) in records {
        found.extend(splitter.feed(*offset, payload).map(owned));
    }
    found
}

fn owned(line: Line<'_>) -> Line<'static> {
    let text = match line.text {
        Text::Whole(bytes) => Text::Whole(Cow::Owned(bytes.into_owned())),
        Text::Oversize { head, len } => Text::Oversize { head, len },
    };
    Line { place: line.place, text }
}

fn texts(lines: &[Line<'_>]) -> Vec<Vec<u8>> {
    lines
        .iter()
        .map(|line| match &line.text {
            Text::Whole(bytes) => bytes.to_vec(),
            Text::Oversize { head, .. } => head.clone(),
        })
        .collect()
}

#[test]
fn a_place_is_where_the_line_ends() {
    let chunks = [b"one\ntw".to_vec(), b"o\n\nthree\r\n{}".to_vec()];
    let records = records(&chunks);
    let mut splitter = LineSplitter::new();
    let found = lines(&mut splitter, &records);
    let second = records[1].0;
    assert_eq!(texts(&found), [&b"one"[..], b"two", b"", b"three\r"]);
    assert_eq!(found.iter().map(|line| line.place).collect::<Vec<_>>(), [11, second + 1, second + 2, second + 9]);
    assert_eq!(splitter.resume_point(999), (second, 10));
    assert_eq!(splitter.finish(777).map(|line| line.place), Some(777));
    assert_eq!(splitter.resume_point(999), (999, 0));
}

#[test]
fn a_line_over_the_limit_is_told_and_not_held() {
    let mut splitter = LineSplitter::new();
    let chunk = vec![b'x'; 64 * 1024];
    let count = MAX_LINE / chunk.len() + 1;
    for index in 0..count {
        assert_eq!(splitter.feed(index as u64 * 100_000, &chunk).count(), 0);
    }
    assert!(splitter.held.as_ref().is_some_and(|held| held.bytes.capacity() < 2 * OVERSIZE_HEAD));
    let found: Vec<_> = splitter.feed(u64::from(u32::MAX), b"\nnext\n").map(owned).collect();
    let whole = Text::Oversize { head: vec![b'x'; OVERSIZE_HEAD], len: (count * chunk.len()) as u64 };
    assert_eq!(found[0], Line { place: u64::from(u32::MAX), text: whole.clone() });
    assert_eq!(texts(&found[1..]), [b"next"]);
    let mut in_one = vec![b'x'; count * chunk.len()];
    in_one.push(b'\n');
    assert_eq!(
        LineSplitter::new().feed(0, &in_one).map(owned).next(),
        Some(Line { place: in_one.len() as u64 - 1, text: whole })
    );
}

#[test]
fn a_line_of_exactly_the_limit_is_whole() {
    let mut bytes = vec![b'y'; MAX_LINE];
    bytes.push(b'\n');
    let (first, second) = bytes.split_at(1000);
    let mut splitter = LineSplitter::new();
    assert_eq!(splitter.feed(0, first).count(), 0);
    let line = splitter.feed(5000, second).next().map(owned);
    assert!(matches!(line, Some(Line { text: Text::Whole(bytes), .. }) if bytes.len() == MAX_LINE));
}

fn chunks() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let byte = prop_oneof![3 => Just(b'\n'), 5 => any::<u8>()];
    proptest::collection::vec(proptest::collection::vec(byte, 0..12), 0..12)
}

proptest! {
    #[test]
    fn lines_are_those_of_the_whole(chunks in chunks()) {
        let all = chunks.concat();
        let mut splitter = LineSplitter::new();
        let mut found = texts(&lines(&mut splitter, &records(&chunks)));
        found.extend(splitter.finish(0).map(|line| texts(&[line]).concat()).or(Some(Vec::new())));
        let expected: Vec<Vec<u8>> = all.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn places_rise(chunks in chunks()) {
        let found = lines(&mut LineSplitter::new(), &records(&chunks));
        prop_assert!(found.windows(2).all(|pair| pair[0].place < pair[1].place));
    }

    #[test]
    fn any_checkpoint_goes_on_the_same(chunks in chunks(), cut in 0usize..13) {
        let records = records(&chunks);
        let cut = cut.min(records.len());
        let mut splitter = LineSplitter::new();
        let before = lines(&mut splitter, &records[..cut]);
        let next = records.get(cut).map_or(u64::MAX, |record| record.0);
        let (record, skip) = splitter.resume_point(next);
        let after = lines(&mut splitter, &records[cut..]);
        let from = records.iter().position(|(offset, _)| *offset >= record).unwrap_or(records.len());
        // Fed from earlier than needed, or exactly: the same.
        for start in [0, from] {
            let mut resumed = LineSplitter::resuming_at(record, skip);
            prop_assert_eq!(&lines(&mut resumed, &records[start..]), &after);
        }
        let whole = lines(&mut LineSplitter::new(), &records);
        prop_assert_eq!([before, after].concat(), whole);
    }
}
