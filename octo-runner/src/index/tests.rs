use std::collections::BTreeMap;

use octo_proto::{
    frame::{EventFrame, Frame, MAX_EVENT},
    session::{Capabilities, SessionInfo, SessionState},
    wire::{Decoder, Incoming},
};

use super::*;

fn id(number: usize) -> SessionId {
    SessionId(format!("ses_{number:05}"))
}

fn entry(number: usize, title: &str) -> IndexEntry {
    IndexEntry {
        info: SessionInfo {
            session_id: id(number),
            title: title.to_owned(),
            harness: "pi".to_owned(),
            cwd: "/home/somebody/a-project-of-some-kind".to_owned(),
            model: None,
            mode: None,
            thinking_level: None,
            capabilities: Capabilities::default(),
            native_id: None,
            process_id: None,
            parent_session_id: None,
            forked_at: None,
            created_at: 0,
            updated_at: 0,
        },
        state: SessionState::Stopped,
        unread: 0,
        needs_you: None,
        messages: 0,
    }
}

fn with(sessions: usize) -> Index {
    Index::new((0..sessions).map(|number| entry(number, "first")).collect(), 3)
}

/// What a client makes of what it is told.
struct Client {
    place: Place,
    cursor: Option<Cursor>,
    titles: BTreeMap<SessionId, String>,
}

impl Client {
    fn new() -> Self {
        Self { place: Place::Nowhere, cursor: None, titles: BTreeMap::new() }
    }

    /// Comes back with the cursor that it has.
    fn come_back(&mut self) {
        self.place = self.cursor.map_or(Place::Nowhere, Place::Following);
    }

    /// Whether there was something to take.
    fn take(&mut self, index: &Index) -> bool {
        let Some((frames, place)) = index.pull(&self.place, 16 * 1024, 0) else { return false };
        self.place = place;
        for frame in frames {
            assert!(frame.len() <= MAX_EVENT, "a frame of {} bytes", frame.len());
            let mut decoder = Decoder::default();
            decoder.feed(&frame);
            let Some(Incoming::Frame(Frame::Event(EventFrame { cursor, body, .. }))) = decoder.take().unwrap() else {
                panic!("an event");
            };
            self.cursor = Some(cursor);
            match serde_json::from_str(body.get()).unwrap() {
                Event::IndexSnapshot { entries } => {
                    self.titles = entries.into_iter().map(|entry| (entry.info.session_id, entry.info.title)).collect();
                }
                Event::IndexUpdated { entry } => drop(self.titles.insert(entry.info.session_id, entry.info.title)),
                Event::IndexRemoved { session_id } => drop(self.titles.remove(&session_id)),
                other => panic!("{other:?}"),
            }
        }
        true
    }

    fn take_all(&mut self, index: &Index) {
        while self.take(index) {}
    }

    fn has_all_of(&self, index: &Index) -> bool {
        let (mut known, mut before) = (BTreeMap::new(), None);
        loop {
            let (page, has_more) = index.page(before.as_ref(), 700);
            before = page.last().map(|entry| entry.info.session_id.clone());
            known.extend(page.into_iter().map(|entry| (entry.info.session_id, entry.info.title)));
            if !has_more {
                return known == self.titles;
            }
        }
    }
}

#[test]
fn thousands_of_sessions_come_in_pieces() {
    let index = with(5_000);
    let mut client = Client::new();
    assert!(client.take(&index) && client.titles.len() < 1_000 && client.titles.contains_key(&id(4_999)));
    client.take_all(&index);
    assert_eq!(client.titles.len(), 5_000);
    assert!(client.has_all_of(&index));
    assert_eq!(client.cursor, Some(index.cursor()));
}

#[test]
fn what_changes_while_they_come_is_not_lost() {
    let index = with(3_000);
    let mut client = Client::new();
    client.take(&index);
    index.put(entry(5, "an old one that has not come yet"));
    index.put(entry(2_999, "one that has"));
    index.remove(&id(7));
    index.remove(&id(2_998));
    client.take(&index);
    index.put(entry(3_000, "a new one"));
    client.take_all(&index);
    assert_eq!(client.titles.len(), 2_999);
    assert!(client.has_all_of(&index));
}

#[test]
fn who_is_cut_off_while_they_come_begins_anew_and_who_has_all_goes_on() {
    let index = with(3_000);
    let mut client = Client::new();
    client.take(&index);
    client.take(&index);
    client.come_back();
    client.take_all(&index);
    assert!(client.has_all_of(&index));
    index.put(entry(12, "changed"));
    client.come_back();
    assert!(matches!(index.pull(&client.place, 16 * 1024, 0), Some((frames, _)) if frames.len() == 1));
    client.take_all(&index);
    assert!(client.has_all_of(&index) && client.titles[&id(12)] == "changed");
}

#[test]
fn changes_of_all_of_them_come_in_pieces_too() {
    let index = with(2_000);
    let mut client = Client::new();
    client.take_all(&index);
    for number in 0..2_000 {
        index.put(entry(number, "second"));
    }
    let (frames, _) = index.pull(&client.place, 16 * 1024, 0).unwrap();
    assert!(frames.iter().map(Bytes::len).sum::<usize>() < 32 * 1024);
    client.take_all(&index);
    assert!(client.has_all_of(&index));
}

#[test]
fn one_that_is_too_large_is_cut_and_hides_no_other() {
    let index = with(3);
    index.put(IndexEntry { needs_you: Some("why? ".repeat(200_000)), ..entry(3, "asks") });
    let mut client = Client::new();
    client.take_all(&index);
    assert!(client.has_all_of(&index));
}
