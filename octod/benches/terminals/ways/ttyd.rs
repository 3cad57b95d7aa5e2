//! ttyd and a client of its WebSocket.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, bail};
use futures_util::{SinkExt, StreamExt};
use tokio::{net::TcpStream, runtime::Runtime};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};

use super::{COLS, ROWS, Way};

/// ttyd, with one client.
pub(crate) struct Ttyd {
    server: Child,
    runtime: Runtime,
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Ttyd {
    /// None where it is not installed.
    pub(crate) fn start(script: &str) -> Result<Option<Self>> {
        let mut command = Command::new("ttyd");
        command.args(["--port", "0", "--interface", "127.0.0.1", "--writable", "/bin/sh", "-c", script]);
        let Ok(mut server) = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn() else { return Ok(None) };
        let mut log = BufReader::new(server.stderr.take().context("a pipe was asked for")?);
        let port = port_in(&mut log)?;
        // What it says later is nobody's, and must not fill the pipe.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let socket = runtime.block_on(connect(&port))?;
        Ok(Some(Self { server, runtime, socket }))
    }
}

fn port_in(log: &mut impl BufRead) -> Result<String> {
    for line in log.lines() {
        if let Some((_, port)) = line?.split_once("Listening on port: ") {
            return Ok(port.trim().to_owned());
        }
    }
    bail!("ttyd does not say its port")
}

async fn connect(port: &str) -> Result<WebSocketStream<MaybeTlsStream<TcpStream>>> {
    let mut request = format!("ws://127.0.0.1:{port}/ws").into_client_request()?;
    request.headers_mut().insert("sec-websocket-protocol", "tty".parse()?);
    let (mut socket, _) = connect_async(request).await?;
    if let MaybeTlsStream::Plain(stream) = socket.get_ref() {
        stream.set_nodelay(true)?;
    }
    let size = format!(r#"{{"columns":{COLS},"rows":{ROWS}}}"#);
    socket.send(Message::binary(size.into_bytes())).await?;
    Ok(socket)
}

impl Way for Ttyd {
    fn types(&mut self, bytes: &[u8]) -> Result<()> {
        let message = Message::binary([b"0", bytes].concat());
        Ok(self.runtime.block_on(self.socket.send(message))?)
    }

    fn next(&mut self) -> Result<Vec<u8>> {
        loop {
            let message = self.runtime.block_on(self.socket.next()).context("ttyd closed the connection")??;
            if let Message::Binary(bytes) = message
                && let Some(output) = bytes.strip_prefix(b"0")
            {
                return Ok(output.to_vec());
            }
        }
    }

    fn roots(&self) -> Vec<u32> {
        Vec::new()
    }
}

impl Drop for Ttyd {
    fn drop(&mut self) {
        // It may have ended.
        drop(self.server.kill());
        drop(self.server.wait());
    }
}
