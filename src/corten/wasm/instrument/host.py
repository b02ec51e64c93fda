"""Host functions (`corten.host`): the imports that stay. A wrapper for each does all that must not depend on the host.

    every range in memory?            else a load beyond memory, which traps as any
    $gas -= base + byte · length      else out of gas
    the output's bytes to the undo log, its pages marked
    call corten.host.<name>           with the guest's parameters

So the host may trust addresses and lengths, and whatever it writes is rolled back with the message. It sees the guest's
memory only, never gas or log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from corten.host.table import BY_NAME, HostFunction, Parameter
from corten.wasm.instrument.context import Callee
from corten.wasm.instrument.layout import LOG_ENTRY_BYTES, WASM_PAGE
from corten.wasm.module import FuncType, Import, Kind
from corten.wasm.opcodes import I32

if TYPE_CHECKING:
    from corten.wasm.instrument.assemble import Assembler
    from corten.wasm.instrument.context import Context
    from corten.wasm.module import Function, Module

HOST_MODULE: Final = "corten.host"

_ADDRESS: Final = "local.get ${name} i64.extend_i32_u"
_OUTSIDE: Final = "{address} {length} i64.add i64.const {memory_bytes} i64.gt_u"
_LOAD_OUTSIDE: Final = "if $outside i32.const -1 i32.load8_u@0 drop unreachable end"
_CHARGE: Final = """
global.get $gas {prices} global.set $gas
global.get $gas i64.const 0 i64.lt_s if $broke call $out_of_gas end
"""
_LOG: Final = f"""
{{address}} i64.const 7 i64.and {{length}} i64.add i64.const 7 i64.add i64.const 3 i64.shr_u i64.const {LOG_ENTRY_BYTES}
i64.mul global.get $log i64.extend_i32_u i64.add global.get $log_limit i64.extend_i32_u i64.gt_u
if $full call $log_exhausted end
local.get ${{name}} {{length}} i32.wrap_i64 call $log_range
"""


def host_functions(module: Module) -> list[HostFunction]:
    """The host functions that a guest imports, each once, in the order of the first import."""
    imported = (item for item in module.imported(Kind.FUNCTION) if item.module == "corten")
    return list(dict.fromkeys(BY_NAME[item.name] for item in imported if item.name in BY_NAME))


def host_type(function: HostFunction) -> FuncType:
    """Its type as an import, both the guest's and the one that stays."""
    return FuncType((I32,) * len(function.names), (I32,) * function.returns_bool)


def host_callee(function: HostFunction) -> Callee:
    """What a call of it does to a caller's counters."""
    return Callee(spends_gas=True, logs=function.output is not None, is_leaf=True)


def host_imports(module: Module) -> list[Import]:
    """The imports that stay; their indices are their positions."""
    types = {item.name: item.type_index for item in module.imported(Kind.FUNCTION)}
    return [
        Import(HOST_MODULE, function.name, Kind.FUNCTION, types[function.name]) for function in host_functions(module)
    ]


def wrapper(function: HostFunction, context: Context, assembler: Assembler, type_: int) -> Function:
    """The function that stands in place of the guest's import."""
    options = context.options
    text = check_ranges(function, options.memory_pages * WASM_PAGE)
    if options.gas:
        text += charge(function, options.schedule.version)
    if options.undo and function.output is not None:
        text += log_output(function)
    text += " ".join(f"local.get ${name}" for name in function.names) + f" call $host.{function.name}"
    return assembler.function(type_, dict.fromkeys(function.names, I32), {}, text)


def check_ranges(function: HostFunction, memory_bytes: int) -> str:
    """Injected code that traps unless every range lies in memory."""
    tests = [_filled(_OUTSIDE, one).format(memory_bytes=memory_bytes) for one in function.ranges]
    return f"{' '.join(tests)} {'i32.or ' * (len(tests) - 1)} {_LOAD_OUTSIDE}"


def _filled(template: str, range_: Parameter) -> str:
    """The template's address and length for a range, as i64."""
    address = _ADDRESS.format(name=range_.name)
    length = _ADDRESS.format(name=range_.length) if range_.length else f"i64.const {range_.size}"
    filled = template.replace("{address}", address).replace("{length}", length)
    return filled.replace("{name}", range_.name)


def log_output(function: HostFunction) -> str:
    """Injected code that appends the range of the output, if there is one, to the undo log."""
    return "" if function.output is None else _filled(_LOG, function.output)


def charge(function: HostFunction, version: int) -> str:
    """Injected code that pays for a call."""
    price = function.gas[version]
    prices = f"i64.const {price.base} i64.sub"
    for one in function.ranges:
        if one.length and price.byte:
            prices += f" {_ADDRESS.format(name=one.length)} i64.const {price.byte} i64.mul i64.sub"
    return _CHARGE.format(prices=prices)
