//! Keeps the transcript of a living process within its size: what a checkpoint has covered may go.

use octo_proto::Event;

use super::{super::state::Effect, SessionTask};
use crate::transcript;

impl SessionTask {
    /// Drops whole segments before `covered`, where the process keeps more than it may. The checkpoint that needs nothing
    /// before `covered` is stored.
    pub(super) async fn trim(&mut self, covered: u64) {
        let Some(running) = &self.running else { return };
        let most = self.runner.config().transcripts.max_per_process.0;
        let dir = running.dir.clone();
        let dropped = tokio::task::spawn_blocking(move || {
            let before = transcript::usage(&dir)?;
            if before <= most || transcript::drop_before(&dir, covered)? == 0 {
                return Ok(0);
            }
            Ok(before.saturating_sub(transcript::usage(&dir)?))
        });
        let session = &self.state.info.session_id;
        match dropped.await {
            Ok(Ok(0)) | Err(_) => {}
            Ok(Ok(bytes)) => self.tell_trimmed(bytes).await,
            Ok(Err::<_, std::io::Error>(error)) => {
                tracing::warn!(%session, %error, "a transcript that is too large could not be cut");
            }
        }
    }

    async fn tell_trimmed(&mut self, bytes: u64) {
        let message = format!(
            "the agent's transcript was larger than `[transcripts] max_per_process`; its oldest {} MiB were dropped, and \
             the history has what they said",
            bytes / (1024 * 1024)
        );
        tracing::info!(session = %self.state.info.session_id, bytes, "the oldest of a transcript was dropped");
        let notify = Event::Notify { level: "info".to_owned(), message };
        let emit = self.state.volatile(notify, self.runner.now());
        Box::pin(self.perform(vec![Effect::Emit(emit)], Vec::new())).await;
    }
}
