"""How the language's types and constants are spelled in LLVM IR."""

from __future__ import annotations

import struct

from corten.compiler import ir
from corten.compiler.types import BOOL, BYTES32, F64, NONE, EnumType, IntType, Type, leaves

STATE_HEADER = 0x10000
STATE_ADDRESS = STATE_HEADER + 64
CANONICAL = "canonical"  # the import that the linker replaces by arithmetic
OPAQUE = "opaque"  # the import that the linker removes: LLVM sees no further
CANONICAL_NAN = 0x7FF8_0000_0000_0000


def llvm_type(kind: Type) -> str:
    """The LLVM type of a value of `kind` in a register; addresses are ptr."""
    if kind is BOOL:
        return "i1"
    if isinstance(kind, IntType):
        return f"i{kind.bits}"
    if isinstance(kind, EnumType):
        return "i8"
    if kind is F64:
        return "double"
    if kind is BYTES32:
        return "i256"
    return "void" if kind is NONE else "ptr"


def memory_type(kind: Type) -> str:
    """The LLVM type of a scalar in memory."""
    return "i8" if kind is BOOL else llvm_type(kind)


def flat_types(kind: Type) -> list[str]:
    """The LLVM types of a flattened value (docs/spec/module.md)."""
    result: list[str] = []
    for leaf in leaves(kind):
        if isinstance(leaf.type, IntType) and leaf.type.bits == 128:
            result += ["i64", "i64"]
        elif leaf.type is BYTES32:
            result += ["i64"] * 4
        elif leaf.type is F64:
            result.append("double")
        else:
            result.append("i64" if leaf.type.size == 8 else "i32")
    return result


def constant_text(kind: Type, value: int | float) -> str:
    """An LLVM constant; floats in hexadecimal, exact to the bit."""
    if kind is F64:
        bits = struct.unpack("<Q", struct.pack("<d", value))[0] if value == value else CANONICAL_NAN
        return f"0x{bits:016X}"
    if kind is BOOL:
        return "true" if value else "false"
    return str(int(value))


def function_name(function: ir.Function, defers: bool = False) -> str:
    """The symbol; its prefix keeps the author's names apart from what LLVM and the linker know."""
    return f'@"{"deferred" if defers else "code"}.{function.symbol}"'


def result_type(function: ir.Function) -> str:
    """The LLVM result type: the value, the reject status, or both."""
    value = "void" if function.returns_copy or function.result is NONE else llvm_type(function.result)
    if not function.may_reject:
        return value
    return "i32" if value == "void" else f"{{ i32, {value} }}"
