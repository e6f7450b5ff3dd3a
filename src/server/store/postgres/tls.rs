//! TLS of the connections: whether it is used, and which certificates are trusted. Where it is used, the
//! certificate and the host's name in it are always verified.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::config::PostgresConfig;
use super::error::PostgresError;
use super::url::Encryption;

/// How connections are encrypted; no connector where they are not.
pub(super) struct Tls {
    pub(super) mode: SslMode,
    pub(super) connector: Option<MakeRustlsConnect>,
}

impl Tls {
    /// Reads the certificates to trust: the platform's, and those of the named files.
    ///
    /// # Errors
    /// [`PostgresError`] when a file cannot be read or has no certificate, or no certificate is trusted.
    pub(super) fn new(config: &PostgresConfig) -> Result<Self, PostgresError> {
        let files = [config.ca_cert.as_deref(), config.url.root_certificates.as_deref()];
        let mut trusted = Vec::new();
        for file in files.into_iter().flatten() {
            trusted.extend(certificates(file)?);
        }
        let default = || match trusted.is_empty() {
            // Who names a certificate expects that it is used.
            false => Encryption::Require,
            // Nothing is gained on the way to this machine, and Debian's PostgreSQL has a certificate
            // that nobody can verify.
            true if config.url.is_local() => Encryption::Never,
            true => Encryption::Prefer,
        };
        let mode = match config.url.encryption.unwrap_or_else(default) {
            Encryption::Never => SslMode::Disable,
            Encryption::Prefer => SslMode::Prefer,
            Encryption::Require => SslMode::Require,
        };
        if mode == SslMode::Disable {
            return Ok(Self { mode, connector: None });
        }
        let provider = Arc::new(ring::default_provider());
        let client = ClientConfig::builder_with_provider(Arc::clone(&provider));
        let client = client.with_safe_default_protocol_versions().map_err(PostgresError::Tls)?;
        let client = match Verifier::new_with_extra_roots(trusted, provider) {
            Ok(verifier) => client.dangerous().with_custom_certificate_verifier(Arc::new(verifier)),
            // Nothing is trusted, which is no error as long as the server offers no TLS.
            Err(_) if mode == SslMode::Prefer => client.with_root_certificates(RootCertStore::empty()),
            Err(error) => return Err(PostgresError::Tls(error)),
        };
        Ok(Self { mode, connector: Some(MakeRustlsConnect::new(client.with_no_client_auth())) })
    }
}

/// The certificates of a PEM file.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, PostgresError> {
    let certificates = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let failed = |source| PostgresError::Certificates { path: path.to_owned(), source: Some(source) };
    let certificates: Vec<_> = certificates.map_err(failed)?;
    if certificates.is_empty() {
        return Err(PostgresError::Certificates { path: path.to_owned(), source: None });
    }
    Ok(certificates)
}
