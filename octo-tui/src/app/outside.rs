//! Files outside of the workspace, which a person agreed to look at: their paths are absolute, and each is asked for beneath its
//! own folder. They are not watched: what lies around them is not ours to look at.

use octo_proto::files::FilesCommand;

/// The path of a command that only looks at one file.
fn path_mut(command: &mut FilesCommand) -> Option<&mut String> {
    match command {
        FilesCommand::Read { path, .. } | FilesCommand::Stat { path } | FilesCommand::Watch { path } => Some(path),
        _ => None,
    }
}

/// The folder of the file that a command is about, where that is outside. Then its path is beneath that folder.
pub(super) fn leave(command: &mut FilesCommand) -> Option<String> {
    let path = path_mut(command).filter(|path| path.starts_with('/'))?;
    let (folder, name) = path.rsplit_once('/')?;
    let folder = if folder.is_empty() { "/" } else { folder }.to_owned();
    *path = name.to_owned();
    Some(folder)
}

/// The command as the pane knows it.
pub(super) fn come_back(command: &mut FilesCommand, folder: &str) {
    if let Some(path) = path_mut(command) {
        *path = format!("{}/{path}", folder.trim_end_matches('/'));
    }
}
