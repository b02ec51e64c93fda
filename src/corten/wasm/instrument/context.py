"""What the passes know about the module around a function: who calls whom, what is charged, what is injected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from corten.wasm import op
from corten.wasm.instrument.schedule import GAS_SCHEDULES
from corten.wasm.opcodes import OPCODES, Category

if TYPE_CHECKING:
    from collections.abc import Callable

    from corten.wasm.instrument.body import Body
    from corten.wasm.instrument.layout import Symbols
    from corten.wasm.instrument.schedule import GasSchedule
    from corten.wasm.module import Instr, Module


@dataclass(frozen=True)
class Options:
    """How a module is instrumented. Switching a pass off is for measuring it, nothing else."""

    memory_pages: int  # 64 KiB pages that the deployer grants the guest
    system_pages: int  # of system memory: control block, touched-page map, and what the host lays out
    gas: bool = True
    stack: bool = True
    nan: bool = True
    undo: bool = True
    access: bool = False  # record the pages that are read: the variant for witnesses
    schedule: GasSchedule = GAS_SCHEDULES[1]
    probes: tuple[Callable[[Body, Context], None], ...] = ()  # extra passes, for tests; they run first


STORES: Final = {
    code: (row.access_bytes, row.signature[0][1])
    for code, row in OPCODES.items()
    if row.category in (Category.STORE, Category.SIMD_STORE) and row.signature is not None
}
LOADS: Final = {
    code: (row.access_bytes, row.signature[0][1] if len(row.signature[0]) > 1 else None)
    for code, row in OPCODES.items()
    if row.category in (Category.LOAD, Category.SIMD_LOAD) and row.signature is not None
}
BULK: Final = frozenset((op.MEMORY_FILL, op.MEMORY_COPY, op.MEMORY_INIT))


@dataclass(frozen=True, slots=True)
class Callee:
    """What a caller must expect of a call."""

    spends_gas: bool
    logs: bool
    is_leaf: bool  # returns without having called a guest function
    recurses: bool = False  # its depth is not known beforehand (`callgraph`)
    logs_much: bool = False  # the log's limit must be tested after it


@dataclass(frozen=True, slots=True)
class Facts:
    """What one look at a guest function tells."""

    calls: list[int]  # guest functions, by their position, each once
    calls_table: bool
    stores: int
    logs_ranges: bool  # by a bulk operation or an import: a host function's output, another contract's result
    has_loop: bool
    cost: int  # of all its instructions, once each


STRANGER: Final = Callee(spends_gas=True, logs=True, is_leaf=False, recurses=True, logs_much=True)
RECORDER: Final = Callee(spends_gas=False, logs=False, is_leaf=True)  # trap, emit, result: charged at the call
COPIER: Final = Callee(spends_gas=True, logs=False, is_leaf=True)  # output: charged by its length
BULK_CALLEE: Final = Callee(spends_gas=True, logs=True, is_leaf=True)


@dataclass
class Context:
    """A module being instrumented. `call_costs` and `callees` are by function index."""

    module: Module
    options: Options
    symbols: Symbols
    function_types: list[int]  # type index of every function of the guest, imports first
    global_types: list[int]
    costs: dict[int, int]
    call_costs: list[int]  # to add to a call's own cost
    callees: list[Callee | None]  # None: not a call once instrumented
    facts: list[Facts]  # of the guest's functions, in order
    weights: list[int]  # stack units of the guest's functions, in order
    steady_weight: int  # the most stack that a function needs which does not recurse
    is_compact: bool = False  # outside of hot loops, entries of the undo log are written by calls
    red_zone: int = 0  # bytes that one function may log between two tests of the log's limit

    def callee(self, instr: Instr) -> Callee | None:
        """What the instruction calls once it is instrumented."""
        code = instr[0]
        if code == op.CALL:
            return self.callees[instr[1]]
        if code == op.CALL_INDIRECT:
            return STRANGER
        return BULK_CALLEE if code in BULK else None

    def entry_cost(self, body: Body) -> int:
        """Gas for the zeroing of a function's locals."""
        return -(-len(body.function.locals) // self.options.schedule.locals_per_unit)
