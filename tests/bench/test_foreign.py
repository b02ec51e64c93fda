"""The module that `corten bench foreign` measures is large, comes in, and what is promised of it holds."""

from __future__ import annotations

import time

import pytest

from corten.bench import foreign
from corten.wasm.writer import write_module


@pytest.mark.slow
def test_a_large_module_comes_in_within_a_second() -> None:
    content = foreign.large_module()
    assert len(content) > 300_000
    times = []
    for _ in range(3):
        begin = time.process_time()
        write_module(foreign._admitted(content).instrumented)
        times.append(time.process_time() - begin)
    assert min(times) < 1


@pytest.mark.slow
def test_growth_is_bounded() -> None:
    alone, _, many, _ = foreign.growth()
    assert 1 < many.value < 2.2
    assert 1 < alone.value < 2.5


@pytest.mark.slow
def test_from_the_cache_it_comes_in_milliseconds() -> None:
    assert foreign.cached()[0].value < 5
