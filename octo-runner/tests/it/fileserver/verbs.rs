//! What every route does, and what it refuses.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest},
};

use super::Server;
use crate::world::within;

#[test]
fn a_file_is_read_whole_or_in_ranges() {
    let server = Server::start(&[]);
    let bytes: Vec<u8> = (0..1_000_000_u32).map(|number| (number % 253) as u8).collect();
    server.put("a b/film.mp4", &bytes);
    let whole = server.get("/file?path=a%20b/film.mp4");
    assert_eq!((whole.status, whole.body == bytes, whole.header("content-type")), (200, true, Some("video/mp4")));
    let tag = whole.header("etag").unwrap().to_owned();
    assert_eq!(whole.header("accept-ranges"), Some("bytes"));
    assert!(whole.header("content-security-policy").unwrap().starts_with("sandbox"));
    let ask = |headers: &str| server.ask("GET /file?path=a%20b/film.mp4", headers, b"");
    let part = ask("range: bytes=100-199\r\n");
    assert_eq!((part.status, &part.body[..]), (206, &bytes[100..200]));
    assert_eq!(part.header("content-range"), Some("bytes 100-199/1000000"));
    assert_eq!(ask("range: bytes=-5\r\n").body, &bytes[999_995..]);
    let beyond = ask("range: bytes=1000000-\r\n");
    assert_eq!((beyond.status, beyond.header("content-range")), (416, Some("bytes */1000000")));
    assert_eq!(ask(&format!("if-none-match: {tag}\r\n")).status, 304);
    assert_eq!(ask(&format!("range: bytes=0-0\r\nif-range: {tag}\r\n")).status, 206);
    assert_eq!(ask("range: bytes=0-0\r\nif-range: \"another\"\r\n").status, 200);
    let head = server.ask("HEAD /file?path=a%20b/film.mp4", "", b"");
    assert_eq!((head.status, head.body.len(), head.header("content-length")), (200, 0, Some("1000000")));
    let kept = server.get("/download?path=a%20b/film.mp4");
    assert_eq!(kept.header("content-disposition"), Some("attachment; filename*=utf-8''film.mp4"));
    assert!(kept.body == bytes);
}

