"""What `corten inspect` says about a module, as plain data: the JSON form is this, the tables are drawn from it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from corten.base.errors import InvalidModule
from corten.cli.source import compile_source
from corten.wasm import op
from corten.wasm.instrument.schedule import GAS_SCHEDULES
from corten.wasm.limits import DEFAULT_LIMITS, DESCRIPTIONS
from corten.wasm.module import Function, Kind, Module
from corten.wasm.platforms import Survey, survey
from corten.wasm.reader import read_module
from corten.wasm.sections import ABI_SECTION, parse_abi

if TYPE_CHECKING:
    from pathlib import Path


def report_on(path: Path) -> dict[str, Any]:
    """Everything there is to say about the module at `path`; a contract's source is compiled first.

    Of a module that cannot even be read, for it is outside the profile, `limits` and all that an ABI says is empty.
    Raises InvalidModule (the file is damaged) or DiagnosticError when there is nothing to say.
    """
    data = module_bytes(path)
    found = survey(data)
    module = _readable(data, found)
    abi = {} if module is None else abi_document(module)
    return {
        "file": str(path),
        "name": abi.get("name"),
        "platform": found.platform.name,
        "title": found.platform.title,
        "runs": found.runs,
        "obstacles": [
            {"kind": one.kind, "what": one.what, "count": one.count, "offset": one.offset} for one in found.obstacles
        ],
        "sha256": hashlib.sha256(data).hexdigest(),
        "sizes": _sizes(data, module),
        "entries": abi.get("entries", []),
        "events": abi.get("events", []),
        "errors": [{"code": code, "name": name} for code, name in enumerate(abi.get("errors", []), start=1)],
        "state": abi.get("state"),
        "types": abi.get("types", {}),
        "imports": [{"module": one.module, "name": one.name, "kind": one.kind} for one in found.imports],
        "exports": [{"name": one.name, "kind": one.kind} for one in found.exports],
        "limits": [] if module is None else _limits(data, module),
        "gas": _gas(),
    }


def module_bytes(path: Path) -> bytes:
    """The module itself: read from a `.wasm`, compiled from a `.py`."""
    return compile_source(path) if path.suffix == ".py" else path.read_bytes()


def abi_document(module: Module) -> dict[str, Any]:
    """The content of `corten.abi`, or nothing for a module that has none; InvalidModule when it is malformed."""
    content = module.custom(ABI_SECTION)
    if content is None:
        return {}
    parse_abi(content)
    document: dict[str, Any] = json.loads(content)
    return document


def _readable(data: bytes, found: Survey) -> Module | None:
    """The module, or None if what it is refused for is among the obstacles."""
    try:
        return read_module(data)
    except InvalidModule:
        if not found.obstacles:
            raise
        return None


def _sizes(data: bytes, module: Module | None) -> dict[str, int | None]:
    customs = None if module is None else sum(len(section.content) for section in module.customs)
    return {"raw": len(data), "custom_sections": customs, "instrumented": _instrumented_size(data, module)}


def _instrumented_size(data: bytes, module: Module | None) -> int | None:
    """Bytes of the module that the machine would run; None for a module that is no native contract."""
    if module is None or module.custom(ABI_SECTION) is None:
        return None
    from corten.vm.layout import Layout
    from corten.vm.machine import DEFAULT_MEMORY_LIMIT
    from corten.vm.program import Passes, instrument_native

    return len(instrument_native(data, Layout(DEFAULT_MEMORY_LIMIT), Passes()).module)


def _limits(data: bytes, module: Module) -> list[dict[str, Any]]:
    used = _used(data, module)
    allowed = dataclasses.asdict(DEFAULT_LIMITS)
    return [
        {"name": name, "used": used[name], "allowed": allowed[name], "meaning": DESCRIPTIONS[name]} for name in allowed
    ]


def _used(data: bytes, module: Module) -> dict[str, int]:
    functions = module.functions
    return {
        "module_bytes": len(data),
        "types": len(module.types),
        "parameters": max((len(one.params) for one in module.types), default=0),
        "results": max((len(one.results) for one in module.types), default=0),
        "imports": len(module.imports),
        "functions": len(functions),
        "locals_per_function": max((len(one.locals) for one in functions), default=0),
        "locals_total": sum(len(one.locals) for one in functions),
        "instructions_per_function": max((len(one.body) for one in functions), default=0),
        "nesting_depth": max((_nesting(one) for one in functions), default=0),
        "branch_table_targets": max((_widest_table(one) for one in functions), default=0),
        "tables": len(module.tables),
        "table_elements": sum(one.limits.minimum for one in module.tables),
        "memories": len(module.memories) + len(module.imported(Kind.MEMORY)),
        "globals": len(module.globals),
        "exports": len(module.exports),
        "data_segments": len(module.data),
        "data_bytes": sum(len(one.content) for one in module.data),
    }


def _nesting(function: Function) -> int:
    """Blocks, loops and ifs open at once."""
    depth = deepest = 0
    for code, *_ in function.body[:-1]:
        if code in (op.BLOCK, op.LOOP, op.IF):
            depth += 1
            deepest = max(deepest, depth)
        elif code == op.END:
            depth -= 1
    return deepest


def _widest_table(function: Function) -> int:
    return max((len(instruction[1]) for instruction in function.body if instruction[0] == op.BR_TABLE), default=0)


def _gas() -> dict[str, Any]:
    """The newest schedule: what each class of instructions costs, and what else is charged."""
    schedule = GAS_SCHEDULES[max(GAS_SCHEDULES)]
    charges = {
        field.name: value
        for field in dataclasses.fields(schedule)
        if isinstance(value := getattr(schedule, field.name), int) and field.name != "version"
    }
    return {
        "version": schedule.version,
        "instructions": {category.value: cost for category, cost in schedule.by_category.items()},
        "exceptions": dict(schedule.by_name),
        "charges": charges,
    }


def kinds(items: list[dict[str, Any]]) -> str:
    """`3 functions, 1 memory`: how many of each kind."""
    counted = Counter(item["kind"] for item in items)
    plurals = {"memory": "memories"}
    return ", ".join(
        f"{count} {kind if count == 1 else plurals.get(kind, kind + 's')}" for kind, count in sorted(counted.items())
    )
