//! Which models there are: the upstream's own list where an account of the asking
//! family has one, else the names that are configured.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use http_body_util::{BodyExt, Limited};
use tokio::time::timeout;

use super::attempt::{Answered, Attempt};
use super::{ACCOUNT_HEADER, Answer, AnswerBody, Gateway, passthrough, response};
use crate::accounts::{Pin, Tried, Wanted};
use crate::protocol::{ErrorKind, Family, LocalError, Protocol, Provider, models};
use crate::upstream::{Frames, demo, endpoint};

/// The longest list that is believed.
const MAX_LIST: usize = 8 << 20;

#[derive(Clone, Debug)]
pub struct ModelsRequest {
    pub family: Family,
    pub id: Option<String>,
    pub version: Option<&'static str>,
    pub query: Option<String>,
    pub headers: HeaderMap,
}

impl Gateway {
    /// Answers `GET …/models` and `GET …/models/{id}`.
    pub async fn models(&self, request: ModelsRequest) -> Answer {
        if let Some(answer) = self.upstream_models(&request).await {
            return answer;
        }
        let names = self.configured_models();
        let body = match &request.id {
            None => models::list(request.family, &names),
            Some(id) if names.iter().any(|name| name == id) => models::entry(request.family, id),
            Some(id) => {
                return Err(LocalError::new(
                    ErrorKind::ModelNotFound,
                    format!("there is no model {id:?} here. There are: {}", names.join(", ")),
                ));
            }
        };
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        Ok(response(StatusCode::OK, headers, AnswerBody::Whole(Bytes::from(body.to_string()))))
    }

    /// Asks the asking family's own providers, one account each, and passes on the first
    /// answer there is. `None`: nobody to ask, or nobody answered.
    async fn upstream_models(&self, request: &ModelsRequest) -> Option<Answer> {
        let settings = self.settings();
        let client = self.client();
        for provider in providers(request.family) {
            let wanted = Wanted {
                protocols: &Protocol::ALL,
                client_protocol: provider.protocols()[0],
                model: "",
                pin: Some(Pin::Provider(*provider)),
                session: None,
                now: Instant::now(),
            };
            let Ok(mut lease) = self.pool.lease(&wanted, &mut Tried::default()) else { continue };
            let attempt = Attempt {
                client: &client,
                method: Method::GET,
                path: endpoint::Path::Models { id: request.id.as_deref(), version: request.version },
                query: request.query.as_deref(),
                headers: passthrough::request_headers(&request.headers, provider.protocols()[0]),
                body: Frames::default(),
                limit: settings.config.proxy.request_timeout,
            };
            let answered = match attempt.run(lease.account()).await {
                Ok(answered) => answered,
                Err(refused) => {
                    lease.fail(&refused.failure);
                    tracing::info!(
                        account = lease.account().name,
                        "no model list: {}",
                        refused.failure.reason
                    );
                    continue;
                }
            };
            lease.succeed();
            let mut headers = passthrough::response_headers(&answered.headers);
            let status = answered.status;
            let Some(body) = whole_list(answered, settings.config.proxy.request_timeout).await else {
                continue;
            };
            if let Ok(name) = HeaderValue::from_str(&lease.account().name) {
                headers.insert(ACCOUNT_HEADER, name);
            }
            return Some(Ok(response(status, headers, AnswerBody::Whole(body))));
        }
        None
    }

    /// Names a client can ask for as they are: aliases, the accounts' own lists, the demo's.
    fn configured_models(&self) -> Vec<String> {
        let settings = self.settings();
        let config = &settings.config;
        let accounts = config.accounts.iter().filter(|account| account.enabled);
        let demo = accounts.clone().any(|account| account.provider == Provider::Demo);
        let listed = accounts.flat_map(|account| account.models.iter().cloned());
        let aliases = config.models.iter().map(|(asked, _)| asked.clone());
        let demo = demo.then(demo::models).into_iter().flatten().map(|name| (*name).to_owned());
        let names: BTreeSet<String> =
            aliases.chain(listed).chain(demo).filter(|name| !name.contains('*')).collect();
        names.into_iter().collect()
    }
}

/// `None`: it broke off, stopped coming, or has no end.
async fn whole_list(answered: Answered, limit: Duration) -> Option<Bytes> {
    let rest = Limited::new(answered.rest, MAX_LIST).collect();
    let rest = timeout(limit, rest).await.ok()?.ok()?.to_bytes();
    Some([answered.first, rest].concat().into())
}

const fn providers(family: Family) -> &'static [Provider] {
    match family {
        Family::OpenAi => &[Provider::OpenAi, Provider::OpenAiCompatible],
        Family::Anthropic => &[Provider::Anthropic, Provider::Zai],
        Family::Gemini => &[Provider::Gemini],
    }
}
