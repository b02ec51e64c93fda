"""Contract source in tests: loaded from text, run on a memory of its own."""

from __future__ import annotations

import textwrap

import pytest

from corten.lang.host import PythonContract
from corten.lang.loader import load_module
from corten.lang.memory import EXECUTION, HEADER_ADDRESS, Execution, Memory

HEAP = 0x20000


@pytest.fixture
def source(tmp_path):
    """Writes a file of contract source and returns its path."""

    def write(text, name="sample.py"):
        path = tmp_path / name
        path.write_text(textwrap.dedent(text))
        return path

    return write


@pytest.fixture
def load(source):
    """Loads contract source given as text."""
    return lambda text, name="sample.py": load_module(source(text, name))


@pytest.fixture
def contract(source):
    """A resident contract from text."""
    return lambda text, memory_limit=1 << 20: PythonContract(source(text), memory_limit)


def fresh_memory(limit=1 << 24):
    """A memory whose heap begins at HEAP."""
    memory = Memory(HEAP, limit)
    memory.write(HEADER_ADDRESS, HEAP.to_bytes(4, "little"))
    return memory


@pytest.fixture
def running():
    """A message in progress on an empty memory."""
    token = EXECUTION.set(Execution(fresh_memory(), {}, sender=7, time=8, height=9, chain=10))
    yield EXECUTION.get()
    EXECUTION.reset(token)
