"""Calls between contracts: the imports `corten.call` and `corten.deploy`, the exports `corten.enter` and `corten.undo`.

docs/spec/calls.md says what they mean.

A caller's injected code checks the ranges, charges, logs the range of the result, and writes what the host must know
to the call area of its own system memory; then it calls the one import that stays, `corten.host.call`. The host finds
the callee, copies the payload to the callee's inbox, and calls its `enter`, which applies the entry as a part of the
message in progress: it opens no undo log unless it is the contract's first in this message, and rolls back nothing but
a view.

The first of the imports that the guest has is called once more, with `called` cleared, at the end of a message that
called: the host settles with the callees, and may turn the message's status into a reject.

A deployment is a call of a contract that the host makes first: `corten.deploy` writes the same area, with the address
of the code's hash in place of the contract's, and calls `corten.host.deploy`.

A message that made no call has nothing to settle and costs what it did before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from corten.base.errors import InvalidModule, TrapCode
from corten.host.table import HostFunction, Parameter, Price, Role
from corten.wasm.instrument.body import type_index
from corten.wasm.instrument.context import Callee
from corten.wasm.instrument.host import charge, check_ranges, log_output
from corten.wasm.instrument.layout import LOG_ENTRY_BYTES, WASM_PAGE
from corten.wasm.module import FuncType, Kind
from corten.wasm.opcodes import I32

if TYPE_CHECKING:
    from corten.wasm.instrument.assemble import Assembler
    from corten.wasm.instrument.context import Context
    from corten.wasm.instrument.schedule import GasSchedule
    from corten.wasm.module import Function, Module

CALL: Final = "call"
DEPLOY: Final = "deploy"
WAYS_OUT: Final = (CALL, DEPLOY)
"""Imports through which a guest reaches other contracts; those that it has stay, as `corten.host.<name>`."""
CALL_TYPE: Final = FuncType((I32,) * 6, (I32,))
DEPLOY_TYPE: Final = FuncType((I32,) * 5, (I32,))
CODE_BYTES: Final = 32
ADDRESS_BYTES: Final = 4
CALLER: Final = Callee(spends_gas=True, logs=True, is_leaf=True)
CALL_WEIGHT: Final = 2000
"""Stack units that a call takes, for the native frames of host and engine between two contracts."""

MODE_FIRST: Final = 1  # the contract's first entry in this message: a new log, new cursors
MODE_READ_ONLY: Final = 2
RECORDS_OF_CALLEE: Final = 0xFFFE
"""Record type of what a callee recorded: u32 contract, u32 entry, u32 bytes, u32 0, then the callee's records."""

# The call area in system memory: byte offsets of what a caller writes, what `enter` reads and what both get back.
AREA: Final = 128
FIELDS: Final = {
    "gas": AREA,
    "depth": AREA + 8,
    "contract": AREA + 12,
    "selector": AREA + 16,
    "arguments": AREA + 20,
    "length": AREA + 24,
    "result": AREA + 28,
    "size": AREA + 32,
    "outbox": AREA + 36,
    "status": AREA + 40,
    "word": AREA + 44,
    "called": AREA + 48,
    "raised": AREA + 52,
    "origin": AREA + 56,
    "message": AREA + 64,
    # enter: in
    "sender": AREA + 12,
    "entry": AREA + 16,
    "payload": AREA + 20,
    "mode": AREA + 24,
    # enter: out
    "record": AREA + 28,
    "begin": AREA + 32,
    "end": AREA + 36,
}


def load(field: str, value_type: str = "i32") -> str:
    """A field of the call area."""
    return f"i32.const 0 {value_type}.load@1+{FIELDS[field]}"


def store(field: str, value: str, value_type: str = "i32") -> str:
    """Write a field of the call area."""
    return f"i32.const 0 {value} {value_type}.store@1+{FIELDS[field]}"


def ways_out(module: Module) -> list[str]:
    """Those of `WAYS_OUT` that a guest has."""
    imported = {item.name for item in module.imported(Kind.FUNCTION) if item.module == "corten"}
    return [name for name in WAYS_OUT if name in imported]


def check_call(name: str, has_abi: bool) -> None:
    """Only a contract has a message to call in."""
    if not has_abi:
        raise InvalidModule(f"import corten.{name}: expected a contract with an ABI, found a module without")


# ---- the caller ------------------------------------------------------------------------------------------------------

