//! The page shell: what anybody may load, because it holds nothing. Its script takes the
//! token from the fragment of the address and asks the control API with it.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use salvo::http::ResBody;
use salvo::prelude::{Depot, FlowCtrl, Request, Response};
use salvo::{Handler, Router, async_trait};

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
