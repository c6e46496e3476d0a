"""`google-genai`."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING, Any, ClassVar

from google import genai
from google.genai import errors, types

import wires
from chat import Ask, Call, Told, Usage
from sdks.sdk import TIMEOUT_SECONDS, TOOL_DESCRIPTION, TOOL_NAME, TOOL_PARAMETERS, Answer, Sdk, ToolCall

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

    from chat import End

FUNCTION = types.FunctionDeclaration(
    name=TOOL_NAME,
    description=TOOL_DESCRIPTION,
    parameters_json_schema=TOOL_PARAMETERS,
)
THINKING = types.ThinkingConfig(thinking_level=types.ThinkingLevel.HIGH, include_thoughts=True)
WITH_TOOL = types.GenerateContentConfig(tools=[types.Tool(function_declarations=[FUNCTION])])


ENDS: dict[types.FinishReason, End] = {
    types.FinishReason.STOP: "stop",
    types.FinishReason.MAX_TOKENS: "length",
}


class GoogleGenai(Sdk):
    wire = wires.Gemini()
    model = "gemini-3-flash"
    own_header = ("x-goog-request-params", "model=mine")
    nonsense = "contents: must be an object"
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

    def ask(self, ask: Ask, *, streams: bool) -> Told:
        words = self._words(ask)
        if streams:
            return _told(list(self._client.models.generate_content_stream(**words)))
        response = self._client.models.generate_content(**words)
        assert response.sdk_http_response
        headers = response.sdk_http_response.headers or {}
        return _told([response], headers.get("x-portcullis-dropped", ""))

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
        words = self._words(Ask(turns))
        return {"model": words["model"], "contents": words["contents"]}

    def _words(self, ask: Ask) -> dict[str, Any]:
        contents = [
            types.Content(role=role, parts=[types.Part.from_text(text=turn)])
            for role, turn in zip(cycle(["user", "model"]), ask.turns, strict=False)
        ]
        for media_type, data in [("image/png", ask.image), ("application/pdf", ask.document)]:
            if data and contents[-1].parts:
                contents[-1].parts.append(types.Part.from_bytes(data=data, mime_type=media_type))
        if ask.after:
            answered = zip(ask.after.calls, ask.results, strict=True)
            responses = [
                types.FunctionResponse(id=call.id, name=call.tool, response={"result": result})
                for call, result in answered
            ]
            parts = [types.Part(function_response=response) for response in responses]
            contents += [ask.after.turn, types.Content(role="user", parts=parts)]
        config = types.GenerateContentConfig(
            system_instruction=ask.system or None,
            tools=[types.Tool(function_declarations=[FUNCTION])] if ask.with_tool else None,
            response_mime_type="application/json" if ask.schema else None,
            response_json_schema=ask.schema,
            stop_sequences=list(ask.stop) or None,
            max_output_tokens=ask.limit,
            thinking_config=THINKING if ask.thinks else None,
        )
        return {"model": self.model, "contents": contents, "config": config}


def _told(chunks: list[types.GenerateContentResponse], dropped: str = "") -> Told:
    parts: list[Any] = []
    for chunk in chunks:
        (candidate,) = chunk.candidates or [types.Candidate()]
        parts += (candidate.content and candidate.content.parts) or []
    calls = [part.function_call for part in parts if part.function_call]
    usage = chunks[-1].usage_metadata
    assert usage
    assert candidate.finish_reason
    thoughts = usage.thoughts_token_count or 0
    return Told(
        text="".join(part.text for part in parts if part.text and not part.thought),
        thought="".join(part.text for part in parts if part.text and part.thought),
        calls=tuple(Call(call.id or "", call.name, call.args) for call in calls),
        end="calls" if calls else ENDS[candidate.finish_reason],
        usage=Usage(
            usage.prompt_token_count or 0,
            (usage.candidates_token_count or 0) + thoughts,
            usage.cached_content_token_count or 0,
            thoughts,
        ),
        turn=types.Content(role="model", parts=parts),
        dropped=dropped,
    )


def _answer(response: Any) -> Answer:
    usage = response.usage_metadata
    return Answer(response.text, usage.prompt_token_count, usage.candidates_token_count)


def _pieces(chunk: Any) -> list[str]:
    return [chunk.text] if chunk.text else []


def _tool_call(response: Any) -> ToolCall:
    (call,) = response.function_calls
    return ToolCall(call.name, call.args, response.candidates[0].content)
