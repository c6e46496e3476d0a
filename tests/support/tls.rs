//! TLS in front of a scripted upstream, with a certificate of an unknown authority.

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::upstream::FakeUpstream;

/// Whose certificate it is.
const NAMES: [&str; 2] = ["localhost", "api.corp.example"];

pub struct Tls {
    pub address: SocketAddr,
    /// The authority's own certificate, in PEM form.
    pub authority: String,
    server: JoinHandle<()>,
}

impl Tls {
    /// A server for `localhost` and `api.corp.example`, as one with an authority of its own should be.
    pub async fn before(upstream: &FakeUpstream) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority =
            CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority");
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(NAMES.map(str::to_owned)).expect("parameters");
        let certificate = params.signed_by(&key, &authority).expect("a certificate");
        Self::serve(upstream, certificate.der().clone(), &key, authority.pem()).await
    }

    /// A server that shows an authority's certificate as its own, as `openssl req -x509`
    /// makes it.
    pub async fn of_an_authority(upstream: &FakeUpstream) -> Self {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        Self::serve(upstream, certificate.der().clone(), &key, certificate.pem()).await
    }

    async fn serve(
        upstream: &FakeUpstream,
        certificate: CertificateDer<'static>,
        key: &KeyPair,
        authority: String,
    ) -> Self {
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .expect("a configuration");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let target = upstream.address();
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(mut inside) = acceptor.accept(stream).await else { return };
                    let mut outside = TcpStream::connect(target).await.expect("the upstream");
                    let _ = copy_bidirectional(&mut inside, &mut outside).await;
                });
            }
        });
        Self { address, authority, server }
    }

    pub fn base_url(&self) -> String {
        format!("https://localhost:{}/v1", self.address.port())
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        self.server.abort();
    }
}
