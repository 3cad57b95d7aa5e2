//! Where the layouts of workspaces are kept: one file each, below the state of the person.

use std::{
    fs, io,
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

/// A longer file is not ours.
const LONGEST: u64 = 1 << 20;

/// The folder that they are kept in.
#[derive(Clone, Debug)]
pub struct Layouts {
    folder: PathBuf,
}

impl Layouts {
    /// Layouts in a folder, which is made when the first one is kept.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// What was kept of a workspace. A file that cannot be read is as good as none: its panes are opened anew.
    #[must_use]
    pub fn load(&self, root: &str) -> Option<String> {
        let path = self.path(root);
        let size = fs::metadata(&path).ok()?.len();
        (size <= LONGEST).then(|| fs::read_to_string(&path).ok()).flatten()
    }

    /// Keeps the layout of a workspace: whole, or not at all.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn save(&self, root: &str, text: &str) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let path = self.path(root);
        let fresh = path.with_extension(format!("{}.new", std::process::id()));
        let written = write(&fresh, text).and_then(|()| fs::rename(&fresh, &path));
        if written.is_err() {
            drop(fs::remove_file(&fresh));
        }
        written
    }

    fn path(&self, root: &str) -> PathBuf {
        let digest = Sha256::digest(root.as_bytes());
        let name: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        self.folder.join(name).with_extension("json")
    }
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layout_is_kept_for_its_folder_and_for_nobody_else() {
        let dir = tempfile::tempdir().unwrap();
        let layouts = Layouts::new(dir.path().join("tui/layouts"));
        assert_eq!(layouts.load("/home/ann"), None);
        layouts.save("/home/ann", "one").unwrap();
        layouts.save("/home/ann", "two").unwrap();
        assert_eq!(layouts.load("/home/ann").as_deref(), Some("two"));
        assert_eq!(layouts.load("/home/bob"), None);
        let files: Vec<_> = fs::read_dir(dir.path().join("tui/layouts")).unwrap().collect();
        assert_eq!(files.len(), 1, "nothing else is left there");
        let mode =
            std::os::unix::fs::PermissionsExt::mode(&files[0].as_ref().unwrap().metadata().unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
}
