//! `octo-files` as a program, over real HTTP.

mod gate;
mod verbs;

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::Value;

/// A running octo-files, which ends with the test.
pub(crate) struct Server {
    child: Child,
    pub(crate) dir: tempfile::TempDir,
    pub(crate) address: String,
    pub(crate) token: String,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Server {
    pub(crate) fn start(more: &[&str]) -> Self {
        let dir = crate::household::folder();
        std::fs::create_dir(dir.path().join("work")).unwrap();
        let mut command = command();
        command.arg("--root").arg(dir.path().join("work")).args(["--port", "0", "--json"]).args(more);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(ready["ready"], true);
        let address = ready["http"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned();
        let token = ready["token"].as_str().unwrap_or_default().to_owned();
        Self { child, dir, address, token }
    }

    pub(crate) fn put(&self, path: &str, bytes: &[u8]) {
        let path = self.dir.path().join("work").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    pub(crate) fn file(&self, path: &str) -> Vec<u8> {
        std::fs::read(self.dir.path().join("work").join(path)).unwrap()
    }

    /// A request with these headers, each ended by CR LF, and no others but its length.
    pub(crate) fn plain(&self, line: &str, headers: &str, body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let length = body.len();
        write!(stream, "{line} HTTP/1.1\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n").unwrap();
        // Who refuses early need not read to the end.
        drop(stream.write_all(body));
        let mut bytes = Vec::new();
        drop(stream.read_to_end(&mut bytes));
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a whole head");
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_ascii_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let chunked = head.contains("transfer-encoding: chunked");
        let body = bytes.split_off(end + 4);
        Answer { status, head, body: if chunked { joined(&body) } else { body } }
    }

    /// A request that shows the token.
    pub(crate) fn ask(&self, line: &str, headers: &str, body: &[u8]) -> Answer {
        let own = format!("host: localhost\r\nauthorization: Bearer {}\r\n{headers}", self.token);
        self.plain(line, &own, body)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path}"), "", b"")
    }

    pub(crate) fn pid(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.child)
    }

    pub(crate) fn wait(&mut self) -> std::process::ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}: {:?}", self.head, self.body))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// The code of its error.
    pub(crate) fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap().to_owned()
    }
}

/// The body of a chunked answer; what broke off ends where it broke.
fn joined(mut chunked: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = chunked.windows(2).position(|window| window == b"\r\n") {
        let length = usize::from_str_radix(std::str::from_utf8(&chunked[..end]).unwrap(), 16).unwrap();
        let rest = &chunked[end + 2..];
        if length == 0 || rest.len() < length + 2 {
            break;
        }
        whole.extend_from_slice(&rest[..length]);
        chunked = &rest[length + 2..];
    }
    whole
}

pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_octo-files"));
    for name in ["ROOT", "PORT", "BIND", "TOKEN_FILE"] {
        command.env_remove(format!("OCTO_FILES_{name}"));
    }
    command
}
