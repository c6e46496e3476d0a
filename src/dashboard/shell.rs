//! The page shell: what every caller may load, because it holds nothing. Its script exchanges
//! the ticket in the fragment of the address for a session, and asks the control API with it.

use http::{Method, StatusCode};
use salvo::http::ResBody;
use salvo::prelude::{Depot, FlowCtrl, Request, Response};
use salvo::{Handler, Router, async_trait};

use super::answer::{Answer, Refusal};

const PAGE: Asset = Asset("text/html; charset=utf-8", include_str!("assets/index.html"));
const SCRIPT: Asset = Asset("text/javascript; charset=utf-8", include_str!("assets/app.js"));
const STYLE: Asset = Asset("text/css; charset=utf-8", include_str!("assets/app.css"));
const ICON: Asset = Asset("image/svg+xml", include_str!("../../icons/portcullis.svg"));

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

/// Its content type and its text.
#[derive(Clone, Copy)]
struct Asset(&'static str, &'static str);

#[async_trait]
impl Handler for Asset {
    async fn handle(&self, _: &mut Request, _: &mut Depot, response: &mut Response, _: &mut FlowCtrl) {
        self.answer().write(response);
    }
}

impl Asset {
    fn answer(self) -> Answer {
        Answer::new(self.0, ResBody::Once(self.1.into()))
    }
}

/// Where programs ask; every other address is one that the user has typed.
const CALLS: [&str; 5] = ["/api/", "/page/", "/part/", "/live", "/metrics"];

/// Answers requests without a route: the user's with the shell, which shows that there is no
/// such page, and a program's with an error as JSON.
pub struct NoRoute;

#[async_trait]
impl Handler for NoRoute {
    async fn handle(&self, request: &mut Request, _: &mut Depot, response: &mut Response, _: &mut FlowCtrl) {
        let status = response.status_code.unwrap_or(StatusCode::NOT_FOUND);
        let path = request.uri().path();
        let is_call = CALLS.iter().any(|call| path.starts_with(call));
        if status == StatusCode::NOT_FOUND && request.method() == Method::GET && !is_call {
            return PAGE.answer().with_status(status).write(response);
        }
        let message = match status {
            StatusCode::NOT_FOUND => "there is no such call",
            StatusCode::METHOD_NOT_ALLOWED => "this call takes another method: see `allow`",
            _ => status.canonical_reason().unwrap_or("this cannot be answered"),
        };
        Refusal::new(status, message).write(response);
    }
}
