//! Whose certificates are believed: the system's authorities, Mozilla's, and those of a
//! file that the user names.
//!
//! They are read on first use, which takes longer than the rest of a start, and again when
//! somebody says that they may have changed; all connections made since go by the new ones.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;

use crate::config::authorities;

/// Reading them more often than this would be a way to keep a thread busy.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(250);

#[derive(Debug, Default)]
pub struct Trust {
    file: Option<PathBuf>,
    /// Counts the readings; connections remember which one they were made by. Changed only
    /// while `known` is locked, and read by every request.
    generation: AtomicU64,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    read: Option<(Instant, Result<Arc<ClientConfig>, String>)>,
}

impl Trust {
    pub fn new(file: Option<PathBuf>) -> Self {
        Self { file, ..Self::default() }
    }

    /// What a connection made now goes by, and which reading that is.
    pub fn current(&self) -> (u64, Result<Arc<ClientConfig>, String>) {
        let mut known = self.lock();
        let (_, config) = known.read.get_or_insert_with(|| (Instant::now(), self.read()));
        (self.generation(), config.clone())
    }

    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Relaxed)
    }

    /// A certificate was refused by this reading; returns whether there is another by now,
    /// so that asking again may help.
    pub fn was_refused(&self, generation: u64) -> bool {
        let mut known = self.lock();
        let is_fresh = known.read.as_ref().is_some_and(|(at, _)| at.elapsed() < SHORTEST_INTERVAL);
        if self.generation() == generation && !is_fresh {
            self.renew(&mut known);
        }
        self.generation() != generation
    }

    /// Reads them again where they have been read.
    pub fn read_again(&self) {
        let mut known = self.lock();
        if known.read.is_some() {
            self.renew(&mut known);
        }
    }

    /// A file that is no good meanwhile leaves what was believed before.
    fn renew(&self, known: &mut Known) {
        match (self.read(), &mut known.read) {
            (Err(error), Some((at, Ok(_)))) => {
                tracing::warn!("the certificate authorities could not be read again: {error}");
                *at = Instant::now();
            }
            (read, known_read) => {
                *known_read = Some((Instant::now(), read));
                self.generation.fetch_add(1, Ordering::Relaxed);
            }
        }
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
            let told =
                |error: &dyn std::fmt::Display| format!("upstream.ca_file {}: {error}", file.display());
            let text = std::fs::read(file).map_err(|error| told(&error))?;
            roots.extend(authorities(&text).map_err(|error| told(&error))?);
        }
        Ok(roots)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_certificate_has_them_read_again_for_all() {
        let trust = Trust::default();
        let (generation, read) = trust.current();
        assert!(read.is_ok(), "{read:?}");
        assert!(!trust.was_refused(generation), "they were read a moment ago");
        let before = Instant::now().checked_sub(SHORTEST_INTERVAL).expect("a moment");
        trust.lock().read = Some((before, read));
        assert!(trust.was_refused(generation));
        assert!(trust.was_refused(generation), "who comes later finds the new ones");
        assert_ne!(trust.current().0, generation);
    }
}
