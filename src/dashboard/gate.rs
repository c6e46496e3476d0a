//! The gate of the control plane: it admits its own page and the programs of its own user, and
//! beyond the empty page only with the launch's token or a page's session.

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt};
use http::header::{CONTENT_SECURITY_POLICY, HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use salvo::http::ResBody;
use salvo::http::response::BytesFrame;
use salvo::prelude::{Depot, FlowCtrl, Request, Response};
use salvo::{Handler, async_trait};

use super::answer::Refusal;
use super::plane::Control;
use crate::connections::{Connections, LONGEST_HEAD, head_length};
use crate::control::Caller;
use crate::desktop::peer::Peer;

const TOKEN_HEADER: HeaderName = HeaderName::from_static("x-portcullis-token");

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; \
     require-trusted-types-for 'script'; trusted-types portcullis";

/// The headers that lock a page in.
const LOCKS: [(HeaderName, &str); 6] = [
    (HeaderName::from_static("x-content-type-options"), "nosniff"),
    (HeaderName::from_static("referrer-policy"), "no-referrer"),
    (HeaderName::from_static("cache-control"), "no-store"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("x-frame-options"), "DENY"),
    (CONTENT_SECURITY_POLICY, POLICY),
];

/// Paths that every user of this computer may ask, so that a watchdog can.
const FOR_ALL_USERS: [&str; 2] = ["/livez", "/readyz"];

/// Refuses foreign Hosts and Origins, long heads and other users of this computer, and puts
/// the page's locks on every answer.
pub struct OwnPageAndUser(pub Arc<Connections>);

#[async_trait]
impl Handler for OwnPageAndUser {
    async fn handle(
        &self,
        request: &mut Request,
        depot: &mut Depot,
        response: &mut Response,
        flow: &mut FlowCtrl,
    ) {
        let Some(turn) = self.0.begin(request) else {
            // The connection is being closed, and this future is dropped with it.
            return std::future::pending().await;
        };
        // Calls are small and the user's own: one whose body is still to come is not cut off.
        turn.arrived();
        let locks = LOCKS.into_iter().map(|(name, value)| (name, HeaderValue::from_static(value)));
        response.headers_mut().extend(locks);
        match check(request, turn.connection().peer()) {
            Ok(()) => {
                flow.call_next(request, depot, response).await;
            }
            Err(refusal) => refuse(refusal, response, flow),
        }
        turn.lasts_as_long_as(response);
    }
}

fn check(request: &Request, peer: Peer) -> Result<(), Refusal> {
    let forbidden = |message: &str| Err(Refusal::new(StatusCode::FORBIDDEN, message));
    if !is_for_own_page(request) {
        return forbidden("the control plane answers its own page only");
    }
    if head_length(request) > LONGEST_HEAD {
        let message = "the request's path and headers are longer than 64 KiB together";
        return Err(Refusal::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, message));
    }
    let is_for_all = FOR_ALL_USERS.contains(&request.uri().path());
    if !is_for_all && matches!(peer, Peer::Another | Peer::Gone) {
        return forbidden("the control plane serves the user that it runs as only");
    }
    Ok(())
}

/// Whether there is exactly one Host, a loopback name, and no Origin but the one that this
/// Host makes.
fn is_for_own_page(request: &Request) -> bool {
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
        let Some(caller) = self.0.admission.caller(token(request.headers())) else {
            return refuse(no_token(), response, flow);
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
            return refuse(no_token(), response, flow);
        }
        if matches!(response.body, ResBody::Stream(_)) {
            let stream = response.take_body().take_until(end.wait());
            response.body(ResBody::stream(stream.map_ok(BytesFrame)));
        }
    }
}

fn no_token() -> Refusal {
    Refusal::new(
        StatusCode::UNAUTHORIZED,
        "send this launch's token, or the session of a page, as x-portcullis-token: run `portcullis open`",
    )
}

fn refuse(refusal: Refusal, response: &mut Response, flow: &mut FlowCtrl) {
    refusal.write(response);
    flow.skip_rest();
}

/// The token in a request's headers, valid or not.
pub fn token(headers: &HeaderMap) -> &[u8] {
    headers.get(TOKEN_HEADER).map_or(&[], HeaderValue::as_bytes)
}

/// The caller of a call that was let in.
pub fn caller(depot: &Depot) -> Option<&Caller> {
    depot.get_typed::<Caller>().ok()
}
