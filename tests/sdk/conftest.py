"""What the suites share: a demo for all of them; an upstream and a proxy for each test."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

import sdks
from proxy import Portcullis
from upstream import Upstream

if TYPE_CHECKING:
    from collections.abc import Iterator

# Whatever this machine is set up for, the SDKs talk to this proxy only.
for name in list(os.environ):
    if name.startswith(("OPENAI_", "ANTHROPIC_", "GOOGLE_", "GEMINI_")) or name.lower().endswith("_proxy"):
        del os.environ[name]


@pytest.fixture(params=sdks.ALL, ids=lambda sdk: sdk.__name__)
def sdk(request: pytest.FixtureRequest) -> type[sdks.Sdk]:
    return request.param


@pytest.fixture(scope="session")
def demo() -> Iterator[Portcullis]:
    with Portcullis.demo() as demo:
        yield demo


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as upstream:
        yield upstream


@pytest.fixture
def proxy(sdk: type[sdks.Sdk], upstream: Upstream) -> Iterator[Portcullis]:
    """One account, of the SDK's own provider, at the scripted upstream."""
    with Portcullis.serve(sdk.wire.account(upstream)) as proxy:
        yield proxy
