"""Imports and memory operations that become injected code at the place of the call.

`sender`, `time`, `height` and `chain` read a global, `memory_limit` is a constant. `memory.size` reads the virtual page
counter and `memory.grow` moves it; the bulk operations go through helpers that log what they overwrite and charge
what they copy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from corten.wasm import op
from corten.wasm.instrument.context import BULK
from corten.wasm.instrument.layout import CONTROL, SYSTEM, WASM_PAGE
from corten.wasm.instrument.marks import signed
from corten.wasm.module import Kind

if TYPE_CHECKING:
    from corten.wasm.instrument.body import Body
    from corten.wasm.instrument.context import Context
    from corten.wasm.module import Instr

_HELPERS = {op.MEMORY_FILL: "memory_fill", op.MEMORY_COPY: "memory_copy", op.MEMORY_GROW: "memory_grow"}
_REPLACED = BULK | {op.MEMORY_SIZE, op.MEMORY_GROW}


def replace_intrinsics(body: Body, context: Context) -> None:
    """Put injected code in place of one function's intrinsics."""
    inlined = _inlined_imports(context)
    for position, instr in enumerate(body.core):
        code = instr[0]
        if code == op.CALL:
            if instr[1] in inlined:
                body.instead[position] = inlined[instr[1]]
            elif instr[1] < context.symbols.kept:
                body.instead[position] = [(op.CALL, context.symbols.moved(instr[1]))]
        elif code in _REPLACED:
            body.instead[position] = [_memory_operation(instr, context)]


def _inlined_imports(context: Context) -> dict[int, list[Instr]]:
    symbols = context.symbols
    inlined: dict[int, list[Instr]] = {}
    for index, item in enumerate(context.module.imported(Kind.FUNCTION)):
        if item.name in ("sender", "time", "height", "chain"):
            inlined[index] = [(op.GLOBAL_GET, symbols.globals[item.name])]
        elif item.name == "memory_limit":
            inlined[index] = [(op.I32_CONST, signed(context.options.memory_pages * WASM_PAGE))]
        elif item.name == "address":
            inlined[index] = [(op.I32_CONST, 0), (op.I32_LOAD, 2, CONTROL["address"], SYSTEM)]
    return inlined


def _memory_operation(instr: Instr, context: Context) -> Instr:
    code, symbols = instr[0], context.symbols
    if code == op.MEMORY_SIZE:
        return op.GLOBAL_GET, symbols.globals["pages"]
    helper = f"memory_init.{instr[1]}" if code == op.MEMORY_INIT else _HELPERS[code]
    return op.CALL, symbols.functions[helper]
