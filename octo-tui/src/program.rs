//! Runs a program that is not ours and waits for it: the person's editor.

use std::process::Stdio;

use tokio::{io::AsyncReadExt, process::Command};

/// Bytes of its complaints that are read.
const COMPLAINTS: u64 = 4096;

/// Runs the words as program and arguments, away from the terminal.
///
/// # Errors
/// Why it could not be started, or what it says went wrong, in words.
pub async fn run(words: &[String]) -> Result<(), String> {
    let Some((program, arguments)) = words.split_first() else { return Ok(()) };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let failed = |error: std::io::Error| format!("{program}: {error}");
    let mut child = command.spawn().map_err(failed)?;
    let mut said = Vec::new();
    if let Some(stderr) = child.stderr.take() {
        let mut stderr = stderr.take(COMPLAINTS);
        stderr.read_to_end(&mut said).await.map_err(failed)?;
        // One that says more than is read of it must not wait for a reader.
        tokio::io::copy(&mut stderr.into_inner(), &mut tokio::io::sink()).await.map_err(failed)?;
    }
    let status = child.wait().await.map_err(failed)?;
    if status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&said);
    let line = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
    Err(format!("{program} failed ({status}) {line}").trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn run_words(words: &[&str]) -> Result<(), String> {
        run(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()).await
    }

    #[tokio::test]
    async fn what_goes_wrong_is_told() {
        assert_eq!(run_words(&["true"]).await, Ok(()));
        assert_eq!(run_words(&["test", "$(echo a)", "=", "$(echo a)"]).await, Ok(()), "no shell reads it");
        let error = run_words(&["/no/such/editor", "a"]).await.unwrap_err();
        assert!(error.contains("/no/such/editor: No such file"), "{error}");
        let error = run_words(&["ls", "/no/such/file"]).await.unwrap_err();
        assert!(error.contains("ls failed") && error.contains("/no/such/file"), "{error}");
        let long = ["sh", "-c", "head -c 1000000 /dev/zero >&2; exit 3"];
        assert!(run_words(&long).await.unwrap_err().contains("exit status: 3"));
    }
}
