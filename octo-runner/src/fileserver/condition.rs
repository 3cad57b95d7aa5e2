//! What a request says must be there, or must not.

use axum::http::{HeaderMap, header};
use octo_proto::Error;

use crate::files::write::Expected;

/// What may be there, by `If-Match` and `If-None-Match`.
pub(super) fn expected(headers: &HeaderMap) -> Result<Expected, Error> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?").trim());
    match (text(header::IF_MATCH), text(header::IF_NONE_MATCH)) {
        (None, None) => Ok(Expected::Anything),
        (None, Some("*")) => Ok(Expected::Nothing),
        (Some("*"), None) => Ok(Expected::Something),
        (Some(tag), None) => {
            let version = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
            let version = version.ok_or_else(|| Error::bad_request("If-Match is the ETag that came with the file"))?;
            Ok(Expected::Version(version.to_owned()))
        }
        _ => Err(Error::bad_request("a change has If-Match: \"ETAG\" or *, or If-None-Match: *, or neither")),
    }
}
