"""`google-genai`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from google import genai
from google.genai import errors, types

import wires
from sdks.sdk import TIMEOUT_SECONDS, TOOL_DESCRIPTION, TOOL_NAME, TOOL_PARAMETERS, Answer, Sdk, ToolCall

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

FUNCTION = types.FunctionDeclaration(
    name=TOOL_NAME,
    description=TOOL_DESCRIPTION,
    parameters_json_schema=TOOL_PARAMETERS,
)
WITH_TOOL = types.GenerateContentConfig(tools=[types.Tool(function_declarations=[FUNCTION])])


class GoogleGenai(Sdk):
    wire = wires.Gemini()
    model = "gemini-3-flash"
    own_header = ("x-goog-user-project", "mine")
    nonsense = "contents: expected a list"
    raises: ClassVar = {
        **dict.fromkeys([400, 401, 404, 413, 422, 429], errors.ClientError),
        **dict.fromkeys([500, 502, 503, 529], errors.ServerError),
    }
    broken_stream = (errors.APIError, "broke off: unexpected EOF")

    def __init__(self, base_url: str, key: str) -> None:
        options = types.HttpOptions(
            base_url=base_url,
            headers=dict([self.own_header, self.stray_header]),
            timeout=int(TIMEOUT_SECONDS * 1000),
            retry_options=types.HttpRetryOptions(attempts=1),
        )
        self._client = genai.Client(api_key=key, http_options=options)

    def say(self, *turns: str) -> Answer:
        return _answer(self._client.models.generate_content(**self._ask(*turns)))

    def stream(self, text: str) -> Iterator[str]:
        for chunk in self._client.models.generate_content_stream(**self._ask(text)):
            yield from _pieces(chunk)

    def stream_to_the_end(self, text: str) -> Answer:
        chunks = list(self._client.models.generate_content_stream(**self._ask(text)))
        whole = "".join(chunk.text or "" for chunk in chunks)
        usage = chunks[-1].usage_metadata
        assert usage
        return Answer(whole, usage.prompt_token_count or 0, usage.candidates_token_count or 0)

    def call_tool(self, text: str) -> ToolCall:
        return _tool_call(self._client.models.generate_content(**self._ask(text), config=WITH_TOOL))

    def answer_tool(self, text: str, call: ToolCall, result: str) -> Answer:
        ask = self._ask(text)
        part = types.Part.from_function_response(name=call.name, response={"result": result})
        ask["contents"] += [call.turn, types.Content(role="user", parts=[part])]
        return _answer(self._client.models.generate_content(**ask, config=WITH_TOOL))

    def models(self) -> list[str]:
        names = (model.name or "" for model in self._client.models.list())
        return [name.removeprefix("models/") for name in names]

    def send_nonsense(self) -> None:
        nonsense = types.HttpOptions(extra_body={"contents": 5})
        config = types.GenerateContentConfig(http_options=nonsense)
        self._client.models.generate_content(**self._ask(""), config=config)

    def call_what_is_not_here(self) -> None:
        self._client.files.list()

    def status(self, error: Exception) -> int:
        assert isinstance(error, errors.APIError)
        return error.code

    def stream_tool_call(self, text: str) -> ToolCall:
        (chunk,) = [
            chunk
            for chunk in self._client.models.generate_content_stream(**self._ask(text), config=WITH_TOOL)
            if chunk.function_calls
        ]
        return _tool_call(chunk)

    def fill(self, form: type[BaseModel]) -> BaseModel:
        config = types.GenerateContentConfig(response_mime_type="application/json", response_schema=form)
        filled: Any = self._client.models.generate_content(**self._ask("Fill it in"), config=config).parsed
        return filled

    def count_tokens(self, text: str) -> int:
        return self._client.models.count_tokens(**self._ask(text)).total_tokens or 0

    def embed(self, *texts: str) -> list[list[float]]:
        answer = self._client.models.embed_content(model="gemini-embedding-001", contents=list(texts))
        return [entry.values or [] for entry in answer.embeddings or []]

    async def say_async(self, text: str) -> Answer:
        async with self._client.aio as client:
            return _answer(await client.models.generate_content(**self._ask(text)))

    async def stream_async(self, text: str) -> list[str]:
        async with self._client.aio as client:
            stream = await client.models.generate_content_stream(**self._ask(text))
            return [piece async for chunk in stream for piece in _pieces(chunk)]

    def _ask(self, *turns: str) -> dict[str, Any]:
        roles = ["user", "model"] * len(turns)
        contents = [
            types.Content(role=role, parts=[types.Part.from_text(text=turn)])
            for role, turn in zip(roles, turns, strict=False)
        ]
        return {"model": self.model, "contents": contents}


def _answer(response: Any) -> Answer:
    usage = response.usage_metadata
    return Answer(response.text, usage.prompt_token_count, usage.candidates_token_count)


def _pieces(chunk: Any) -> list[str]:
    return [chunk.text] if chunk.text else []


def _tool_call(response: Any) -> ToolCall:
    (call,) = response.function_calls
    return ToolCall(call.name, call.args, response.candidates[0].content)
