//! `GET /api/served?protocol=anthropic&model=…&model=…`: which of these models nobody here
//! serves, and what could answer instead.

use std::sync::Arc;

use http::StatusCode;
use salvo::prelude::{Depot, FlowCtrl, Request, Response};
use salvo::{Handler, Router, async_trait};
use serde_json::json;
use url::form_urlencoded;

use super::Control;
use super::api::{refuse, write};
use super::records::unknown;
use crate::protocol::Protocol;

/// No tool asks for so many.
const MODELS_AT_MOST: usize = 32;

pub fn router(control: &Arc<Control>) -> Router {
    Router::with_path("api/served").get(Served(Arc::clone(control)))
}

struct Served(Arc<Control>);

#[async_trait]
impl Handler for Served {
    async fn handle(&self, request: &mut Request, _: &mut Depot, response: &mut Response, _: &mut FlowCtrl) {
        let (mut protocol, mut models) = (Protocol::OpenAiChat, Vec::new());
        for (key, value) in form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()) {
            let named = Protocol::ALL.into_iter().find(|protocol| protocol.name() == value);
            match (&*key, named) {
                ("model", _) if models.len() < MODELS_AT_MOST => models.push(value.into_owned()),
                ("protocol", Some(named)) => protocol = named,
                _ => {
                    let refusal = unknown(&key, "model and protocol").into_reason();
                    return refuse(response, StatusCode::BAD_REQUEST, &refusal);
                }
            }
        }
        let served = self.0.gateway.coverage(protocol, models).await;
        write(response, StatusCode::OK, &json!(served));
    }
}
