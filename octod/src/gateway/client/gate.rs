//! What a request must be before it is answered or sent on: well formed, allowed, not too many, its id free.

use std::{collections::HashMap, time::Instant};

use octo_proto::{Code, Error, access, frame::Request, hello::Caller};

use crate::{gateway::bucket::Bucket, runners};

/// Requests of one connection that may be open at once.
const MAX_OPEN: usize = 256;

/// The longest id.
const MAX_ID: usize = 128;

/// Stands before the runner.
#[derive(Debug)]
pub(super) struct Gate {
    pub(super) caller: Caller,
    bucket: Bucket,
    /// Requests that were sent on and not answered, by id, with their channel.
    open: HashMap<String, String>,
}

impl Gate {
    pub(super) fn new(caller: Caller) -> Self {
        Self { caller, bucket: Bucket::new(Instant::now()), open: HashMap::new() }
    }

    /// The request's `cmd`, if the request may pass.
    pub(super) fn admit(&mut self, request: &Request) -> Result<String, Error> {
        if request.id.is_empty() || request.id.len() > MAX_ID {
            return Err(Error::bad_request(format!("the id of a request has 1 to {MAX_ID} bytes")));
        }
        if self.open.contains_key(&request.id) {
            return Err(Error::bad_request(format!("a request with the id {} is still open here", request.id))
                .hint("wait for its answer, or repeat it on another connection"));
        }
        self.bucket.take(Instant::now()).map_err(|wait| {
            let mut error = Error::new(Code::RateLimited, "too many requests on this connection");
            error.retry_after_ms = Some(wait);
            error
        })?;
        // One message of a WebSocket must stay one line of the next hop.
        if request.body.get().bytes().any(|byte| matches!(byte, b'\r' | b'\n')) {
            return Err(Error::bad_request("a body may have no raw CR or LF").hint("write them as \\r and \\n"));
        }
        let cmd = request.cmd()?;
        let needed = access::needed(&request.channel, &cmd);
        if self.caller.right < needed {
            return Err(Error::new(
                Code::Forbidden,
                format!("`{cmd}` needs the right to {}, and you may {}", word(needed), word(self.caller.right)),
            ));
        }
        if let Some(runner) = request.runner_id.as_deref().filter(|runner| *runner != runners::LOCAL) {
            return Err(Error::not_found(format!("you have no runner {runner}")).hint("`runners` lists yours"));
        }
        if self.open.len() >= MAX_OPEN {
            return Err(Error::new(Code::Busy, format!("{MAX_OPEN} requests of this connection are open"))
                .hint("wait for answers before you ask more"));
        }
        Ok(cmd)
    }

    /// The request was sent on.
    pub(super) fn open(&mut self, request: &Request) {
        self.open.insert(request.id.clone(), request.channel.clone());
    }

    /// It was answered; false where nobody asked.
    pub(super) fn close(&mut self, id: &str) -> bool {
        self.open.remove(id).is_some()
    }

    /// Nobody will answer what is open.
    pub(super) fn abandon(&mut self) -> HashMap<String, String> {
        std::mem::take(&mut self.open)
    }
}

fn word(right: access::Right) -> &'static str {
    match right {
        access::Right::Read => "read",
        access::Right::Write => "write",
        access::Right::Control => "control",
    }
}

#[cfg(test)]
mod tests {
    use octo_proto::{
        access::{Right, VERBS},
        frame::parse_line,
    };

    use super::*;

    fn gate(right: Right) -> Gate {
        Gate::new(Caller { account: "ada".to_owned(), right })
    }

    fn request(line: &str) -> Request {
        let octo_proto::Frame::Request(request) = parse_line(line.as_bytes()).unwrap().with_bytes(bytes::Bytes::new())
        else {
            panic!("a request: {line}")
        };
        request
    }

    #[test]
    fn every_verb_needs_its_right() {
        let unknown = [("agent", "no.such", Right::Control), ("nowhere", "watch", Right::Control)];
        for (channel, cmd, needed) in VERBS.iter().chain(&unknown) {
            for right in [Right::Read, Right::Write, Right::Control] {
                let line = format!(r#"{{"channel":"{channel}","id":"1","body":{{"cmd":"{cmd}"}}}}"#);
                let answer = gate(right).admit(&request(&line));
                if right >= *needed {
                    assert_eq!(answer.unwrap(), *cmd);
                } else {
                    assert_eq!(answer.unwrap_err().code, Code::Forbidden, "{channel} {cmd} {right:?}");
                }
            }
        }
    }

    #[test]
    fn what_cannot_pass_is_told_why() {
        let long = "x".repeat(129);
        for (line, code) in [
            (r#"{"channel":"agent","id":"","body":{"cmd":"watch"}}"#.to_owned(), Code::BadRequest),
            (format!(r#"{{"channel":"agent","id":"{long}","body":{{"cmd":"watch"}}}}"#), Code::BadRequest),
            (r#"{"channel":"agent","id":"1","body":{}}"#.to_owned(), Code::BadRequest),
            (r#"{"channel":"agent","id":"1","body":[]}"#.to_owned(), Code::BadRequest),
            (r#"{"channel":"agent","id":"1","body":{"cmd":"watch","cmd":"prompt"}}"#.to_owned(), Code::BadRequest),
            ("{\"channel\":\"agent\",\"id\":\"1\",\"body\":{\r\"cmd\":\"watch\"}}".to_owned(), Code::BadRequest),
            ("{\"channel\":\"agent\",\"id\":\"1\",\"body\":{\n\"cmd\":\"watch\"}}".to_owned(), Code::BadRequest),
            (r#"{"channel":"agent","id":"1","runner_id":"bob","body":{"cmd":"watch"}}"#.to_owned(), Code::NotFound),
        ] {
            assert_eq!(gate(Right::Control).admit(&request(&line)).unwrap_err().code, code, "{line}");
        }
        let own = r#"{"channel":"agent","id":"1","runner_id":"local","body":{"cmd":"watch"}}"#;
        assert!(gate(Right::Control).admit(&request(own)).is_ok());
    }

    #[test]
    fn an_id_is_free_again_when_it_was_answered() {
        let mut gate = gate(Right::Control);
        let watch = request(r#"{"channel":"agent","id":"1","body":{"cmd":"watch"}}"#);
        gate.admit(&watch).unwrap();
        gate.open(&watch);
        assert_eq!(gate.admit(&watch).unwrap_err().code, Code::BadRequest);
        assert!(gate.close("1"));
        assert!(!gate.close("1"));
        gate.admit(&watch).unwrap();
    }

    #[test]
    fn open_requests_are_bounded() {
        let mut gate = gate(Right::Control);
        for number in 0..=MAX_OPEN {
            let line = format!(r#"{{"channel":"agent","id":"{number}","body":{{"cmd":"watch"}}}}"#);
            let request = request(&line);
            match gate.admit(&request) {
                Ok(_) => gate.open(&request),
                Err(error) => assert_eq!((error.code, number), (Code::Busy, MAX_OPEN)),
            }
        }
        assert_eq!(gate.abandon().len(), MAX_OPEN);
        assert!(gate.abandon().is_empty());
    }
}
