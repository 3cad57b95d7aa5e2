//! Host and Origin of an HTTP request: by which name a server was called, and from whose page.

use crate::config::is_loopback;

/// Whether a server answers to this `Host`: a name of the loopback with any port, or one that is configured. A foreign
/// name that leads here is how a web page gets around the rule of the same origin.
#[must_use]
pub fn is_own_host(host: Option<&str>, allowed: &[String]) -> bool {
    let Some(host) = host else { return false };
    without_port(host).is_some_and(|name| {
        is_loopback(name)
            || allowed.iter().any(|known| known.eq_ignore_ascii_case(name) || known.eq_ignore_ascii_case(host))
    })
}

/// Whether a page of this origin may talk to a server: its own, or one that is configured. What sends no origin is no
/// page.
#[must_use]
pub fn is_own_origin(origin: Option<&str>, host: Option<&str>, allowed: &[String]) -> bool {
    let Some(origin) = origin else { return true };
    let (scheme, authority) = origin.split_once("://").unwrap_or(("", origin));
    let default = match scheme {
        "http" => Some(":80"),
        "https" => Some(":443"),
        _ => None,
    };
    let ours = default.zip(host).is_some_and(|(default, host)| {
        let plain = |text: &str| text.strip_suffix(default).unwrap_or(text).to_ascii_lowercase();
        plain(authority) == plain(host)
    });
    ours || allowed.iter().any(|known| known.trim_end_matches('/').eq_ignore_ascii_case(origin))
}

/// The name of `NAME`, `NAME:PORT`, `[V6]` or `[V6]:PORT`.
fn without_port(host: &str) -> Option<&str> {
    let (name, rest) = match host.strip_prefix('[') {
        Some(v6) => v6.split_once(']')?,
        None => match host.find(':') {
            Some(at) => host.split_at(at),
            None => (host, ""),
        },
    };
    let port = rest.is_empty() || rest.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
    (port && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_ours_or_refused() {
        let allowed = ["octo.example.com".to_owned(), "proxy:8443".to_owned()];
        for (host, passes) in [
            (Some("localhost"), true),
            (Some("LocalHost:8080"), true),
            (Some("127.0.0.1:1"), true),
            (Some("127.9.9.9"), true),
            (Some("[::1]:8080"), true),
            (Some("[::1]"), true),
            (Some("octo.example.com"), true),
            (Some("OCTO.example.com:443"), true),
            (Some("proxy:8443"), true),
            (Some("proxy:8444"), false),
            (Some("evil.example.com"), false),
            (Some("localhost.evil.com"), false),
            (Some("127.0.0.1.evil.com"), false),
            (Some("localhost:8080:80"), false),
            (Some("localhost:x"), false),
            (Some("[::1"), false),
            (Some("192.168.1.5:8080"), false),
            (Some("0.0.0.0"), false),
            (Some("?"), false),
            (Some(""), false),
            (None, false),
        ] {
            assert_eq!(is_own_host(host, &allowed), passes, "{host:?}");
        }
    }

    #[test]
    fn an_origin_is_ours_or_refused() {
        let allowed = ["https://app.example.com".to_owned(), "https://slash.example.com/".to_owned()];
        for (origin, host, passes) in [
            (None, "localhost:8080", true),
            (Some("http://localhost:8080"), "localhost:8080", true),
            (Some("http://LOCALHOST:8080"), "localhost:8080", true),
            (Some("https://octo.example.com"), "octo.example.com", true),
            (Some("https://octo.example.com"), "octo.example.com:443", true),
            (Some("http://octo.example.com:80"), "octo.example.com", true),
            (Some("https://app.example.com"), "localhost:8080", true),
            (Some("https://slash.example.com"), "localhost:8080", true),
            (Some("http://app.example.com"), "localhost:8080", false),
            (Some("http://localhost:5173"), "localhost:8080", false),
            (Some("http://127.0.0.1:8080"), "localhost:8080", false),
            (Some("https://evil.example.com"), "localhost:8080", false),
            (Some("null"), "localhost:8080", false),
            (Some("null"), "null", false),
            (Some("file://"), "localhost:8080", false),
            (Some(""), "localhost:8080", false),
            (Some("?"), "localhost:8080", false),
        ] {
            assert_eq!(is_own_origin(origin, Some(host), &allowed), passes, "{origin:?} {host}");
        }
    }
}
