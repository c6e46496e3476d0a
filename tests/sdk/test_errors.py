"""Every failure is the exception its SDK has for it, with a message that helps."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from proxy import CLIENT_KEY, Portcullis, proxy_section
from sdks import GoogleGenai

if TYPE_CHECKING:
    from collections.abc import Callable

    from sdks import Sdk
    from upstream import Upstream

# No quotes: some SDKs print the whole error body as Python would.
THEIR_MESSAGE = "words of their own"


def check(client: Sdk, ask: Callable[[Sdk], object], status: int, message: str) -> Any:
    """Returns the exception: of the class its SDK has for this status, saying this."""
    with pytest.raises(client.raises[status]) as raised:
        ask(client)
    assert client.status(raised.value) == status
    assert message in str(raised.value)
    return raised.value


def say(client: Sdk) -> object:
    return client.say("Hi")


def stream(client: Sdk) -> object:
    return list(client.stream("Hi"))


@pytest.mark.parametrize("ask", [say, stream])
@pytest.mark.parametrize("status", [400, 404, 413, 422, 500, 503, 529])
def test_an_upstreams_refusal_is_raised_as_it_is(
    sdk: type[Sdk],
    status: int,
    ask: Callable[[Sdk], object],
    upstream: Upstream,
    proxy: Portcullis,
) -> None:
    upstream.answers(sdk.wire.refusal(status, THEIR_MESSAGE))
    check(sdk.at(proxy.root), ask, status, THEIR_MESSAGE)


@pytest.mark.parametrize("ask", [say, stream])
def test_a_rate_limit_says_when_to_come_back(
    sdk: type[Sdk], ask: Callable[[Sdk], object], upstream: Upstream, proxy: Portcullis
) -> None:
    upstream.answers(sdk.wire.refusal(429, THEIR_MESSAGE, **{"Retry-After": "7"}))
    error = check(sdk.at(proxy.root), ask, 429, THEIR_MESSAGE)
    assert 1 <= int(error.response.headers["retry-after"]) <= 7


@pytest.mark.parametrize("status", [401, 403])
def test_a_dead_credential_upstream_is_not_the_clients(
    sdk: type[Sdk], status: int, upstream: Upstream, proxy: Portcullis
) -> None:
    upstream.answers(sdk.wire.refusal(status, THEIR_MESSAGE))
    client = sdk.at(proxy.root)
    check(client, say, 503, THEIR_MESSAGE)
    check(client, stream, 503, "refused by its provider")
    assert len(upstream.seen) == 1


def test_an_upstream_that_is_not_there_is_a_bad_gateway(sdk: type[Sdk], upstream: Upstream) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        upstream.root = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        with Portcullis.serve(sdk.wire.account(upstream)) as proxy:
            check(sdk.at(proxy.root), say, 502, "could not be reached")


def test_a_wrong_key_is_an_authentication_error(sdk: type[Sdk], upstream: Upstream) -> None:
    upstream.answers(sdk.wire.answer("Hello"))
    config = proxy_section('auth_mode = "strict"') + sdk.wire.account(upstream)
    with Portcullis.serve(config) as proxy:
        for ask in (say, stream, lambda client: client.models()):
            check(sdk.at(proxy.root, "sk-wrong-key"), ask, 401, "portcullis key show")
        assert not upstream.seen
        assert sdk.at(proxy.root, CLIENT_KEY).say("Hi").text == "Hello"


def test_a_wrong_key_has_googles_own_status(upstream: Upstream) -> None:
    config = proxy_section('auth_mode = "strict"') + GoogleGenai.wire.account(upstream)
    with Portcullis.serve(config) as proxy:
        error = check(GoogleGenai.at(proxy.root, "sk-wrong-key"), say, 401, "UNAUTHENTICATED")
        assert error.status == "UNAUTHENTICATED"


@pytest.mark.parametrize("ask", [say, stream])
def test_an_unknown_model_is_not_found(
    sdk: type[Sdk], ask: Callable[[Sdk], object], upstream: Upstream, proxy: Portcullis
) -> None:
    client = sdk.at(proxy.root)
    client.model = "somebodys-own-model"
    check(client, ask, 404, "no account serves the model")
    assert not upstream.seen


def test_what_is_not_served_names_the_base_url(sdk: type[Sdk], demo: Portcullis) -> None:
    check(
        sdk.at(demo.root), lambda client: client.call_what_is_not_here(), 404, f"The base URL is {demo.root}"
    )


def test_a_body_over_the_limit_is_too_large(sdk: type[Sdk], upstream: Upstream) -> None:
    upstream.answers(sdk.wire.answer("Hello"))
    with Portcullis.serve(proxy_section("max_body_mb = 1") + sdk.wire.account(upstream)) as proxy:
        client = sdk.at(proxy.root)
        check(client, lambda client: client.say("x" * (2 << 20)), 413, "max_body_mb")
        assert not upstream.seen
        assert client.say("x").text == "Hello"


def test_nonsense_is_a_bad_request(sdk: type[Sdk], demo: Portcullis) -> None:
    check(sdk.at(demo.root), sdk.send_nonsense, 400, sdk.nonsense)