#[test]
fn files_are_uploaded_whole_and_as_they_were_expected() {
    let server = Server::start(&["--max-upload", "1 MiB"]);
    let put = |headers: &str, body: &[u8]| server.ask("PUT /file?path=new.txt", headers, body);
    let first = put("if-none-match: *\r\n", b"one");
    assert_eq!((first.status, &first.json()["size"], server.file("new.txt").as_slice()), (200, &json!(3), &b"one"[..]));
    assert_eq!(put("if-none-match: *\r\n", b"two").code(), "conflict");
    let tag = server.get("/file?path=new.txt").header("etag").unwrap().to_owned();
    assert_eq!(put(&format!("if-match: {tag}\r\n"), b"two").status, 200);
    for unmet in [format!("if-match: {tag}\r\n"), "if-none-match: *\r\n".to_owned()] {
        let refused = put(&unmet, b"three");
        assert_eq!((refused.status, refused.code().as_str()), (412, "conflict"), "{unmet}");
    }
    assert_eq!(server.ask("PUT /file?path=none.txt", "if-match: *\r\n", b"three").status, 412);
    assert_eq!(put("if-match: *\r\n", b"two").status, 200);
    assert_eq!(put("content-range: bytes 0-0/3\r\n", b"x").code(), "bad_request", "it is no whole file");
    assert_eq!(put("if-match: x\r\n", b"three").code(), "bad_request");
    assert_eq!(server.file("new.txt"), b"two");
    for unmet in [format!("if-match: {tag}\r\n"), "if-none-match: *\r\n".to_owned()] {
        assert_eq!(server.ask("DELETE /file?path=new.txt", &unmet, b"").status, 412, "{unmet}");
    }
    let large = put("", &vec![b'x'; (1 << 20) + 1]);
    assert_eq!((large.status, large.code().as_str()), (413, "too_large"));
    assert_eq!(server.ask("PUT /file?path=no/such/folder", "", b"x").code(), "not_found");

    // Its length is not said, and it is too long, or breaks off.
    for (body, answer) in
        [(format!("{:x}\r\n{}\r\n0\r\n\r\n", 2 << 20, "x".repeat(2 << 20)), "413"), ("5\r\nhel".to_owned(), "")]
    {
        let mut stream = TcpStream::connect(&server.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let token = &server.token;
        write!(
            stream,
            "PUT /file?path=new.txt HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
             transfer-encoding: chunked\r\nconnection: close\r\n\r\n"
        )
        .unwrap();
        drop(stream.write_all(body.as_bytes()));
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut heard = Vec::new();
        drop(stream.read_to_end(&mut heard));
        let heard = String::from_utf8_lossy(&heard).into_owned();
        assert!(
            !heard.contains(" 200 ") && (answer.is_empty() || heard.is_empty() || heard.contains(answer)),
            "{heard}"
        );
    }
    assert_eq!(server.file("new.txt"), b"two");
    assert_eq!(server.get("/tree?hidden=true").json()["entries"].as_array().unwrap().len(), 1, "nothing stays behind");
}

#[test]
fn directories_are_listed_made_moved_and_deleted() {
    let server = Server::start(&[]);
    server.put(".gitignore", b"*.log\n");
    server.put("noise.log", b"x");
    server.put("src/main.rs", b"fn main() {}");
    let paths = |query: &str| {
        let listing = server.get(&format!("/tree{query}")).json();
        let entries = listing["entries"].as_array().unwrap().clone();
        entries.iter().map(|entry| entry["path"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(paths(""), ["src"]);
    assert_eq!(paths("?depth=2"), ["src", "src/main.rs"]);
    assert_eq!(paths("?hidden=true&ignored=true"), ["src", ".gitignore", "noise.log"]);
    assert_eq!(server.get("/tree?limit=1&hidden=true").json()["next"], 1);
    assert_eq!(server.ask("PUT /mkdir?path=a/b&parents=true", "", b"").json()["entry"]["kind"], "directory");
    let json = "content-type: application/json\r\n";
    let moved = server.ask("POST /rename", json, br#"{"path": "src", "to": "a/b/src"}"#);
    assert_eq!(moved.json()["entry"]["path"], "a/b/src");
    server.put("full/file", b"x");
    let onto = server.ask("POST /rename", json, br#"{"path": "a", "to": "full", "replace": true}"#);
    assert_eq!((onto.status, &onto.json()["error"]["hint"]), (409, &json!("delete it first")));
    assert_eq!(server.ask("DELETE /file?path=full&recursive=true", "", b"").status, 200);
    assert_eq!(server.ask("DELETE /file?path=a", "", b"").code(), "conflict");
    assert_eq!(server.ask("DELETE /file?path=a&recursive=true", "", b"").status, 200);
    assert!(paths("").is_empty());
}

#[test]
fn what_is_wrong_is_refused_and_nothing_outside_is_reached() {
    let server = Server::start(&[]);
    let outside = server.dir.path().join("outside");
    std::fs::write(&outside, "secret").unwrap();
    std::os::unix::fs::symlink(&outside, server.dir.path().join("work/link")).unwrap();
    for path in ["../outside", "%2e%2e/outside", "/etc/passwd", "link", "a/../../outside", "/proc/self/environ"] {
        for (method, route) in [("GET", "/file"), ("GET", "/download"), ("GET", "/download-zip"), ("PUT", "/file")] {
            let answer = server.ask(&format!("{method} {route}?path={path}"), "", b"");
            assert!(matches!(answer.status, 400 | 403 | 404), "{method} {route} {path}: {}", answer.status);
        }
    }
    assert_eq!(std::fs::read(&outside).unwrap(), b"secret");
    for (line, expected) in [
        ("GET /file", "bad_request"),
        ("GET /file?path=%00", "bad_request"),
        ("GET /file?path=a%5Cb", "bad_request"),
        ("GET /file?path=none", "not_found"),
        ("GET /file?path=.", "bad_request"),
        ("GET /tree?depth=many", "bad_request"),
        ("GET /tree?path=.&color=red", "bad_request"),
        ("DELETE /file?path=", "bad_request"),
        ("POST /rename", "bad_request"),
        ("GET /none", "not_found"),
        ("GET /ws/watch", "bad_request"),
    ] {
        assert_eq!(server.ask(line, "", b"").code(), expected, "{line}");
    }
}

#[test]
fn a_directory_is_packed_while_it_is_sent() {
    let server = Server::start(&["--max-zip", "2 MiB", "--max-zip-entries", "20"]);
    let noise: Vec<u8> = (0..1_500_000_u64).map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect();
    server.put("project/src/main.rs", b"fn main() {}\n");
    server.put("project/noise", &noise);
    server.put("project/.env", b"KEY");
    std::fs::create_dir(server.dir.path().join("work/project/empty")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", server.dir.path().join("work/project/link")).unwrap();
    let answer = server.get("/download-zip?path=project");
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/zip")));
    assert_eq!(answer.header("content-disposition"), Some("attachment; filename*=utf-8''project.zip"));
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(answer.body)).unwrap();
    let mut names: Vec<_> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
    names.sort();
    assert_eq!(names, ["empty/", "noise", "src/", "src/main.rs"]);
    let mut unpacked = Vec::new();
    zip.by_name("noise").unwrap().read_to_end(&mut unpacked).unwrap();
    assert!(unpacked == noise);
    let hidden = server.get("/download-zip?path=project&hidden=true");
    assert!(zip::ZipArchive::new(std::io::Cursor::new(hidden.body)).unwrap().by_name(".env").is_ok());

    server.put("more", &noise);
    assert_eq!(server.get("/download-zip").code(), "too_large");
    for number in 0..20 {
        server.put(&format!("many/{number}"), b"");
    }
    assert_eq!(server.get("/download-zip?path=many").status, 200);
    server.put("many/21", b"");
    assert_eq!(server.get("/download-zip?path=many").status, 413);
}

#[tokio::test]
async fn changes_are_told_over_a_websocket() {
    let server = Server::start(&[]);
    let url = format!("ws://{}/ws/watch", server.address);
    let next = async |socket: &mut tokio_tungstenite::WebSocketStream<_>| -> Option<Value> {
        loop {
            match within("a message", socket.next()).await {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).ok(),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    };
    // By its header, and by its first message.
    let mut request = url.as_str().into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {}", server.token).parse().unwrap());
    let (mut script, _) = connect_async(request).await.unwrap();
    let (mut page, _) = connect_async(&url).await.unwrap();
    page.send(Message::text(json!({"token": server.token}).to_string())).await.unwrap();
    for socket in [&mut script, &mut page] {
        assert_eq!(next(socket).await.unwrap(), json!({"watching": {"directories": 1, "complete": true}}));
    }
    server.put("src/main.rs", b"fn main() {}");
    for socket in [&mut script, &mut page] {
        let told = next(socket).await.unwrap();
        assert_eq!((&told["event"], &told["rescan"]), (&json!("file.changed"), &json!(false)));
        assert!(told["paths"].as_array().unwrap().contains(&json!("src")), "{told}");
    }

    let mut request = url.as_str().into_client_request().unwrap();
    request.headers_mut().insert("authorization", "Bearer wrong".parse().unwrap());
    assert!(matches!(connect_async(request).await, Err(Error::Http(answer)) if answer.status() == 401));
    for first in [r#"{"token":"wrong"}"#, "hello"] {
        let (mut socket, _) = connect_async(&url).await.unwrap();
        socket.send(Message::text(first)).await.unwrap();
        assert_eq!(next(&mut socket).await.unwrap()["error"]["code"], "unauthorized", "{first}");
        assert_eq!(next(&mut socket).await, None);
    }
}

#[test]
fn connections_beyond_the_limit_wait() {
    let server = Server::start(&["--max-connections", "1"]);
    let held = TcpStream::connect(&server.address).unwrap();
    let mut waiting = TcpStream::connect(&server.address).unwrap();
    waiting.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
    waiting.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let mut answer = [0; 12];
    assert!(waiting.read_exact(&mut answer).is_err(), "there is room for one");
    drop(held);
    waiting.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    waiting.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
}
