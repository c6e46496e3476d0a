//! One request on its way from the listener to the gateway: guard, route, authenticate, answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, EXPECT, HeaderName, SERVER};
use http::{HeaderValue, Method, StatusCode};
use salvo::http::ResBody;
use salvo::prelude::{Depot, FlowCtrl, Request, Response};
use salvo::{Handler, async_trait};

use super::door::Door;
use super::family::family;
use super::policy::Policy;
use super::routes::{self, Endpoint, NoRoute, Route};
use super::{auth, base_url, cors, guard, remainder, rescue};
use crate::connections::{Connection, Connections, RequestBody};
use crate::desktop::port_owner::SERVER_NAME;
use crate::gateway::{AnswerBody, Incoming, ModelsRequest, new_request_id};
use crate::protocol::{ErrorKind, Family, LocalError};
use crate::upstream::hop;

pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The only handler: every path, every method.
pub struct Entry(pub Arc<Door>, pub Arc<Connections>);

#[async_trait]
impl Handler for Entry {
    async fn handle(&self, request: &mut Request, _: &mut Depot, response: &mut Response, _: &mut FlowCtrl) {
        let Some(turn) = self.1.begin(request) else {
            // The connection is being closed, and this future is dropped with it.
            return std::future::pending().await;
        };
        let id = new_request_id();
        let asks_first = request.headers().contains_key(EXPECT);
        let route = routes::find(request.method(), request.uri().path());
        let family = family(&route, request);
        if let Err(error) = self.answer(request, response, route, family, &id, turn.connection()).await {
            rescue::render(response, family, &error, &id);
        }
        let is_read = remainder::discard(request, asks_first).await;
        let headers = response.headers_mut();
        if !is_read {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        headers.insert(SERVER, HeaderValue::from_static(SERVER_NAME));
        if let Ok(id) = HeaderValue::from_str(&id) {
            headers.insert(REQUEST_ID, id);
        }
        turn.lasts_as_long_as(response);
    }
}

impl Entry {
    async fn answer(
        &self,
        request: &mut Request,
        response: &mut Response,
        route: Result<Route, NoRoute>,
        family: Family,
        id: &str,
        connection: &Connection,
    ) -> Result<(), LocalError> {
        let asked = route.as_ref().ok().and_then(Route::operation);
        let is_probe = matches!(&route, Ok(Route { endpoint: Endpoint::Ignored, .. }));
        if hop::has_returned(request.headers()) {
            return Err(LocalError::new(ErrorKind::BadGateway, hop::RETURNED));
        }
        match self.admit(request, response, route, connection) {
            Ok(Some(route)) => self.dispatch(request, response, route, family, id, connection).await,
            Ok(None) => Ok(()),
            // Tools probe without their key at every start: that is not worth a record.
            Err(error) if is_probe => Err(error),
            Err(error) => {
                self.0.refusals.record(&self.0.gateway.recorder, request, id, family, asked, &error);
                Err(error)
            }
        }
    }

    /// The route to take; `None`: answered already. Fails when the request may not pass.
    fn admit(
        &self,
        request: &Request,
        response: &mut Response,
        route: Result<Route, NoRoute>,
        connection: &Connection,
    ) -> Result<Option<Route>, LocalError> {
        let door = &self.0;
        let policy = door.policy();
        let local = address(request.local_addr());
        guard::check_head(request)?;
        guard::check_host(&policy, request.uri(), request.headers(), local)?;
        let is_health = matches!(&route, Ok(Route { endpoint: Endpoint::Health, .. }));
        let key_required = policy.needs_key(is_health);
        guard::check_origin(&policy, request.headers(), key_required)?;
        cors::allow(request.headers(), response.headers_mut());
        if *request.method() == Method::OPTIONS {
            options(request, response);
            return Ok(None);
        }
        if key_required {
            self.authenticate(&policy, request)?;
        } else {
            auth::check_peer(&policy, connection.peer(), request.headers(), request.uri().query())?;
        }
        let route = route.map_err(|no_route| {
            let own = door.base_url();
            let base_url = base_url::for_client(request.headers(), &own);
            rescue::no_route(
                &no_route,
                request.method(),
                request.uri().path(),
                &base_url,
                response.headers_mut(),
            )
        })?;
        Ok(Some(route))
    }

    fn authenticate(&self, policy: &Policy, request: &Request) -> Result<(), LocalError> {
        let peer = address(request.remote_addr()).map(|peer| peer.ip());
        let guesses = &self.0.guesses;
        if let Some(peer) = peer {
            guesses.check(peer, Instant::now())?;
        }
        let (headers, query) = (request.headers(), request.uri().query());
        let checked = auth::check(policy, headers, query);
        // A client without a key is not guessing, and must not lock out others at its address.
        if let (Err(_), Some(peer)) = (&checked, peer)
            && auth::presents_a_key(headers, query)
        {
            guesses.refused(peer, Instant::now());
        }
        checked
    }

    async fn dispatch(
        &self,
        request: &mut Request,
        response: &mut Response,
        route: Route,
        family: Family,
        id: &str,
        connection: &Connection,
    ) -> Result<(), LocalError> {
        let gateway = &self.0.gateway;
        let query = auth::without_key(request.uri().query());
        let answer = match route.endpoint {
            Endpoint::Health => {
                return {
                    json(response, r#"{"status":"ok"}"#);
                    Ok(())
                };
            }
            Endpoint::Ignored => {
                response.status_code(StatusCode::OK);
                return Ok(());
            }
            Endpoint::Models { id } => gateway.models(ModelsRequest { family, id }).await?,
            Endpoint::Call { operation, model, version } => {
                let incoming = Incoming {
                    id: id.to_owned(),
                    operation,
                    model_in_path: model,
                    version,
                    path: request.uri().path().to_owned(),
                    query,
                    hint: route.hint,
                    peer: address(request.remote_addr()),
                    headers: std::mem::take(request.headers_mut()),
                };
                gateway.serve(incoming, RequestBody { body: request.body_mut(), connection }).await?
            }
        };
        let (parts, body) = answer.into_parts();
        response.status_code(parts.status);
        response.headers_mut().extend(parts.headers);
        response.body(match body {
            AnswerBody::Whole(bytes) => ResBody::Once(bytes),
            AnswerBody::Relay(relay) => ResBody::Boxed(Box::into_pin(relay)),
        });
        Ok(())
    }
}

fn options(request: &Request, response: &mut Response) {
    response.status_code(StatusCode::NO_CONTENT);
    if cors::is_preflight(request.method(), request.headers()) {
        cors::preflight(request.headers(), response.headers_mut());
    }
}

fn json(response: &mut Response, text: &'static str) {
    response.status_code(StatusCode::OK);
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response.body(ResBody::Once(Bytes::from_static(text.as_bytes())));
}

fn address(address: &salvo::conn::SocketAddr) -> Option<SocketAddr> {
    address.clone().into_std()
}
