"""Which loops a kernel's module has, and the LLVM IR of all of them."""

from __future__ import annotations

from corten.compiler import ir
from corten.compiler.columns import EXACT, RUN, UNIFORM, Loop, LoopEmitter, kept_twins
from corten.compiler.emitter import Sites
from corten.compiler.flat import FlatEmitter
from corten.compiler.iteration import IterationEmitter
from corten.compiler.lower import FunctionEmitter
from corten.compiler.types import ArrayType


def emit_kernel(program: ir.Program, sites: Sites) -> list[str]:
    """LLVM IR of a kernel's functions and loops."""
    exact = [FunctionEmitter(function, program, sites).emit() for function in program.functions]
    if program.by_row is not None and len(sites.rows) > 1:
        program.is_flat = False  # a step that trapped cannot be made again: the state has changed
    flat = [FlatEmitter(function, program, sites).emit() for function in program.functions] if program.is_flat else []
    emitted = [_emitter(program, loop).emit() for loop in loops(program, len(sites.rows) > 1)]
    return [*exact, *flat, *emitted, kept_twins()]


def loops(program: ir.Program, may_trap: bool) -> list[Loop]:
    """The loops of a kernel's module; EXACT is the plain one where the others defer traps."""
    is_flat, takes_arrays = (
        program.is_flat,
        any(isinstance(kind, ArrayType) for _, kind in program.entries[0].parameters),
    )
    found = [Loop(RUN, is_flat)]
    if program.by_row is not None:
        return found
    if takes_arrays:
        found.append(Loop(UNIFORM, is_flat, True))
    return [*found, Loop(EXACT)] if is_flat and may_trap else found


def _emitter(program: ir.Program, loop: Loop) -> LoopEmitter:
    return LoopEmitter(program, loop) if program.by_row is None else IterationEmitter(program, loop, program.by_row)


def is_vectorized(optimized: str) -> bool:
    """Whether LLVM computes several rows at once in RUN."""
    body = optimized.partition(f"@entry.{RUN}(")[2].partition("\n}\n")[0]
    return "vector.body" in body
