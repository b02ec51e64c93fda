"""Stack depth: a message may nest calls only so deep, whatever the engine's own stack holds.

A frame weighs, in units of about 8 bytes of native stack: `FRAME`; its locals, once for each 8 bytes, floats and
vectors as two; its parameters twice, since callers push what callees spill; its highest operand stack; and one unit
for every `INSTRUCTIONS_PER_UNIT` instructions, since an optimizing engine may keep a value of each alive.

Functions that do not recurse (`callgraph`) are not metered: what they need is known, and at most `STEADY_WEIGHT`. One
that may recurse takes its weight from the depth global at entry and gives it back at every exit; it stops with
`stack_exhausted` if what is left does not also hold the most that a steady function needs.

    global.get $depth  i32.const weight  i32.sub  local.tee $left
    i32.const steady  i32.lt_s  br_if $stack_exhausted
    local.get $left  global.set $depth
    …
    global.get $depth  i32.const weight  i32.add  global.set $depth
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from corten.wasm import op
from corten.wasm.instrument.body import OPENING
from corten.wasm.instrument.values import EFFECTS
from corten.wasm.opcodes import EMPTY_BLOCK, F32, F64, I32, I64, V128

if TYPE_CHECKING:
    from corten.wasm.instrument.body import Body
    from corten.wasm.instrument.context import Context
    from corten.wasm.module import Function, FuncType, Instr

EXIT: Final = "stack_exhausted"
FRAME: Final = 16
INSTRUCTIONS_PER_UNIT: Final = 4
DEFAULT_LIMIT: Final = 100_000
"""Units that fit the stack of the engines we know, for any shape of function that we could think of: V8's 984 KiB hold
125,000, and Wasmtime needs at most 6.4 bytes a unit (docs/spec/instrumentation.md)."""

_UNITS: Final = {I32: 1, I64: 1, F32: 2, F64: 2, V128: 2}
_OPERAND_UNITS: Final = 2  # the widest, so that operands need no types
_EFFECTS: Final = EFFECTS | {
    op.LOCAL_GET: (0, 1),
    op.LOCAL_SET: (1, 0),
    op.LOCAL_TEE: (1, 1),
    op.BR_IF: (1, 0),
    op.BR_TABLE: (1, 0),
    op.BR: (0, 0),
    op.UNREACHABLE: (0, 0),
}


def add_stack(body: Body, context: Context) -> None:
    """Weigh one function's frame, if it may recurse."""
    if EXIT not in body.exits:
        return
    left = body.local(I32, "left")
    depth = context.symbols.globals["depth"]
    weight = (op.I32_CONST, context.weights[body.index - context.symbols.guest_functions.start])
    body.prologue += [
        *((op.GLOBAL_GET, depth), weight, (op.I32_SUB,), (op.LOCAL_TEE, left)),
        *((op.I32_CONST, context.steady_weight), (op.I32_LT_S,), (op.BR_IF, body.exit_label(EXIT, 0))),
        *((op.LOCAL_GET, left), (op.GLOBAL_SET, depth)),
    ]
    body.epilogue += [(op.GLOBAL_GET, depth), weight, (op.I32_ADD,), (op.GLOBAL_SET, depth)]


def weigh(core: list[Instr], function: Function, types: list[FuncType], functions: list[int]) -> int:
    """Units of one frame; `functions` are the type indices of all functions."""
    signature = types[function.type_index]
    slots = (*signature.params, *signature.params, *function.locals, *signature.results)
    operands = highest_stack(core, types, functions) * _OPERAND_UNITS
    return FRAME + sum(_UNITS[kind] for kind in slots) + operands + len(core) // INSTRUCTIONS_PER_UNIT


def highest_stack(core: list[Instr], types: list[FuncType], functions: list[int]) -> int:
    """The most operands that are on the stack at once."""
    height = highest = 0
    bases: list[tuple[int, int, int]] = []  # height below the block, its parameters, its results
    for instr in core:
        code = instr[0]
        effect = _EFFECTS.get(code)
        if effect is None:
            effect = _special(instr, types, functions)
        pops, pushes = effect
        height += pushes - pops
        highest = max(highest, height)
        if code in OPENING:
            parameters, results = _shape(instr[1], types)
            bases.append((height - parameters, parameters, results))
        elif code == op.ELSE:
            height = bases[-1][0] + bases[-1][1]
        elif code == op.END:
            base, _, results = bases.pop()
            height = base + results
    return highest


def _special(instr: Instr, types: list[FuncType], functions: list[int]) -> tuple[int, int]:
    code = instr[0]
    if code == op.CALL:
        signature = types[functions[instr[1]]]
        return len(signature.params), len(signature.results)
    if code == op.CALL_INDIRECT:
        signature = types[instr[1]]
        return len(signature.params) + 1, len(signature.results)
    return int(code == op.IF), 0


def _shape(block_type: int, types: list[FuncType]) -> tuple[int, int]:
    if block_type < 0:
        return 0, int(block_type != EMPTY_BLOCK)
    return len(types[block_type].params), len(types[block_type].results)
