//! `sandbox.toml`: whether agents are to be confined.
//!
//! This release cannot confine them. What asks for it is taken at its word: no agent starts.

use std::path::PathBuf;

use toml::Value;

use super::{ConfigError, keys::SANDBOX_KEYS, layers::Layers};
use crate::paths::Paths;

/// Whether a `sandbox.toml` asks for agents to be confined. The system's file cannot be taken back by the user's; one
/// that does not say `enabled` asks for it by being there.
pub(super) fn asked(paths: &Paths, warnings: &mut Vec<String>) -> Result<Option<PathBuf>, ConfigError> {
    for folder in paths.system.iter().chain([&paths.config]) {
        let path = folder.join("sandbox.toml");
        let mut layers = Layers::new(SANDBOX_KEYS, None);
        if !layers.file(&path)? {
            continue;
        }
        let enabled = layers.settings.get("enabled").map(|setting| &setting.value);
        if !matches!(enabled, Some(Value::Boolean(false))) {
            warnings.push(format!(
                "{}: asks for agents to be confined, which this release cannot do, so none will start; with `enabled = \
                 false` they run with all your rights",
                path.display()
            ));
            return Ok(Some(path));
        }
    }
    Ok(None)
}
