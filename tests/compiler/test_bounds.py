"""Compile bombs are refused with E600, and quickly: what is accepted compiles in bounded time."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from corten.base.errors import DiagnosticError
from corten.compiler import compile_contract
from tests.compiler.harness import HEADER, contract, write_source

SECONDS = 20.0  # of processor time, on a slow and loaded machine
EMPTY = "@message\ndef run(self, x: i64) -> None:\n    pass\n"


def in_message(*lines: str) -> str:
    return contract("@message\ndef run(self, x: i64) -> None:\n" + "".join(f"    {line}\n" for line in lines))


def deep_blocks(count: int) -> str:
    return in_message(*["    " * depth + "if x > 0:" for depth in range(count)], "    " * count + "pass")


def doubling_structs(count: int) -> str:
    structs = [f"@struct\nclass S{i}:\n    a: S{i + 1}\n    b: S{i + 1}\n" for i in range(count)]
    return contract(EMPTY, "".join(structs) + f"@struct\nclass S{count}:\n    a: u64\n", "s: S0")


def doubling_inlines(count: int) -> str:
    functions = [f"@inline\ndef f{i}(x: i64) -> i64:\n    return f{i + 1}(x) + f{i + 1}(x)\n" for i in range(count)]
    last = f"@inline\ndef f{count}(x: i64) -> i64:\n    return x * x\n"
    return contract("@message\ndef run(self, x: i64) -> i64:\n    return f0(x)\n", "".join(functions) + last)


def doubling_constants(count: int) -> str:
    lines = [f"C{i} = C{i + 1} + C{i + 1}" for i in range(count)] + [f"C{count} = 1"]
    return contract("@message\ndef run(self) -> i64:\n    return C0\n", "\n".join(lines))


def generic_recursion() -> str:
    declarations = 'T = TypeVar("T")\ndef f(x: Vec[T], n: u32) -> u32:\n    y = Vec[Vec[T]]()\n    return f(y, n)\n'
    return contract("@message\ndef run(self) -> u32:\n    return f(self.v, u32(1))\n", declarations, "v: Vec[i64]")


def struct_recursion() -> str:
    return contract(EMPTY, 'T = TypeVar("T")\n@struct\nclass A(Generic[T]):\n    x: A[Vec[T]]\n', "a: A[i64]")


def struct_explosion() -> str:
    declarations = 'T = TypeVar("T")\n@struct\nclass A(Generic[T]):\n    x: A[Array[T, 1]]\n    y: A[Array[T, 2]]\n'
    return contract(EMPTY, declarations, "a: A[u8]")


def many_instances() -> str:
    """One function for each of many types, each with a body."""
    arrays = "\n".join(f"    total += f(Array[u8, {i}]())" for i in range(1, 700))
    declarations = (
        'T = TypeVar("T")\ndef f(x: T) -> i64:\n    total: i64 = 0\n'
        + "    for i in range(3):\n        total += i64(i) * 3 + 1\n" * 40
        + "    return total\n"
    )
    return contract(f"@message\ndef run(self) -> i64:\n    total: i64 = 0\n{arrays}\n    return total\n", declarations)


BOMBS: dict[str, Callable[[], str]] = {
    "functions": lambda: contract(EMPTY, "".join(f"def f_{i}() -> None: ...\n" for i in range(5000))),
    "locals": lambda: in_message(*[f"y{i} = x + {i}" for i in range(3000)]),
    "blocks": lambda: deep_blocks(70),
    "elifs": lambda: in_message("if x == 0:", "    pass", *[f"elif x == {i}:\n        pass" for i in range(500)]),
    "sum": lambda: in_message("y = " + " + ".join(["x"] * 1000)),
    "negations": lambda: in_message("y = " + "not " * 250 + "x"),
    "conjunction": lambda: in_message("y = " + " and ".join(["x > 0"] * 5000)),
    "comparisons": lambda: in_message("y = " + " < ".join(["x"] * 1000)),
    "minimum": lambda: in_message(f"y = min({', '.join(['x'] * 5000)})"),
    "match": lambda: in_message("match x:", *[f"    case {i}:\n            pass" for i in range(3000)]),
    "alternatives": lambda: in_message("match x:", f"    case {' | '.join(map(str, range(3000)))}:", "        pass"),
    "array": lambda: contract(EMPTY, state="a: Array[u8, 100_000_000]"),
    "arrays": lambda: contract(EMPTY, state="a: Array[Array[Array[u64, 1000], 1000], 1000]"),
    "state": lambda: contract(EMPTY, state="".join(f"a{i}: Array[u64, 4_000_000]\n" for i in range(10))),
    "frame": lambda: in_message("y = Array[u8, 100_000]()"),
    "result frames": lambda: contract(
        "@message\ndef run(self) -> None:\n" + "".join(f"    x{i} = made()\n" for i in range(20)),
        "def made() -> Array[u8, 3000]:\n    return Array[u8, 3000]()\n",
    ),
    "fields": lambda: contract(EMPTY, state="".join(f"f{i}: u8\n" for i in range(3000))),
    "parameters": lambda: contract(
        f"@message\ndef run(self, {', '.join(f'p{i}: u8' for i in range(600))}) -> None:\n    pass\n"
    ),
    "scalars": lambda: contract("@message\ndef run(self, p: Array[u8, 3000]) -> None:\n    pass\n"),
    "structs": lambda: contract(EMPTY, "".join(f"@struct\nclass S{i}:\n    a: u8\n" for i in range(3000))),
    "doubling structs": lambda: doubling_structs(40),
    "doubling inlines": lambda: doubling_inlines(30),
    "generic recursion": generic_recursion,
    "struct recursion": struct_recursion,
    "struct explosion": struct_explosion,
    "instances": many_instances,
    "names": lambda: contract(EMPTY, state=f"a: {'Vec[' * 60}u8{']' * 60}"),
    "key": lambda: in_message("y = hash_of(Array[u8, 10000]())"),
    "source": lambda: contract(EMPTY) + "# " + "x" * 2_000_000 + "\n",
    "nodes": lambda: in_message(*["y = x + x * x - x + x * x - x"] * 20_000),
    "errors": lambda: in_message(*[f'require(x > 0, "name{i}")' for i in range(5000)]),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused(name: str) -> None:
    path = write_source(HEADER + BOMBS[name]())
    begin = time.process_time()
    with pytest.raises(DiagnosticError) as refused:
        compile_contract(path)
    assert time.process_time() - begin < SECONDS
    assert [one.code for one in refused.value.diagnostics if one.code != "E600"] == [], str(refused.value)[:500]
    assert all(one.hint for one in refused.value.diagnostics)


def test_nested_parentheses_beyond_python() -> None:
    with pytest.raises(DiagnosticError, match="E100"):
        compile_contract(write_source(HEADER + in_message("y = " + "(" * 5000 + "x" + ")" * 5000)))


def test_huge_integers() -> None:
    for literal in ("0x" + "f" * 10_000, "9" * 4000, "1 << 200 << 200"):
        with pytest.raises(DiagnosticError) as refused:
            compile_contract(write_source(HEADER + in_message(f"y = {literal}")))
        assert {one.code for one in refused.value.diagnostics} <= {"E303"}


ACCEPTED: dict[str, Callable[[], str]] = {
    "blocks": lambda: deep_blocks(50),
    "sum": lambda: in_message("y = " + " + ".join(["x"] * 150)),
    "conjunction": lambda: in_message("y = " + " and ".join(["x > 0"] * 250)),
    "elifs": lambda: in_message("if x == 0:", "    pass", *[f"elif x == {i}:\n        pass" for i in range(150)]),
    "match": lambda: in_message("match x:", *[f"    case {i}:\n            pass" for i in range(250)]),
    "chains": lambda: in_message("y = " + "(" * 60 + "(x == x) == True == True" + " == True == True)" * 60),
    "minimum of minimum": lambda: in_message("y = " + "min(" * 60 + "x" + ", x)" * 60),
    "constants": lambda: doubling_constants(49),
    "calls": lambda: contract(
        "@message\ndef run(self, x: i64) -> i64:\n    return " + "f(" * 60 + "x" + ")" * 60 + "\n",
        'T = TypeVar("T")\ndef f(x: T) -> T:\n    return x\n',
    ),
    "functions": lambda: contract(
        EMPTY, "".join(f"def f_{i}(x: i64) -> i64:\n    return x * {i}\n" for i in range(500))
    ),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_large_but_reasonable(name: str) -> None:
    path = write_source(HEADER + ACCEPTED[name]())
    begin = time.process_time()
    compile_contract(path)
    assert time.process_time() - begin < SECONDS
