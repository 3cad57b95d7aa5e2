//! Lines that were too long to hold: what their beginning says is enough to keep the state right.

use serde_json::json;

use super::{Pi, Writing, lines::excerpt, sink::Sink};

impl Pi {
    pub(super) fn on_oversize(&mut self, head: &[u8], len: u64, sink: &mut Sink) {
        let head = String::from_utf8_lossy(head);
        let kind = value(&head, "type").unwrap_or_default();
        let role = value(&head, "role").unwrap_or_default();
        sink.debug(format!("a line of {len} bytes was too long to hold: {}", excerpt(&head)));
        match kind {
            "response" => {
                let success = head.contains("\"success\":true");
                let error = "Pi's answer was too long to be read";
                self.on_response(&json!({"id": value(&head, "id"), "success": success, "error": error}), sink);
            }
            "message_start" => self.start_message(role, sink),
            "message_end" => match self.writing {
                Some(Writing::Assistant(_)) => self.end_message("its end was too long to be read", sink),
                Some(Writing::Echo | Writing::Other(_)) | None => self.writing = None,
            },
            "tool_execution_end" => {
                let text = json!([{"type": "text", "text": format!("(output of {len} bytes, too long to be shown)")}]);
                let call = value(&head, "toolCallId");
                let name = value(&head, "toolName");
                let event =
                    json!({"toolCallId": call, "toolName": name, "result": {"content": text}, "isError": false});
                self.on_tool_end(&event, sink);
            }
            _ => {}
        }
    }
}

/// The first text under this key, as Pi writes JSON: without spaces, ids and names without escapes.
fn value<'a>(head: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = head.split_once(&format!("\"{key}\":\""))?;
    Some(rest.split_once('"')?.0)
}
