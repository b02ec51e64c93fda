"""What stands in place of the imports: traps, events, results, written as records to the outbox in system memory.

A record is u32 type (event index, or 0xFFFF for a result), u32 message index, and the payload padded to 8 bytes,
padding zeroed. The record index gets its address. A full outbox or index raises outbox_exhausted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from corten.base.errors import InvalidModule, TrapCode
from corten.host.table import BY_NAME
from corten.wasm.instrument.abi import Record, find_record, scalar_types, store_name
from corten.wasm.instrument.body import type_index
from corten.wasm.instrument.calls import (
    CALL,
    CALL_TYPE,
    CALLER,
    DEPLOY,
    DEPLOY_TYPE,
    call_wrapper,
    check_call,
    deploy_wrapper,
)
from corten.wasm.instrument.context import COPIER, RECORDER, Callee
from corten.wasm.instrument.host import host_callee, host_type, wrapper
from corten.wasm.instrument.layout import CONTROL
from corten.wasm.module import FuncType, Kind
from corten.wasm.opcodes import I32, I64
from corten.wasm.sections import RESULT_RECORD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corten.wasm.instrument.assemble import Assembler
    from corten.wasm.instrument.context import Context
    from corten.wasm.instrument.schedule import GasSchedule
    from corten.wasm.module import Function, Module
    from corten.wasm.sections import Abi

HEADER_BYTES: Final = 8
_FIXED: Final = {
    "trap": FuncType((I32,), ()),
    "sender": FuncType((), (I32,)),
    "memory_limit": FuncType((), (I32,)),
    "address": FuncType((), (I32,)),
    CALL: CALL_TYPE,
    DEPLOY: DEPLOY_TYPE,
    "time": FuncType((), (I64,)),
    "height": FuncType((), (I64,)),
    "chain": FuncType((), (I64,)),
    "output": FuncType((I32, I32, I32), ()),
}
_INTRINSICS: Final = frozenset(("sender", "memory_limit", "time", "height", "chain", "address"))
SERVED: Final = _FIXED.keys() | BY_NAME.keys()
"""Imports of module `corten` that every module may have; `emit.` and `result.` depend on the ABI."""

# Room for `need` bytes and one index entry, then the header; `record` is left at the payload.
_RESERVE: Final = f"""
global.get $outbox local.set $record
global.get $outbox_limit local.get $record i32.sub {{need}} i32.lt_u
global.get $index_limit global.get $index i32.sub i32.const 4 i32.lt_u
i32.or
if $full i32.const {int(TrapCode.OUTBOX_EXHAUSTED)} global.set $trap unreachable end
local.get $record {{type}} i32.store@1
local.get $record global.get $message i32.store@1+4
global.get $index local.get $record i32.store@1
global.get $index i32.const 4 i32.add global.set $index
local.get $record {{need}} i32.add global.set $outbox
"""

_TRAP: Final = "local.get $word global.set $trap unreachable"
_UNKNOWN: Final = f"i32.const {int(TrapCode.UNREACHABLE)} global.set $trap unreachable"

# `size` is what a record of that kind must have: the host decodes records by the ABI, not by what a guest says.
_OUTPUT_CHECK: Final = f"""
local.get $length local.get $size i32.ne
if $wrong {_UNKNOWN} end
"""
_OUTPUT_GAS: Final = """
global.get $gas local.get $length i64.extend_i32_u i64.const {record_byte} i64.mul i64.sub global.set $gas
global.get $gas i64.const 0 i64.lt_s if $broke call $out_of_gas end
"""
_OUTPUT_COPY: Final = f"""
local.get $record i32.const {HEADER_BYTES} i32.add local.get $address local.get $length memory.copy 1 0
"""


def describe_imports(module: Module, abi: Abi | None, schedule: GasSchedule) -> Iterator[tuple[Callee | None, int]]:
    """Per imported function: what its callers expect, and gas on top of a call's. Checks that each can be provided."""
    for number, item in enumerate(module.imports):
        place = module.place("import", number)
        if item.kind != Kind.FUNCTION or item.module != "corten":
            raise InvalidModule(f"import {item.module}.{item.name}: expected only functions of module corten", place)
        record = find_record(abi, item.name)
        host = BY_NAME.get(item.name)
        wanted = _FIXED.get(item.name) if record is None else FuncType(scalar_types(record.scalars), ())
        wanted = wanted if host is None else host_type(host)
        found = module.types[item.type_index]
        if wanted is None:
            text = f"import corten.{item.name}: expected an import that docs/spec/module.md or host-functions.md lists"
            raise InvalidModule(text, place)
        if found != wanted:
            raise InvalidModule(f"import corten.{item.name}: expected type {wanted}, found {found}", place)
        if item.name in _INTRINSICS:
            yield None, schedule.intrinsic - schedule.costs[0x10]
        elif host is not None:
            yield host_callee(host), 0
        elif item.name in (CALL, DEPLOY):
            check_call(item.name, abi is not None)
            yield CALLER, 0
        elif item.name == "output":
            yield COPIER, schedule.record
        else:
            yield RECORDER, 0 if record is None else schedule.record + schedule.record_byte * record.size


