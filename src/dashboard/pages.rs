//! The page shell: what anybody may load, because it holds nothing. Its script takes the
//! token from the fragment of the address and asks the control API with it.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use salvo::http::ResBody;
use salvo::prelude::{Depot, FlowCtrl, Request, Response};
use salvo::{Handler, Router, async_trait};

pub fn router() -> Router {
    Router::new()
        .get(Asset { content_type: "text/html; charset=utf-8", text: include_str!("assets/index.html") })
        .push(Router::with_path("app.js").get(Asset {
            content_type: "text/javascript; charset=utf-8",
            text: include_str!("assets/app.js"),
        }))
        .push(
            Router::with_path("app.css")
                .get(Asset { content_type: "text/css; charset=utf-8", text: include_str!("assets/app.css") }),
        )
}

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
