//! Files through octod: bytes both ways, changes as they happen, and a runner that dies meanwhile.

use bytes::Bytes;
use octo_proto::{
    client::{Events, Told, parse_reply},
    files::{FilePiece, FilesEvent},
    frame::Request,
    id::{RequestId, SessionId},
};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::house::{House, PATIENCE, Victim};

fn request(session: &SessionId, body: &Value) -> Request {
    Request::new("files", RequestId::draw().0, body).unwrap().about(session.clone())
}

async fn changed(events: &mut Events) -> Vec<String> {
    loop {
        let Some(Told::Event(frame)) = timeout(PATIENCE, events.recv()).await.unwrap() else { panic!("lost") };
        if let Ok(FilesEvent::Changed { paths, .. }) = serde_json::from_str(frame.body.get()) {
            return paths;
        }
    }
}

#[tokio::test]
async fn files_pass_with_their_bytes_and_changes_are_told() {
    let mut house = House::new();
    let session = house.session().await;
    let (client, mut events) = house.connect().await;
    client.request(request(&session, &json!({"cmd": "watch"}))).await.unwrap();
    let bytes = Bytes::from_iter((0..=255).cycle().take(1 << 20));
    let body = json!({"cmd": "write", "path": "film", "if_version": "absent"});
    let write = Request { bytes: bytes.clone(), ..request(&session, &body) };
    let first = house.insist(&write).await;
    assert_eq!(std::fs::read(house.work().join("film")).unwrap(), bytes);
    assert_eq!(changed(&mut events).await, ["film"]);

    house.kill(Victim::Runner).await;
    assert_eq!(house.insist(&write).await, first, "the answer of a write outlives its runner");
    let (client, _events) = house.connect().await;
    let body = json!({"cmd": "read", "path": "film", "offset": 1000, "if_version": first["version"]});
    let reply = client.request(request(&session, &body)).await.unwrap();
    assert_eq!(reply.bytes, bytes.slice(1000..1000 + 192 * 1024));
    let piece: FilePiece = parse_reply(&reply).unwrap();
    assert_eq!((piece.size, piece.binary), (1 << 20, true));
}
