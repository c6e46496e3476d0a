"""Everything that can be asked, by every SDK, of every provider's protocol.

The upstreams themselves refuse what their provider's SDK has no types for.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from cases import CASES, KYOTO, OSAKA, Case
from chat import Ask, Told
from dialects import Dialect, Gemini
from matrix import DIALECTS, OWN, PAIRS, named, pairs
from model import Model
from proxy import Portcullis
from sdks import GoogleGenerativeai

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sdks import Sdk

whole_and_streamed = pytest.mark.parametrize("streams", [False, True], ids=["whole", "streamed"])


class Form(BaseModel):
    title: str
    pages: int


@dataclass(frozen=True)
class Side:
    """An SDK that talks to a provider through the proxy."""

    client: Sdk
    model: Model
    is_own: bool

    def understands(self, case: Case) -> Told:
        unsayable = self.client.unsayable
        # Google's models keep their thoughts to themselves unless they are asked.
        if case.is_unasked and OWN[type(self.client)] is Gemini:
            unsayable |= {"thought"}
        return case.told.without(unsayable)

    def heard(self) -> Any:
        return self.model.seen[-1].json()


@pytest.fixture(scope="module")
def models() -> Iterator[dict[type[Dialect], Model]]:
    with ExitStack() as stack:
        yield {dialect: stack.enter_context(Model(dialect())) for dialect in DIALECTS}


@pytest.fixture(scope="module")
def proxy(models: dict[type[Dialect], Model]) -> Iterator[Portcullis]:
    """One account at each model, asked for by its name."""
    accounts = [model.dialect.account(model, dialect.__name__) for dialect, model in models.items()]
    pins = [f'"ask-{d.__name__}" = "{d.__name__}/{d.model}"\n' for d in models]
    with Portcullis.serve("".join([*accounts, "[models]\n", *pins])) as proxy:
        yield proxy


@pytest.fixture
def side(
    sdk: type[Sdk], dialect: type[Dialect], models: dict[type[Dialect], Model], proxy: Portcullis
) -> Iterator[Side]:
    model, is_own = models[dialect], OWN[sdk] is dialect
    model.forget()
    model.is_foreign = not is_own
    yield Side(client(sdk, proxy.root, f"ask-{dialect.__name__}"), model, is_own)
    assert model.objections == []


@pairs
@whole_and_streamed
@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_what_is_asked_is_heard_and_answered(
    sdk: type[Sdk], dialect: type[Dialect], side: Side, case: Case, streams: bool
) -> None:
    if case.asks_for & sdk.unaskable:
        pytest.skip("it has no words for this")
    if side.is_own and case.is_unasked:
        pytest.skip("its own provider says nothing unasked")
    side.model.tells = case.told
    told = side.client.ask(case.ask, streams=streams)
    assert told == side.understands(case)
    if side.is_own:
        assert side.heard() == what_it_says_itself(side, case.ask, streams=streams)
    else:
        check_has(side.heard(), case.heard.get(dialect, {}))
        if not streams:
            assert told.dropped == case.lost(sdk, dialect)


@pairs
@whole_and_streamed
def test_tools_are_called_and_their_results_are_read(side: Side, streams: bool) -> None:
    side.model.tells = Told("I will look.", "Where would it be?", (KYOTO, OSAKA), "calls")
    called = side.client.ask(Ask(with_tool=True), streams=streams)
    side.model.tells = Told("Take an umbrella.")
    results = ("21 degrees", "雨")
    answered = side.client.ask(Ask(with_tool=True, after=called, results=results), streams=streams)
    assert answered == side.model.tells
    if not side.is_own:
        ((kyoto, osaka),) = side.model.dialect.turns(side.heard())
        assert "21 degrees" in kyoto
        assert "雨" in osaka


@named([(sdk, dialect) for sdk, dialect in PAIRS if OWN[sdk] is not Gemini])
def test_arguments_come_in_the_pieces_they_were_sent_in(side: Side, dialect: type[Dialect]) -> None:
    side.model.tells = Told(calls=(OSAKA,), end="calls")
    pieces = side.client.stream_arguments(Ask(with_tool=True))
    assert len(pieces) == (1 if dialect is Gemini else 2), "Gemini's calls are never in pieces"
    assert "".join(pieces).replace(" ", "") == '{"city":"Osaka"}'


@pairs
def test_a_form_is_filled_in(sdk: type[Sdk], side: Side) -> None:
    if sdk is GoogleGenerativeai:
        pytest.skip("it knows no forms")
    side.model.tells = Told('{"title": "鴨川", "pages": 3}')
    assert side.client.fill(Form) == Form(title="鴨川", pages=3)


def what_it_says_itself(side: Side, ask: Ask, *, streams: bool) -> Any:
    """Returns what the SDK sends where no proxy is between it and its provider."""
    client(type(side.client), side.model.root, side.model.dialect.model).ask(ask, streams=streams)
    return side.heard()


@cache
def client(sdk: type[Sdk], root: str, model: str) -> Sdk:
    client = sdk.at(root)
    client.model = model
    return client


def check_has(found: Any, expected: Any, place: str = "body") -> None:
    """Lists are compared whole, and of objects the members that are expected."""
    if isinstance(expected, dict):
        for name, value in expected.items():
            assert name in found, f"no {name} in {place}: {found}"
            check_has(found[name], value, f"{place}.{name}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), f"{place}: {found}"
        for index, value in enumerate(expected):
            check_has(found[index], value, f"{place}[{index}]")
    else:
        assert found == expected, place
