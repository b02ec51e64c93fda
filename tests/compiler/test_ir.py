"""The typed IR: what it looks like for a small contract, and that the verifier notices when it is broken.

CORTEN_UPDATE_GOLDEN=1 pytest tests/compiler/test_ir.py     writes the golden files anew; read the difference
"""

from __future__ import annotations

import dataclasses
import os
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from corten.base.errors import CompilerBug
from corten.compiler import ir
from corten.compiler.check import check_contract
from corten.compiler.codegen import TRIPLE
from corten.compiler.llvm import emit_llvm
from corten.compiler.text import print_function
from corten.compiler.types import BOOL, ERROR, F64, I64, U8
from corten.compiler.verify import verify
from corten.compiler.walk import expressions, nested, operands, statements
from tests.compiler.generate import generate
from tests.compiler.harness import HEADER, write_source

GOLDEN = Path(__file__).parent / "golden"


def compared(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("CORTEN_UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text, "run with CORTEN_UPDATE_GOLDEN=1 and read the difference"


def test_golden_ir() -> None:
    found = check_contract(GOLDEN / "coin.py")
    compared("coin.ir", "\n\n".join(print_function(f) for f in found.functions if f.file == "coin.py") + "\n")


def test_golden_llvm() -> None:
    text = emit_llvm(check_contract(GOLDEN / "coin.py"), TRIPLE)[0]
    functions = re.findall(
        r'^define [^\n]*@"(?:code\.Coin|code\.fee|code\.charge|entry)\b[^\n]*\n.*?^}\n', text, re.MULTILINE | re.DOTALL
    )
    compared("coin.ll", "\n".join(functions))


# ---- the verifier ------------------------------------------------------------------------------------------------


def program(seed: int = 3) -> ir.Program:
    return check_contract(write_source(HEADER + generate(seed)[0]))


Break = Callable[[ir.Program, random.Random], bool]


def first(found: Iterator[object], kind: type) -> object:
    return next(item for item in found if isinstance(item, kind))


def all_expressions(broken: ir.Program, kind: type) -> list[ir.Expression]:
    return [e for function in broken.functions for e in expressions(function.body) if isinstance(e, kind)]


def all_statements(broken: ir.Program, kind: type) -> list[ir.Statement]:
    return [s for function in broken.functions for s in statements(function.body) if isinstance(s, kind)]


def change(kind: type, **changes: object) -> Break:
    """Sets attributes of one expression or statement of a kind."""

    def apply(broken: ir.Program, chance: random.Random) -> bool:
        is_statement = issubclass(kind, ir.Statement)
        found = all_statements(broken, kind) if is_statement else all_expressions(broken, kind)
        chosen = chance.choice(found)
        for name, value in changes.items():
            setattr(chosen, name, value(chosen) if callable(value) else value)
        return True

    return apply


def constant(kind: object) -> ir.Constant:
    return ir.Constant(kind, 1, 0)  # type: ignore[arg-type]


def drop_return(broken: ir.Program, chance: random.Random) -> bool:
    chance.choice(broken.functions).body.pop()
    return True


def add_after_return(broken: ir.Program, chance: random.Random) -> bool:
    body = chance.choice([f for f in broken.functions if isinstance(f.body[-1], ir.Return)]).body
    body.append(ir.Return(1, None))
    return True


def add_break(broken: ir.Program, chance: random.Random) -> bool:
    chance.choice(broken.functions).body[:] = [ir.Break(1)]
    return True


def forget_function(broken: ir.Program, chance: random.Random) -> bool:
    called = {call.function for call in all_expressions(broken, ir.Call)}  # type: ignore[attr-defined]
    broken.functions.remove(chance.choice([f for f in broken.functions if f in called]))
    return True


BREAKS: dict[str, Break] = {
    "erroneous": change(ir.Constant, type=ERROR),
    "unknown local": change(ir.ReadLocal, local=10_000),
    "local of another type": change(ir.ReadLocal, type=F64, local=lambda node: node.local),
    "store of another type": change(ir.Store, value=constant(BOOL), type=I64),
    "store to a value": change(ir.Store, address=constant(I64)),
    "load from a value": change(ir.Load, address=constant(I64)),
    "field of a value": change(ir.Offset, base=constant(I64)),
    "element of a value": change(ir.Element, base=constant(I64)),
    "operand": change(ir.Binary, left=constant(BOOL)),
    "operator": change(ir.Binary, operator="power"),
    "float operator": change(ir.Binary, type=U8, operator="fadd"),
    "comparison": change(ir.Compare, operator="is"),
    "compared types": change(ir.Compare, left=constant(BOOL), right=constant(F64)),
    "logic": change(ir.Logical, left=constant(I64)),
    "negated": change(ir.Not, operand=constant(I64)),
    "condition": change(ir.Conditional, condition=constant(I64)),
    "branches": change(ir.Conditional, then=constant(BOOL), otherwise=constant(F64)),
    "let": change(ir.Let, local=10_000),
    "conversion": change(ir.Convert, mode="magic"),
    "intrinsic": change(ir.Intrinsic, name="magic"),
    "intrinsic's arguments": change(ir.Intrinsic, arguments=lambda _: [constant(I64)] * 9),
    "call's arguments": change(ir.Call, arguments=lambda _: [constant(I64)] * 9),
    "call's type": change(ir.Call, type=ERROR),
    "slot": change(ir.Construct, slot=10_000),
    "branch": change(ir.If, condition=constant(I64)),
    "loop": change(ir.While, condition=constant(I64)),
    "require": change(ir.Require, condition=constant(F64)),
    "assignment": change(ir.SetLocal, local=10_000),
    "emit": change(ir.Emit, event=0, value=constant(I64)),
    "no return": drop_return,
    "after return": add_after_return,
    "break": add_break,
    "unknown function": forget_function,
}


@pytest.mark.parametrize("name", BREAKS)
def test_broken_ir_is_noticed(name: str) -> None:
    for seed in range(1):
        broken = program()
        verify(broken, "test")
        assert BREAKS[name](broken, random.Random(seed))
        with pytest.raises(CompilerBug, match="after test"):
            verify(broken, "test")


def test_every_node_is_walked() -> None:
    """`operands`, `nested` and `children` miss no part of a node: what a node holds is what they yield."""
    for function in program(5).functions:
        for node in [*statements(function.body), *expressions(function.body)]:
            held = [getattr(node, one.name) for one in dataclasses.fields(node)]
            parts = [item for item in held if isinstance(item, ir.Expression)]
            if isinstance(node, ir.Statement):
                assert list(operands(node)) == parts
                assert list(nested(node)) == [item for item in held if isinstance(item, list)]


def test_effects() -> None:
    found = check_contract(GOLDEN / "coin.py")
    marks = {f.name: (f.may_reject, f.mutates) for f in found.functions if f.file == "coin.py"}
    assert marks["transfer"] == (True, True)
    assert marks["balance"] == (False, False)
    assert marks["fee"] == (True, False)
    assert marks["charge"] == (True, False)  # through a parameter only
