//! The format held to what it promises: prefixes, damage, rolling, compressing, a recording for ever.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::*;

type Kept = (u64, Direction, String, Vec<u8>);

fn read_from(dir: &Path, start: u64, bound: Bound) -> Result<Vec<Kept>, ReadError> {
    let mut reader = Reader::open(dir, start, bound)?;
    let mut found = Vec::new();
    while let Some(record) = reader.next()? {
        found.push((record.offset, record.direction, record.key.to_owned(), record.bytes.to_vec()));
    }
    Ok(found)
}

fn written(dir: &Path, segment_bytes: u64, payloads: &[Vec<u8>]) -> Writer {
    let mut writer = Writer::create_with(dir, segment_bytes).unwrap();
    for (index, payload) in payloads.iter().enumerate() {
        let direction = [Direction::Out, Direction::Err, Direction::In, Direction::Note][index % 4];
        let key = if index % 4 < 2 { String::new() } else { format!("key {index}") };
        writer.append(index as u64, direction, &key, payload).unwrap();
    }
    writer
}

fn only_segment(dir: &Path) -> std::path::PathBuf {
    segments(dir).unwrap().remove(0).path
}

#[test]
fn what_is_appended_is_read_from_any_record() {
    let dir = tempfile::tempdir().unwrap();
    let payloads: Vec<Vec<u8>> = (0..50usize).map(|size| vec![size as u8; size * 7000]).collect();
    let writer = written(dir.path(), u64::MAX, &payloads);
    let all = read_from(dir.path(), 0, Bound::LastWhole).unwrap();
    assert_eq!(all.iter().map(|record| record.3.clone()).collect::<Vec<_>>(), payloads);
    for (index, record) in all.iter().enumerate() {
        let tail = read_from(dir.path(), record.0, Bound::Announced(writer.end())).unwrap();
        assert_eq!(tail, all[index..]);
    }
}

#[test]
fn segments_roll_compress_and_drop() {
    let dir = tempfile::tempdir().unwrap();
    let payloads = vec![vec![7; 1000]; 40];
    let writer = written(dir.path(), 10_000, &payloads);
    let all = read_from(dir.path(), 0, Bound::Announced(writer.end())).unwrap();
    let files = segments(dir.path()).unwrap();
    assert_eq!((all.len(), files.len()), (40, 5));
    assert_eq!(files[1].path.file_name().unwrap().to_str().unwrap(), format!("{:016x}.seg", files[1].base));
    let before = usage(dir.path()).unwrap();
    for segment in &files[..4] {
        compress_segment(&segment.path).unwrap();
    }
    assert!(usage(dir.path()).unwrap() < before);
    assert!(segments(dir.path()).unwrap()[3].compressed);
    assert_eq!(read_from(dir.path(), 0, Bound::Announced(writer.end())).unwrap(), all);
    assert_eq!(read_from(dir.path(), all[25].0, Bound::LastWhole).unwrap(), all[25..]);
    assert_eq!(drop_before(dir.path(), files[2].base).unwrap(), 2);
    assert_eq!(drop_before(dir.path(), u64::MAX).unwrap(), 2);
    let gone = read_from(dir.path(), 0, Bound::LastWhole);
    assert!(matches!(gone, Err(ReadError::Gone { first, .. }) if first == files[4].base));
    assert_eq!(read_from(dir.path(), files[4].base, Bound::LastWhole).unwrap(), all[36..]);
}

#[test]
fn a_torn_tail_is_not_there_and_is_written_over() {
    let dir = tempfile::tempdir().unwrap();
    drop(written(dir.path(), u64::MAX, &[b"first".to_vec(), b"second".to_vec()]));
    let path = only_segment(dir.path());
    let whole = fs::read(&path).unwrap();
    for cut in 1..b"second".len() + 19 {
        fs::write(&path, &whole[..whole.len() - cut]).unwrap();
        assert_eq!(read_from(dir.path(), 0, Bound::LastWhole).unwrap().len(), 1);
        let end = whole.len() as u64;
        assert!(matches!(read_from(dir.path(), 0, Bound::Announced(end)), Err(ReadError::Damaged { .. })));
    }
    let mut writer = Writer::open(dir.path()).unwrap();
    writer.append(9, Direction::Note, "shim-lost", b"").unwrap();
    let all = read_from(dir.path(), 0, Bound::Announced(writer.end())).unwrap();
    assert_eq!(all.iter().map(|record| &record.2[..]).collect::<Vec<_>>(), ["", "shim-lost"]);
}

#[test]
fn zeros_of_a_lost_write_are_a_torn_tail() {
    let dir = tempfile::tempdir().unwrap();
    drop(written(dir.path(), u64::MAX, &[b"first".to_vec()]));
    let path = only_segment(dir.path());
    let mut bytes = fs::read(&path).unwrap();
    bytes.resize(bytes.len() + 4096, 0);
    fs::write(&path, &bytes).unwrap();
    assert_eq!(read_from(dir.path(), 0, Bound::LastWhole).unwrap().len(), 1);
}

