//! A question that an agent waits on, as text, and the answer that a word means.

use octo_proto::{
    Command,
    session::{InputKind, InputRequest},
};

use super::Failure;

/// The question with its choices.
pub(crate) fn text(request: &InputRequest) -> String {
    let mut out = format!("question {}: {}\n", request.request_id, request.title);
    if let Some(message) = &request.message {
        out.extend(message.lines().map(|line| format!("  {line}\n")));
    }
    if let Some(detail) = &request.detail {
        out.push_str(&format!("  {detail}\n"));
    }
    let choices: Vec<String> = match request.kind {
        InputKind::Confirm => vec!["yes".to_owned(), "no".to_owned()],
        InputKind::Permission | InputKind::Select => request
            .options
            .iter()
            .map(|option| match option.label == option.value || option.label.is_empty() {
                true => option.value.clone(),
                false => format!("{} ({})", option.value, option.label),
            })
            .collect(),
        InputKind::Input | InputKind::Editor => vec!["a text".to_owned()],
    };
    out + &choices.iter().map(|choice| format!("  - {choice}\n")).collect::<String>()
}

/// The answer that a word means.
pub(crate) fn answer(request: &InputRequest, word: &str) -> Result<Command, Failure> {
    let (value, confirmed) = match request.kind {
        InputKind::Confirm => match word.to_ascii_lowercase().as_str() {
            "yes" | "y" | "true" => (None, Some(true)),
            "no" | "n" | "false" => (None, Some(false)),
            _ => return Err(Failure::usage(format!("'{word}' is not yes or no")).hint(request.title.as_str())),
        },
        InputKind::Permission | InputKind::Select => {
            let chosen = request.options.iter().find(|option| option.value == word || option.label == word);
            let Some(chosen) = chosen else {
                let values: Vec<_> = request.options.iter().map(|option| option.value.as_str()).collect();
                return Err(Failure::usage(format!("'{word}' is not one of the choices"))
                    .hint(format!("choose one of: {}", values.join(", "))));
            };
            (Some(chosen.value.clone()), None)
        }
        InputKind::Input | InputKind::Editor => (Some(word.to_owned()), None),
    };
    Ok(Command::InputResponse { request_id: request.request_id.clone(), value, confirmed, cancelled: None })
}

/// No answer.
pub(crate) fn cancel(request: &InputRequest) -> Command {
    let request_id = request.request_id.clone();
    Command::InputResponse { request_id, value: None, confirmed: None, cancelled: Some(true) }
}

/// The most careful answer: no, or none.
pub(crate) fn deny(request: &InputRequest) -> Command {
    match request.kind {
        InputKind::Confirm => Command::InputResponse {
            request_id: request.request_id.clone(),
            value: None,
            confirmed: Some(false),
            cancelled: None,
        },
        InputKind::Permission | InputKind::Select | InputKind::Input | InputKind::Editor => cancel(request),
    }
}
