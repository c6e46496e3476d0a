//! Who may talk to the control plane: our own page and our own CLI, and for anything
//! but the empty page only with the launch's token or a page's session.

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt};
use http::header::{CONTENT_SECURITY_POLICY, HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderName, HeaderValue, StatusCode};
use salvo::http::ResBody;
use salvo::http::response::BytesFrame;
use salvo::prelude::{Depot, FlowCtrl, Request, Response};
use salvo::{Handler, async_trait};

use super::Control;
use super::api::refuse;
use crate::connections::{Connections, LONGEST_HEAD, head_length};
use crate::control::Caller;
use crate::desktop::peer::Peer;

pub const TOKEN_HEADER: HeaderName = HeaderName::from_static("x-portcullis-token");

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; \
     require-trusted-types-for 'script'; trusted-types portcullis";

/// Refuses foreign Hosts and Origins, and puts the page's locks on every answer.
pub struct OwnPagesOnly;

#[async_trait]
impl Handler for OwnPagesOnly {
    async fn handle(
        &self,
        request: &mut Request,
        depot: &mut Depot,
        response: &mut Response,
        flow: &mut FlowCtrl,
    ) {
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
            ("cross-origin-resource-policy", "same-origin"),
            ("x-frame-options", "DENY"),
        ] {
            response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        if is_ours(request) {
            flow.call_next(request, depot, response).await;
        } else {
            refuse(response, StatusCode::FORBIDDEN, "the control plane answers its own page only");
            flow.skip_rest();
        }
    }
}

/// Serves the agent's own user and root, and nobody else who has an account on this computer.
pub struct OwnUserOnly(pub Arc<Connections>);

/// What a watchdog asks, whoever it runs as.
const FOR_ANYBODY: [&str; 2] = ["/livez", "/readyz"];

#[async_trait]
impl Handler for OwnUserOnly {
    async fn handle(
        &self,
        request: &mut Request,
        depot: &mut Depot,
        response: &mut Response,
        flow: &mut FlowCtrl,
    ) {
        let Some(turn) = self.0.begin(request) else {
            // It is being closed, and this is dropped with it.
            return std::future::pending().await;
        };
        // Small calls of the user's own: those are let finish.
        turn.arrived();
        if head_length(request) > LONGEST_HEAD {
            let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
            refuse(response, status, "the request's path and headers are longer than 64 KiB together");
            flow.skip_rest();
        } else if !FOR_ANYBODY.contains(&request.uri().path())
            && matches!(turn.connection().peer(), Peer::Another | Peer::Gone)
        {
            refuse(response, StatusCode::FORBIDDEN, "the control plane serves the user that it runs as only");
            flow.skip_rest();
        } else {
            flow.call_next(request, depot, response).await;
        }
        turn.lasts_as_long_as(response);
    }
}

/// Exactly one Host, a loopback name; and no Origin but the one that Host makes.
fn is_ours(request: &Request) -> bool {
    let mut hosts = request.headers().get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let Some(authority) = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok()) else {
        return false;
    };
    let is_loopback = matches!(authority.host(), "127.0.0.1" | "localhost" | "[::1]");
    let targets_host = request.uri().authority().is_none_or(|target| *target == authority);
    let own_origin = format!("http://{authority}");
    let origins =
        request.headers().get_all(ORIGIN).iter().all(|origin| origin.as_bytes() == own_origin.as_bytes());
    is_loopback && targets_host && origins && !authority.as_str().contains('@')
}

/// Refuses calls without the launch's token or a page's session, and lets a session's calls
/// last no longer than the session.
pub struct Token(pub Arc<Control>);

#[async_trait]
impl Handler for Token {
    async fn handle(
        &self,
        request: &mut Request,
        depot: &mut Depot,
        response: &mut Response,
        flow: &mut FlowCtrl,
    ) {
        let Some(caller) = self.0.admission.caller(presented(request)) else {
            return shut_out(response, flow);
        };
        depot.insert_typed(caller.clone());
        let Caller::Page(end) = caller else {
            flow.call_next(request, depot, response).await;
            return;
        };
        let has_ended = tokio::select! {
            biased;
            () = end.clone().wait() => true,
            _ = flow.call_next(request, depot, response) => false,
        };
        if has_ended {
            return shut_out(response, flow);
        }
        if matches!(response.body, ResBody::Stream(_)) {
            let stream = response.take_body().take_until(end.wait());
            response.body(ResBody::stream(stream.map_ok(BytesFrame)));
        }
    }
}

fn shut_out(response: &mut Response, flow: &mut FlowCtrl) {
    refuse(
        response,
        StatusCode::UNAUTHORIZED,
        "send this launch's token, or the session of a page, as x-portcullis-token: run `portcullis open`",
    );
    flow.skip_rest();
}

/// What a caller shows, whatever it is worth.
pub fn presented(request: &Request) -> &[u8] {
    request.headers().get(TOKEN_HEADER).map_or(&[], HeaderValue::as_bytes)
}

/// Who makes a call that was let in.
pub fn caller(depot: &Depot) -> Option<&Caller> {
    depot.get_typed::<Caller>().ok()
}
