"""`corten.run` applies a batch of frames inside the guest; `corten.recover` ends a message that trapped.

The system memory they read and write is described in docs/spec/module.md. Rejecting costs a rollback of what was
logged and nothing else: no trap, no exit to the host. A frame whose size makes no sense ends the batch, since nothing
after it can be found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from corten.base.errors import InvalidCode, InvalidModule, Status, TrapCode
from corten.wasm.instrument.abi import load_name, parameter_type
from corten.wasm.instrument.body import type_index
from corten.wasm.instrument.calls import BEGIN, ORIGIN, RECOVER, enter_function, settle, undo_function, ways_out
from corten.wasm.instrument.layout import CONTROL, FLAG_INIT, FLAG_READ_ONLY, RECEIPT_BYTES
from corten.wasm.instrument.runtime import save_globals
from corten.wasm.module import Kind
from corten.wasm.opcodes import I32, I64

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corten.wasm.instrument.assemble import Assembler
    from corten.wasm.instrument.context import Context
    from corten.wasm.module import Function, FuncType, Module
    from corten.wasm.sections import Abi, Entry, Scalar

STANDALONE: Final = ("begin",)
DRIVER: Final = ("begin_batch", "run", "recover", "enter", "undo")
FRAME_HEADER_BYTES: Final = 16


def _control(field: str, value_type: str = "i32") -> str:
    return f"i32.const 0 {value_type}.load@1+{CONTROL[field]}"


# What stays the same during a batch: block header, limits, cursors.
_BEGIN_BATCH: Final = f"""
{_control("time", "i64")} global.set $time
{_control("height", "i64")} global.set $height
{_control("chain", "i64")} global.set $chain
{_control("log")} global.set $log_begin
{_control("log_limit")} global.set $log_limit
{_control("outbox_cursor")} global.set $outbox
{_control("outbox_limit")} global.set $outbox_limit
{_control("index_cursor")} global.set $index
{_control("index_limit")} global.set $index_limit
"""

# The receipt at $receipt of what $status, $word (code | site << 12) and $used (gas) tell.
_RECEIPT: Final = f"""
local.get $receipt
local.get $word i32.const 12 i32.shr_u i64.extend_i32_u i64.const 32 i64.shl
local.get $status local.get $word i32.const 4095 i32.and i32.const 16 i32.shl i32.or i64.extend_i32_u i64.or
i64.store@1
local.get $receipt local.get $used i64.store@1+8
local.get $receipt
global.get $index_start {_control("index")} i32.sub i32.const 2 i32.shr_u i32.store@1+16
local.get $receipt
global.get $index global.get $index_start i32.sub i32.const 2 i32.shr_u i32.store@1+20
local.get $receipt i64.const 0 i64.store@1+24
"""

# The host reads these when `run` or `recover` has come back; in between only the cursor is kept, for `recover`.
_PUBLISH: Final = f"""
i32.const 0 local.get $frame i32.store@1+{CONTROL["cursor"]}
i32.const 0 global.get $message i32.store@1+{CONTROL["message"]}
i32.const 0 global.get $outbox i32.store@1+{CONTROL["outbox_cursor"]}
i32.const 0 global.get $index i32.store@1+{CONTROL["index_cursor"]}
"""
_FIND_RECEIPT: Final = f"""
global.get $message i32.const {RECEIPT_BYTES} i32.mul {_control("receipts")} i32.add local.set $receipt
"""

_DROP_RECORDS: Final = "global.get $outbox_start global.set $outbox global.get $index_start global.set $index"

# A frame holds its header and its payload, is a multiple of 8 bytes, and lies before the end.
_RUN: Final = f"""
call $begin_batch
{_control("cursor")} local.set $frame
{_control("end")} local.set $end
{_control("message")} global.set $message
{_FIND_RECEIPT}
loop $batch
  local.get $end local.get $frame i32.gt_u
  if $any
    i32.const 0 local.get $frame i32.store@1+{CONTROL["cursor"]}
    {{begin_message}}
    block $finished
      block $malformed
        block $unknown
          local.get $end local.get $frame i32.sub local.set $left
          local.get $left local.set $size
          local.get $left i32.const {FRAME_HEADER_BYTES} i32.lt_u br_if $malformed
          local.get $frame i32.load@1 local.set $length
          local.get $length i32.const 7 i32.and br_if $malformed
          local.get $length i32.const {FRAME_HEADER_BYTES} i32.lt_u br_if $malformed
          local.get $length local.get $left i32.gt_u br_if $malformed
          local.get $length local.set $size
          local.get $frame i32.load@1+12 local.set $length
          local.get $length local.get $size i32.const {FRAME_HEADER_BYTES} i32.sub i32.gt_u br_if $malformed
          {{affordable}}
          local.get $frame i32.load@1+8 global.set $sender
          local.get $frame i32.load@1+4 global.set $entry
          {{dispatch}}
        end
        i32.const {int(Status.INVALID)} local.set $status
        i32.const {int(InvalidCode.UNKNOWN_ENTRY)} local.set $word
        br $finished
      end
      i32.const {int(Status.INVALID)} local.set $status
      i32.const {int(InvalidCode.MALFORMED_PAYLOAD)} local.set $word
    end
    {{settle}}
    {_control("gas_limit", "i64")} global.get $gas i64.sub local.set $used
    {_RECEIPT} {{origin}}
    local.get $receipt i32.const {RECEIPT_BYTES} i32.add local.set $receipt
    global.get $message i32.const 1 i32.add global.set $message
    local.get $frame local.get $size i32.add local.set $frame
    br $batch
  end
