"""Functions with several results: LLVM's code generator loses track of them unless nobody reads the first."""

from __future__ import annotations

import re

import pytest
import wasmtime

from corten.compiler import codegen
from corten.compiler.link import link
from corten.compiler.multivalue import separate_results
from corten.wasm.writer import write_module
from tests.compiler.generate import generate
from tests.compiler.harness import Case, contract

BEFORE = """\
define internal fastcc noundef { i32, i64 } @"code.f[a, b(c)]"(i64 noundef %a, i128 %b) unnamed_addr nounwind {
  %1 = mul nuw i128 %b, %b
  %2 = lshr i128 %1, 64
  %3 = trunc i128 %2 to i64
  %r = insertvalue { i32, i64 } { i32 0, i64 poison }, i64 %3, 1
  ret { i32, i64 } %r
}
define i32 @g(i64 %a, i128 %b) {
  %p = tail call fastcc { i32, i64 } @"code.f[a, b(c)]"(i64 %a, i128 %b) ; rare
  tail call fastcc { i32, i64 } @"code.f[a, b(c)]"(i64 %a, i128 %b)
  %s = extractvalue { i32, i64 } %p, 0
  %o = call { i64, i1 } @llvm.sadd.with.overflow.i64(i64 %a, i64 %a)
  ret i32 %s
}
declare { i64, i1 } @llvm.sadd.with.overflow.i64(i64, i64)
"""
AFTER = """\
define internal fastcc { i32, { i32, i64 } } @"code.f[a, b(c)]"(i64 noundef %a, i128 %b) unnamed_addr nounwind {
  %corten.pad.0 = call { i32, i128 } @corten.mul.i128(i128 %b, i128 %b)
  %1 = extractvalue { i32, i128 } %corten.pad.0, 1
  %2 = lshr i128 %1, 64
  %3 = trunc i128 %2 to i64
  %r = insertvalue { i32, i64 } { i32 0, i64 poison }, i64 %3, 1
  %corten.pad.1 = insertvalue { i32, { i32, i64 } } { i32 0, { i32, i64 } poison }, { i32, i64 } %r, 1
  ret { i32, { i32, i64 } } %corten.pad.1
}
define i32 @g(i64 %a, i128 %b) {
  %corten.pad.2 = tail call fastcc { i32, { i32, i64 } } @"code.f[a, b(c)]"(i64 %a, i128 %b) ; rare
  %p = extractvalue { i32, { i32, i64 } } %corten.pad.2, 1
  %corten.pad.3 = tail call fastcc { i32, { i32, i64 } } @"code.f[a, b(c)]"(i64 %a, i128 %b)
  %s = extractvalue { i32, i64 } %p, 0
  %o = call { i64, i1 } @llvm.sadd.with.overflow.i64(i64 %a, i64 %a)
  ret i32 %s
}
declare { i64, i1 } @llvm.sadd.with.overflow.i64(i64, i64)
declare { i32, i128 } @corten.mul.i128(i128, i128)
"""


def test_results_are_separated() -> None:
    assert separate_results(BEFORE) == AFTER
    codegen.parse(BEFORE)
    codegen.parse(AFTER)


@pytest.mark.parametrize("seed", [1201, 1318, 3429])
def test_programs_that_llvm_got_wrong(seed: int) -> None:
    """Generated programs in which a product of 0 overflowed, and one that stopped LLVM (`codegen`)."""
    source, messages = generate(seed)
    case = Case(source)
    for entry, arguments in messages:
        case.send(entry, **arguments)


def test_a_product_whose_value_is_not_needed() -> None:
    """Only its overflow is: LLVM then compares the wide product's high word plus a carry with 0."""
    body = """
@message
def run(self, x: i64, y: i64) -> i64:
    require(x * 9223372036854775807 > y or True, "never")
    require(y * -6403857664625967676 > x or True, "never")
    return 1
"""
    case = Case(contract(body))
    outcomes = [case.send("run", x=x, y=y).code for x in (-2, -1, 0, 1, 2, 2**62) for y in (-2, -1, 0, 1, 2, -(2**63))]
    assert 0 < outcomes.count(0) < len(outcomes)


def result_of(body: str, *arguments: int) -> int:
    """What LLVM's own i128 and i65 operators give once compiled, linked and run."""
    text = f'target triple = "{codegen.TRIPLE}"\n{body}'
    module = link(codegen.to_object(text)[1], 0x10050, ["f"], [])
    store = wasmtime.Store()
    instance = wasmtime.Instance(store, wasmtime.Module(store.engine, write_module(module)), [])
    return int(instance.exports(store)["entry.f"](store, *arguments))  # type: ignore[operator]


ODD = """
define i64 @"entry.f"(i64 %a, i64 %b) "wasm-export-name"="entry.f" {
  %x = zext i64 %a to i65
  %y = zext i64 %b to i65
  %p = mul i65 %x, %y
  %h = lshr i65 %p, 1
  %r = trunc i65 %h to i64
  ret i64 %r
}
"""


def test_library_calls_of_llvms_own_making() -> None:
    """Such as a product of 65 bits, which it makes of sums in loops: compiled without several results."""
    for a, b in [(3, 5), (2**63 - 1, 2**62 + 7), (12345678901234567, 98765432109876543)]:
        expected = (a * b % 2**65 >> 1) % 2**64
        assert result_of(ODD, a, b) % 2**64 == expected
    assert any(
        name in codegen._emitted(f'target triple = "{codegen.TRIPLE}"\n{ODD}', True) for name in codegen.LIBRARY_CALLS
    )


def test_sums_over_ranges() -> None:
    """LLVM replaces the loop by a polynomial with wider products."""
    body = """
@message
def run(self, n: u64, start: u64) -> u64:
    total: u64 = 0
    for i in range(start, n):
        total = wrapping_add(total, wrapping_mul(i, i))
    return total
"""
    case = Case(contract(body))
    for n, start in [(0, 0), (10, 3), (1000, 1), (5, 9)]:
        assert case.result("run", n=n, start=start) == sum(i * i for i in range(start, n)) % 2**64


def test_no_operator_of_128_bits_is_left() -> None:
    source, _ = generate(21)
    text = codegen.separate_results(_optimized(source))
    left = re.findall(r"= (?:mul|udiv|sdiv|urem|srem)[a-z ]* i(?:128|256) .*", text)
    left += re.findall(r"= (?:shl|lshr|ashr)[a-z ]* i128 \S+, %.*", text)
    assert left == []
    assert "call { i32, i128 } @corten.mul.i128" in text


def _optimized(source: str) -> str:
    from corten.compiler.check import check_contract
    from corten.compiler.llvm import emit_llvm
    from tests.compiler.harness import HEADER, write_source

    module = codegen.parse(emit_llvm(check_contract(write_source(HEADER + source)), codegen.TRIPLE)[0])
    codegen.optimize(module, codegen._target_machine(True))
    return str(module)
