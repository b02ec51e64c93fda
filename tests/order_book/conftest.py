"""Every test of the contract runs on every engine."""

from __future__ import annotations

import pytest

from tests.order_book.harness import Contract, engines


@pytest.fixture(params=engines())
def engine(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def book(engine: str) -> Contract:
    """A contract with the usual rules."""
    return Contract(engine)
