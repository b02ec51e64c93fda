"""Gas: every metered block is charged when it is entered; a message that owes more than it has stops.

A metered block begins at the function's start, after `loop`, `if`, `else` and a conditional branch, and after an
`end` that a branch or the other arm of an `if` leads to. Its charge is the sum of its instructions' costs, so what a
message pays depends on the path it takes and on nothing else. Who pays may be another block of the same path
(`charges`): the sum is right wherever the counter is looked at. The counter is a local, and a global around calls. It
may become negative: it is checked at function entries, loop headers and after calls, and when the message ends, so
that the slack is less than the length of a function. A header whose block is free is not checked: nothing leads back
from a free block but by way of another header, and a thousand nested loops would be a thousand checks for one `br`.

    local.get $gas  i64.const cost  i64.sub  local.set $gas
                                    or: local.tee $gas  i64.const 0  i64.lt_s  br_if $out_of_gas  where it is checked
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from corten.wasm import op
from corten.wasm.instrument.blocks import CALLING, Blocks, MeteredBlock
from corten.wasm.instrument.body import OPENING
from corten.wasm.instrument.charges import charges
from corten.wasm.opcodes import I64

if TYPE_CHECKING:
    from corten.wasm.instrument.body import Body
    from corten.wasm.instrument.context import Context, Facts
    from corten.wasm.module import Instr

EXIT: Final = "out_of_gas"
_FREE_LEAF: Final = 64  # a loop-free leaf that costs no more is not checked: its callers are


def add_gas(body: Body, context: Context) -> None:
    """Charge the metered blocks of one function."""
    gas = body.local(I64, "gas")
    counter = context.symbols.globals["gas"]
    body.prologue += [(op.GLOBAL_GET, counter), (op.LOCAL_SET, gas)]
    body.epilogue += [(op.LOCAL_GET, gas), (op.GLOBAL_SET, counter)]
    blocks = Blocks(body, context, tests=EXIT in body.exits)
    for block, charge in zip(blocks.metered, charges(blocks.spans, blocks.junctions), strict=True):
        code: list[Instr] = []
        if charge:
            code += [(op.LOCAL_GET, gas), (op.I64_CONST, charge), (op.I64_SUB,), (op.LOCAL_SET, gas)]
        if blocks.is_tested(block):
            code = _checked(code, gas, body.exit_label(EXIT, block.depth))
        if code:
            body.insert(block.start, code)
    _carry_over_calls(body, context, gas, counter)


def needs_exit(facts: Facts) -> bool:
    """Whether a function checks its gas at all."""
    return facts.has_loop or facts.calls_table or bool(facts.calls) or facts.cost > _FREE_LEAF


def metered_blocks(body: Body, context: Context) -> list[MeteredBlock]:
    """The metered blocks of a function in order."""
    return Blocks(body, context, tests=EXIT in body.exits).metered


def _checked(code: list[Instr], gas: int, label: int) -> list[Instr]:
    """The code, which may end by setting the counter, and a test of it."""
    first = [*code[:-1], (op.LOCAL_TEE, gas)] if code else [(op.LOCAL_GET, gas)]
    return [*first, (op.I64_CONST, 0), (op.I64_LT_S,), (op.BR_IF, label)]


def _carry_over_calls(body: Body, context: Context, gas: int, counter: int) -> None:
    """Around a call the counter is in the global; it is checked again if the callee may recurse."""
    depth = 0
    for position, instr in enumerate(body.core):
        code = instr[0]
        if code in OPENING:
            depth += 1
        elif code == op.END:
            depth -= 1
        if code not in CALLING:
            continue
        callee = context.callee(instr)
        if callee is None:
            continue
        body.insert(position, [(op.LOCAL_GET, gas), (op.GLOBAL_SET, counter)])
        if callee.spends_gas:
            reload: list[Instr] = [(op.GLOBAL_GET, counter), (op.LOCAL_SET, gas)]
            if callee.recurses:
                reload = _checked(reload, gas, body.exit_label(EXIT, depth))
            body.insert(position + 1, reload)
