"""One result everywhere: Wasmtime and V8 in vectors, CPython on the types of corten.lang."""

from __future__ import annotations

import importlib.util
import inspect
import re
import struct

import numpy as np
import pytest

import corten.contracts.math
from corten.lang import f64
from corten.wasm.instrument import CONTROL
from corten.wasm.reader import read_module
from corten.wasm.text import format_module
from spec.wasm import Machine, instantiate
from tools.accuracy import kernel

MILLION = 1_000_000
FIRST_COLUMN = 0x30000
DISTRIBUTIONS = ("gamma_p", "gamma_q", "chi_square_cdf", "noncentral_chi_square_cdf", "bivariate_normal_cdf")
#: those whose work does not depend on their arguments' size; sqrt is the language's
NAMES = [name for name in corten.contracts.math.__all__ if name not in ("sqrt", *DISTRIBUTIONS)]
needs_v8 = pytest.mark.skipif(importlib.util.find_spec("py_mini_racer") is None, reason="the extra `v8` is absent")


def arity(name: str) -> int:
    return len(inspect.signature(getattr(corten.contracts.math, name)).parameters)


def any_doubles(name: str, count: int) -> list[np.ndarray]:
    """Half of them of any bits, half of common size."""
    random = np.random.default_rng(sum(map(ord, name)))
    columns = []
    for _ in range(arity(name)):
        raw = random.integers(0, 2**64, count, dtype=np.uint64).view(np.float64)
        columns.append(np.where(random.random(count) < 0.5, raw, random.uniform(-3.0, 3.0, count)))
    return columns


@needs_v8
@pytest.mark.parametrize("name", NAMES)
def test_wasmtime_and_v8(name: str) -> None:
    columns = any_doubles(name, MILLION)
    found = kernel(name)(*columns, errors="nan")
    other = kernel(name).on("v8")(*columns, errors="nan")
    assert np.array_equal(found.view(np.uint64), other.view(np.uint64))


@pytest.mark.parametrize("name", NAMES)
def test_cpython(name: str) -> None:
    columns = any_doubles(name, 40)
    found = kernel(name)(*columns, errors="nan")
    interpreted = kernel(name).interpreted
    expected = [interpreted(*map(f64, row)) for row in zip(*(column.tolist() for column in columns), strict=True)]
    assert np.array_equal(found.view(np.uint64), np.array(expected).view(np.uint64))


@pytest.mark.parametrize("name", ["exp", "log", "normal_cdf", "erfc", "pow", "normal_inverse", "sin_bounded", "atan2"])
def test_kernels_are_vectors(name: str) -> None:
    """Nearly all arithmetic is on two doubles at a time: what is not is the rest of a column of odd length."""
    kernel(name)(*any_doubles(name, 2), errors="nan")
    text = format_module(read_module(kernel(name).module))
    vectors = len(re.findall(r"f64x2\.(?:mul|add|sub)", text))
    scalars = len(re.findall(r"f64\.(?:mul|add|sub)", text))
    assert vectors >= 30
    assert scalars <= vectors


@pytest.mark.parametrize("name", NAMES)
def test_interpreter(name: str) -> None:
    """The plain interpreter of spec/wasm runs the kernel's module, vectors included."""
    columns = any_doubles(name, 3)
    expected = kernel(name)(*columns, errors="nan")
    instance, machine = instantiate(read_module(kernel(name).module)), Machine()
    instance.memory("corten.system").write(CONTROL["stack_limit"], struct.pack("<I", 1 << 16))
    machine.invoke(instance.function("corten.begin"))
    memory, places = instance.memory("memory"), [FIRST_COLUMN + 0x1000 * index for index in range(len(columns) + 1)]
    for place, column in zip(places, columns, strict=False):
        memory.write(place, column.tobytes())
    machine.invoke(instance.function("entry.run"), 3, *places)
    found = np.frombuffer(memory.read(places[-1], 24), np.uint64)
    assert np.array_equal(found, expected.view(np.uint64))
