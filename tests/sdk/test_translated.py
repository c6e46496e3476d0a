"""Every SDK served by accounts of the other providers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import sdks
import wires
from proxy import Portcullis
from upstream import Feed, Reply, Upstream
from wires import INPUT_TOKENS, OUTPUT_TOKENS, Wire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sdks import Sdk

WIRES: list[Wire] = [wires.OpenAiChat(), wires.Anthropic(), wires.Gemini()]
PAIRS = [(sdk, wire) for sdk in sdks.ALL for wire in WIRES if sdk.wire.provider != wire.provider]

pytestmark = pytest.mark.parametrize(
    ("sdk", "wire"), PAIRS, ids=[f"{sdk.__name__}-{wire.provider}" for sdk, wire in PAIRS]
)


@pytest.fixture
def proxy(sdk: type[Sdk], wire: Wire, upstream: Upstream) -> Iterator[Portcullis]:
    """One account, of another provider, that stands in for the SDK's model."""
    with Portcullis.serve(f'{wire.account(upstream)}[models]\n"{sdk.model}" = "work/their-model"\n') as proxy:
        yield proxy


def test_the_answer_and_its_usage_come_back(
    sdk: type[Sdk], wire: Wire, upstream: Upstream, proxy: Portcullis
) -> None:
    upstream.answers(wire.answer("Hello. 今日は。"))
    answer = sdk.at(proxy.root).say("Tell me a story.", "Once upon a time", "And then?")
    assert answer == sdks.Answer("Hello. 今日は。", INPUT_TOKENS, OUTPUT_TOKENS)


def test_a_stream_adds_up(sdk: type[Sdk], wire: Wire, upstream: Upstream, proxy: Portcullis) -> None:
    upstream.answers(Reply(b"".join(wire.events("one ", "two ", "three")), content_type=wire.stream_type))
    assert sdk.at(proxy.root).stream_to_the_end("Count").text == "one two three"


def test_a_stream_passes_piece_by_piece(
    sdk: type[Sdk], wire: Wire, upstream: Upstream, proxy: Portcullis
) -> None:
    feed = Feed()
    upstream.answers(Reply(feed, content_type=wire.stream_type))
    events = iter(wire.events("one ", "two ", "three "))
    pieces = sdk.at(proxy.root).stream("Count")
    feed.send_until(events, "one ", "two ")
    # The third text has not been sent yet.
    assert next(pieces) == "one "
    feed.send(*events)
    feed.end()
    assert list(pieces) == ["two ", "three "]


def test_a_stream_that_breaks_off_raises(
    sdk: type[Sdk], wire: Wire, upstream: Upstream, proxy: Portcullis
) -> None:
    feed = Feed()
    upstream.answers(Reply(feed, content_type=wire.stream_type))
    feed.send_until(iter(wire.events("one ", "two ", "three")), "one ", "two ")
    feed.break_off()
    exception, message = sdk.failed_stream or sdk.broken_stream
    with pytest.raises(exception, match=message):
        list(sdk.at(proxy.root).stream("Count"))


@pytest.mark.parametrize("status", [400, 404, 500])
def test_a_refusal_is_raised_in_the_sdks_own_way(
    sdk: type[Sdk], wire: Wire, status: int, upstream: Upstream, proxy: Portcullis
) -> None:
    upstream.answers(wire.refusal(status, "words of their own"))
    client = sdk.at(proxy.root)
    with pytest.raises(sdk.raises[status], match="words of their own") as raised:
        client.say("Hi")
    assert client.status(raised.value) == status
