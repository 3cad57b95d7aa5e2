//! Files outside of the workspace, which a person agreed to look at: their paths are absolute, and they are asked for beneath
//! the root of all. They are not watched: what lies around them is not ours to look at.

use octo_proto::files::FilesCommand;

/// The root of all.
pub(super) const ROOT: &str = "/";

/// The path of a command that only looks at one file.
fn path_mut(command: &mut FilesCommand) -> Option<&mut String> {
    match command {
        FilesCommand::Read { path, .. } | FilesCommand::Stat { path } | FilesCommand::Watch { path } => Some(path),
        _ => None,
    }
}

/// Whether a command is about a file outside. Then its path is beneath the root of all.
pub(super) fn leave(command: &mut FilesCommand) -> bool {
    let Some(path) = path_mut(command) else { return false };
    let within = path.strip_prefix(ROOT).map(str::to_owned);
    within.is_some_and(|within| {
        *path = within;
        true
    })
}

/// The command as the pane knows it.
pub(super) fn come_back(command: &mut FilesCommand) {
    if let Some(path) = path_mut(command) {
        path.insert_str(0, ROOT);
    }
}
