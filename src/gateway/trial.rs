//! One account's turn to answer a call.

use http::Method;

use super::attempt::Attempt;
use super::call::Call;
use super::headers;
use super::settings::Settings;
use crate::accounts::Lease;
use crate::protocol::{Operation, Protocol};
use crate::upstream::{Client, Frames, endpoint};

#[derive(Clone, Copy)]
pub struct Trial<'a> {
    pub call: &'a Call<'a>,
    pub settings: &'a Settings,
    pub client: &'a Client,
    pub lease: &'a Lease,
}

impl<'a> Trial<'a> {
    /// A request in the protocol of the upstream.
    pub fn translated(
        &self,
        operation: Operation,
        upstream: Protocol,
        query: Option<&'a str>,
        body: Frames,
    ) -> Attempt<'a> {
        Attempt {
            client: self.client,
            method: Method::POST,
            path: endpoint::Path::Operation { operation, model: self.lease.model(), version: None },
            query,
            headers: headers::translated_headers(&self.call.incoming.headers, upstream),
            body,
            limit: self.settings.config.proxy.request_timeout,
        }
    }
}
