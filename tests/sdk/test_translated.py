"""How a stream of another provider's comes to an SDK: as it is sent, and never whole if it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from matrix import TRANSLATED, named
from proxy import Portcullis
from upstream import Feed, Reply, Upstream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dialects import Dialect
    from sdks import Sdk

pytestmark = named(TRANSLATED)


@pytest.fixture
def feed(dialect: type[Dialect], upstream: Upstream) -> Feed:
    """What the upstream sends."""
    feed = Feed()
    upstream.answers(Reply(feed, content_type=dialect.stream_type))
    return feed


@pytest.fixture
def client(sdk: type[Sdk], dialect: type[Dialect], upstream: Upstream) -> Iterator[Sdk]:
    """At one account, of another provider, that stands in for the SDK's model."""
    pin = f'[models]\n"{sdk.model}" = "work/{dialect.model}"\n'
    with Portcullis.serve(dialect().account(upstream) + pin) as proxy:
        yield sdk.at(proxy.root)


def test_a_stream_passes_piece_by_piece(client: Sdk, dialect: type[Dialect], feed: Feed) -> None:
    events = iter(dialect().events("one ", "two ", "three "))
    pieces = client.stream("Count")
    feed.send_until(events, "one ", "two ")
    # The third text has not been sent yet.
    assert next(pieces) == "one "
    feed.send(*events)
    feed.end()
    assert list(pieces) == ["two ", "three "]


def test_a_stream_that_breaks_off_raises(client: Sdk, dialect: type[Dialect], feed: Feed) -> None:
    feed.send_until(iter(dialect().events("one ", "two ", "three")), "one ", "two ")
    feed.break_off()
    exception, message = client.failed_stream or client.broken_stream
    with pytest.raises(exception, match=message):
        list(client.stream("Count"))
