"""Generated programs mean the same under CPython, as plain modules, and instrumented on Wasmtime and V8.

Results, events, rejects, traps and state are compared after every message, of the engines also gas and state root.

CORTEN_PROGRAMS=2000 pytest tests/compiler/test_programs.py     more programs, the same ones every time
"""

from __future__ import annotations

import os
import random
from importlib.util import find_spec

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.compiler.generate import generate
from tests.compiler.harness import Case

DEFAULT = 60  # every other one on V8, too
PROGRAMS = int(os.environ.get("CORTEN_PROGRAMS", DEFAULT))
BATCH = 10
HAS_V8 = find_spec("py_mini_racer") is not None


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, PROGRAMS, BATCH))
def test_backends_agree(first: int) -> None:
    for seed in range(first, first + BATCH):
        source, messages = generate(seed)
        case = Case(source, v8=HAS_V8 and (seed % 2 == 0 or PROGRAMS > DEFAULT))
        for entry, arguments in messages:
            case.send(entry, **arguments)


@settings(max_examples=8, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(choices=st.randoms(use_true_random=False))
def test_drawn_programs_agree(choices: random.Random) -> None:
    """Hypothesis makes the generator's choices, so that what fails is shrunk."""
    source, messages = generate(choices, rounds=2)
    case = Case(source)
    for entry, arguments in messages:
        case.send(entry, **arguments)


def test_programs_get_somewhere() -> None:
    """Most messages of generated programs are accepted; the others end in several ways."""
    ends = []
    for seed in range(20_000, 20_004):
        source, messages = generate(seed)
        case = Case(source, v8=HAS_V8)
        ends += [case.send(entry, **arguments).status for entry, arguments in messages]
    assert ends.count(0) > len(ends) / 3
    assert len(set(ends)) > 1
