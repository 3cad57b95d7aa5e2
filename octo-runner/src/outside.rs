//! What other programs of this user add to sessions: through the session's own log, once.

use octo_proto::{
    Code, Error,
    id::{RequestId, SessionId},
    message::Message,
};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::{
    hstry::{elide, grpc::Appender},
    requests::{Answer, Begun},
    runner::Runner,
    session::SessionMsg,
    sessions::unknown,
};

/// In whose name they ask: no account has it, since it is no user's name.
const OUTSIDE: &str = "hstry.sock";

impl Appender for Runner {
    async fn append(&self, session: SessionId, message: Message) -> Result<u64, Error> {
        let key = RequestId(message.id.0.clone());
        let digest = Sha256::digest(json!([session, message]).to_string()).into();
        let answer = match self.requests().begin(OUTSIDE, &key, digest).await? {
            Begun::Known(answer) => answer,
            Begun::Open(mut answer) => {
                let answered = answer.wait_for(Option::is_some).await;
                answered.map_or_else(|_| Err(lost()), |answer| answer.clone().unwrap_or_else(|| Err(lost())))
            }
            Begun::New(ticket) => {
                let answer: Answer = add(self, &session, message).await.map(|fact| json!(fact));
                ticket.settle(&answer);
                answer
            }
        }?;
        answer.as_u64().ok_or_else(|| Error::internal("the answer to an addition is no number"))
    }
}

/// The number of the message's fact: of the one that is there, or of a new one.
async fn add(runner: &Runner, id: &SessionId, message: Message) -> Result<u64, Error> {
    if runner.index().get(id).is_none() {
        return Err(unknown(id));
    }
    if let Some((stored, fact)) = runner.store().message(id, &message.id).await.map_err(|error| error.to_error())? {
        let (mut again, _) = elide(message);
        again.idx = stored.idx;
        let conflict = || {
            Error::new(Code::Conflict, "this id was used for another message").hint("draw a new ULID for each message")
        };
        return if again == stored { Ok(fact) } else { Err(conflict()) };
    }
    let session = runner.session(id).await?;
    session.ask(|done| SessionMsg::Append { message: Box::new(message), done }).await?
}

fn lost() -> Error {
    Error::new(Code::Unavailable, "the message may have been added").hint("repeat it with the same id")
}
