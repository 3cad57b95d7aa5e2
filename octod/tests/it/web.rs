//! The HTTP side: who may connect, by which name, from whose page; and the same frames over a WebSocket.

use futures_util::{SinkExt, StreamExt};
use octod::gateway::web::ROUTES;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest},
};

use crate::world::{World, code, hello, soon};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn connect(world: &World, headers: &[(&'static str, &str)]) -> Result<Socket, u16> {
    let mut request = format!("ws://{}/api/ws/mux", world.ready.http).into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    match soon(connect_async(request)).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

async fn send(socket: &mut Socket, frame: &Value) {
    soon(socket.send(Message::text(frame.to_string()))).await.unwrap();
}

async fn next(socket: &mut Socket) -> Option<Value> {
    loop {
        match soon(socket.next()).await {
            Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
            Some(Ok(Message::Binary(bytes))) => {
                let line = bytes.split(|byte| *byte == b'\n').next().unwrap();
                return Some(serde_json::from_slice(line).unwrap());
            }
            Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
            Some(Ok(_)) => {}
        }
    }
}

/// Status and body of a plain request.
async fn get(world: &World, path: &str, headers: &str) -> (u16, Value) {
    let mut stream = soon(TcpStream::connect(world.ready.http)).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\n{headers}connection: close\r\n\r\n");
    soon(stream.write_all(request.as_bytes())).await.unwrap();
    let mut answer = String::new();
    soon(stream.read_to_string(&mut answer)).await.unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

#[tokio::test]
async fn health_is_told_to_anybody_who_calls_us_by_our_name() {
    let world = World::start().await;
    let (status, body) = get(&world, "/api/health", "host: localhost\r\n").await;
    assert_eq!((status, &body["status"], &body["runner"]["state"]), (200, &json!("ok"), &json!("down")));
    let _runner = world.runner();
    let (_, body) = get(&world, "/api/health", "host: localhost\r\n").await;
    assert_eq!(body["runner"]["state"], "up");
    assert_eq!(body["version"], env!("CARGO_PKG_VERSION"));
    world.stopped().await;
}

#[tokio::test]
async fn no_route_is_open_that_should_not_be() {
    let world = World::start().await;
    for (path, needs_token) in ROUTES {
        let (anonymous, _) = get(&world, path, "host: localhost\r\n").await;
        assert_eq!(anonymous, if *needs_token { 401 } else { 200 }, "{path}");
        for headers in [
            "host: evil.example.com\r\n",
            "host: localhost\r\norigin: https://evil.example.com\r\n",
            "host: localhost\r\norigin: null\r\n",
        ] {
            let (status, body) = get(&world, path, headers).await;
            assert_eq!((status, body["error"]["code"].as_str()), (403, Some("forbidden")), "{path} {headers}");
        }
        let wrong = "host: localhost\r\nauthorization: Bearer wrong\r\n";
        assert_eq!(get(&world, path, wrong).await.0, if *needs_token { 401 } else { 200 }, "{path}");
    }
    assert_eq!(get(&world, "/", "host: localhost\r\n").await.0, 404);
    assert_eq!(get(&world, "/", "host: evil.example.com\r\n").await.0, 403);
    let right = format!("host: localhost\r\nauthorization: Bearer {}\r\n", world.token());
    assert_eq!(get(&world, "/api/ws/mux", &right).await.0, 426);
    world.stopped().await;
}

#[tokio::test]
async fn a_token_opens_the_web_socket_in_a_header_or_in_hello() {
    let world = World::start().await;
    let runner = world.runner();
    let bearer = format!("Bearer {}", world.token());
    let mut by_header = connect(&world, &[("authorization", &bearer)]).await.unwrap();
    send(&mut by_header, &hello()).await;
    assert_eq!(next(&mut by_header).await.unwrap()["ok"]["name"], "octod");
    let side = runner.accept().await;
    assert_eq!(side.hello["body"]["token"], Value::Null, "the token stays with octod");

    let own = format!("http://{}", world.ready.http);
    let mut by_hello = connect(&world, &[("origin", &own)]).await.unwrap();
    let mut with_token = hello();
    with_token["body"]["token"] = world.token().into();
    with_token["body"]["ssh_auth_sock"] = "/tmp/agent".into();
    send(&mut by_hello, &with_token).await;
    assert_eq!(next(&mut by_hello).await.unwrap()["ok"]["name"], "octod");
    let side = runner.accept().await;
    assert_eq!(side.hello["body"]["ssh_auth_sock"], Value::Null, "only a local client has an agent socket here");

    for token in [Value::Null, json!(""), json!("wrong"), json!(format!("{}x", world.token()))] {
        let mut anonymous = connect(&world, &[]).await.unwrap();
        let mut hello = hello();
        hello["body"]["token"] = token;
        send(&mut anonymous, &hello).await;
        assert_eq!(code(&next(&mut anonymous).await.unwrap()), "unauthorized");
        assert_eq!(next(&mut anonymous).await, None);
    }
    assert_eq!(connect(&world, &[("authorization", "Bearer wrong")]).await.err(), Some(401));
    assert_eq!(connect(&world, &[("authorization", "Basic x")]).await.err(), Some(401));
    assert_eq!(
        connect(&world, &[("authorization", &bearer), ("origin", "https://evil.example.com")]).await.err(),
        Some(403)
    );
    world.stopped().await;
}

#[tokio::test]
async fn configured_names_and_origins_pass() {
    let world = World::with(|config| {
        config.server.allowed_hosts = vec!["octo.example.com".to_owned()];
        config.auth.allowed_origins = vec!["https://app.example.com".to_owned()];
    })
    .await;
    assert_eq!(get(&world, "/api/health", "host: octo.example.com\r\n").await.0, 200);
    let headers = "host: octo.example.com\r\norigin: https://app.example.com\r\n";
    assert_eq!(get(&world, "/api/health", headers).await.0, 200);
    world.stopped().await;
}

#[tokio::test]
async fn a_web_socket_carries_what_the_local_socket_does() {
    let world = World::start().await;
    let runner = world.runner();
    let bearer = format!("Bearer {}", world.token());
    let mut socket = connect(&world, &[("authorization", &bearer)]).await.unwrap();
    send(&mut socket, &hello()).await;
    next(&mut socket).await.unwrap();
    let mut side = runner.accept().await;

    let put = json!({"channel": "agent", "id": "1", "bytes": 3, "body": {"cmd": "attachment.put"}});
    soon(socket.send(Message::binary(format!("{put}\na\nb").into_bytes()))).await.unwrap();
    assert_eq!(side.lines.expect().await, put);
    assert_eq!(side.lines.bytes(3).await, b"a\nb");
    side.lines.send_raw(b"{\"channel\":\"agent\",\"id\":\"1\",\"bytes\":2,\"ok\":{}}\n\0\n").await;
    let Some(Ok(Message::Binary(bytes))) = soon(socket.next()).await else { panic!("a binary message") };
    assert!(bytes.ends_with(b"}\n\0\n"));

    let line = b"{\"channel\":\"terminal\",\"terminal_id\":\"trm_1\",\"offset\":7,\"bytes\":4}\n";
    side.lines.send_raw(&[&line[..], b"\x1b\n\xff\0"].concat()).await;
    let Some(Ok(Message::Binary(data))) = soon(socket.next()).await else { panic!("output of a terminal") };
    assert!(data.ends_with(b"}\n\x1b\n\xff\0") && data.starts_with(b"{\"channel\":\"terminal\""));

    // One message is one frame on the next hop too.
    let smuggled = "{\"channel\":\"agent\",\"id\":\"2\",\"body\":{\"cmd\":\"watch\"\n}}";
    soon(socket.send(Message::text(smuggled))).await.unwrap();
    assert_eq!(code(&next(&mut socket).await.unwrap()), "bad_request");
    for _ in 0..16 {
        soon(socket.send(Message::text("null"))).await.unwrap();
    }
    let mut answers = 0;
    while let Some(reply) = next(&mut socket).await {
        assert_eq!(code(&reply), "bad_request");
        answers += 1;
    }
    assert_eq!(answers, 15);
    assert_eq!(side.lines.next().await, None);
    world.stopped().await;
}

#[tokio::test]
async fn a_web_socket_that_does_not_read_holds_up_its_runner() {
    let world = World::start().await;
    let runner = world.runner();
    let bearer = format!("Bearer {}", world.token());
    let mut socket = connect(&world, &[("authorization", &bearer)]).await.unwrap();
    send(&mut socket, &hello()).await;
    next(&mut socket).await.unwrap();
    let mut side = runner.accept().await;
    let event = json!({"channel": "agent", "cursor": "1.2.3", "ts": 5, "body": {"event": "notify", "text": "x".repeat(10_000)}});
    let line = format!("{event}\n");
    let taken = side.lines.fill(line.as_bytes()).await;
    // The client's own kernel holds some; ours next to nothing, though it could hold megabytes.
    assert!(taken < 1 << 20, "octod took {taken} bytes");
    for _ in 0..taken / line.len() {
        assert_eq!(next(&mut socket).await.unwrap()["body"]["event"], "notify");
    }
    world.stopped().await;
}
