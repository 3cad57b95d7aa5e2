//! Who is let in: by name, by page, by token; and how the program starts and ends.

use std::os::unix::fs::PermissionsExt;

use octo_runner::fileserver::ROUTES;
use rustix::process::{Signal, kill_process};

use super::{Server, command};

#[test]
fn every_route_but_health_needs_the_token() {
    let server = Server::start(&[]);
    server.put("file", b"secret");
    assert!(server.token.len() >= 43);
    let methods = ["GET", "HEAD", "PUT", "POST", "DELETE", "PATCH"];
    for (route, _) in ROUTES.iter().chain(&[("/no/such/route", true)]) {
        for method in methods {
            let line = format!("{method} {route}?path=file");
            let anonymous = server.plain(&line, "host: localhost\r\n", b"").status;
            match *route {
                "/health" => assert!(matches!(anonymous, 200 | 405), "{line}: {anonymous}"),
                // Its token may come in the first message, which nobody sends who is no WebSocket.
                "/ws/watch" => assert!(matches!(anonymous, 401 | 405), "{line}: {anonymous}"),
                _ => assert_eq!(anonymous, 401, "{line}"),
            }
            for wrong in ["Bearer wrong", "Bearer ", "Basic YTpi", &server.token] {
                let headers = format!("host: localhost\r\nauthorization: {wrong}\r\n");
                assert_eq!(server.plain(&line, &headers, b"").status, 401, "{line} with {wrong}");
            }
        }
    }
    let in_the_address = format!("GET /file?path=file&token={}", server.token);
    assert_eq!(server.plain(&in_the_address, "host: localhost\r\n", b"").status, 401);
    assert_eq!(server.file("file"), b"secret");
    assert_eq!(server.get("/file?path=file").body, b"secret");
}

#[test]
fn foreign_names_and_pages_are_refused_before_the_token_is_looked_at() {
    let server = Server::start(&["--allow-host", "files.example.com", "--allow-origin", "https://app.example.com"]);
    let token = format!("authorization: Bearer {}\r\n", server.token);
    let status = |headers: &str| server.plain("GET /tree", &format!("{token}{headers}"), b"").status;
    let name = server.address.clone();
    for (headers, expected) in [
        ("host: localhost\r\n".to_owned(), 200),
        (format!("host: {name}\r\n"), 200),
        ("host: files.example.com\r\n".to_owned(), 200),
        ("host: evil.example.com\r\n".to_owned(), 403),
        (String::new(), 403),
        (format!("host: {name}\r\norigin: http://{name}\r\n"), 200),
        (format!("host: {name}\r\norigin: http://localhost:1\r\n"), 403),
        (format!("host: {name}\r\norigin: null\r\n"), 403),
        (format!("host: {name}\r\norigin: https://evil.example.com\r\n"), 403),
        (format!("host: {name}\r\norigin: https://app.example.com\r\n"), 200),
    ] {
        // A request without a Host is refused by HTTP itself.
        assert!(
            [expected, 400].contains(&status(&headers)) && (status(&headers) != 400 || headers.is_empty()),
            "{headers}"
        );
    }
    // Which of two is meant, another server may take otherwise.
    assert_eq!(status("host: localhost\r\nhost: evil.example.com\r\n"), 400);
    let page = "host: localhost\r\norigin: https://app.example.com\r\n";
    let asked = server.plain("OPTIONS /file", page, b"");
    assert_eq!((asked.status, asked.header("access-control-allow-origin")), (204, Some("https://app.example.com")));
    assert!(asked.header("access-control-allow-headers").unwrap().contains("authorization"));
    assert_eq!(
        server.plain("OPTIONS /file", "host: localhost\r\norigin: https://evil.example.com\r\n", b"").status,
        403
    );
    let read = server.plain("GET /tree", &format!("{token}{page}"), b"");
    assert_eq!(read.header("access-control-allow-origin"), Some("https://app.example.com"));
    assert_eq!(server.get("/tree").header("access-control-allow-origin"), None);
}

#[test]
fn the_token_may_come_from_a_file_that_is_closed_to_others() {
    let dir = crate::household::folder();
    let file = dir.path().join("token");
    let shown = file.display().to_string();
    std::fs::write(&file, "a-token-of-our-own-choice\n").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let refused_as = |root: &str, port: &str, more: &[&str]| {
        let output = command().args(["--root", root, "--port", port]).args(more).output().unwrap();
        assert!(!output.status.success() && output.stdout.is_empty(), "{root} {port} {more:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let refused = |more: &[&str]| refused_as("/tmp", "0", more);
    assert!(refused(&["--token-file", &shown]).contains("chmod 600"));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let mut server = Server::start(&["--token-file", &shown]);
    assert_eq!(server.token, "", "what is known is not printed");
    "a-token-of-our-own-choice".clone_into(&mut server.token);
    assert_eq!(server.get("/tree").status, 200);
    let lower = format!("host: localhost\r\nauthorization: bearer {}\r\n", server.token);
    assert_eq!(server.plain("GET /tree", &lower, b"").status, 200);

    std::fs::write(&file, "short").unwrap();
    assert!(refused(&["--token-file", &shown]).contains("at least 16"));
    assert!(refused(&["--token-file", "/no/such/file"]).contains("cannot read the token"));
    assert!(refused_as("/no/such/place", "0", &[]).contains("not there"));
    let port = server.address.rsplit(':').next().unwrap().to_owned();
    assert!(refused_as("/tmp", &port, &[]).contains("cannot listen"));
    assert!(refused(&["--max-upload", "much"]).contains("is not a size"));
    for origin in ["example.com", "https://", "https://example.com/page"] {
        assert!(refused(&["--allow-origin", origin]).contains("as https://example.com"), "{origin}");
    }
}

#[test]
fn it_ends_when_it_is_told_to() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut server = Server::start(&[]);
        kill_process(server.pid(), signal).unwrap();
        assert!(server.wait().success(), "{signal:?}");
    }
}

#[test]
fn help_names_every_route() {
    let output = command().arg("--help").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    for (route, _) in ROUTES {
        assert!(help.contains(&format!(" {route} ")) || help.contains(&format!(" {route}?")), "{route}: {help}");
    }
}
