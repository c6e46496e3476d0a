//! The certificate authorities of a PEM file.

use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::problem::Flaw;
use crate::message;

/// Why a file of authorities cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthorityError {
    #[error("it holds no certificate in PEM form")]
    NoCertificate,
    #[error("a certificate in it cannot be read: {0}")]
    Broken(String),
}

/// The certificates of a PEM text. Fails where there is none, or where one of them cannot
/// be trusted as an authority.
pub fn authorities(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, AuthorityError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    let found = found.map_err(|error| AuthorityError::Broken(error.to_string()))?;
    if found.is_empty() {
        return Err(AuthorityError::NoCertificate);
    }
    let mut store = RootCertStore::empty();
    for certificate in &found {
        store.add(certificate.clone()).map_err(|error| AuthorityError::Broken(error.to_string()))?;
    }
    Ok(found)
}

/// Checks that a file can be `upstream.ca_file`.
pub fn examine(file: &Path) -> Result<(), Flaw> {
    let text = std::fs::read(file).map_err(|error| error.to_string());
    let read = text.and_then(|text| authorities(&text).map_err(|error| error.to_string()));
    read.map(drop)
        .map_err(|reason| Flaw::new(message!("problem-ca-file", reason = reason), message!("fix-ca-file")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_is_refused() {
        assert_eq!(authorities(b""), Err(AuthorityError::NoCertificate));
        assert_eq!(authorities(b"just text"), Err(AuthorityError::NoCertificate));
        let empty = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(matches!(authorities(empty), Err(AuthorityError::Broken(_))));
        let open = b"-----BEGIN CERTIFICATE-----\nAAAA\n";
        assert!(authorities(open).is_err());
    }
}
