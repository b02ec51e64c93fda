"""Parameters of tests that run once on each engine."""

from __future__ import annotations

from typing import Any

import pytest

QUICK = ("interpreter", "speed", "winch", "v8")


def each(*names: str) -> list[Any]:
    """Engines by name; all but a few only where slow tests run."""
    return [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in names]
