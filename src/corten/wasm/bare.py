"""A module with bare exports as a native one: each exported function becomes an entry of the same name.

What any module exports is wrapped, not driven in another way: atomic messages, receipts, gas, roots and every engine
come with the native ABI. A wrapper `entry.<export>` calls the function and hands its results to `result.<export>`.

The ABI spells i32 and i64 as they are, f32 as f64 (each f32 is one), and several results as a struct. Exports that
cannot be entries (vectors, names that cannot be printed) stay callable for the module itself only.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from corten.base.errors import InvalidModule
from corten.wasm import op
from corten.wasm.json_nodes import NAME_LENGTH
from corten.wasm.module import Custom, Element, Export, Function, FuncType, Import, Instr, Kind, Module
from corten.wasm.opcodes import F32, F64, I32, I64
from corten.wasm.sections import ABI_SECTION, SCALAR_COUNT, Abi, Entry, Field, State, StructType

INITIALIZE: Final = "_initialize"
"""What a reactor module exports to be called once, before anything else; it takes and returns nothing."""

_SPELLINGS: Final = {I32: "i32", I64: "i64", F32: "f64", F64: "f64"}
_BYTES: Final = {"i32": 4, "i64": 8, "f64": 8}


def as_native(module: Module, name: str) -> Module:
    """A native module called `name` whose entries are the module's exported functions; the module must be valid.

    Raises InvalidModule when it is native already or exports nothing that can be called.
    """
    if module.custom(ABI_SECTION) is not None:
        raise InvalidModule(f"{ABI_SECTION}: expected a module with bare exports, found a native contract: deploy it")
    exports = callable_exports(module)
    if not exports:
        raise InvalidModule("exports: expected an exported function of numbers to call, found none")
    return _Wrapping(module, exports).native(name)


def callable_exports(module: Module) -> list[tuple[str, FuncType, int]]:
    """Name, type and index of each exported function that can be an entry."""
    indices = module.function_type_indices()
    functions = [
        (item.name, module.types[indices[item.index]], item.index)
        for item in module.exports
        if item.kind == Kind.FUNCTION and 0 < len(item.name) <= NAME_LENGTH and item.name.isprintable()
    ]
    return [one for one in functions if _is_scalar(one[1])]


def _is_scalar(type_: FuncType) -> bool:
    is_known = all(value_type in _SPELLINGS for value_type in (*type_.params, *type_.results))
    return is_known and len(type_.params) <= SCALAR_COUNT


class _Wrapping:
    """The native module being made. Imports of results come last, so defined functions move up by their number."""

    def __init__(self, module: Module, exports: list[tuple[str, FuncType, int]]) -> None:
        self.exports = exports
        self.imported = len(module.imports)
        self.shift = sum(1 for _, type_, _ in exports if type_.results)
        self.module = replace(
            module,
            types=list(module.types),
            imports=list(module.imports),
            functions=[replace(item, body=[*map(self._moved, item.body)]) for item in module.functions],
            elements=[self._moved_element(item) for item in module.elements],
            exports=[],
            customs=[],
        )

    def native(self, name: str) -> Module:
        types: dict[str, StructType] = {}
        entries = [self._entry(export, type_, types) for export, type_, _ in self.exports]
        for export, type_, index in self.exports:
            self._wrap(export, type_, self._index(index))
        abi = Abi(name, dict(types), tuple(entries), (), (), State(0, 0, ()))
        self.module.customs = [Custom(ABI_SECTION, abi.dumps())]
        return self.module

    def _index(self, function: int) -> int:
        return function + self.shift if function >= self.imported else function

    def _moved(self, instr: Instr) -> Instr:
        return (op.CALL, self._index(instr[1])) if instr[0] == op.CALL else instr

    def _moved_element(self, element: Element) -> Element:
        return replace(element, functions=[*map(self._index, element.functions)])

    def _entry(self, export: str, type_: FuncType, types: dict[str, StructType]) -> Entry:
        parameters, end = _fields("p", type_.params)
        results, result_end = _fields("r", type_.results)
        size, result_size = _padded(end), _padded(result_end)
        returns = results[0].type if results else None
        if len(results) > 1:
            returns = f"Results[{', '.join(item.type for item in results)}]"
            types[returns] = StructType(_struct_size(results, result_end), results)
        kind = "init" if export == INITIALIZE and not type_.params and not type_.results else "message"
        return Entry(export, kind, parameters, size, returns, result_size)

    def _wrap(self, export: str, type_: FuncType, index: int) -> None:
        """Add `entry.<export>`: parameters in, results out, status 0."""
        module, given = self.module, type_.params
        body: list[Instr] = []
        for local, value_type in enumerate(given):
            body.append((op.LOCAL_GET, local))
            body += [(op.F32_DEMOTE_F64,)] if value_type == F32 else []
        body.append((op.CALL, index))
        if type_.results:
            body += self._give_results(export, type_, len(given))
        body += [(op.I32_CONST, 0), (op.END,)]
        signature = self._type(FuncType(tuple(map(_wide, given)), (I32,)))
        position = len(module.imports) + len(module.functions)  # all imports of results stand there in the end
        missing = self.imported + self.shift - len(module.imports)
        module.functions.append(Function(signature, list(type_.results), body))
        module.exports.append(Export(f"entry.{export}", Kind.FUNCTION, position + missing))

    def _give_results(self, export: str, type_: FuncType, first_local: int) -> list[Instr]:
        """Take the results from the stack, widen them, and append the record."""
        wide = FuncType(tuple(map(_wide, type_.results)), ())
        self.module.imports.append(Import("corten", f"result.{export}", Kind.FUNCTION, self._type(wide)))
        code: list[Instr] = [(op.LOCAL_SET, first_local + place) for place in reversed(range(len(type_.results)))]
        for place, value_type in enumerate(type_.results):
            code.append((op.LOCAL_GET, first_local + place))
            code += [(op.F64_PROMOTE_F32,)] if value_type == F32 else []
        return [*code, (op.CALL, len(self.module.imports) - 1)]

    def _type(self, type_: FuncType) -> int:
        if type_ not in self.module.types:
            self.module.types.append(type_)
        return self.module.types.index(type_)


def _wide(value_type: int) -> int:
    return F64 if value_type == F32 else value_type


def _fields(prefix: str, value_types: tuple[int, ...]) -> tuple[tuple[Field, ...], int]:
    """Fields by the layout rules, and where they end."""
    fields, end = [], 0
    for place, value_type in enumerate(value_types):
        spelling = _SPELLINGS[value_type]
        size = _BYTES[spelling]
        offset = -(-end // size) * size
        fields.append(Field(f"{prefix}{place}", spelling, offset))
        end = offset + size
    return tuple(fields), end


def _padded(size: int) -> int:
    return -(-size // 8) * 8


def _struct_size(fields: tuple[Field, ...], end: int) -> int:
    alignment = max(_BYTES[item.type] for item in fields)
    return -(-end // alignment) * alignment
