//! Who is at the other end of a connection.

use std::net::SocketAddr;

use axum::extract::Request;
use axum::http::HeaderName;
use axum::http::header::{FORWARDED, VIA};

/// Headers of which a proxy sets at least one, unless it is told not to.
const PROXY_HEADERS: [HeaderName; 4] =
    [FORWARDED, VIA, HeaderName::from_static("x-forwarded-for"), HeaderName::from_static("x-real-ip")];

/// The address from which a request came, an extension of every request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) SocketAddr);

/// Whether a request comes from a program on this machine, and not through a proxy on this machine, whose
/// callers may be anywhere.
pub(super) fn is_local(request: &Request) -> bool {
    let peer = request.extensions().get::<Peer>();
    peer.is_some_and(|Peer(address)| address.ip().to_canonical().is_loopback())
        && !PROXY_HEADERS.iter().any(|name| request.headers().contains_key(name))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn loopback_without_a_proxy_is_local() {
        for (peer, header, expected) in [
            (Some("127.0.0.1:1"), None, true),
            (Some("[::1]:1"), None, true),
            (Some("[::ffff:127.0.0.1]:1"), None, true),
            (Some("192.0.2.1:1"), None, false),
            (Some("127.0.0.1:1"), Some("x-forwarded-for"), false),
            (Some("127.0.0.1:1"), Some("Forwarded"), false),
            (None, None, false),
        ] {
            let mut request = Request::new(Body::empty());
            if let Some(peer) = peer {
                request.extensions_mut().insert(Peer(peer.parse().unwrap()));
            }
            if let Some(name) = header {
                request
                    .headers_mut()
                    .insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), "x".parse().unwrap());
            }
            assert_eq!(is_local(&request), expected, "{peer:?} {header:?}");
        }
    }
}
