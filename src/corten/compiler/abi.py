"""The ABI and line table of a checked program, as the custom sections of docs/spec/module.md."""

from __future__ import annotations

import json
from typing import Any

from corten.compiler import ir
from corten.compiler.llvm import STATE_ADDRESS, Sites
from corten.compiler.types import NONE, ArrayType, EnumType, HandleType, StructType, Type, UnitType
from corten.wasm.module import Custom


class _Types:
    """The named types that an ABI mentions, in order of first mention."""

    def __init__(self) -> None:
        self.named: dict[str, dict[str, Any]] = {}

    def spell(self, kind: Type) -> str:
        if isinstance(kind, HandleType):
            return "u32"
        if isinstance(kind, ArrayType):
            return f"Array[{self.spell(kind.element)}, {kind.length}]"
        if kind.name not in self.named:
            match kind:
                case StructType():
                    self.named[kind.name] = {}
                    self.named[kind.name] = {"kind": "struct", "size": kind.size, "fields": self.fields(kind)}
                case EnumType():
                    self.named[kind.name] = {"kind": "enum", "base": "u8", "members": kind.members}
                case UnitType():
                    self.named[kind.name] = {"kind": "unit", "base": kind.base.name}
        return kind.name

    def fields(self, struct: StructType) -> list[dict[str, Any]]:
        return [{"name": f.name, "type": self.spell(f.type), "offset": f.offset} for f in struct.fields.values()]


def padded(size: int) -> int:
    """A record's size: a multiple of 8."""
    return -(-size // 8) * 8


def payload(entry: ir.Entry) -> StructType:
    """The parameters of an entry as a record."""
    record = StructType(f"{entry.name} payload")
    record.lay_out(entry.parameters)
    return record


def abi_section(program: ir.Program) -> Custom:
    """`corten.abi`; a kernel's, which is in the same form, is not one that a machine takes for a contract's."""
    types = _Types()
    entries = []
    for entry in program.entries:
        record, result = payload(entry), entry.function.result
        entries.append(
            {
                "name": entry.name,
                "kind": entry.kind,
                "parameters": types.fields(record),
                "size": padded(record.size),
                "returns": None if result is NONE else types.spell(result),
                "result_size": padded(result.size),
            }
        )
    events = [{"name": e.name, "fields": types.fields(e), "size": padded(e.size)} for e in program.events]
    state_fields = [{"name": f.name, "type": f.type.name, "offset": f.offset} for f in program.state.fields.values()]
    document = {
        "version": 1,
        "name": program.name,
        "types": types.named,
        "entries": entries,
        "events": events,
        "errors": program.errors,
        "state": {"address": STATE_ADDRESS, "size": program.state.size, "fields": state_fields},
    }
    return Custom(
        "corten.kernel" if program.is_kernel else "corten.abi", json.dumps(document, separators=(",", ":")).encode()
    )


def lines_section(sites: Sites) -> Custom:
    """`corten.lines`: site number → file, function, line."""
    document = {
        "files": sites.files,
        "sites": [[sites.files[file], name, line] if line else ["", "", 0] for file, name, line in sites.rows],
    }
    return Custom("corten.lines", json.dumps(document, separators=(",", ":")).encode())
