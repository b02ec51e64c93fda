"""A small module that reads and writes another one's exported globals as 64-bit words.

JavaScript has no value for a v128 and need not keep the bits of a NaN; an i64 passes unchanged. A global narrower than
a word is zero-extended; a vector is two words, the low one first.
"""

from __future__ import annotations

from typing import Final

from corten.wasm import op
from corten.wasm.module import Export, Function, FuncType, GlobalType, Import, Instr, Kind, Module
from corten.wasm.opcodes import F32, F64, I32, I64, V128

PREFIX: Final = "corten.global."

_TO_WORD: Final[dict[int, list[Instr]]] = {
    I32: [(op.I64_EXTEND_I32_U,)],
    I64: [],
    F32: [(op.I32_REINTERPRET_F32,), (op.I64_EXTEND_I32_U,)],
    F64: [(op.I64_REINTERPRET_F64,)],
}
_FROM_WORD: Final[dict[int, list[Instr]]] = {
    I32: [(op.I32_WRAP_I64,)],
    I64: [],
    F32: [(op.I32_WRAP_I64,), (op.F32_REINTERPRET_I32,)],
    F64: [(op.F64_REINTERPRET_I64,)],
}


def global_types(module: Module) -> list[tuple[str, int]]:
    """Name and value type of every global that is exported as state, in the order of its index."""
    types = module.global_types()
    exported = [one for one in module.exports if one.kind == Kind.GLOBAL and one.name.startswith(PREFIX)]
    exported.sort(key=lambda one: int(one.name.removeprefix(PREFIX)))
    return [(one.name, types[one.index].value_type) for one in exported]


def word_count(value_type: int) -> int:
    """Words of a global."""
    return 2 if value_type == V128 else 1


def accessor(types: list[tuple[str, int]]) -> Module:
    """Imports the globals from "guest"; exports `get.<k>` () → i64 and `set.<k>` (i64) → () for each word."""
    module = Module(types=[FuncType((), (I64,)), FuncType((I64,), ())])
    module.imports = [Import("guest", name, Kind.GLOBAL, GlobalType(value_type, True)) for name, value_type in types]
    for index, (_, value_type) in enumerate(types):
        for lane in range(word_count(value_type)):
            _add_word(module, index, value_type, lane)
    return module


def _add_word(module: Module, index: int, value_type: int, lane: int) -> None:
    word = len(module.functions) // 2
    get: list[Instr] = [(op.GLOBAL_GET, index)]
    put: list[Instr]
    if value_type == V128:
        read = [*get, (op.I64X2_EXTRACT_LANE, lane)]
        put = [*get, (op.LOCAL_GET, 0), (op.I64X2_REPLACE_LANE, lane)]
    else:
        read = get + _TO_WORD[value_type]
        put = [(op.LOCAL_GET, 0), *_FROM_WORD[value_type]]
    module.functions += [
        Function(0, [], [*read, (op.END,)]),
        Function(1, [], [*put, (op.GLOBAL_SET, index), (op.END,)]),
    ]
    module.exports += [
        Export(f"get.{word}", Kind.FUNCTION, 2 * word),
        Export(f"set.{word}", Kind.FUNCTION, 2 * word + 1),
    ]
