"""What is asked in the matrix, what is answered, and what each provider hears of it.

Whichever client asks, a provider receives the same.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chat import Ask, Call, Told, Usage
from dialects import Anthropic, CompatibleChat, Gemini, OpenAiResponses
from sdks import AnthropicMessages, GoogleGenai

if TYPE_CHECKING:
    from dialects import Dialect
    from sdks import Sdk

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PDF = b"%PDF-1.4\n%\xfb\xff\xbe\n%%EOF\n"
PNG_TEXT, PDF_TEXT = base64.b64encode(PNG).decode(), base64.b64encode(PDF).decode()
# Google's legacy SDK sends neither `additionalProperties` nor types as they are written.
FORM = {
    "type": "object",
    "properties": {"title": {"type": "string"}, "pages": {"type": "integer"}},
    "required": ["title", "pages"],
}
STRICT_FORM = {**FORM, "additionalProperties": False}
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
KYOTO = Call("call_1", "get_weather", {"city": "京都"})
OSAKA = Call("call_2", "get_weather", {"city": "Osaka"})


HELLO, ANSWER = Ask(), Told("Hello. 今日は。")


@dataclass(frozen=True)
class Case:
    ask: Ask = HELLO
    told: Told = ANSWER
    #: What stands in the request of each protocol, whatever else does.
    heard: dict[type[Dialect], Any] = field(default_factory=dict)
    #: What is named as lost, by protocol or by SDK and protocol.
    dropped: dict[Any, str] = field(default_factory=dict)
    #: Whether the answer has what only other providers give unasked.
    is_unasked: bool = False

    @property
    def asks_for(self) -> set[str]:
        return {name for name, value in vars(self.ask).items() if value}

    def lost(self, sdk: type[Sdk], dialect: type[Dialect]) -> str:
        return self.dropped.get((sdk, dialect), self.dropped.get(dialect, ""))


def chat(*content: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": list(content)}]}


def responses(*content: Any) -> dict[str, Any]:
    return {"input": [{"role": "user", "content": list(content)}]}


def gemini(*parts: Any) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": list(parts)}]}


def text(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


CASES = {
    "text": Case(
        heard={
            CompatibleChat: {"messages": [{"role": "user", "content": "Hello?"}]},
            OpenAiResponses: responses({"type": "input_text", "text": "Hello?"}),
            Anthropic: chat(text("Hello?")),
            Gemini: gemini({"text": "Hello?"}),
        },
    ),
    "turns": Case(
        Ask(("Tell me.", "Once upon a time", "And then? 続きは？")),
        heard={
            CompatibleChat: {
                "messages": [
                    {"role": "user", "content": "Tell me."},
                    {"role": "assistant", "content": "Once upon a time"},
                    {"role": "user", "content": "And then? 続きは？"},
                ],
            },
            OpenAiResponses: {
                "input": [
                    {"role": "user", "content": [{"type": "input_text", "text": "Tell me."}]},
                    {"role": "assistant", "content": "Once upon a time"},
                    {"role": "user", "content": [{"type": "input_text", "text": "And then? 続きは？"}]},
                ],
            },
            Anthropic: {
                "messages": [
                    {"role": "user", "content": [text("Tell me.")]},
                    {"role": "assistant", "content": [text("Once upon a time")]},
                    {"role": "user", "content": [text("And then? 続きは？")]},
                ],
            },
            Gemini: {
                "contents": [
                    {"role": "user", "parts": [{"text": "Tell me."}]},
                    {"role": "model", "parts": [{"text": "Once upon a time"}]},
                    {"role": "user", "parts": [{"text": "And then? 続きは？"}]},
                ],
            },
        },
    ),
    "system": Case(
        Ask(system="Be brief."),
        heard={
            CompatibleChat: {
                "messages": [
                    {"role": "system", "content": "Be brief."},
                    {"role": "user", "content": "Hello?"},
                ],
            },
            OpenAiResponses: {"instructions": "Be brief."},
            Anthropic: {"system": [text("Be brief.")]},
            Gemini: {"systemInstruction": {"parts": [{"text": "Be brief."}]}},
        },
    ),
    "image": Case(
        Ask(image=PNG),
        heard={
            CompatibleChat: chat(
                text("Hello?"),
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG_TEXT}"}},
            ),
            OpenAiResponses: responses(
                {"type": "input_text", "text": "Hello?"},
                {"type": "input_image", "image_url": f"data:image/png;base64,{PNG_TEXT}"},
            ),
            Anthropic: chat(
                text("Hello?"),
                {
                    "type": "image",
                    "source": {"type": "base64", "media_type": "image/png", "data": PNG_TEXT},
                },
            ),
            Gemini: gemini({"text": "Hello?"}, {"inlineData": {"mimeType": "image/png", "data": PNG_TEXT}}),
        },
    ),
    "document": Case(
        Ask(document=PDF),
        heard={
            CompatibleChat: chat(
                text("Hello?"),
                {"type": "file", "file": {"file_data": f"data:application/pdf;base64,{PDF_TEXT}"}},
            ),
            OpenAiResponses: responses(
                {"type": "input_text", "text": "Hello?"},
                {"type": "input_file", "file_data": f"data:application/pdf;base64,{PDF_TEXT}"},
            ),
            Anthropic: chat(
                text("Hello?"),
                {
                    "type": "document",
                    "source": {"type": "base64", "media_type": "application/pdf", "data": PDF_TEXT},
                },
            ),
            Gemini: gemini(
                {"text": "Hello?"}, {"inlineData": {"mimeType": "application/pdf", "data": PDF_TEXT}}
            ),
        },
    ),
    "one tool": Case(
        Ask(with_tool=True),
        Told("I will look.", calls=(KYOTO,), end="calls"),
        heard={
            CompatibleChat: {
                "tools": [
                    {"type": "function", "function": {"name": "get_weather", "parameters": PARAMETERS}},
                ],
            },
            OpenAiResponses: {
                "tools": [{"type": "function", "name": "get_weather", "parameters": PARAMETERS}],
            },
            Anthropic: {"tools": [{"name": "get_weather", "input_schema": PARAMETERS}]},
            Gemini: {
                "tools": [
                    {
                        "functionDeclarations": [
                            {"name": "get_weather", "parametersJsonSchema": PARAMETERS},
                        ],
                    },
                ],
            },
        },
    ),
    "parallel tools": Case(Ask(with_tool=True), Told(calls=(KYOTO, OSAKA), end="calls")),
    "form": Case(
        Ask(schema=STRICT_FORM),
        Told('{"title": "鴨川", "pages": 3}'),
        heard={
            CompatibleChat: {
                "response_format": {"type": "json_schema", "json_schema": {"schema": FORM}},
            },
            OpenAiResponses: {"text": {"format": {"type": "json_schema", "schema": FORM}}},
            Anthropic: {"output_config": {"format": {"type": "json_schema", "schema": FORM}}},
            Gemini: {
                "generationConfig": {
                    "responseMimeType": "application/json",
                    "responseJsonSchema": FORM,
                },
            },
        },
    ),
    "stop": Case(
        Ask(stop=("END", "終")),
        heard={
            CompatibleChat: {"stop": ["END", "終"]},
            Anthropic: {"stop_sequences": ["END", "終"]},
            Gemini: {"generationConfig": {"stopSequences": ["END", "終"]}},
        },
        dropped={OpenAiResponses: "stop"},
    ),
    "limit": Case(
        Ask(limit=50),
        Told("Once upon", end="length"),
        heard={
            CompatibleChat: {"max_tokens": 50},
            OpenAiResponses: {"max_output_tokens": 50},
            Anthropic: {"max_tokens": 50},
            Gemini: {"generationConfig": {"maxOutputTokens": 50}},
        },
    ),
    "usage": Case(told=Told("Hello.", usage=Usage(input=120, output=45, cached=100, reasoning=30))),
    "thinking": Case(
        Ask(thinks=True),
        Told("42.", thought="What would six by nine be?", usage=Usage(reasoning=5)),
        heard={
            CompatibleChat: {"reasoning_effort": "high"},
            OpenAiResponses: {"reasoning": {"effort": "high"}},
            Anthropic: {"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}},
            Gemini: {
                "generationConfig": {"thinkingConfig": {"thinkingLevel": "HIGH", "includeThoughts": True}},
            },
        },
        # Asking for a summary is a 400 on accounts of organizations that are not verified.
        dropped={
            (AnthropicMessages, OpenAiResponses): "reasoning.summary",
            (GoogleGenai, OpenAiResponses): "reasoning.summary",
        },
    ),
    "thinking unasked": Case(told=Told("42.", thought="What would six by nine be?"), is_unasked=True),
}
