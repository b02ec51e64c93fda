"""The deterministic profile: what a module may contain before instrumentation; all else is refused by name.

Opcodes are allowed by being in `opcodes.OPCODES`; sizes by `limits.ModuleLimits`. In prose: docs/spec/profile.md.
"""

from __future__ import annotations

from dataclasses import dataclass
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
        raise InvalidModule(f"start: expected no start function, found function {module.start}")
    _check_counts(module, limits)
    for index, function in enumerate(module.functions, len(module.imported(Kind.FUNCTION))):
        _FunctionCheck(index, function, limits, source).run()


def _check_imports(module: Module) -> None:
    for item in module.imports:
        if item.kind != Kind.FUNCTION:
            kind = item.kind.name.lower()
            raise InvalidModule(f"import {item.module}.{item.name}: expected a function, found a {kind}")


def _check_counts(module: Module, limits: ModuleLimits) -> None:
    functions = module.functions
    counts = (
        ("types", len(module.types), limits.types),
        ("parameters of a type", max((len(item.params) for item in module.types), default=0), limits.parameters),
        ("results of a type", max((len(item.results) for item in module.types), default=0), limits.results),
        ("imports", len(module.imports), limits.imports),
        ("functions", len(functions), limits.functions),
        ("locals of all functions", sum(len(item.locals) for item in functions), limits.locals_total),
        ("tables", len(module.tables), limits.tables),
        ("table elements", sum(item.limits.minimum for item in module.tables), limits.table_elements),
        ("memories", len(module.memories), limits.memories),
        ("globals", len(module.globals), limits.globals),
        ("exports", len(module.exports), limits.exports),
        ("functions in element segments", sum(len(item.functions) for item in module.elements), limits.table_elements),
        ("data segments", len(module.data), limits.data_segments),
        ("bytes of data", sum(len(item.content) for item in module.data), limits.data_bytes),
    )
    for what, found, most in counts:
        if found > most:
            raise InvalidModule(f"{what}: expected at most {most}, found {found}")


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
