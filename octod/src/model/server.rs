//! The HTTP server: routes, bodies, and streams that are paced and end when the server does.

use std::{
    future::IntoFuture,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::{get, post},
    serve::ListenerExt,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

use super::{
    MODELS, Options,
    attempts::Attempts,
    chat::Chat,
    conversation::{Conversation, tokens},
    error::Error,
    journal::{Entry, Journal, Outcome},
    messages::Messages,
    play::Play,
    rules,
    step::{Answer, Failure, Speech},
    turn::Turn,
    wire::{Head, Wire},
};

/// Images in prompts make requests large.
const BODY_LIMIT: usize = 128 << 20;
/// How long connections may take to close.
const GRACE: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, Copy)]
enum Api {
    Chat,
    Messages,
}

struct Model {
    options: Options,
    journal: Arc<Journal>,
    attempts: Attempts,
    shutdown: CancellationToken,
}

type Shared = State<Arc<Model>>;

/// Answers requests on `listener` until `shutdown` is cancelled; streams then break off.
///
/// # Errors
///
/// When the listener is not on a loopback address, or the log or the listener fails.
pub async fn serve(listener: TcpListener, options: Options, shutdown: CancellationToken) -> Result<(), Error> {
    prepare(listener, options, shutdown)?.await
}

/// Does all that can be refused at once, and gives the serving that remains.
pub(super) fn prepare(
    listener: TcpListener,
    options: Options,
    shutdown: CancellationToken,
) -> Result<impl Future<Output = Result<(), Error>>, Error> {
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        return Err(Error::NotLoopback(address));
    }
    let journal = Arc::new(Journal::open(options.log.as_deref())?);
    let model = Model { options, journal, attempts: Attempts::default(), shutdown: shutdown.clone() };
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "small pieces may be sent late");
        }
    });
    let serving = axum::serve(listener, router(model)).with_graceful_shutdown(shutdown.clone().cancelled_owned());
    let late = async move {
        shutdown.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    Ok(async {
        tokio::select! {
            served = serving.into_future() => Ok(served?),
            () = late => Ok(()),
        }
    })
}

fn router(model: Model) -> Router {
    Router::new()
        .route("/v1/models", get(models))
        .route("/v1/chat/completions", post(chat))
        .route("/v1/messages", post(messages))
        .route("/v1/messages/count_tokens", post(count_tokens))
        .fallback(lost)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(Arc::new(model))
}

async fn models() -> Json<Value> {
    let rows: Vec<Value> = MODELS
        .iter()
        .map(|id| {
            json!({"id": id, "object": "model", "type": "model", "display_name": id, "created": 1_700_000_000,
                "created_at": "2023-11-14T22:13:20Z", "owned_by": "scripted"})
        })
        .collect();
    Json(json!({"object": "list", "data": rows, "has_more": false}))
}

async fn chat(State(model): Shared, headers: HeaderMap, body: Bytes) -> Response {
    model.answer(Api::Chat, &headers, &body).await
}

async fn messages(State(model): Shared, headers: HeaderMap, body: Bytes) -> Response {
    model.answer(Api::Messages, &headers, &body).await
}

async fn count_tokens(body: Bytes) -> Json<Value> {
    Json(json!({"input_tokens": tokens(body.len())}))
}

async fn lost(uri: Uri) -> Response {
    let message = format!("no such path {}; there are /v1/messages, /v1/chat/completions and /v1/models", uri.path());
    (StatusCode::NOT_FOUND, Json(json!({"error": {"message": message, "type": "not_found_error"}}))).into_response()
}

impl Model {
    async fn answer(&self, api: Api, headers: &HeaderMap, body: &Bytes) -> Response {
        let json: Value = match serde_json::from_slice(body) {
            Ok(json) => json,
            Err(error) => {
                let failure = Failure { status: 400, message: format!("the request's body is not JSON: {error}") };
                let mut entry = self.journal.request(headers, json!({"api": api.name(), "bytes": body.len()}));
                return refuse(api.wire(&Conversation::default()).as_ref(), &failure, &mut entry);
            }
        };
        let conversation = Conversation::read(&json, body.len());
        let digest = conversation.digest();
        let attempt = self.attempts.next(digest);
        let prompt = conversation.prompt();
        let mut entry = self.journal.request(
            headers,
            json!({"api": api.name(), "model": conversation.model, "text": prompt.text, "turn": prompt.turns,
                "attempt": attempt, "stream": conversation.streaming, "body": json}),
        );
        let wire = api.wire(&conversation);
        match rules::answer(&conversation, attempt) {
            Answer::Refuse(failure) => {
                self.attempts.failed(digest);
                refuse(wire.as_ref(), &failure, &mut entry)
            }
            Answer::Speak(speech) => {
                self.attempts.succeeded(digest);
                self.speak(speech, &conversation, (wire, entry)).await
            }
        }
    }

    async fn speak(&self, speech: Speech, conversation: &Conversation, to: (Box<dyn Wire>, Entry)) -> Response {
        let turn = Turn::new(speech, conversation.tokens, self.options.pace);
        let (wire, entry) = to;
        let play = Play::new(turn, wire, entry, self.shutdown.clone());
        if conversation.streaming {
            let headers =
                [(header::CONTENT_TYPE, "text/event-stream; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
            return (headers, Body::from_stream(play.stream())).into_response();
        }
        match play.whole().await {
            Ok(Ok(body)) => Json(body).into_response(),
            Ok(Err((status, body))) => (status_code(status), Json(body)).into_response(),
            // A body that fails at once is the way to cut a connection from here.
            Err(cut) => Body::from_stream(futures_util::stream::iter([Err::<Bytes, _>(cut)])).into_response(),
        }
    }
}

impl Api {
    fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Messages => "messages",
        }
    }

    fn wire(self, conversation: &Conversation) -> Box<dyn Wire> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let head = Head { id: Ulid::new().to_string(), created: now.as_secs(), model: conversation.model.clone() };
        match self {
            Self::Chat => Box::new(Chat::new(head, conversation.wants_usage)),
            Self::Messages => Box::new(Messages::new(head)),
        }
    }
}

fn refuse(wire: &dyn Wire, failure: &Failure, entry: &mut Entry) -> Response {
    entry.outcome = Outcome::Error(failure.status);
    (status_code(failure.status), Json(wire.error(failure))).into_response()
}

fn status_code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
