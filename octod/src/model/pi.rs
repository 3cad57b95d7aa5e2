//! What Pi must be told to talk to the scripted model.

use serde_json::{Value, json};

/// Pi's `models.json` and `settings.json` for a scripted model at `url` (as `http://127.0.0.1:PORT`).
///
/// Provider `scripted` speaks Anthropic Messages, `scripted-chat` speaks OpenAI Chat Completions.
#[must_use]
pub fn pi_config(url: &str) -> (String, String) {
    let url = url.trim_end_matches('/');
    let models = json!({"providers": {
        "scripted": {
            "baseUrl": url,
            "api": "anthropic-messages",
            "apiKey": "scripted",
            "models": [model("scripted-large", "Scripted Large", false), model("scripted-thinking", "Scripted Thinking", true)],
        },
        "scripted-chat": {
            "baseUrl": format!("{url}/v1"),
            "api": "openai-completions",
            "apiKey": "scripted",
            "models": [model("scripted-large", "Scripted Large (chat)", false), model("scripted-thinking", "Scripted Thinking (chat)", true)],
        },
    }});
    let settings = json!({
        "defaultProvider": "scripted",
        "defaultModel": "scripted-large",
        "enableInstallTelemetry": false,
        "retry": {"baseDelayMs": 200},
    });
    (format!("{models:#}\n"), format!("{settings:#}\n"))
}

fn model(id: &str, name: &str, reasoning: bool) -> Value {
    json!({
        "id": id,
        "name": name,
        "reasoning": reasoning,
        "input": ["text", "image"],
        "contextWindow": 200_000,
        "maxTokens": 8192,
        "cost": {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_model_is_one_of_the_models() {
        let (models, settings) = pi_config("http://127.0.0.1:9/");
        let (models, settings): (Value, Value) =
            (serde_json::from_str(&models).unwrap(), serde_json::from_str(&settings).unwrap());
        let provider = &models["providers"][settings["defaultProvider"].as_str().unwrap()];
        let ids: Vec<&Value> = provider["models"].as_array().unwrap().iter().map(|model| &model["id"]).collect();
        assert!(ids.contains(&&settings["defaultModel"]));
        assert_eq!(provider["baseUrl"], "http://127.0.0.1:9");
        assert_eq!(models["providers"]["scripted-chat"]["baseUrl"], "http://127.0.0.1:9/v1");
    }
}