end
{_PUBLISH}
"""

_BEGIN_MESSAGE: Final = f"""
{_control("gas_limit", "i64")} {{message_cost}} i64.sub global.set $gas
{_control("stack_limit")} global.set $depth
global.get $log_begin global.set $log
global.get $outbox global.set $outbox_start
global.get $index global.set $index_start
i32.const 0 global.set $trap
i32.const 0 local.set $word
i32.const 0 local.set $keep
"""

_AFFORDABLE: Final = f"""
global.get $gas i64.const 0 i64.lt_s
if $poor
  i32.const {int(Status.TRAPPED)} local.set $status
  i32.const {int(TrapCode.OUT_OF_GAS)} local.set $word
  br $finished
end
"""

# A message that came back in debt did not come back. Views and read-only batches keep records, never writes.
_SETTLE_GAS: Final = f"""
global.get $gas i64.const 0 i64.lt_s
if $debt
  i32.const {int(Status.TRAPPED)} local.set $status
  i32.const {int(TrapCode.OUT_OF_GAS)} local.set $word
  i64.const 0 global.set $gas
end
"""
_SETTLE: Final = f"""
local.get $status
if $refused
  call $rollback
  {_DROP_RECORDS}
else
  {_control("flags")} i32.const {FLAG_READ_ONLY} i32.and local.get $keep i32.or
  if $view call $rollback end
end
"""

_RECOVER: Final = f"""
{_control("cursor")} local.set $frame
call $rollback
{_DROP_RECORDS}
{{inherit}}
{_control("gas_limit", "i64")} local.set $limit
local.get $limit local.set $used
global.get $trap i32.const 4095 i32.and
if $raised
  global.get $trap local.set $word
  local.get $limit global.get $gas i64.sub i64.const {{trap_cost}} i64.add local.set $used
  local.get $used local.get $limit i64.gt_u if $all local.get $limit local.set $used end
