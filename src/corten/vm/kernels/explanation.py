"""What became of a kernel, in words: columns, chunks, whether two rows are computed at once, what may trap where."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from corten.vm.kernels.columns import Column
from corten.vm.kernels.program import KernelProgram
from corten.wasm.module import Kind
from corten.wasm.opcodes import OPCODES, Category

_ARITHMETIC = frozenset((Category.SIMD_FLOAT, Category.SIMD_FLOAT_COMPARE, Category.FLOAT, Category.FLOAT_COMPARE))


def explained(program: KernelProgram) -> str:
    """A few lines for the author of a kernel."""
    return "\n".join(_lines(program))


def _lines(program: KernelProgram) -> Iterator[str]:
    yield f"{program.name}({_listed(program.inputs)}) -> {_listed(program.outputs)}"
    yield f"chunks of {program.layout.rows:,} rows, {program.layout.memory_pages * 64} KiB of guest memory"
    vector, scalar = arithmetic(program, "run")
    if "exact" in program.loops or vector > scalar // 2:
        yield f"two rows at once: {vector} float instructions on two rows, {scalar} on one (an odd last row)"
    else:
        yield f"one row at a time: {scalar} float instructions, {vector} of them on two numbers"
        yield "  what keeps rows apart: loops whose length depends on data, wide integers, mul_div, recursion"
    if "exact" in program.loops:
        yield "a row may trap; a chunk in which one did, or seems to, is computed again one row at a time:"
        yield from (f"  {site.file}:{site.line} in {site.function}" for site in program.lines.sites[1:])
    if "uniform" in program.loops:
        yield "arrays that are the same for all rows are read in place"


def _listed(columns: Sequence[Column]) -> str:
    return ", ".join(f"{column.path}: {column.spelling}" for column in columns)


def arithmetic(program: KernelProgram, loop: str) -> tuple[int, int]:
    """Float instructions of a loop: on vectors, and on single numbers."""
    module = program.native_module
    imported = len(module.imported(Kind.FUNCTION))
    index = next(item.index for item in module.exports if item.name == f"entry.{loop}")
    found = [OPCODES[instr[0]] for instr in module.functions[index - imported].body]
    floats = [row for row in found if row.category in _ARITHMETIC]
    vector = sum(row.category.name.startswith("SIMD") for row in floats)
    return vector, len(floats) - vector