_CALL: Final = f"""
global.get $depth i32.const {{weight}} i32.sub local.tee $left
i32.const 0 i32.lt_s if $deep call $stack_exhausted end
{store("gas", "global.get $gas", "i64")}
{store("depth", "local.get $left")}
{store("contract", "local.get ${target}")}
{store("selector", "local.get $selector")}
{store("arguments", "local.get $arguments")}
{store("length", "local.get $length")}
{store("result", "local.get $result")}
{store("size", "{size}")}
{store("outbox", "global.get $outbox")}
{store("message", "global.get $message")}
{store("called", "i32.const 1")}
call $host.{{import}}
{load("gas", "i64")} global.set $gas
{load("status")} local.tee $left i32.const 0 i32.lt_s
if $stopped local.get $left i32.const 4095 i32.and global.set $trap unreachable end
{load("outbox")} global.get $outbox i32.ne
if $recorded
  global.get $index_limit global.get $index i32.sub i32.const 4 i32.lt_u
  if $full i32.const {int(TrapCode.OUTBOX_EXHAUSTED)} global.set $trap unreachable end
  global.get $index global.get $outbox i32.store@1
  global.get $index i32.const 4 i32.add global.set $index
  {load("outbox")} global.set $outbox
end
local.get $left
"""


def call_wrapper(context: Context, assembler: Assembler, type_: int) -> Function:
    """The function that stands in place of the guest's import `corten.call`."""
    return _wrapper(_call_row(context.options.schedule), "contract", "local.get $size", context, assembler, type_)


def deploy_wrapper(context: Context, assembler: Assembler, type_: int) -> Function:
    """The function that stands in place of the guest's import `corten.deploy`."""
    size = f"i32.const {ADDRESS_BYTES}"
    return _wrapper(_deploy_row(context.options.schedule), "code", size, context, assembler, type_)


def way_out_row(name: str, schedule: GasSchedule) -> HostFunction:
    """`call` or `deploy` as a host function."""
    return {CALL: _call_row, DEPLOY: _deploy_row}[name](schedule)


def _wrapper(row: HostFunction, target: str, size: str, context: Context, assembler: Assembler, type_: int) -> Function:
    options = context.options
    text = check_ranges(row, options.memory_pages * WASM_PAGE)
    if options.gas:
        text += charge(row, options.schedule.version)
    if options.undo:
        text += f" {size} if $any {log_output(row)} end "
    weight = context.steady_weight + CALL_WEIGHT
    text += _CALL.format(weight=weight, target=target, size=size, **{"import": row.name})
    return assembler.function(type_, dict.fromkeys(row.names, I32), {"left": I32}, text)


def _call_row(schedule: GasSchedule) -> HostFunction:
    """The call as a host function: the same checks, prices and log, but its output's size is the guest's to say."""
    return _row(
        CALL,
        schedule,
        Parameter(Role.VALUE, "contract"),
        Parameter(Role.VALUE, "selector"),
        Parameter(Role.IN, "arguments", length="length"),
        Parameter(Role.OUT, "result", length="size"),
    )


def _deploy_row(schedule: GasSchedule) -> HostFunction:
    """The deployment as a call; what a new contract costs on top is the host's to charge, who knows the code."""
    return _row(
        DEPLOY,
        schedule,
        Parameter(Role.IN, "code", size=CODE_BYTES),
        Parameter(Role.VALUE, "selector"),
        Parameter(Role.IN, "arguments", length="length"),
        Parameter(Role.OUT, "result", size=ADDRESS_BYTES),
    )


def _row(name: str, schedule: GasSchedule, *parameters: Parameter) -> HostFunction:
    return HostFunction(
        name=name,
        parameters=parameters,
        returns_bool=True,
        gas={schedule.version: Price(schedule.call, schedule.call_byte)},
        engines=(),
        library="",
        hostile="",
        language="",
        doc="",
    )


_SETTLE: Final = f"""
{load("called")}
if $called
  {store("called", "i32.const 0")}
  {store("status", "local.get $status")}
  {store("word", "local.get $word")}
  call $host.{{way}}
  {load("status")} local.set $status
  {load("word")} local.set $word
end
"""


def settle(ways: list[str]) -> str:
    """Part of `run`, in modules that call: a message is rejected whose callee failed, whatever its caller did."""
    return _SETTLE.format(way=ways[0]) if ways else ""


RECOVER: Final = f"""
{load("called")}
if $called
  {store("called", "i32.const 0")}
  {load("raised")}
  if $inherited
    {load("raised")} global.set $trap
    {load("gas", "i64")} global.set $gas
  end
end
"""
"""Part of `recover`, in modules that call: a trap that a callee raised counts as if it were the caller's."""

