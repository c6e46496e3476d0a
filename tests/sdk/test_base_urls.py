"""Base URLs that users really write, right by the SDK's documentation or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sdks import AnthropicMessages, GoogleGenai, GoogleGenerativeai, OpenAiChat, OpenAiResponses, Sdk

if TYPE_CHECKING:
    from proxy import Portcullis

OPENAI = ["", "/", "/v1/", "/v1/v1", "/openai/v1", "/v1/chat/completions"]
GOOGLE = ["/", "/v1", "/v1/", "/v1beta", "/v1beta/", "/gemini", "/gemini/v1beta"]

BASE_PATHS: dict[type[Sdk], list[str]] = {
    OpenAiChat: OPENAI,
    OpenAiResponses: [*OPENAI, "/v1/responses"],
    AnthropicMessages: ["/", "/v1", "/v1/", "/anthropic", "/anthropic/v1", "/v1/messages"],
    GoogleGenai: GOOGLE,
    GoogleGenerativeai: GOOGLE,
}


@pytest.mark.parametrize(
    ("sdk", "path"), [(sdk, path) for sdk, paths in BASE_PATHS.items() for path in paths]
)
def test_a_base_url_that_users_really_write_works(sdk: type[Sdk], path: str, demo: Portcullis) -> None:
    streamed = sdk(demo.root + path, "sk-any-key").stream_to_the_end("Hello")
    assert streamed.text == sdk.at(demo.root).say("Hello").text
