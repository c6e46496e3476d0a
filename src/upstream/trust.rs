//! The trusted certificate authorities: the system's, Mozilla's, and those of a file that the
//! user names.
//!
//! They are read on first use, which takes longer than the rest of a start, and again when
//! they may have changed. Connections made after that use the new ones.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;

use crate::config::authorities;

/// Refused certificates cause at most one reading in this time, so that they cannot keep a
/// thread busy.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(250);

#[derive(Debug, Default)]
pub struct Trust {
    file: Option<PathBuf>,
    /// Counts the readings; a connection remembers the reading it was made by. Changed only
    /// while `reading` is locked, and read by every request.
    generation: AtomicU64,
    reading: Mutex<Option<Reading>>,
}

#[derive(Debug)]
struct Reading {
    at: Instant,
    config: Result<Arc<ClientConfig>, String>,
}

impl Trust {
    pub fn new(file: Option<PathBuf>) -> Self {
        Self { file, ..Self::default() }
    }

    /// The number of the current reading, and the TLS settings made from it.
    pub fn current(&self) -> (u64, Result<Arc<ClientConfig>, String>) {
        let mut reading = self.reading.lock();
        let Reading { config, .. } = reading.get_or_insert_with(|| self.new_reading());
        (self.generation(), config.clone())
    }

    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Relaxed)
    }

    /// Call when a certificate was refused under this reading. Returns whether there is a newer
    /// reading, so that sending again may succeed.
    pub fn was_refused(&self, generation: u64) -> bool {
        let mut reading = self.reading.lock();
        let is_fresh = reading.as_ref().is_some_and(|reading| reading.at.elapsed() < SHORTEST_INTERVAL);
        if self.generation() == generation && !is_fresh {
            self.renew(&mut reading);
        }
        self.generation() != generation
    }

    /// Reads the authorities again, unless they have not been read yet.
    pub fn read_again(&self) {
        let mut reading = self.reading.lock();
        if reading.is_some() {
            self.renew(&mut reading);
        }
    }

    /// Keeps the old reading where the new one fails.
    fn renew(&self, reading: &mut Option<Reading>) {
        let new = self.new_reading();
        match (&new.config, &mut *reading) {
            (Err(error), Some(old @ Reading { config: Ok(_), .. })) => {
                tracing::warn!("the certificate authorities could not be read again: {error}");
                old.at = new.at;
            }
            _ => {
                *reading = Some(new);
                self.generation.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn new_reading(&self) -> Reading {
        let config = self.read();
        Reading { at: Instant::now(), config }
    }

    fn read(&self) -> Result<Arc<ClientConfig>, String> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let roots = self.roots()?;
        let verifier = rustls_platform_verifier::Verifier::new_with_extra_roots(roots, Arc::clone(&provider))
            .map_err(|error| error.to_string())?;
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    fn roots(&self) -> Result<Vec<CertificateDer<'static>>, String> {
        let mut roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS.to_vec();
        if let Some(file) = &self.file {
            let named =
                |error: &dyn std::fmt::Display| format!("upstream.ca_file {}: {error}", file.display());
            let text = std::fs::read(file).map_err(|error| named(&error))?;
            roots.extend(authorities(&text).map_err(|error| named(&error))?);
        }
        Ok(roots)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_certificate_has_the_authorities_read_again_for_all() {
        let trust = Trust::default();
        let (generation, config) = trust.current();
        assert!(config.is_ok(), "{config:?}");
        assert!(!trust.was_refused(generation), "the reading is only a moment old");
        let at = Instant::now().checked_sub(SHORTEST_INTERVAL).expect("a moment");
        *trust.reading.lock() = Some(Reading { at, config });
        assert!(trust.was_refused(generation));
        assert!(trust.was_refused(generation), "a later caller finds the new reading");
        assert_ne!(trust.current().0, generation);
    }
}
