"""What gas costs: versioned data. A schedule, once published, never changes; a new price is a new version.

One unit is about the time of one simple instruction. `docs/spec/gas.md` is the text, `gas-vectors.json` the examples.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from corten.wasm.opcodes import BY_NAME, OPCODES, Category

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class GasSchedule:
    """Prices of one version. An opcode costs what `by_name` says, else what its category says."""

    version: int
    by_category: Mapping[Category, int]
    by_name: Mapping[str, int]
    message: int  # once per frame, accepted or not
    trap: int  # surcharge when the guest raised the trap
    locals_per_unit: int  # a call pays one unit per that many declared locals, rounded up
    bulk_byte: int  # memory.copy, memory.fill, memory.init: per byte
    record: int  # an event or result: once
    record_byte: int  # and per byte of its padded payload
    intrinsic: int  # sender, time, height, chain, memory_limit, address: as an instruction
    call: int  # a call of another contract: once
    call_byte: int  # and per byte of its payload and of its result
    deploy: int  # a deployment by a contract: once, on top of a call; charged by the host
    deploy_page: int  # and per 4 KiB page of the new contract's initial memory

    @cached_property
    def costs(self) -> dict[int, int]:
        """Cost by opcode, every opcode of the profile."""
        by_name = {BY_NAME[name].code: cost for name, cost in self.by_name.items()}
        return {code: by_name.get(code, self.by_category[row.category]) for code, row in OPCODES.items()}


_V1: Final = GasSchedule(
    version=1,
    by_category=MappingProxyType(
        {
            Category.CONTROL: 1,
            Category.CALL: 10,
            Category.PARAMETRIC: 1,
            Category.LOCAL: 1,
            Category.GLOBAL: 1,
            Category.CONST: 1,
            Category.LOAD: 2,
            Category.STORE: 6,
            Category.MEMORY: 1,
            Category.BULK: 20,
            Category.INTEGER: 1,
            Category.DIVIDE: 16,
            Category.COMPARE: 1,
            Category.FLOAT: 3,
            Category.FLOAT_SIGN: 1,
            Category.FLOAT_COMPARE: 1,
            Category.CONVERT: 3,
            Category.REINTERPRET: 1,
            Category.SIMD_LOAD: 2,
            Category.SIMD_STORE: 10,
            Category.SIMD_LANE: 2,
            Category.SIMD_BITS: 1,
            Category.SIMD_INTEGER: 2,
            Category.SIMD_COMPARE: 1,
            Category.SIMD_FLOAT: 4,
            Category.SIMD_FLOAT_SIGN: 1,
            Category.SIMD_FLOAT_SELECT: 2,
            Category.SIMD_FLOAT_COMPARE: 2,
            Category.SIMD_CONVERT: 4,
        }
    ),
    by_name=MappingProxyType(
        {
            "block": 0,
            "else": 0,
            "end": 0,
            "unreachable": 0,
            "br_table": 4,
            "call_indirect": 16,
            "memory.grow": 1000,
            "i32.mul": 2,
            "i64.mul": 2,
            "f32.div": 8,
            "f64.div": 8,
            "f32.sqrt": 10,
            "f64.sqrt": 10,
            "f32x4.div": 10,
            "f64x2.div": 10,
            "f32x4.sqrt": 14,
            "f64x2.sqrt": 14,
            "i64x2.mul": 6,
        }
    ),
    message=200,
    trap=200_000,
    locals_per_unit=8,
    bulk_byte=1,
    record=20,
    record_byte=1,
    intrinsic=1,
    call=8000,
    call_byte=1,
    deploy=1_500_000,
    deploy_page=16_000,
)

GAS_SCHEDULES: Final[Mapping[int, GasSchedule]] = MappingProxyType({1: _V1})
