"""Which SDKs meet which providers' protocols."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import sdks
from dialects import Anthropic, CompatibleChat, Dialect, Gemini, OpenAiResponses
from sdks import AnthropicMessages, GoogleGenai, GoogleGenerativeai, OpenAiChat

if TYPE_CHECKING:
    from sdks import Sdk

DIALECTS: list[type[Dialect]] = [CompatibleChat, OpenAiResponses, Anthropic, Gemini]
OWN: dict[type[Sdk], type[Dialect]] = {
    OpenAiChat: CompatibleChat,
    sdks.OpenAiResponses: OpenAiResponses,
    AnthropicMessages: Anthropic,
    GoogleGenai: Gemini,
    GoogleGenerativeai: Gemini,
}
PAIRS = [(sdk, dialect) for sdk in sdks.ALL for dialect in DIALECTS]
TRANSLATED = [(sdk, dialect) for sdk, dialect in PAIRS if OWN[sdk] is not dialect]


def named(some: list[tuple[type[Sdk], type[Dialect]]]) -> pytest.MarkDecorator:
    ids = [f"{sdk.__name__}-{dialect.__name__}" for sdk, dialect in some]
    return pytest.mark.parametrize(("sdk", "dialect"), some, ids=ids)


pairs = named(PAIRS)