end
i32.const {int(Status.TRAPPED)} local.set $status
{_FIND_RECEIPT}
{_RECEIPT} {{origin}}
global.get $message i32.const 1 i32.add global.set $message
local.get $frame local.get $frame i32.load@1 i32.add local.set $frame
{_PUBLISH}
"""


def driver_functions(context: Context, abi: Abi, assembler: Assembler) -> Iterator[Function]:
    """The functions that `DRIVER` names."""
    module, options = context.module, context.options
    none = type_index(module, (), ())
    yield assembler.function(none, {}, {}, _BEGIN_BATCH)
    ways = ways_out(module)
    begin = _BEGIN_MESSAGE.format(message_cost=f"i64.const {options.schedule.message if options.gas else 0}")
    dispatch = _dispatch(context, abi, assembler)
    text = _RUN.format(
        begin_message=begin + save_globals(context) + (f" {BEGIN}" if ways else ""),
        affordable=_AFFORDABLE,
        dispatch=dispatch,
        settle=_SETTLE_GAS + settle(ways) + _SETTLE,
        origin=ORIGIN if ways else "",
    )
    names = ("frame", "end", "receipt", "left", "size", "length", "status", "word", "keep")
    yield assembler.function(none, {}, dict.fromkeys(names, I32) | {"used": I64}, text)
    locals_ = {"frame": I32, "receipt": I32, "status": I32, "limit": I64, "used": I64}
    recover = _RECOVER.format(
        trap_cost=options.schedule.trap, inherit=RECOVER if ways else "", origin=ORIGIN if ways else ""
    )
    yield assembler.function(type_index(module, (I32,), ()), {"word": I32}, locals_, recover)
    yield enter_function(context, assembler, dispatch, save_globals(context))
    yield undo_function(context, assembler)


def standalone_functions(context: Context, assembler: Assembler) -> Iterator[Function]:
    """`corten.begin`: starts a message for a host that calls the guest's functions itself."""
    begin = f"""
    {_control("gas_limit", "i64")} global.set $gas
    {_control("stack_limit")} global.set $depth
    global.get $log_begin global.set $log
    i32.const 0 global.set $trap
    """
    text = _BEGIN_BATCH + begin + save_globals(context)
    yield assembler.function(type_index(context.module, (), ()), {}, {}, text)


def _dispatch(context: Context, abi: Abi, assembler: Assembler) -> str:
    """Jump to the entry, load its parameters, call it: leaves at $finished, $malformed or $unknown."""
    module, count = context.module, len(abi.entries)
    text = " ".join(f"block $entry{number}" for number in reversed(range(count)))
    targets = ",".join([*(f"$entry{number}" for number in range(count)), "$unknown"])
    text += f" global.get $entry br_table {targets}"
    exports = {item.name: item.index for item in module.exports if item.kind == Kind.FUNCTION}
    for number, entry in enumerate(abi.entries):
        index = exports.get(f"entry.{entry.name}")
        wanted = parameter_type(abi.flatten(entry.parameters))
        checked = _checked(module, entry.name, wanted, index)
        assembler.functions[f"entry.{number}"] = context.symbols.moved(checked)
        text += f" end {_call_entry(entry, number, abi.flatten(entry.parameters))} br $finished"
    return text


def _checked(module: Module, name: str, wanted: FuncType, index: int | None) -> int:
    """The entry's function, if it is of the type that the ABI asks for."""
    if index is None:
        raise InvalidModule(f"entry {name}: expected an exported function entry.{name}, found none")
    found = module.types[module.function_type_indices()[index]]
    if found != wanted:
        numbers = {item.name: number for number, item in enumerate(module.exports)}
        place = module.place("export", numbers[f"entry.{name}"])
        raise InvalidModule(f"entry {name}: expected a function of type {wanted}, found {found}", place)
    return index


def _call_entry(entry: Entry, number: int, parameters: list[Scalar]) -> str:
    text = f" local.get $length i32.const {entry.size} i32.ne br_if $malformed"
    if entry.kind == "init":
        text += f" {_control('flags')} i32.const {FLAG_INIT} i32.and i32.eqz br_if $unknown"
    if entry.kind == "view":
        text += " i32.const 1 local.set $keep"
    text += "".join(_check_parameter(scalar) for scalar in parameters)
    text += "".join(f" local.get $frame {_load(scalar)}" for scalar in parameters)
    return f"{text} call $entry.{number} local.tee $word i32.const 0 i32.ne local.set $status"


def _load(scalar: Scalar) -> str:
    return f"{load_name(scalar)}@1+{FRAME_HEADER_BYTES + scalar.offset}"


def _check_parameter(scalar: Scalar) -> str:
    """A bool is 0 or 1, an enum one of its members."""
    members = (0, 1) if scalar.kind == "bool" else scalar.members
    if not members:
        return ""
    text = " i32.const 0"
    for low, high in _ranges(members):
        text += f" local.get $frame {_load(scalar)} i32.const {low} i32.sub i32.const {high - low} i32.le_u i32.or"
    return f"{text} i32.eqz br_if $malformed"


def _ranges(members: tuple[int, ...]) -> list[tuple[int, int]]:
    """The runs of successive members."""
    ranges: list[tuple[int, int]] = []
    for member in members:
        if ranges and ranges[-1][1] + 1 == member:
            ranges[-1] = ranges[-1][0], member
        else:
            ranges.append((member, member))
    return ranges
