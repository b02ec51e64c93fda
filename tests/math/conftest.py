"""The compiled library, once for all tests of a process."""

from __future__ import annotations

import pytest

from tools.accuracy import FUNCTIONS, Library


@pytest.fixture(scope="session")
def library() -> Library:
    return Library({function.name: function.arity for function in FUNCTIONS})
