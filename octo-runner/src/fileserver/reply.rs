//! Answers: what went well as JSON, what did not as an error with its status.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use octo_proto::{Code, Error};
use serde::Serialize;
use serde_json::json;

/// What a request came to.
pub(super) type Answer<T> = Result<T, Refused>;

/// An error on its way to a client.
#[derive(Debug)]
pub(super) struct Refused(pub(super) Error);

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = match self.0.code {
            Code::BadRequest => StatusCode::BAD_REQUEST,
            Code::Unauthorized => StatusCode::UNAUTHORIZED,
            Code::Forbidden => StatusCode::FORBIDDEN,
            Code::NotFound => StatusCode::NOT_FOUND,
            Code::Conflict => StatusCode::CONFLICT,
            Code::Unsupported => StatusCode::UNPROCESSABLE_ENTITY,
            Code::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Code::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Code::Busy | Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Code::Timeout => StatusCode::REQUEST_TIMEOUT,
            Code::AgentFailed | Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, Json(json!({ "error": self.0 }))).into_response()
    }
}

/// That what a request says must be there is not.
pub(super) fn unmet(error: Error) -> Response {
    let mut response = Refused(error).into_response();
    *response.status_mut() = StatusCode::PRECONDITION_FAILED;
    response
}

/// What went well.
pub(super) fn ok(value: impl Serialize) -> Response {
    Json(value).into_response()
}
