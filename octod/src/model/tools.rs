//! Picks, from the tools a request offers, the one that does a thing, and fills its input by its schema.

use serde_json::{Map, Value, json};

use super::conversation::Tool;

/// A tool call to be made.
#[derive(Debug, PartialEq)]
pub(super) struct Call {
    pub(super) name: String,
    pub(super) input: Value,
}

/// A thing to be done with some tool.
#[derive(Debug, Clone, Copy)]
pub(super) enum Deed<'a> {
    Shell { command: &'a str },
    Write { path: &'a str, content: &'a str },
    Edit { path: &'a str, old: &'a str, new: &'a str },
    Read { path: &'a str },
}

impl Deed<'_> {
    /// The call that does it: by a tool made for it, else by a shell.
    pub(super) fn call(self, tools: &[Tool]) -> Option<Call> {
        self.direct(tools).or_else(|| Deed::Shell { command: &self.command() }.direct(tools))
    }

    fn direct(self, tools: &[Tool]) -> Option<Call> {
        self.names().iter().find_map(|name| {
            let tool = tools.iter().find(|tool| tool.name.eq_ignore_ascii_case(name))?;
            Some(Call { name: tool.name.clone(), input: self.fill(&tool.schema)? })
        })
    }

    /// What agents call a tool that does this.
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Shell { .. } => {
                &["bash", "shell", "exec_command", "shell_command", "run_shell_command", "execute_command"]
            }
            Self::Write { .. } => &["write", "write_file", "create_file"],
            Self::Edit { .. } => &["edit", "edit_file", "replace"],
            Self::Read { .. } => &["read", "read_file"],
        }
    }

    /// The same with a shell.
    fn command(self) -> String {
        match self {
            Self::Shell { command } => command.to_owned(),
            Self::Write { path, content } => {
                format!("printf '%s\\n' {} > {}", quoted(content), quoted(path))
            }
            Self::Edit { path, old, new } => {
                let change = format!("s/{}/{}/", escaped(old), escaped(new));
                format!("sed -i {} {}", quoted(&change), quoted(path))
            }
            Self::Read { path } => format!("cat {}", quoted(path)),
        }
    }

    /// An object that fits the schema, or none where it requires something unknown.
    fn fill(self, schema: &Value) -> Option<Value> {
        let properties = schema["properties"].as_object()?;
        let input: Map<String, Value> = properties
            .iter()
            .filter_map(|(property, form)| Some((property.clone(), self.value(property, form)?)))
            .collect();
        let required = schema["required"].as_array().map_or(&[][..], Vec::as_slice);
        let complete = required.iter().filter_map(Value::as_str).all(|property| input.contains_key(property));
        (complete && !input.is_empty()).then_some(Value::Object(input))
    }

    /// What a property of this name holds.
    fn value(self, property: &str, form: &Value) -> Option<Value> {
        if form["items"]["properties"].is_object() {
            return self.fill(&form["items"]).map(|part| json!([part]));
        }
        let name = property.to_ascii_lowercase().replace('_', "");
        match (self, name.as_str()) {
            (Self::Shell { command }, "command" | "cmd" | "script") if form["type"] == "array" => {
                Some(json!(["bash", "-lc", command]))
            }
            (Self::Shell { command }, "command" | "cmd" | "script") => Some(command.into()),
            (Self::Shell { .. }, "description") => Some("Run a scripted command".into()),
            (
                Self::Write { path, .. } | Self::Edit { path, .. } | Self::Read { path },
                "path" | "filepath" | "filename",
            ) => Some(path.into()),
            (Self::Write { content, .. }, "content" | "contents" | "text") => Some(content.into()),
            (Self::Edit { old, .. }, "oldtext" | "oldstring" | "oldstr") => Some(old.into()),
            (Self::Edit { new, .. }, "newtext" | "newstring" | "newstr") => Some(new.into()),
            _ => None,
        }
    }
}

