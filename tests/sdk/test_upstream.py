"""What reaches an upstream of the SDK's own provider, and what comes back.

What an SDK sends is what it sends to the upstream without a proxy between them: each
case asks both ways and compares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

import wires
from proxy import CLIENT_KEY, Portcullis
from sdks import AnthropicMessages, GoogleGenai, GoogleGenerativeai, OpenAiChat, Sdk
from upstream import Feed, Reply, Seen, Upstream
from wires import INPUT_TOKENS, OUTPUT_TOKENS

if TYPE_CHECKING:
    from collections.abc import Callable

# Headers that cross for every client, and those that concern one hop only.
ANYBODYS_HEADERS = ("accept", "content-type", "user-agent")
HOP_HEADERS = {"accept-encoding", "content-length", "host", "x-portcullis-hop"}

TURNS = ("Tell me a story.", "Once upon a time", "And then? 続きは？")


def ask_both_ways(
    sdk: type[Sdk],
    ask: Callable[[Sdk], object],
    upstream: Upstream,
    proxy: Portcullis,
) -> tuple[Seen, Seen]:
    """Returns what came straight from the SDK, and what came through the proxy."""
    ask(sdk.at(upstream.root, CLIENT_KEY))
    ask(sdk.at(proxy.root, CLIENT_KEY))
    direct, relayed = upstream.seen
    return direct, relayed


def assert_same(direct: Seen, relayed: Seen) -> None:
    """But for how a parameter's name is spelt, and that others than Google know one version."""
    path = unquote(direct.path)
    if path.startswith("/v1/models/"):
        path = path.replace("/v1/", "/v1beta/", 1)
    assert (relayed.method, unquote(relayed.path), relayed.body) == (direct.method, path, direct.body)


def test_the_request_arrives_as_the_sdk_sent_it(
    sdk: type[Sdk], upstream: Upstream, proxy: Portcullis
) -> None:
    upstream.answers(sdk.wire.answer("Hello"))
    assert_same(*ask_both_ways(sdk, lambda sdk: sdk.say(*TURNS), upstream, proxy))


def test_a_streamed_request_arrives_as_the_sdk_sent_it(
    sdk: type[Sdk], upstream: Upstream, proxy: Portcullis
) -> None:
    upstream.answers(Reply(b"".join(sdk.wire.events("Hello")), content_type=sdk.wire.stream_type))
    assert_same(*ask_both_ways(sdk, lambda sdk: list(sdk.stream("Hi")), upstream, proxy))


@pytest.mark.parametrize(
    ("sdk", "ask", "answer"),
    [
        (AnthropicMessages, lambda sdk: sdk.count_tokens("Hi"), {"input_tokens": 5}),
        (GoogleGenai, lambda sdk: sdk.count_tokens("Hi"), {"totalTokens": 5}),
        (GoogleGenerativeai, lambda sdk: sdk.count_tokens("Hi"), {"totalTokens": 5}),
        (OpenAiChat, lambda sdk: sdk.embed("Hi"), {"data": [{"embedding": [0.5], "index": 0}]}),
        (GoogleGenai, lambda sdk: sdk.embed("Hi"), {"embeddings": [{"values": [0.5]}]}),
        (GoogleGenerativeai, lambda sdk: sdk.embed("Hi"), {"embeddings": [{"values": [0.5]}]}),
    ],
)
def test_the_smaller_calls_arrive_as_the_sdk_sent_them(
    sdk: type[Sdk],
    ask: Callable[[Sdk], object],
    answer: object,
    upstream: Upstream,
    proxy: Portcullis,
) -> None:
    upstream.answers(Reply.json(answer))
    assert ask(sdk.at(proxy.root)) == ask(sdk.at(upstream.root))
    relayed, direct = upstream.seen
    assert_same(direct, relayed)


def test_the_accounts_key_replaces_the_clients(sdk: type[Sdk], upstream: Upstream, proxy: Portcullis) -> None:
    upstream.answers(sdk.wire.answer("Hello"))
    direct, relayed = ask_both_ways(sdk, lambda sdk: sdk.say("Hi"), upstream, proxy)
    assert CLIENT_KEY in direct.text()
    assert CLIENT_KEY not in relayed.text()
    assert relayed.headers[sdk.wire.key_header] == sdk.wire.key_value
    assert relayed.text().count(wires.ACCOUNT_KEY) == 1


def test_headers_of_its_own_family_cross_and_no_others(
    sdk: type[Sdk], upstream: Upstream, proxy: Portcullis
) -> None:
    upstream.answers(sdk.wire.answer("Hello"))
    direct, relayed = ask_both_ways(sdk, lambda sdk: sdk.say("Hi"), upstream, proxy)
    key = sdk.wire.key_header
    expected = {
        name: value
        for name, value in direct.headers.items()
        if name in ANYBODYS_HEADERS or (name.startswith(sdk.wire.own_headers) and name != key)
    }
    crossed = {name: value for name, value in relayed.headers.items() if name not in HOP_HEADERS | {key}}
    assert crossed == expected
    own_name = sdk.own_header[0].lower()
    # Google's older SDK sets its own value beside it.
    assert crossed[own_name] == direct.headers[own_name]
    assert sdk.stray_header[0] in direct.headers


def test_the_answer_and_its_usage_come_back(sdk: type[Sdk], upstream: Upstream, proxy: Portcullis) -> None:
    upstream.answers(sdk.wire.answer("Hello. 今日は。"))
    answer = sdk.at(proxy.root).say("Hi")
    assert (answer.text, answer.input_tokens, answer.output_tokens) == (
        "Hello. 今日は。",
        INPUT_TOKENS,
        OUTPUT_TOKENS,
    )


def test_a_stream_passes_event_by_event(sdk: type[Sdk], upstream: Upstream, proxy: Portcullis) -> None:
    feed = Feed()
    upstream.answers(Reply(feed, content_type=sdk.wire.stream_type))
    texts = ["one ", "two ", "three ", "four"]
    events = iter(sdk.wire.events(*texts))
    pieces = sdk.at(proxy.root).stream("Count")
    feed.send_until(events, *texts[: sdk.reads_ahead])
    for earlier, latest in zip(texts, texts[sdk.reads_ahead :], strict=False):
        feed.send_until(events, latest)
        # Nothing after the latest has been sent yet.
        assert next(pieces) == earlier
    feed.send(*events)
    feed.end()
    assert list(pieces) == texts[len(texts) - sdk.reads_ahead :]


def test_a_stream_that_breaks_off_raises(sdk: type[Sdk], upstream: Upstream, proxy: Portcullis) -> None:
    feed = Feed()
    upstream.answers(Reply(feed, content_type=sdk.wire.stream_type))
    pieces = sdk.at(proxy.root).stream("Count")
    feed.send_until(iter(sdk.wire.events("one ", "two ", "three")), "one ", "two ")
    assert next(pieces) == "one "
    feed.break_off()
    exception, message = sdk.broken_stream
    with pytest.raises(exception, match=message):
        list(pieces)


def test_the_upstreams_model_list_comes_back(sdk: type[Sdk], upstream: Upstream, proxy: Portcullis) -> None:
    names = [f"{sdk.model}-one", f"{sdk.model}-two"]
    upstream.answers(sdk.wire.model_list(*names))
    direct = sdk.at(upstream.root).models()
    assert sdk.at(proxy.root).models() == direct == names
