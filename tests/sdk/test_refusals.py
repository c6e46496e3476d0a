"""What goes wrong at a provider, by every SDK, of every provider's protocol."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from matrix import DIALECTS, OWN, PAIRS, pairs
from proxy import Portcullis
from upstream import Feed, Reply, Upstream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialects import Dialect
    from sdks import Sdk

# No quotes: some SDKs print the whole error body as Python would.
THEIR_MESSAGE = "words of their own"

#: What an upstream answers, and what the client is told.
STATUSES = {400: 400, 401: 503, 403: 503, 404: 404, 413: 413, 429: 429, 500: 500, 503: 503, 529: 503}


@pytest.fixture(scope="module")
def upstreams() -> Iterator[dict[type[Dialect], Upstream]]:
    with ExitStack() as stack:
        yield {dialect: stack.enter_context(Upstream()) for dialect in DIALECTS}


@pytest.fixture(scope="module")
def proxy(upstreams: dict[type[Dialect], Upstream]) -> Iterator[Portcullis]:
    """An account for each case: what one is refused for, it has to rest for."""
    config, pins = "", "[models]\n"
    for sdk, dialect in PAIRS:
        for status in [200, *STATUSES]:
            name = account(sdk, dialect, status)
            config += dialect().account(upstreams[dialect], name)
            pins += f'"{name}" = "{name}/{dialect.model}"\n'
    with Portcullis.serve(config + pins) as proxy:
        yield proxy


def account(sdk: type[Sdk], dialect: type[Dialect], status: int) -> str:
    return f"{sdk.__name__}-{dialect.__name__}-{status}"


@pairs
@pytest.mark.parametrize("status", STATUSES)
def test_a_refusal_is_raised_as_what_it_means(
    sdk: type[Sdk],
    dialect: type[Dialect],
    status: int,
    upstreams: dict[type[Dialect], Upstream],
    proxy: Portcullis,
) -> None:
    wire = dialect()
    hint = {"Retry-After": "7"} if status == 429 else {}
    upstreams[dialect].answers(wire.refusal(status, THEIR_MESSAGE, **hint))
    told = status if OWN[sdk] is dialect and status == 529 else STATUSES[status]
    client = sdk.at(proxy.root)
    client.model = account(sdk, dialect, status)
    with pytest.raises(client.raises[told], match=THEIR_MESSAGE) as raised:
        client.say("Hi")
    assert client.status(raised.value) == told
    if hint:
        error: Any = raised.value
        assert 1 <= int(error.response.headers["retry-after"]) <= 7


@pairs
def test_whoever_goes_away_takes_the_upstreams_answer_along(
    sdk: type[Sdk],
    dialect: type[Dialect],
    upstreams: dict[type[Dialect], Upstream],
    proxy: Portcullis,
) -> None:
    feed, wire = Feed(), sdk.wire if OWN[sdk] is dialect else dialect()
    upstreams[dialect].answers(Reply(feed, content_type=wire.stream_type))
    client = sdk.at(proxy.root)
    client.model = account(sdk, dialect, 200)
    pieces = client.stream("Count")
    feed.send_until(iter(wire.events("one ", "two ", "three ")), "one ", "two ")
    assert next(pieces) == "one "
    pieces.close()
    feed.wait_until_nobody_listens()