/// A word for the shell, whatever is in it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A text that sed takes literally on either side of `s///`.
fn escaped(text: &str) -> String {
    let mut literal = String::new();
    for letter in text.chars() {
        if matches!(letter, '/' | '\\' | '&' | '.' | '*' | '[' | ']' | '^' | '$' | '\n') {
            literal.push('\\');
        }
        literal.push(letter);
    }
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(name: &str, properties: &Value, required: &[&str]) -> Tool {
        Tool { name: name.to_owned(), schema: json!({"properties": properties, "required": required}) }
    }

    fn pi() -> Vec<Tool> {
        let text = json!({"type": "string"});
        let edits = json!({"type": "array", "items": {
            "properties": {"oldText": text, "newText": text}, "required": ["oldText", "newText"]}});
        vec![
            tool("read", &json!({"path": text, "offset": text, "limit": text}), &["path"]),
            tool("bash", &json!({"command": text, "timeout": text}), &["command"]),
            tool("edit", &json!({"path": text, "edits": edits}), &["path", "edits"]),
            tool("write", &json!({"path": text, "content": text}), &["path", "content"]),
        ]
    }

    fn claude() -> Vec<Tool> {
        let text = json!({"type": "string"});
        vec![
            tool("Bash", &json!({"command": text, "description": text, "timeout": text}), &["command"]),
            tool("Read", &json!({"file_path": text}), &["file_path"]),
            tool("Edit", &json!({"file_path": text, "old_string": text, "new_string": text}), &["file_path"]),
            tool("Write", &json!({"file_path": text, "content": text}), &["file_path", "content"]),
        ]
    }

    fn codex() -> Vec<Tool> {
        vec![tool("shell", &json!({"command": {"type": "array", "items": {"type": "string"}}}), &["command"])]
    }

    fn called(deed: Deed<'_>, tools: &[Tool]) -> (String, Value) {
        let call = deed.call(tools).expect("a tool for it");
        (call.name, call.input)
    }

    #[test]
    fn each_agent_is_spoken_to_in_its_own_words() {
        let shell = Deed::Shell { command: "ls" };
        let write = Deed::Write { path: "a b", content: "it's" };
        let edit = Deed::Edit { path: "a", old: "x/y", new: "z&" };
        let edits = json!({"path": "a", "edits": [{"oldText": "x/y", "newText": "z&"}]});
        let described = json!({"command": "ls", "description": "Run a scripted command"});
        let strings = json!({"file_path": "a", "old_string": "x/y", "new_string": "z&"});
        for (deed, tools, name, input) in [
            (shell, pi(), "bash", json!({"command": "ls"})),
            (write, pi(), "write", json!({"path": "a b", "content": "it's"})),
            (edit, pi(), "edit", edits),
            (Deed::Read { path: "a" }, pi(), "read", json!({"path": "a"})),
            (shell, claude(), "Bash", described),
            (edit, claude(), "Edit", strings),
        ] {
            assert_eq!(called(deed, &tools), (name.to_owned(), input));
        }
    }

    #[test]
    fn a_shell_does_what_no_other_tool_does() {
        for (deed, command) in [
            (Deed::Shell { command: "ls" }, "ls"),
            (Deed::Write { path: "a b", content: "it's" }, r"printf '%s\n' 'it'\''s' > 'a b'"),
            (Deed::Edit { path: "a", old: "x/y", new: "z&" }, r"sed -i 's/x\/y/z\&/' 'a'"),
            (Deed::Read { path: "a" }, "cat 'a'"),
        ] {
            let input = json!({"command": ["bash", "-lc", command]});
            assert_eq!(called(deed, &codex()), ("shell".to_owned(), input));
        }
    }

    #[test]
    fn a_tool_that_asks_for_something_unknown_is_left_alone() {
        let odd = tool("bash", &json!({"command": {}, "sandbox": {}}), &["command", "sandbox"]);
        assert_eq!(Deed::Shell { command: "ls" }.call(&[odd]), None);
        assert_eq!(Deed::Read { path: "a" }.call(&[]), None);
    }
}
