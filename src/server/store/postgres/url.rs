//! The URL of a database, without what the driver does not understand: the parameters about TLS are
//! taken out here. What is done with them is decided in [`super::tls`].

use std::path::PathBuf;
use std::str::FromStr as _;

use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// Parameters that the driver understands and that may stand in a URL.
const KNOWN: [&str; 12] = [
    "application_name",
    "channel_binding",
    "connect_timeout",
    "dbname",
    "host",
    "hostaddr",
    "load_balance_hosts",
    "options",
    "password",
    "port",
    "tcp_user_timeout",
    "user",
];

/// Whether a connection is encrypted. Where it is, the certificate is always verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encryption {
    Never,
    /// Where the server offers it.
    Prefer,
    Require,
}

/// A URL that was parsed.
#[derive(Clone)]
pub(super) struct DatabaseUrl {
    /// Everything but TLS.
    pub(super) driver: Config,
    /// `None` if the URL does not say.
    pub(super) encryption: Option<Encryption>,
    /// The file of `sslrootcert`.
    pub(super) root_certificates: Option<PathBuf>,
}

/// Why a URL is refused. No part of the URL is in the message: any of it may be a mistyped password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum UrlError {
    #[error("it must begin with postgres:// or postgresql://")]
    Scheme,
    #[error("it names no host")]
    NoHost,
    #[error(
        "it must look like postgres://user@host:5432/database, with the special characters of a password \
         percent-encoded"
    )]
    Form,
    #[error(
        "it has a parameter that is not supported: besides sslmode, sslrootcert and target_session_attrs \
         there are {}", KNOWN.join(", ")
    )]
    Parameter,
    #[error("sslmode must be disable, allow, prefer, require, verify-ca or verify-full")]
    SslMode,
    #[error("target_session_attrs must be read-write: the server writes")]
    SessionAttributes,
}

impl DatabaseUrl {
    /// Parses a URL.
    ///
    /// # Errors
    /// [`UrlError`] for anything but a URL of PostgreSQL that names a host.
    pub(super) fn parse(url: &str) -> Result<Self, UrlError> {
        let url = url.trim();
        if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
            return Err(UrlError::Scheme);
        }
        // A password may have a question mark in it.
        let credentials = url.find('@').unwrap_or(0);
        let query = url[credentials..].find('?').map_or(url.len(), |at| credentials + at);
        let (mut kept, pairs) = (url[..query].to_owned(), url[query..].trim_start_matches('?'));
        let (mut encryption, mut root_certificates, mut separator) = (None, None, '?');
        for pair in pairs.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').ok_or(UrlError::Form)?;
            match key {
                "sslmode" => encryption = Some(parse_mode(value)?),
                // As with libpq, `system` is what the platform trusts, which is trusted anyway.
                "sslrootcert" if value == "system" => {}
                "sslrootcert" => root_certificates = Some(PathBuf::from(decode(value)?)),
                "target_session_attrs" if ["any", "read-write", "primary"].contains(&value) => {}
                "target_session_attrs" => return Err(UrlError::SessionAttributes),
                _ if KNOWN.contains(&key) => {
                    kept.extend([separator]);
                    kept.push_str(pair);
                    separator = '&';
                }
                _ => return Err(UrlError::Parameter),
            }
        }
        let driver = Config::from_str(&kept).map_err(|_| UrlError::Form)?;
        if driver.get_hosts().is_empty() && driver.get_hostaddrs().is_empty() {
            return Err(UrlError::NoHost);
        }
        Ok(Self { driver, encryption, root_certificates })
    }

    /// Whether no connection leaves this machine.
    pub(super) fn is_local(&self) -> bool {
        let is_local = |host: &Host| match host {
            Host::Tcp(name) => {
                name == "localhost" || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
            }
            #[cfg(unix)]
            Host::Unix(_) => true,
        };
        self.driver.get_hosts().iter().all(is_local)
            && self.driver.get_hostaddrs().iter().all(std::net::IpAddr::is_loopback)
    }
}

fn parse_mode(text: &str) -> Result<Encryption, UrlError> {
    match text {
        "disable" => Ok(Encryption::Never),
        "allow" | "prefer" => Ok(Encryption::Prefer),
        "require" | "verify-ca" | "verify-full" => Ok(Encryption::Require),
        _ => Err(UrlError::SslMode),
    }
}

/// Decodes a percent-encoded value as the driver does.
fn decode(value: &str) -> Result<String, UrlError> {
    let config = Config::from_str(&format!("postgres://h?application_name={value}"));
    let config = config.map_err(|_| UrlError::Form)?;
    config.get_application_name().map(str::to_owned).ok_or(UrlError::Form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_about_tls_is_taken_out_and_the_rest_is_kept() {
        let url = "postgres://u:p%3F@a:1,b/d?sslmode=verify-full&application_name=x&sslrootcert=/c%20a.pem";
        let parsed = DatabaseUrl::parse(url).unwrap();
        assert_eq!(parsed.encryption, Some(Encryption::Require));
        assert_eq!(parsed.root_certificates, Some(PathBuf::from("/c a.pem")));
        let driver = &parsed.driver;
        assert_eq!((driver.get_user(), driver.get_password()), (Some("u"), Some(&b"p?"[..])));
        assert_eq!((driver.get_ports(), driver.get_dbname()), (&[1, 5432][..], Some("d")));
        assert_eq!(driver.get_application_name(), Some("x"));
    }

    #[test]
    fn a_password_with_special_characters_does_not_become_a_parameter() {
        let parsed = DatabaseUrl::parse("postgres://u:a?b=c&d@localhost/d").unwrap();
        assert_eq!(parsed.driver.get_password(), Some(&b"a?b=c&d"[..]));
        assert!(parsed.is_local());
    }

    #[test]
    fn a_refused_url_is_not_in_the_message() {
        for (url, expected) in [
            ("host=localhost password=s3cr3t", UrlError::Scheme),
            ("postgres:///database?user=s3cr3t", UrlError::NoHost),
            ("postgres://u@h:s3cr3t/d", UrlError::Form),
            ("postgres://u:s3@cr3t:x@h/d", UrlError::Form),
            ("postgres://h/d?s3cr3t", UrlError::Form),
            ("postgres://h/d?s3cr3t=1", UrlError::Parameter),
            ("postgres://h/d?sslcert=s3cr3t", UrlError::Parameter),
            ("postgres://h/d?sslmode=s3cr3t", UrlError::SslMode),
            ("postgres://h/d?target_session_attrs=read-only", UrlError::SessionAttributes),
        ] {
            let error = DatabaseUrl::parse(url).err().unwrap();
            assert_eq!(error, expected, "{url}");
            assert!(!error.to_string().contains("s3cr3t"), "{error}");
        }
    }

    #[test]
    fn local_means_that_every_host_is_on_this_machine() {
        for (url, expected) in [
            ("postgres://localhost", true),
            ("postgres://127.0.0.1:1,[::1]/d", true),
            ("postgres://localhost,db.example.org/d", false),
            ("postgres://%2Fvar%2Frun%2Fpostgresql/d", cfg!(unix)),
            ("postgres://localhost/d?hostaddr=192.0.2.1", false),
        ] {
            assert_eq!(DatabaseUrl::parse(url).unwrap().is_local(), expected, "{url}");
        }
    }
}
