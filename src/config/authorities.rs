//! The certificates of a PEM file, each one that can be trusted as an authority.

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// Why a file of authorities is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("it holds no certificate in PEM form")]
    NoCertificate,
    #[error("a certificate in it cannot be read: {0}")]
    Broken(String),
}

pub fn authorities(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, Unfit> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    let found = found.map_err(|error| Unfit::Broken(error.to_string()))?;
    if found.is_empty() {
        return Err(Unfit::NoCertificate);
    }
    let mut store = RootCertStore::empty();
    for certificate in &found {
        store.add(certificate.clone()).map_err(|error| Unfit::Broken(error.to_string()))?;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_refused() {
        assert_eq!(authorities(b""), Err(Unfit::NoCertificate));
        assert_eq!(authorities(b"just text"), Err(Unfit::NoCertificate));
        let empty = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(matches!(authorities(empty), Err(Unfit::Broken(_))));
        let open = b"-----BEGIN CERTIFICATE-----\nAAAA\n";
        assert!(authorities(open).is_err());
    }
}
