"""Passes that only tests use, through `Options.probes`: they make the guest misbehave where a defect would otherwise
hide.

They keep their state in system memory between the control block and the touched-page map, where nothing else is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from corten.wasm import op
from corten.wasm.instrument.context import STORES
from corten.wasm.instrument.gas import metered_blocks
from corten.wasm.instrument.layout import SYSTEM
from corten.wasm.instrument.taint import SOURCES
from corten.wasm.opcodes import EMPTY_BLOCK, F32, F64, OPCODES, V128

if TYPE_CHECKING:
    from corten.wasm.instrument.body import Body
    from corten.wasm.instrument.context import Context
    from corten.wasm.module import Instr

SEED: Final = 2048  # u64, any value but 0: the NaNs that `randomize_nans` makes
COUNTDOWN: Final = 2056  # u32: the kill probes stop the guest when it reaches 0, unless it began there

_SEED_READ: Final[list[Instr]] = [(op.I32_CONST, 0), (op.I64_LOAD, 3, SEED, SYSTEM)]
_MULTIPLIER: Final = 6364136223846793005
_QUIET_BITS: Final = {32: 0x7FC0_0000, 64: 0x7FF8_0000_0000_0000}


def randomize_nans(body: Body, context: Context) -> None:  # noqa: ARG001 — the signature of a pass
    """Where an operator's NaN bits are open, choose them at random: sign and payload of a quiet NaN."""
    for position, instr in enumerate(body.core):
        if instr[0] not in SOURCES:
            continue
        row = OPCODES[instr[0]]
        assert row.signature is not None
        body.insert(position + 1, _randomize(body, row.signature[1][0], is_f32=row.name.startswith("f32")))


def _randomize(body: Body, value_type: int, *, is_f32: bool) -> list[Instr]:
    local = body.local(value_type, "random")
    get: Instr = (op.LOCAL_GET, local)
    advance: list[Instr] = [
        (op.I32_CONST, 0),
        *_SEED_READ,
        (op.I64_CONST, _MULTIPLIER),
        (op.I64_MUL,),
        (op.I64_CONST, 1442695040888963407),
        (op.I64_ADD,),
        (op.I64_STORE, 3, SEED, SYSTEM),
    ]
    if value_type == V128:
        return [(op.LOCAL_SET, local), *advance, *_random_lanes(is_f32), get, *_vector_test(local, is_f32)]
    return [
        *(*advance, (op.LOCAL_SET, local), *_random_scalar(value_type), get),
        *(get, get, op_not_equal(value_type), (op.SELECT,)),
    ]


def op_not_equal(value_type: int) -> Instr:
    """x != x: it is a NaN."""
    return (op.F32_NE,) if value_type == F32 else (op.F64_NE,)


def _random_scalar(value_type: int) -> list[Instr]:
    if value_type == F64:
        quiet = _QUIET_BITS[64]
        return [*_SEED_READ, (op.I64_CONST, quiet), (op.I64_OR,), (op.F64_REINTERPRET_I64,)]
    shift: list[Instr] = [(op.I64_CONST, 32), (op.I64_SHR_U,), (op.I32_WRAP_I64,)]
    return [*_SEED_READ, *shift, (op.I32_CONST, _QUIET_BITS[32]), (op.I32_OR,), (op.F32_REINTERPRET_I32,)]


def _random_lanes(is_f32: bool) -> list[Instr]:
    width = 32 if is_f32 else 64
    bits = sum(_QUIET_BITS[width] << width * lane for lane in range(128 // width))
    return [*_SEED_READ, (op.I64X2_SPLAT,), (op.V128_CONST, bits), (op.V128_OR,)]


def _vector_test(local: int, is_f32: bool) -> list[Instr]:
    get: Instr = (op.LOCAL_GET, local)
    return [get, get, (op.F32X4_NE if is_f32 else op.F64X2_NE,), (op.V128_BITSELECT,)]


def kill_after_stores(body: Body, context: Context) -> None:  # noqa: ARG001
    """Stop the guest after its n-th store, n being what the host put at `COUNTDOWN`."""
    for position, instr in enumerate(body.core):
        if instr[0] in STORES:
            body.insert(position + 1, _count_down())


def kill_at_blocks(body: Body, context: Context) -> None:
    """Stop the guest at the start of its n-th metered block."""
    for block in metered_blocks(body, context):
        body.insert(block.start, _count_down())


def _count_down() -> list[Instr]:
    zero, read = (op.I32_CONST, 0), (op.I32_LOAD, 2, COUNTDOWN, SYSTEM)
    return [
        *(zero, read, (op.IF, EMPTY_BLOCK)),
        *(zero, zero, read, (op.I32_CONST, 1), (op.I32_SUB,), (op.I32_STORE, 2, COUNTDOWN, SYSTEM)),
        *(zero, read, (op.I32_EQZ,), (op.IF, EMPTY_BLOCK), (op.UNREACHABLE,), (op.END,), (op.END,)),
    ]
