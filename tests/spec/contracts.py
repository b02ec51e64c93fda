"""Seeded native modules: entries, events and errors by the ABI, every import of docs/spec/module.md but `call`.

Bodies are those of `generate.py`; in between stand events, results, `output`, traps, host functions and what the block
header says. Entries reject, trap, run out, emit too much, and write what must then be undone.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, Final

from corten.host import HOST_FUNCTIONS, HostFunction, Role
from corten.wasm import op
from corten.wasm.json_nodes import dumps
from corten.wasm.module import (
    Custom,
    Data,
    Element,
    Export,
    Function,
    FuncType,
    Import,
    Instr,
    Kind,
    Limits,
    Module,
    Table,
)
from corten.wasm.opcodes import EMPTY_BLOCK, F64, I32, I64
from tests.spec.generate import END, FUEL, PAGES, PASSIVE, FunctionGenerator, Generator
from tests.vm.modules import _entry, _event, _fields

FLAT: Final = {
    **dict.fromkeys(("bool", "u8", "Side", "u32"), (I32,)),
    **dict.fromkeys(("i64", "u64"), (I64,)),
    **dict.fromkeys(("f64",), (F64,)),
    **dict.fromkeys(("i128",), (I64,) * 2),
    **dict.fromkeys(("bytes32",), (I64,) * 4),
    **dict.fromkeys(("Pair",), (I32, I64)),
    **dict.fromkeys(("Array[i64, 3]",), (I64,) * 3),
}
TYPES: Final = {
    "Side": {"kind": "enum", "base": "u8", "members": {"BUY": 0, "SELL": 1}},
    "Pair": {"kind": "struct", "size": 16, "fields": _fields(count="u32", amount="i64")[0]},
}
ERRORS: Final = ["price_not_on_tick", "balance_too_low", "order_unknown"]
HEADER: Final = {
    **dict.fromkeys(("sender", "memory_limit", "address"), I32),
    **dict.fromkeys(("time", "height", "chain"), I64),
}
FUEL_PER_MESSAGE: Final = 60


@dataclass(frozen=True)
class Serving:
    """An import: its index is its position."""

    name: str
    type: FuncType


def flat(fields: list[dict[str, Any]]) -> tuple[int, ...]:
    return tuple(kind for item in fields for kind in FLAT[item["type"]])


class ContractGenerator(Generator):
    """One native module."""

    def __init__(self, rng: random.Random) -> None:
        super().__init__(rng)
        kinds = ["message", *rng.choices(["message", "view"], [3, 1], k=rng.randint(1, 4))]
        self.entries = [
            _entry(f"e{number}", kind, self.spelling() if rng.random() < 0.7 else None, **self.fields(3))
            for number, kind in enumerate(kinds)
        ]
        self.entries.insert(rng.randint(0, len(kinds)), _entry("start", "init", None, supply="u64"))
        self.events = [_event(f"E{number}", **self.fields(4)) for number in range(rng.randint(1, 3))]
        self.imports = list(self.serve())
        self.first = len(self.imports)
        self.host = [one for one in HOST_FUNCTIONS if self.index_of(one.name) is not None]

    def spelling(self) -> str:
        return self.rng.choice(list(FLAT))

    def fields(self, most: int) -> dict[str, str]:
        return {f"f{number}": self.spelling() for number in range(self.rng.randint(0, most))}

    def serve(self) -> list[Serving]:
        """All imports, host functions only sometimes."""
        made = [Serving("trap", FuncType((I32,))), Serving("output", FuncType((I32, I32, I32)))]
        made += [Serving(name, FuncType((), (kind,))) for name, kind in HEADER.items()]
        made += [Serving(f"emit.{event['name']}", FuncType(flat(event["fields"]))) for event in self.events]
        for entry in self.entries:
            if entry["returns"] is not None:
                made.append(Serving(f"result.{entry['name']}", FuncType(FLAT[entry["returns"]])))
        if self.rng.random() < 0.5:
            made += [
                Serving(one.name, FuncType((I32,) * len(one.names), (I32,) * one.returns_bool))
                for one in self.rng.sample(HOST_FUNCTIONS, 3)
                if one.name != "debug"  # it writes to the log
            ]
        self.rng.shuffle(made)
        return made

    def index_of(self, name: str) -> int | None:
        return next((index for index, one in enumerate(self.imports) if one.name == name), None)

    def module(self) -> Module:
        count = len(self.function_types)
        functions = [InnerFunction(self, index).function() for index in range(count)]
        exports = [Export("memory", Kind.MEMORY, 0)]
        for entry in self.entries:
            self.types.append(FuncType(flat(entry["parameters"]), (I32,)))
            exports.append(Export(f"entry.{entry['name']}", Kind.FUNCTION, self.first + len(functions)))
            functions.append(EntryFunction(self, len(self.types) - 1, entry).function())
        imports = []
        for one in self.imports:
            self.types.append(one.type)
            imports.append(Import("corten", one.name, Kind.FUNCTION, len(self.types) - 1))
        zero: list[Instr] = [(op.I32_CONST, 0), END]
        abi = {"version": 1, "name": "Generated", "types": TYPES, "entries": self.entries, "events": self.events}
        abi |= {"errors": ERRORS, "state": {"address": 65536, "size": 0, "fields": []}}
        return Module(
            types=self.types,
            imports=imports,
            functions=functions,
            tables=[Table(Limits(8, 8))],
            memories=[Limits(PAGES, PAGES)],
            globals=self.globals,
            exports=exports,
            elements=[Element(0, zero, [self.first + slot for slot in self.slots])],
            data=[Data(0, [(op.I32_CONST, 4090), END], bytes(range(64))), Data(0, None, PASSIVE)],
            customs=[Custom("corten.abi", dumps(abi))],
        )


class InnerFunction(FunctionGenerator):
    """A function that also uses the imports."""

    parent: ContractGenerator
    entry: dict[str, Any] | None = None

    def statement(self, depth: int) -> None:
        if self.rng.random() < 0.8:
            super().statement(depth)
            return
        self.budget -= 1
        makers = [self.emit_event] * 5 + [self.host_function] * 3 + [self.output, self.raise_trap]
        self.rng.choice(makers)(depth)

    def leaf(self, value_type: int) -> None:
        names = [name for name, kind in HEADER.items() if kind == value_type]
        if names and self.rng.random() < 0.1:
            self.call_import(self.rng.choice(names))
        else:
            super().leaf(value_type)

    def call_import(self, name: str) -> None:
        index = self.parent.index_of(name)
        assert index is not None
        self.emit((op.CALL, index))

    def record(self, spellings: list[str], depth: int) -> None:
        for spelling in spellings:
            for kind in FLAT[spelling]:
                self.expression(kind, depth)

    def emit_event(self, depth: int) -> None:
        event = self.rng.choice(self.parent.events)
        self.record([item["type"] for item in event["fields"]], depth - 1)
        self.call_import(f"emit.{event['name']}")

    def host_function(self, depth: int) -> None:
        if not self.parent.host:
            return
        function: HostFunction = self.rng.choice(self.parent.host)
        for parameter in function.parameters:
            if parameter.role is Role.VALUE:
                self.expression(I32, depth - 1)
                continue
            self.address(depth - 1)
            if parameter.length:
                self.expression(I32, depth - 1)
                if self.rng.random() < 0.95:
                    self.emit((op.I32_CONST, 0xFF), (op.I32_AND,))
        self.call_import(function.name)
        if function.returns_bool:
            self.consume(I32)

    def output(self, depth: int) -> None:
        """Mostly an event of the right size; sometimes a result, or a size that is wrong."""
        number = self.rng.randrange(len(self.parent.events))
        size = self.parent.events[number]["size"]
        if self.rng.random() < 0.1:
            number = self.rng.choice((0xFFFF, 0xFFFE, 7, -1))
        self.emit((op.I32_CONST, number))
        self.address(depth - 1)
        self.emit((op.I32_CONST, size if self.rng.random() < 0.9 else self.rng.choice((0, 8, -8, 1 << 20))))
        self.call_import("output")

    def raise_trap(self, depth: int) -> None:
        """Rarely taken: a word that is known, or any."""
        self.expression(I32, 1)
        self.emit((op.I32_CONST, 7), (op.I32_AND,), (op.I32_EQZ,), (op.IF, EMPTY_BLOCK))
        self.labels.append(())
        if self.rng.random() < 0.7:
            self.emit((op.I32_CONST, self.rng.randint(1, 17) | self.rng.randrange(100) << 12))
        else:
            self.expression(I32, 1)
        self.labels.pop()
        self.call_import("trap")
        if self.rng.random() < 0.5:
            self.emit((op.UNREACHABLE,))
        self.emit(END)


class EntryFunction(InnerFunction):
    """An entry: some statements, its result, and a status that is mostly 0."""

    def __init__(self, parent: ContractGenerator, type_index: int, entry: dict[str, Any]) -> None:
        parent.function_types.append(type_index)  # for the constructor only: nobody calls an entry
        super().__init__(parent, len(parent.function_types) - 1)
        parent.function_types.pop()
        self.entry = entry
        self.budget = 8 if entry["kind"] == "init" else self.rng.randint(20, 60)

    def function(self) -> Function:
        assert self.entry is not None
        self.emit((op.I32_CONST, FUEL_PER_MESSAGE), (op.GLOBAL_SET, FUEL))
        while self.budget > 0:
            self.statement(3)
            if self.entry["kind"] != "init" and self.rng.random() < 0.2:
                self.reject()
        if self.entry["returns"] is not None and self.rng.random() < 0.9:
            self.record([self.entry["returns"]], 2)
            self.call_import(f"result.{self.entry['name']}")
        if self.rng.random() < 0.95:
            self.emit((op.I32_CONST, 0), END)
        else:
            self.expression(I32, 2)  # any status
            self.emit(END)
        return Function(self.type_index, self.local_types, self.body)

    def reject(self) -> None:
        """Leave with an error, if a number says so."""
        self.expression(I32, 1)
        self.emit((op.I32_CONST, 3), (op.I32_AND,), (op.I32_EQZ,), (op.IF, EMPTY_BLOCK))
        self.emit((op.I32_CONST, self.rng.randint(1, len(ERRORS)) | self.rng.randrange(100) << 12), (op.RETURN,), END)


def generate_contract(seed: int) -> Module:
    """The module of a seed."""
    return ContractGenerator(random.Random(seed)).module()
