"""Functions that every instrumented module carries: giving up, the log's slow paths, bulk operations, rollback.

They are the trusted part: nothing instruments them, so what they cost is charged by hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from corten.base.errors import TrapCode
from corten.wasm.instrument.body import type_index
from corten.wasm.instrument.layout import LOG_ENTRY_BYTES, TOUCHED, WASM_PAGE
from corten.wasm.instrument.marks import signed
from corten.wasm.opcodes import I32, I64

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corten.wasm.instrument.assemble import Assembler
    from corten.wasm.instrument.context import Context, Options
    from corten.wasm.module import Function, Module

# Out of gas, log or stack: the message owes its whole limit, which a negative counter says.
_GIVE_UP: Final = "i32.const {code} global.set $trap i64.const -1 global.set $gas unreachable"

# Log every word that [start, start + length) touches, within memory. Beyond memory the guest's own store traps.
LOG_RANGE: Final = f"""
local.get $start i64.extend_i32_u local.get $length i64.extend_i32_u i64.add i64.const 1 i64.sub local.set $last
local.get $last i64.const {{memory_bytes}} i64.ge_u
if $outside i64.const {{memory_bytes}} i64.const 1 i64.sub local.set $last end
local.get $start i64.extend_i32_u i64.const -8 i64.and local.set $word
global.get $log local.set $at
block $done
  loop $next
    local.get $word local.get $last i64.gt_u br_if $done
    local.get $at local.get $word i32.wrap_i64 i32.store@1
    local.get $at local.get $word i32.wrap_i64 i64.load@0 i64.store@1+8
    local.get $word i64.const 12 i64.shr_u i32.wrap_i64 i32.const 1 i32.store8@1+{TOUCHED}
    local.get $at i32.const {LOG_ENTRY_BYTES} i32.add local.set $at
    local.get $word i64.const 8 i64.add local.set $word
    br $next
  end
end
local.get $at global.set $log
"""

# Log the 8 bytes at an address, or the last 8 of memory; the caller has tested the limit.
LOG_WORD: Final = f"""
local.get $at i32.const {{last_word}} local.get $at i32.const {{last_word}} i32.lt_u select local.set $at
global.get $log local.get $at i32.store@1
global.get $log local.get $at i64.load@0 i64.store@1+8
local.get $at i32.const 12 i32.shr_u i32.const 1 i32.store8@1+{TOUCHED}
local.get $at i32.const 7 i32.add i32.const 12 i32.shr_u i32.const 1 i32.store8@1+{TOUCHED}
global.get $log i32.const {LOG_ENTRY_BYTES} i32.add global.set $log
"""

# Restore memory from the log, newest entry first, then the guest's globals.
_ROLLBACK: Final = f"""
global.get $log local.set $at
global.get $log_begin local.set $begin
block $done
  loop $next
    local.get $at local.get $begin i32.le_u br_if $done
    local.get $at i32.const {LOG_ENTRY_BYTES} i32.sub local.tee $at
    i32.load@1 local.get $at i64.load@1+8 i64.store@0
    br $next
  end
end
local.get $begin global.set $log
"""

_GROW: Final = """
local.get $more i32.const {most_pages} global.get $pages i32.sub i32.gt_u
if $refused:i32 i32.const -1
else global.get $pages global.get $pages local.get $more i32.add global.set $pages end
"""

# Operands out of bounds go straight to the operation, which traps; nothing is logged or charged then.
_BULK_BOUNDS: Final = """
local.get $to i64.extend_i32_u local.get $length i64.extend_i32_u i64.add i64.const {memory_bytes} i64.le_u
if $inside
"""
_BULK_GAS: Final = """
global.get $gas local.get $length i64.extend_i32_u i64.const {bulk_byte} i64.mul i64.sub global.set $gas
global.get $gas i64.const 0 i64.lt_s if $broke call $out_of_gas end
"""
_BULK_LOG: Final = f"""
local.get $length i64.extend_i32_u i64.const 14 i64.add i64.const 3 i64.shr_u i64.const {LOG_ENTRY_BYTES} i64.mul
global.get $log i64.extend_i32_u i64.add global.get $log_limit i64.extend_i32_u i64.gt_u
if $full call $log_exhausted end
local.get $length if $any local.get $to local.get $length call $log_range end
"""

# Wasmtime takes 100 ns to fill nothing, at the price of 23 instructions. Beyond memory that traps all the same.
_NOT_EMPTY: Final = """
local.get $length local.get $to i64.extend_i32_u i64.const {memory_bytes} i64.gt_u i32.or
if $not_empty
"""

HELPERS: Final = (
    "out_of_gas",
    "log_exhausted",
    "stack_exhausted",
    "log_range",
    "rollback",
    "memory_grow",
    "memory_fill",
    "memory_copy",
)


def helper_names(module: Module, *, is_compact: bool) -> list[str]:
    """All helpers of a module: a memory.init helper per data segment, and `log_word` in a compact one."""
    names = [*HELPERS, *(f"memory_init.{segment}" for segment in range(len(module.data)))]
    return names + ["log_word"] * is_compact


def runtime_functions(context: Context, assembler: Assembler) -> Iterator[Function]:
    """The helpers, in the order of `helper_names`."""
    module, options = context.module, context.options
    constants = {
        "memory_bytes": options.memory_pages * WASM_PAGE,
        "last_word": signed(options.memory_pages * WASM_PAGE - 8),
        "most_pages": _most_pages(module, options),
        "bulk_byte": options.schedule.bulk_byte,
    }

    def build(params: dict[str, int], results: tuple[int, ...], locals_: dict[str, int], text: str) -> Function:
        signature = type_index(module, tuple(params.values()), results)
        return assembler.function(signature, params, locals_, text.format(**constants))

    for code in (TrapCode.OUT_OF_GAS, TrapCode.LOG_EXHAUSTED, TrapCode.STACK_EXHAUSTED):
        yield build({}, (), {}, _GIVE_UP.format(code=int(code)))
    range_locals = {"last": I64, "word": I64, "at": I32}
    yield build({"start": I32, "length": I32}, (), range_locals, LOG_RANGE)
    yield build({}, (), {"at": I32, "begin": I32}, _ROLLBACK + _restore_globals(context))
    yield build({"more": I32}, (I32,), {}, _GROW)
    guard = _BULK_BOUNDS + (_BULK_GAS if options.gas else "") + (_BULK_LOG if options.undo else "") + " end "
    operands = {"to": I32, "from": I32, "length": I32}
    given = "local.get $to local.get $from local.get $length"
    yield build(operands, (), {}, f"{guard} {_NOT_EMPTY} {given} memory.fill 0 end")
    for operation in ("memory.copy 0 0", *(f"memory.init {k} 0" for k in range(len(module.data)))):
        yield build(operands, (), {}, f"{guard} {given} {operation}")
    if context.is_compact:
        yield build({"at": I32}, (), {}, LOG_WORD)


def _most_pages(module: Module, options: Options) -> int:
    """What the guest may grow to: what it was granted, or the maximum that it declares itself."""
    declared = module.memories[0].maximum if module.memories else None
    return options.memory_pages if declared is None else min(declared, options.memory_pages)


def _restore_globals(context: Context) -> str:
    return " ".join(f"global.get $saved.{index} global.set $guest.{index}" for index in context.symbols.saved)


def save_globals(context: Context) -> str:
    """Keep the guest's globals for a rollback."""
    return " ".join(f"global.get $guest.{index} global.set $saved.{index}" for index in context.symbols.saved)