#[test]
fn damage_in_the_middle_is_named() {
    let dir = tempfile::tempdir().unwrap();
    drop(written(dir.path(), u64::MAX, &[b"first".to_vec(), b"second".to_vec(), b"third".to_vec()]));
    let path = only_segment(dir.path());
    let whole = fs::read(&path).unwrap();
    let second = read_from(dir.path(), 0, Bound::LastWhole).unwrap()[1].0;
    for byte in 0..19 + b"second".len() {
        let mut bytes = whole.clone();
        bytes[second as usize + byte] ^= 0x55;
        fs::write(&path, &bytes).unwrap();
        for bound in [Bound::LastWhole, Bound::Announced(whole.len() as u64)] {
            let error = read_from(dir.path(), 0, bound).unwrap_err();
            assert!(
                matches!(&error, ReadError::Damaged { path: at, position, offset }
                    if *at == path && *position == second && *offset == second),
                "byte {byte}: {error}"
            );
        }
    }
    assert!(matches!(Writer::open(dir.path()), Err(ReadError::Damaged { .. })));
}

#[test]
fn a_lost_segment_and_a_foreign_file_are_errors() {
    let dir = tempfile::tempdir().unwrap();
    let writer = written(dir.path(), 2_000, &vec![vec![1; 900]; 6]);
    let files = segments(dir.path()).unwrap();
    fs::remove_file(&files[1].path).unwrap();
    for bound in [Bound::LastWhole, Bound::Announced(writer.end())] {
        assert!(matches!(read_from(dir.path(), 0, bound), Err(ReadError::Damaged { .. })));
    }
    fs::write(&files[0].path, b"octotr9\nfrom the future").unwrap();
    assert!(matches!(read_from(dir.path(), 0, Bound::LastWhole), Err(ReadError::Format { .. })));
}

#[test]
fn what_lies_behind_the_announced_end_is_not_kept() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = written(dir.path(), u64::MAX, &[b"first".to_vec()]);
    let mut reader = Reader::open(dir.path(), 0, Bound::Announced(writer.end())).unwrap();
    let path = only_segment(dir.path());
    let mut bytes = fs::read(&path).unwrap();
    bytes.extend(b"half an append");
    fs::write(&path, &bytes).unwrap();
    assert!(reader.next().unwrap().is_some());
    assert!(reader.next().unwrap().is_none());
    writer.append(1, Direction::Out, "", b"whole").unwrap();
    reader.set_bound(Bound::Announced(writer.end()));
    assert_eq!(reader.next().unwrap().unwrap().bytes, b"whole");
}

#[test]
fn too_large_a_record_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(dir.path()).unwrap();
    let key = "k".repeat(70_000);
    assert!(matches!(writer.append(0, Direction::In, &key, b""), Err(AppendError::TooLarge(_))));
    assert_eq!(writer.end(), SEGMENT_MAGIC.len() as u64);
}

/// A recording of the first landed format: read for ever. Never rewrite the file; a new format gets its own.
#[test]
fn the_first_format_is_read_for_ever() {
    let recording = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/transcript-1");
    let found = read_from(&recording, 0, Bound::LastWhole).unwrap();
    insta::assert_debug_snapshot!(
        found
            .iter()
            .map(|record| (record.0, record.1, &record.2, String::from_utf8_lossy(&record.3)))
            .collect::<Vec<_>>()
    );
}

proptest! {
    #[test]
    fn any_truncation_yields_a_prefix(
        payloads in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 1..8),
        cut in any::<proptest::sample::Index>(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        drop(written(dir.path(), u64::MAX, &payloads));
        let all = read_from(dir.path(), 0, Bound::LastWhole).unwrap();
        let path = only_segment(dir.path());
        let bytes = fs::read(&path).unwrap();
        let keep = cut.index(bytes.len());
        fs::write(&path, &bytes[..keep]).unwrap();
        let found = read_from(dir.path(), 0, Bound::LastWhole).unwrap();
        prop_assert_eq!(&found[..], &all[..found.len()]);
        let whole = all.iter().filter(|record| {
            let size = 19 + record.2.len() + record.3.len();
            record.0 as usize + size <= keep
        });
        prop_assert_eq!(found.len(), whole.count());
    }
}

#[test]
fn a_ring_forgets_and_who_reads_too_slowly_is_told_where_to_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = Writer::ring_with(dir.path(), 10_000, 50_000).unwrap();
    let mut append = |count: usize| {
        for index in 0..count {
            writer.append(index as u64, Direction::Out, "", &[7; 1000]).unwrap();
        }
        writer.end()
    };
    let end = append(15);
    let mut slow = Reader::open(dir.path(), 0, Bound::Announced(end)).unwrap();
    assert!(slow.next().unwrap().is_some());
    let end = append(200);
    let all = segments(dir.path()).unwrap();
    assert!(all.len() <= 5 && all[0].base > 100_000, "{all:?}");
    slow.set_bound(Bound::Announced(end));
    let told = loop {
        match slow.next() {
            Ok(record) => assert!(record.is_some()),
            Err(error) => break error,
        }
    };
    assert!(matches!(told, ReadError::Gone { first, .. } if first == all[0].base), "{told}");
    let rest = read_from(dir.path(), all[0].base, Bound::Announced(end)).unwrap();
    assert!(rest.len() >= 30 && rest.len() <= 50, "{}", rest.len());
}
