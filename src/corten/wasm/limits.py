"""Sizes a module may have before anything works on it: each bound keeps reading, validating and compiling cheap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ModuleLimits:
    """The largest module that is accepted. `DESCRIPTIONS` says what each bound is for."""

    module_bytes: int = 8 << 20
    types: int = 4_096
    parameters: int = 256
    results: int = 16
    imports: int = 1_024
    functions: int = 20_000
    locals_per_function: int = 8_192
    locals_total: int = 1_000_000
    instructions_per_function: int = 250_000
    nesting_depth: int = 1_024
    branch_table_targets: int = 4_096
    tables: int = 1
    table_elements: int = 65_536
    memories: int = 1
    globals: int = 1_024
    exports: int = 4_096
    data_segments: int = 4_096
    data_bytes: int = 4 << 20


DESCRIPTIONS: Final = {
    "module_bytes": "bytes of the whole file",
    "types": "function types",
    "parameters": "parameters of a function type",
    "results": "results of a function type",
    "imports": "imports",
    "functions": "functions that the module defines",
    "locals_per_function": "locals of a function, parameters excluded",
    "locals_total": "locals of all functions together (a few bytes declare thousands)",
    "instructions_per_function": "instructions of a function (compilers are not linear in it)",
    "nesting_depth": "blocks, loops and ifs open at once",
    "branch_table_targets": "targets of a br_table, default excluded",
    "tables": "tables",
    "table_elements": "elements of a table at instantiation; functions in all element segments; element segments",
    "memories": "memories (the system memory is added by instrumentation)",
    "globals": "globals that the module defines",
    "exports": "exports",
    "data_segments": "data segments",
    "data_bytes": "bytes of all data segments together",
}

DEFAULT_LIMITS: Final = ModuleLimits()

LOG_RED_ZONE_BYTES: Final = 1 << 16  # that a guest may log after the log's limit was tested
