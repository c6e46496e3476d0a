//! The page shell: what anybody may load, because it holds nothing. Its script exchanges
//! the ticket in the fragment of the address for a session, and asks the control API with it.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, StatusCode};
use salvo::http::ResBody;
use salvo::prelude::{Depot, FlowCtrl, Request, Response};
use salvo::{Handler, Router, async_trait};

use super::api;

const PAGE: Asset =
    Asset { content_type: "text/html; charset=utf-8", text: include_str!("assets/index.html") };
const SCRIPT: Asset =
    Asset { content_type: "text/javascript; charset=utf-8", text: include_str!("assets/app.js") };
const STYLE: Asset = Asset { content_type: "text/css; charset=utf-8", text: include_str!("assets/app.css") };
const ICON: Asset = Asset { content_type: "image/svg+xml", text: include_str!("../../icons/portcullis.svg") };

/// Every page has the same shell, so that a reload of any of them works.
const PAGES: [&str; 5] = ["requests", "requests/{number}", "usage", "accounts", "settings"];

pub fn router() -> Router {
    let assets = [("app.js", SCRIPT), ("app.css", STYLE), ("icon.svg", ICON)];
    let pages = PAGES.into_iter().map(|path| (path, PAGE));
    let routes = assets.into_iter().chain(pages);
    routes.fold(Router::new().get(PAGE), |router, (path, asset)| {
        router.push(Router::with_path(path).get(asset))
    })
}

/// What a program asks for; everything else is an address that a person has typed.
const CALLS: [&str; 5] = ["/api/", "/page/", "/part/", "/live", "/metrics"];

/// Answers what no route wants: a person with the shell, which says that there is no such
/// page, and a program with an error it can read.
pub struct Nowhere;

#[async_trait]
impl Handler for Nowhere {
    async fn handle(
        &self,
        request: &mut Request,
        depot: &mut Depot,
        response: &mut Response,
        flow: &mut FlowCtrl,
    ) {
        let status = response.status_code.unwrap_or(StatusCode::NOT_FOUND);
        let path = request.uri().path();
        let is_call = CALLS.iter().any(|call| path.starts_with(call));
        if status == StatusCode::NOT_FOUND && request.method() == Method::GET && !is_call {
            PAGE.handle(request, depot, response, flow).await;
            response.status_code(status);
            return;
        }
        let message = match status {
            StatusCode::NOT_FOUND => "there is no such call",
            StatusCode::METHOD_NOT_ALLOWED => "this call takes another method: see `allow`",
            _ => status.canonical_reason().unwrap_or("this cannot be answered"),
        };
        api::refuse(response, status, message);
    }
}

#[derive(Clone, Copy)]
struct Asset {
    content_type: &'static str,
    text: &'static str,
}

#[async_trait]
impl Handler for Asset {
    async fn handle(&self, _: &mut Request, _: &mut Depot, response: &mut Response, _: &mut FlowCtrl) {
        response.status_code(StatusCode::OK);
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        response.body(ResBody::Once(self.text.into()));
    }
}
