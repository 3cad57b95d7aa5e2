//! What stands before every route: the name that was called, the page that calls, the token.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use octo_proto::{Code, Error, names};

use super::{ROUTES, Server, reply::Refused};

/// What a page of an allowed origin may send.
const METHODS: &str = "GET, HEAD, PUT, POST, DELETE";

/// The headers that it may send.
const HEADERS: &str = "authorization, content-type, if-match, if-none-match, if-range, range";

/// The headers that it may read.
const EXPOSED: &str = "accept-ranges, content-disposition, content-range, etag";

/// Host, Origin, token, in this order.
pub(super) async fn check(State(server): State<Arc<Server>>, request: Request, next: Next) -> Response {
    if let Err(error) = named_well(request.headers(), &server) {
        return Refused(error).into_response();
    }
    let origin = request.headers().get(header::ORIGIN).cloned();
    let answer = if request.method() == Method::OPTIONS && origin.is_some() {
        // A browser asks before it shows the token.
        StatusCode::NO_CONTENT.into_response()
    } else {
        let path = request.uri().path();
        let open = ROUTES.iter().any(|(route, needs_token)| *route == path && !needs_token);
        match shows_token(request.headers(), &server) {
            Ok(true) => next.run(request).await,
            Ok(false) if open => next.run(request).await,
            Ok(false) => Refused(unauthorized("a token is needed")).into_response(),
            Err(error) => Refused(error).into_response(),
        }
    };
    match origin {
        Some(origin) => for_page(answer, origin),
        None => answer,
    }
}

/// Whether the request shows the token; none is no error yet.
fn shows_token(headers: &HeaderMap, server: &Server) -> Result<bool, Error> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(false) };
    let shown = value.to_str().ok().and_then(|value| value.split_once(' '));
    let shown = shown.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"));
    if shown.is_some_and(|(_, token)| server.token.matches(token.trim())) {
        return Ok(true);
    }
    Err(unauthorized("the token is wrong"))
}

/// That the token was not shown.
pub(super) fn unauthorized(message: &str) -> Error {
    Error::new(Code::Unauthorized, message)
        .hint("`Authorization: Bearer TOKEN`; octo-files says the token at its start")
}

fn named_well(headers: &HeaderMap, server: &Server) -> Result<(), Error> {
    if headers.get_all(header::HOST).iter().count() > 1 {
        return Err(Error::bad_request("a request has one Host"));
    }
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let (host, origin) = (text(header::HOST), text(header::ORIGIN));
    if !names::is_own_host(host, &server.settings.allowed_hosts) {
        let message = format!("octo-files does not answer to the name {}", host.unwrap_or("of nobody"));
        return Err(Error::new(Code::Forbidden, message).hint("start it with --allow-host NAME"));
    }
    if !names::is_own_origin(origin, host, &server.settings.allowed_origins) {
        let message = format!("pages of {} may not talk to octo-files", origin.unwrap_or_default());
        return Err(Error::new(Code::Forbidden, message).hint("start it with --allow-origin ORIGIN"));
    }
    Ok(())
}

/// Lets a page of an allowed origin read the answer.
fn for_page(mut answer: Response, origin: HeaderValue) -> Response {
    let texts: [(HeaderName, &'static str); 4] = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED),
        (header::VARY, "Origin"),
    ];
    let headers = answer.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    for (name, text) in texts {
        headers.insert(name, HeaderValue::from_static(text));
    }
    answer
}
