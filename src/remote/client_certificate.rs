//! The client certificate of mutual TLS and its key (contract 3.10), from PEM files, checked before
//! anything is sent. The server's certificate is trusted or not by [`super::config`].

use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};

/// The beginning of every section of a PEM file (RFC 7468).
const PEM_BEGIN: &[u8] = b"-----BEGIN ";

/// The label of a key that is encrypted with a passphrase (RFC 7468, section 11; RFC 1421 before it).
const ENCRYPTED: [&[u8]; 2] = [b"-----BEGIN ENCRYPTED PRIVATE KEY-----", b"Proc-Type: 4,ENCRYPTED"];

/// A client certificate cannot be used. Nothing of a key is part of a message.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientCertificateError {
    /// A key is given without a certificate.
    #[error("a client key needs its certificate: name it with --client-cert")]
    NoCertificateFile,
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why it cannot be read.
        source: io::Error,
    },
    /// A file is not PEM.
    #[error(
        "{} is not PEM, which begins with -----BEGIN; `openssl x509` and `openssl pkey` convert DER, \
         `openssl pkcs12 -nodes` PKCS #12", path.display()
    )]
    NotPem {
        /// The file.
        path: PathBuf,
    },
    /// A section of a PEM file cannot be decoded.
    #[error("{} is not valid PEM: {source}", path.display())]
    InvalidPem {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: pem::Error,
    },
    /// The file has no certificate.
    #[error("there is no certificate in {}", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// The file has no private key.
    #[error("there is no private key in {}; --client-key names another file", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// The private key is encrypted.
    #[error(
        "the private key in {} is encrypted, and synctool asks for no passphrase; `openssl pkey` \
         decrypts it", path.display()
    )]
    EncryptedKey {
        /// The file.
        path: PathBuf,
    },
    /// The private key is not the one of the certificate.
    #[error(
        "the private key in {} is not the one of the certificate in {}; the client's own certificate \
         must be the first one there", key.display(), certificate.display()
    )]
    OtherKey {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
    },
    /// TLS does not accept the certificate or the key.
    #[error("the client certificate in {} cannot be used: {source}", path.display())]
    Unusable {
        /// The file of the certificate.
        path: PathBuf,
        /// Why it cannot be used.
        source: Error,
    },
}

/// A certificate, those that have issued it, and its key.
pub(super) struct ClientCertificate {
    certificates: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl ClientCertificate {
    /// Reads the certificate and its key; without a file for the key, it is in the certificate's.
    ///
    /// # Errors
    /// [`ClientCertificateError`].
    pub(super) fn read(certificate: &Path, key: Option<&Path>) -> Result<Self, ClientCertificateError> {
        let text = read(certificate)?;
        let path = || certificate.to_owned();
        let certificates: Vec<_> = CertificateDer::pem_slice_iter(&text)
            .collect::<Result<_, _>>()
            .map_err(|source| ClientCertificateError::InvalidPem { path: path(), source })?;
        if certificates.is_empty() {
            return Err(ClientCertificateError::NoCertificate { path: path() });
        }
        let key_path = key.unwrap_or(certificate);
        let key = match key {
            Some(path) => key_in(&read(path)?, path)?,
            None => key_in(&text, certificate)?,
        };
        let provider = rustls::crypto::ring::default_provider();
        match CertifiedKey::from_der(certificates.clone(), key.clone_key(), &provider) {
            Ok(_) => Ok(Self { certificates, key }),
            Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
                Err(ClientCertificateError::OtherKey { certificate: path(), key: key_path.to_owned() })
            }
            Err(source) => Err(ClientCertificateError::Unusable { path: path(), source }),
        }
    }

    /// The certificate as the HTTP client takes it: one PEM text with nothing else in it.
    pub(super) fn for_client(&self) -> reqwest::Result<reqwest::Identity> {
        let label = match &self.key {
            PrivateKeyDer::Pkcs1(_) => "RSA PRIVATE KEY",
            PrivateKeyDer::Sec1(_) => "EC PRIVATE KEY",
            _ => "PRIVATE KEY",
        };
        let mut text = section(label, self.key.secret_der());
        for certificate in &self.certificates {
            text.push_str(&section("CERTIFICATE", certificate));
        }
        reqwest::Identity::from_pem(text.as_bytes())
    }

    /// The client's own certificate, which says who it is.
    pub(super) fn own(&self) -> &[u8] {
        // `read` refuses a file without one.
        self.certificates.first().map_or(&[], |certificate| certificate.as_ref())
    }
}

fn read(path: &Path) -> Result<Vec<u8>, ClientCertificateError> {
    let text = std::fs::read(path)
        .map_err(|source| ClientCertificateError::Unreadable { path: path.to_owned(), source })?;
    if contains(&text, PEM_BEGIN) {
        Ok(text)
    } else {
        Err(ClientCertificateError::NotPem { path: path.to_owned() })
    }
}

fn key_in(text: &[u8], path: &Path) -> Result<PrivateKeyDer<'static>, ClientCertificateError> {
    let path = path.to_owned();
    if ENCRYPTED.iter().any(|mark| contains(text, mark)) {
        return Err(ClientCertificateError::EncryptedKey { path });
    }
    PrivateKeyDer::from_pem_slice(text).map_err(|error| match error {
        pem::Error::NoItemsFound => ClientCertificateError::NoKey { path },
        source => ClientCertificateError::InvalidPem { path, source },
    })
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

fn section(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", BASE64_STANDARD.encode(der))
}
