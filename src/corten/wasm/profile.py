"""The deterministic profile: what a module may contain before instrumentation; all else is refused by name.

Opcodes are allowed by being in `opcodes.OPCODES`; sizes by `limits.ModuleLimits`. In prose: docs/spec/profile.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import NoReturn

from corten.base.errors import InvalidModule
from corten.wasm import op
from corten.wasm.limits import DEFAULT_LIMITS, ModuleLimits
from corten.wasm.module import Function, Instr, Kind, Module
from corten.wasm.opcodes import OPCODES, describe_refused
from corten.wasm.reader import instruction_offset


def check_profile(module: Module, limits: ModuleLimits = DEFAULT_LIMITS, source: bytes | None = None) -> None:
    """Check a guest's module against the profile; types are `validate`'s concern.

    Raises InvalidModule naming the rule, the function, the instruction and, if `source` is the file that `module` was
    read from, the byte offset.
    """
    _check_imports(module)
    if module.start is not None:
        raise InvalidModule(f"start: expected no start function, found function {module.start}", module.place("start"))
    _check_counts(module, limits)
    for index, function in enumerate(module.functions, len(module.imported(Kind.FUNCTION))):
        _FunctionCheck(index, function, limits, source).run()


def _check_imports(module: Module) -> None:
    for number, item in enumerate(module.imports):
        if item.kind != Kind.FUNCTION:
            text = f"import {item.module}.{item.name}: expected a function, found a {item.kind.name.lower()}"
            raise InvalidModule(text, module.place("import", number))


def _check_counts(module: Module, limits: ModuleLimits) -> None:
    """Each with the item that is the first too many."""
    functions, tables = module.functions, module.tables
    counts = (
        ("types", "type", [1] * len(module.types), limits.types),
        ("imports", "import", [1] * len(module.imports), limits.imports),
        ("functions", "code", [1] * len(functions), limits.functions),
        ("locals of all functions", "code", [len(item.locals) for item in functions], limits.locals_total),
        ("tables", "table", [1] * len(tables), limits.tables),
        ("table elements", "table", [item.limits.minimum for item in tables], limits.table_elements),
        ("memories", "memory", [1] * len(module.memories), limits.memories),
        ("globals", "global", [1] * len(module.globals), limits.globals),
        ("exports", "export", [1] * len(module.exports), limits.exports),
        ("functions in segments", "element", [len(item.functions) for item in module.elements], limits.table_elements),
        ("element segments", "element", [1] * len(module.elements), limits.table_elements),
        ("data segments", "data", [1] * len(module.data), limits.data_segments),
        ("bytes of data", "data", [len(item.content) for item in module.data], limits.data_bytes),
    )
    for what, kind, sizes, most in counts:
        if (found := sum(sizes)) > most:
            number = next(place for place, size in enumerate(accumulate(sizes)) if size > most)
            offset = functions[number].offset or None if kind == "code" else module.place(kind, number)
            raise InvalidModule(f"{what}: expected at most {most}, found {found}", offset)
    for number, item in enumerate(module.types):
        for what, found, most in (
            ("parameters", len(item.params), limits.parameters),
            ("results", len(item.results), limits.results),
        ):
            if found > most:
                text = f"type {number}: expected at most {most} {what}, found {found}"
                raise InvalidModule(text, module.place("type", number))


@dataclass(slots=True)
class _FunctionCheck:
    index: int
    function: Function
    limits: ModuleLimits
    source: bytes | None

    def run(self) -> None:
        body, limits = self.function.body, self.limits
        self._count("locals", len(self.function.locals), limits.locals_per_function)
        self._count("instructions", len(body), limits.instructions_per_function)
        codes = {instr[0] for instr in body}
        if not codes <= OPCODES.keys():
            position = next(place for place, instr in enumerate(body) if instr[0] not in OPCODES)
            self._fail(position, f"{describe_refused(body[position][0])} is outside the profile")
        if not codes.isdisjoint(_STRUCTURED):
            self._check_structure(body)

    def _check_structure(self, body: list[Instr]) -> None:
        depth, most = 0, self.limits.nesting_depth
        for position, instr in enumerate(body):
            code = instr[0]
            if code in _OPENING:
                depth += 1
                if depth > most:
                    self._fail(position, f"expected blocks nested at most {most} deep, found more")
            elif code == op.END:
                depth -= 1
            elif code == op.BR_TABLE and len(instr[1]) > self.limits.branch_table_targets:
                targets = self.limits.branch_table_targets
                self._fail(position, f"expected a br_table of at most {targets} targets, found {len(instr[1])}")

    def _count(self, what: str, found: int, most: int) -> None:
        if found > most:
            offset = None if self.source is None else self.function.offset
            raise InvalidModule(f"function {self.index}: expected at most {most} {what}, found {found}", offset)

    def _fail(self, position: int, message: str) -> NoReturn:
        offset = None if self.source is None else instruction_offset(self.source, self.function, position)
        raise InvalidModule(f"function {self.index}: instruction {position}: {message}", offset)


_OPENING = frozenset((op.BLOCK, op.LOOP, op.IF))
_STRUCTURED = _OPENING | {op.BR_TABLE}
