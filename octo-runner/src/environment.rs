//! What an agent's environment is made of, and where each variable comes from.

use std::{
    collections::BTreeMap,
    os::unix::fs::{MetadataExt, symlink},
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use octo_proto::{
    Error,
    command::{Environment as Shown, Variable},
};
use tokio::{process::Command, time::timeout};

/// Variables of the runner's own environment that every agent gets.
const BASE: [&str; 10] =
    ["HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "XDG_CONFIG_HOME"];

/// How long the login shell may take to tell its PATH.
const SHELL: Duration = Duration::from_secs(5);

/// What agents' environments are made of. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Environment(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    own: BTreeMap<String, String>,
    pass: Vec<String>,
    file: PathBuf,
    ssh: PathBuf,
    path: Mutex<Option<String>>,
}

/// One variable and where it comes from.
type Entry = (String, String);

impl Environment {
    /// An environment made of the runner's own (`own`), what the settings pass on, and the file `env` of the user.
    /// `state` is where the stable link to the agent socket of ssh lies.
    #[must_use]
    pub fn new(
        own: impl IntoIterator<Item = (String, String)>,
        pass: Vec<String>,
        config: &Path,
        state: &Path,
    ) -> Self {
        Self(Arc::new(Inner {
            own: own.into_iter().collect(),
            pass,
            file: config.join("env"),
            ssh: state.join("ssh-agent.sock"),
            path: Mutex::new(None),
        }))
    }

    /// The PATH of agents: the login shell's, read once.
    pub async fn path(&self) -> String {
        if let Some(path) = self.0.path.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            return path;
        }
        let path = self.login_path().await.unwrap_or_else(|| self.own_path());
        *self.0.path.lock().unwrap_or_else(PoisonError::into_inner) = Some(path.clone());
        path
    }

    /// The one folder that holds everything of Octo, where the runner was given one.
    #[must_use]
    pub fn octo_home(&self) -> Option<&str> {
        self.0.own.get("OCTO_HOME").map(String::as_str)
    }

    fn own_path(&self) -> String {
        self.0.own.get("PATH").cloned().unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".to_owned())
    }

    async fn login_path(&self) -> Option<String> {
        let shell = self.0.own.get("SHELL").filter(|shell| Path::new(shell).is_absolute())?;
        let mut command = Command::new(shell);
        command.args(["-l", "-c", "printf 'octo-path:%s\\n' \"$PATH\""]);
        command.env_clear().envs(&self.0.own).env_remove("OCTO_HOME").stdin(Stdio::null()).stderr(Stdio::null());
        let output = timeout(SHELL, command.kill_on_drop(true).output()).await.ok()?.ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        // Profiles may print things of their own.
        let path = text.lines().rev().find_map(|line| line.strip_prefix("octo-path:"))?;
        (!path.is_empty()).then(|| path.to_owned())
    }

    /// The newest client's agent socket of ssh: agents reach it through a link that stays.
    pub fn offer_ssh_agent(&self, socket: &str) {
        if !Path::new(socket).is_absolute() || Path::new(socket) == self.0.ssh {
            return;
        }
        let fresh = self.0.ssh.with_extension("new");
        drop(std::fs::remove_file(&fresh));
        if let Err(error) = symlink(socket, &fresh).and_then(|()| std::fs::rename(&fresh, &self.0.ssh)) {
            tracing::warn!(%error, "the link to the agent socket of ssh could not be set");
        }
    }

    /// What a program gets that the runner asks something, such as git: where programs and the user's settings lie, and
    /// no place that depends on where it is run.
    pub async fn minimal(&self) -> Vec<(String, String)> {
        let path = self.path().await;
        let absolute: Vec<_> = path.split(':').filter(|folder| folder.starts_with('/')).collect();
        let settings = ["HOME", "XDG_CONFIG_HOME"].into_iter();
        let settings = settings.filter_map(|name| Some((name.to_owned(), self.0.own.get(name)?.clone())));
        settings.chain([("PATH".to_owned(), absolute.join(":")), ("LC_ALL".to_owned(), "C".to_owned())]).collect()
    }

    /// The variables of an agent, each with where it comes from.
    ///
    /// # Errors
    /// Where the user's file is open to others or cannot be read.
    pub async fn build(&self) -> Result<BTreeMap<String, Entry>, Error> {
        let mut all = BTreeMap::new();
        for name in BASE {
            if let Some(value) = self.0.own.get(name) {
                all.insert(name.to_owned(), (value.clone(), "the runner's own environment".to_owned()));
            }
        }
        let path = self.path().await;
        let source = if path == self.own_path() { "the runner's own environment" } else { "the login shell" };
        all.insert("PATH".to_owned(), (path, source.to_owned()));
        all.insert("TERM".to_owned(), ("dumb".to_owned(), "Octo: an agent has no screen".to_owned()));
        if self.0.ssh.symlink_metadata().is_ok() {
            let link = self.0.ssh.display().to_string();
            all.insert("SSH_AUTH_SOCK".to_owned(), (link, "Octo: a link to the newest client's".to_owned()));
        }
        for name in &self.0.pass {
            if let Some(value) = self.0.own.get(name) {
                all.insert(name.clone(), (value.clone(), "[env] pass in config.toml".to_owned()));
            }
        }
        for (name, value) in read_file(&self.0.file)? {
            all.insert(name, (value, self.0.file.display().to_string()));
        }
        Ok(all)
    }

    /// The variables as people see them: secrets masked.
    ///
    /// # Errors
    /// As [`Environment::build`].
    pub async fn show(&self, refresh: bool) -> Result<Shown, Error> {
        if refresh {
            *self.0.path.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        let all = self.build().await?;
        let variables = all.into_iter().map(|(name, (value, source))| {
            let value = if is_secret(&name) { "********".to_owned() } else { value };
            Variable { name, value, source }
        });
        Ok(Shown { variables: variables.collect() })
    }
}

/// Reads `NAME=value` lines; `#` begins a comment line, quotes around a value are taken off.
fn read_file(path: &Path) -> Result<Vec<(String, String)>, Error> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::bad_request(format!("{}: {error}", path.display()))),
    };
    let found = std::fs::metadata(path).map_err(|error| Error::internal(format!("{}: {error}", path.display())))?;
    if found.mode() & 0o077 != 0 || found.uid() != rustix::process::geteuid().as_raw() {
        return Err(Error::bad_request(format!("{} holds secrets and is open to others", path.display()))
            .hint(format!("chmod 600 {}", path.display())));
    }
    let mut variables = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let named = line.split_once('=').filter(|(name, _)| is_name(name.trim()));
        let Some((name, value)) = named else {
            return Err(Error::bad_request(format!("{}, line {}: not NAME=value", path.display(), number + 1)));
        };
        let value = value.trim();
        let bare = ['"', '\''].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
        variables.push((name.trim().to_owned(), bare.unwrap_or(value).to_owned()));
    }
    Ok(variables)
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether a variable of this name is likely to hold a secret.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    ["KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "COOKIE"].iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn environment(dir: &Path, own: &[(&str, &str)], pass: &[&str]) -> Environment {
        let own = own.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Environment::new(own, pass.iter().map(|name| (*name).to_owned()).collect(), dir, dir)
    }

    #[tokio::test]
    async fn an_agent_gets_what_is_named_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let own = [("HOME", "/h"), ("PATH", "/p"), ("SECRET_OF_THE_DAEMON", "x"), ("PASSED", "y")];
        let all = environment(dir.path(), &own, &["PASSED", "ABSENT"]).build().await.unwrap();
        let names: Vec<_> = all.keys().map(String::as_str).collect();
        assert_eq!(names, ["HOME", "PASSED", "PATH", "TERM"]);
        assert_eq!(all["PASSED"].1, "[env] pass in config.toml");
    }

    #[tokio::test]
    async fn the_users_file_wins_and_must_be_closed_to_others() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("env");
        std::fs::write(&file, "# keys\nexport API_KEY='abc'\nPATH=/mine\n").unwrap();
        let environment = environment(dir.path(), &[("PATH", "/p")], &[]);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(environment.build().await.unwrap_err().hint.unwrap().starts_with("chmod 600"));
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        let all = environment.build().await.unwrap();
        assert_eq!((all["API_KEY"].0.as_str(), all["PATH"].0.as_str()), ("abc", "/mine"));
        let shown = environment.show(false).await.unwrap();
        assert_eq!(shown.variables[0].value, "********");
    }

    #[tokio::test]
    async fn the_link_to_the_agent_socket_of_ssh_stays_and_its_target_moves() {
        let dir = tempfile::tempdir().unwrap();
        let environment = environment(dir.path(), &[], &[]);
        for socket in ["/tmp/first", "/tmp/second"] {
            environment.offer_ssh_agent(socket);
            let all = environment.build().await.unwrap();
            assert_eq!(std::fs::read_link(&all["SSH_AUTH_SOCK"].0).unwrap(), Path::new(socket));
        }
    }
}