BEGIN: Final = store("called", "i32.const 0") + " " + store("origin", "i64.const 0", "i64")

ORIGIN: Final = f"local.get $receipt {load('origin', 'i64')} i64.store@1+24"
"""Part of `finish`, in modules that call: where a message was stopped that a callee stopped."""


# ---- the callee ------------------------------------------------------------------------------------------------------

_ENTER: Final = f"""
{load("mode")} local.tee $mode i32.const {MODE_FIRST} i32.and
if $first
  call $begin_batch
  global.get $log_begin global.set $log
  {{save_globals}}
end
{load("gas", "i64")} global.set $gas
{load("depth")} global.set $depth
{load("sender")} global.set $sender
{load("entry")} global.set $entry
{load("payload")} local.set $length
i32.const 0 i32.load@1+4 local.set $frame
i32.const 0 global.set $message
i32.const 0 global.set $trap
global.get $log local.set $mark
global.get $outbox local.set $begin
global.get $index local.set $record
{{keep_globals}}
global.get $depth i32.const {{steady}} i32.lt_s if $deep call $stack_exhausted end
block $finished
  block $malformed
    block $unknown
      {{dispatch}}
    end
    i32.const 3 local.set $status i32.const 1 local.set $word
    br $finished
  end
  i32.const 3 local.set $status i32.const 2 local.set $word
end
global.get $gas i64.const 0 i64.lt_s if $debt call $out_of_gas end
local.get $keep local.get $mode i32.const {MODE_READ_ONLY} i32.and i32.or
if $view
  block $rewound
    loop $next
      global.get $log local.get $mark i32.le_u br_if $rewound
      global.get $log i32.const {LOG_ENTRY_BYTES} i32.sub global.set $log
      global.get $log i32.load@1 global.get $log i64.load@1+8 i64.store@0
      br $next
    end
  end
  {{restore_globals}}
end
{store("record", "i32.const 0")}
block $searched
  loop $next
    local.get $record global.get $index i32.ge_u br_if $searched
    local.get $record i32.load@1 i32.load@1 i32.const 65535 i32.eq
    if $result
      {store("record", "local.get $record i32.load@1")}
    end
    local.get $record i32.const 4 i32.add local.set $record
    br $next
  end
end
{store("begin", "local.get $begin")}
{store("end", "global.get $outbox")}
{store("gas", "global.get $gas", "i64")}
{store("status", "local.get $status")}
{store("word", "local.get $word")}
"""

_UNDO: Final = f"""
call $rollback
{store("raised", "global.get $trap")}
{store("gas", "global.get $gas", "i64")}
"""


def enter_function(context: Context, assembler: Assembler, dispatch: str, save_globals: str) -> Function:
    """`corten.enter`: one entry as a part of the message in progress."""
    saved = list(context.symbols.saved)
    keep = " ".join(f"global.get $guest.{index} local.set $kept.{index}" for index in saved)
    restore = " ".join(f"local.get $kept.{index} global.set $guest.{index}" for index in saved)
    text = _ENTER.format(
        save_globals=save_globals,
        dispatch=dispatch,
        keep_globals=keep,
        restore_globals=restore,
        steady=context.steady_weight,
    )
    names = ("mode", "frame", "length", "status", "word", "keep", "mark", "begin", "record")
    types = {index: context.module.global_types()[index].value_type for index in context.symbols.mutable}
    locals_ = dict.fromkeys(names, I32) | {f"kept.{index}": types.get(index, I32) for index in saved}
    return assembler.function(type_index(context.module, (), ()), {}, locals_, text)


def undo_function(context: Context, assembler: Assembler) -> Function:
    """`corten.undo`: everything since the contract's first entry in this message, and how it stopped if it trapped."""
    return assembler.function(type_index(context.module, (), ()), {}, {}, _UNDO)


__all__ = [
    "BEGIN", "CALL", "CALLER", "CALL_TYPE", "DEPLOY", "DEPLOY_TYPE", "FIELDS", "MODE_FIRST", "MODE_READ_ONLY", "ORIGIN",
    "RECORDS_OF_CALLEE", "RECOVER", "WAYS_OUT", "call_wrapper", "check_call", "deploy_wrapper", "enter_function",
    "settle", "undo_function", "way_out_row", "ways_out",
]  # fmt: skip
