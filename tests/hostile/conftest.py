"""No test of the corpus reads or writes the user's cache."""

from __future__ import annotations

from tests.vm.conftest import own_cache

__all__ = ["own_cache"]
