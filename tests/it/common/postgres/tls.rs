//! Certificates for clusters that demand TLS. They were made with `openssl req -x509` (the
//! authorities) and `openssl x509 -req -CA` (the server) and expire in 2125.

/// The authority that has signed [`SERVER_CERTIFICATE`].
pub const CA_CERTIFICATE: &str = include_str!("tls/ca.pem");

/// An authority that has not.
pub const OTHER_CA_CERTIFICATE: &str = include_str!("tls/other-ca.pem");

/// A certificate for the address 127.0.0.1 alone: `localhost` is a wrong name.
pub(super) const SERVER_CERTIFICATE: &str = include_str!("tls/server.pem");

/// Its key, for these tests only.
pub(super) const SERVER_KEY: &str = include_str!("tls/key.pem");
