"""What the demo says is what the SDKs' own types ask for, down to the last required field.

The SDKs themselves do not look that closely; users with strict types do. Google's types
require nothing.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import anthropic
import openai
import pytest

from sdks.anthropic_messages import TOOL as ANTHROPIC_TOOL
from sdks.openai_chat import TOOL as CHAT_TOOL
from sdks.openai_responses import TOOL as RESPONSES_TOOL

if TYPE_CHECKING:
    from collections.abc import Callable

    from proxy import Portcullis

MESSAGES: Any = [{"role": "user", "content": "How is the weather?"}]
CHAT: Any = {"model": "gpt-5-mini", "messages": MESSAGES}
RESPONSES: Any = {"model": "gpt-5-mini", "input": "How is the weather?"}
ANTHROPIC: Any = {"model": "claude-sonnet-5", "max_tokens": 500, "messages": MESSAGES}


def check(objects: list[Any]) -> None:
    assert objects
    for found in objects:
        type(found).model_validate(found.to_dict())


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: [client.chat.completions.create(**CHAT)],
        lambda client: [client.chat.completions.create(**CHAT, tools=[CHAT_TOOL])],
        lambda client: client.chat.completions.create(**CHAT, stream=True),
        lambda client: client.chat.completions.create(**CHAT, stream=True, tools=[CHAT_TOOL]),
        lambda client: [client.responses.create(**RESPONSES)],
        lambda client: [client.responses.create(**RESPONSES, tools=[RESPONSES_TOOL])],
        lambda client: client.responses.create(**RESPONSES, stream=True),
        lambda client: client.responses.create(**RESPONSES, stream=True, tools=[RESPONSES_TOOL]),
        lambda client: [client.completions.create(model="gpt-3.5-turbo-instruct", prompt="Hello")],
        lambda client: [client.embeddings.create(model="text-embedding-3-small", input="Hello")],
        lambda client: [client.images.generate(model="gpt-image-1", prompt="A cat")],
        lambda client: [client.images.edit(model="gpt-image-1", prompt="A hat", image=file("cat.png"))],
        lambda client: [client.audio.transcriptions.create(model="whisper-1", file=file("hello.wav"))],
        lambda client: client.models.list(),
        lambda client: [client.models.retrieve("gpt-5-mini")],
    ],
)
def test_openai(ask: Callable[[openai.OpenAI], Any], demo: Portcullis) -> None:
    check(list(ask(openai.OpenAI(base_url=f"{demo.root}/v1", api_key="sk-any-key", max_retries=0))))


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: [client.messages.create(**ANTHROPIC)],
        lambda client: [client.messages.create(**ANTHROPIC, tools=[ANTHROPIC_TOOL])],
        lambda client: client.messages.create(**ANTHROPIC, stream=True),
        lambda client: client.messages.create(**ANTHROPIC, stream=True, tools=[ANTHROPIC_TOOL]),
        lambda client: [client.messages.count_tokens(model="claude-sonnet-5", messages=MESSAGES)],
        lambda client: client.models.list(),
        lambda client: [client.models.retrieve("claude-sonnet-5")],
    ],
)
def test_anthropic(ask: Callable[[anthropic.Anthropic], Any], demo: Portcullis) -> None:
    check(list(ask(anthropic.Anthropic(base_url=demo.root, api_key="sk-any-key", max_retries=0))))


def file(name: str) -> tuple[str, io.BytesIO]:
    return name, io.BytesIO(b"not really")