def import_stubs(context: Context, abi: Abi | None, assembler: Assembler) -> Iterator[Function]:
    """A function for each import, in order."""
    for item in context.module.imports:
        record = find_record(abi, item.name)
        if record is not None:
            yield _recorder(record, assembler, item.type_index)
        elif item.name in BY_NAME:
            yield wrapper(BY_NAME[item.name], context, assembler, item.type_index)
        elif item.name == CALL:
            yield call_wrapper(context, assembler, item.type_index)
        elif item.name == DEPLOY:
            yield deploy_wrapper(context, assembler, item.type_index)
        elif item.name == "output":
            yield _copier(context, abi, assembler)
        elif item.name == "trap":
            yield assembler.function(item.type_index, {"word": I32}, {}, _TRAP)
        else:
            yield assembler.function(item.type_index, {}, {}, _intrinsic(item.name))


def _intrinsic(name: str) -> str:
    """Calls are inlined; this one is for tables."""
    if name == "address":
        return f"i32.const 0 i32.load@1+{CONTROL['address']}"
    return "unreachable" if name == "memory_limit" else f"global.get ${name}"


def _recorder(record: Record, assembler: Assembler, type_: int) -> Function:
    """Writes one record from its flattened fields. A result must be of the entry that is running."""
    text = f"global.get $entry i32.const {record.number} i32.ne if $wrong {_UNKNOWN} end" if record.is_result else ""
    text += _RESERVE.format(need=f"i32.const {HEADER_BYTES + record.size}", type=f"i32.const {record.kind}")
    for word in range(0, record.size, 8):
        if sum(scalar.size for scalar in record.scalars if scalar.offset & -8 == word) < 8:
            text += f" local.get $record i64.const 0 i64.store@1+{HEADER_BYTES + word}"
    for index, scalar in enumerate(record.scalars):
        text += f" local.get $record local.get $p{index} {store_name(scalar)}@1+{HEADER_BYTES + scalar.offset}"
    parameters = {f"p{index}": scalar.value_type for index, scalar in enumerate(record.scalars)}
    return assembler.function(type_, parameters, {"record": I32}, text)


def _copier(context: Context, abi: Abi | None, assembler: Assembler) -> Function:
    """`output`: copies a record from guest memory, if its length is what the ABI says."""
    events = () if abi is None else abi.events
    entries = () if abi is None else abi.entries
    text = "i32.const -1 local.set $size "
    for number, event in enumerate(events):
        text += f"local.get $kind i32.const {number} i32.eq if $is i32.const {event.size} local.set $size end "
    for number, entry in enumerate(entries):
        text += f"local.get $kind i32.const {RESULT_RECORD} i32.eq global.get $entry i32.const {number} i32.eq i32.and "
        text += f"if $is i32.const {entry.result_size} local.set $size end "
    text += _OUTPUT_CHECK
    if context.options.gas:
        text += _OUTPUT_GAS.format(record_byte=context.options.schedule.record_byte)
    text += _RESERVE.format(need=f"local.get $length i32.const {HEADER_BYTES} i32.add", type="local.get $kind")
    text += _OUTPUT_COPY
    parameters = {"kind": I32, "address": I32, "length": I32}
    signature = type_index(context.module, tuple(parameters.values()), ())
    return assembler.function(signature, parameters, {"record": I32, "size": I32}, text)
