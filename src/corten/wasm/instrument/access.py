"""Access recording: before a load reads guest memory, the read-page map marks the pages that its bytes lie on.

With the touched-page map, which stores mark, it tells all of the memory that a message depends on. A load or a range
marks the pages of its first and its last byte:

    read[address >> 12] = 1          and the page of the last byte, where it may be another one

- The loads of one stretch from one base are marked together, at the first of them; those at constant addresses have
  known pages. What was marked on every path to a load is not marked again: marks stay until the host clears them.
- Marks may stand before the load, and cannot trap: the map has a byte for every page of the address space, those
  beyond memory included. A load out of bounds may leave a mark that means nothing, never one outside of the map.
- Ranges: the source of `memory.copy`, what `output` copies, the inputs of host functions, the arguments of a call or
  a deployment, the hash of its code. Their helpers mark them first (`record_ranges`), however they are called.
- What the undo log reads is on pages that it marks as touched. Nothing is charged, and no operand changes: gas, results
  and traps are those of the module without this pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from corten.host.table import BY_NAME, Role
from corten.wasm import op
from corten.wasm.instrument.body import type_index
from corten.wasm.instrument.calls import WAYS_OUT, way_out_row
from corten.wasm.instrument.context import LOADS
from corten.wasm.instrument.layout import PAGE_SHIFT, WASM_PAGE, read_map
from corten.wasm.instrument.marks import mark_across, mark_ends, mark_page, plus
from corten.wasm.instrument.stretches import ABSOLUTE, PAGES, Stretches
from corten.wasm.opcodes import I32, I64

if TYPE_CHECKING:
    from corten.wasm.instrument.assemble import Assembler
    from corten.wasm.instrument.body import Body
    from corten.wasm.instrument.context import Context
    from corten.wasm.instrument.schedule import GasSchedule
    from corten.wasm.instrument.stretches import Access
    from corten.wasm.module import Function, Instr

HELPER: Final = "mark_range"
_ONE_TEST: Final = 8  # bytes up to which a test whether they are aligned is cheaper than a second mark

_MARK_RANGE: Final = f"""
local.get $length
if $any
  local.get $start i64.extend_i32_u local.get $length i64.extend_i32_u i64.add i64.const 1 i64.sub local.set $last
  local.get $last i64.const {{memory_bytes}} i64.ge_u
  if $outside i64.const {{memory_bytes}} i64.const 1 i64.sub local.set $last end
  local.get $start i64.extend_i32_u local.get $last i64.le_u
  if $inside
    local.get $start i32.const {PAGE_SHIFT} i32.shr_u local.tee $page i32.const 1 i32.store8@1+{{read_map}}
    local.get $last i64.const {PAGE_SHIFT} i64.shr_u i32.wrap_i64 local.tee $end i32.const 1 i32.store8@1+{{read_map}}
    local.get $end local.get $page i32.sub local.tee $end i32.const 1 i32.gt_u
    if $many local.get $page i32.const {{read_map}} i32.add i32.const 1 local.get $end memory.fill 1 end
  end
end
"""


class ReadMarks(Stretches):
    """The pass over one function."""

    def __init__(self, body: Body, context: Context) -> None:
        super().__init__(body, context, LOADS)
        self._map = read_map(context.options.memory_pages)

    def finish(self, stretch: list[Access]) -> None:
        """Mark what the loads of a stretch read, each group at its first load."""
        groups: dict[tuple[int, int], list[Access]] = {}
        for load in stretch:
            groups.setdefault(load.group, []).append(load)
        for (base, _), loads in groups.items():
            if base == ABSOLUTE:
                self._mark_constants(loads)
            else:
                self._mark_group(loads)

    def _mark_constants(self, loads: list[Access]) -> None:
        for load in loads:
            for page in range(load.offset >> PAGE_SHIFT, (load.end - 1 >> PAGE_SHIFT) + 1):
                if not self.facts.covers(PAGES, page, 1):
                    self.body.insert(load.position, mark_page(page, self._map))
                    self.facts.add(PAGES, page, 1)

    def _mark_group(self, loads: list[Access]) -> None:
        first, low, high = loads[0], min(load.offset for load in loads), max(load.end for load in loads)
        before, base, after = self._base(first)
        size = high - low
        if size <= _ONE_TEST:
            marks = mark_across(plus(base, low), size, self._map)
        else:
            marks = mark_ends(base, low, high, self._map)
        self.body.insert(first.position, [*before, *marks, *after])
        self.facts.add(first.base, low, size)

    def _base(self, load: Access) -> tuple[list[Instr], list[Instr], list[Instr]]:
        """Code around marks that keeps a load's base in a local, and the code that gets it."""
        if load.holder is not None:
            return [], [(op.LOCAL_GET, load.holder)], []
        address = self.body.local(I32, "address")
        keep: list[Instr] = [(op.LOCAL_TEE, address)]
        if load.value_type is None:
            return keep, [(op.LOCAL_GET, address)], []
        value = self.body.local(load.value_type, "value")
        return [(op.LOCAL_SET, value), *keep], [(op.LOCAL_GET, address)], [(op.LOCAL_GET, value)]


def add_access(body: Body, context: Context) -> None:
    """Mark what one function reads."""
    ReadMarks(body, context).walk()


def range_marker(context: Context, assembler: Assembler) -> Function:
    """The helper that marks the pages of a range, those within memory: beyond it the guest's own access traps."""
    pages = context.options.memory_pages
    text = _MARK_RANGE.format(memory_bytes=pages * WASM_PAGE, read_map=read_map(pages))
    parameters = {"start": I32, "length": I32}
    return assembler.function(
        type_index(context.module, (I32, I32), ()), parameters, {"last": I64, "page": I32, "end": I32}, text
    )


def record_ranges(name: str, function: Function, context: Context, assembler: Assembler) -> None:
    """Let a helper or an import's stub mark the ranges that it reads before it does anything else."""
    code: list[Instr] = []
    for start, length in _ranges(name, context.options.schedule):
        code += [(op.LOCAL_GET, start), length, (op.CALL, assembler.functions[HELPER])]
    function.body[:0] = code


def _ranges(name: str, schedule: GasSchedule) -> list[tuple[int, Instr]]:
    """The ranges that it reads: the parameter that is the address, and code for the length."""
    if name in _READERS:
        address, length = _READERS[name]
        return [(address, (op.LOCAL_GET, length))]
    row = way_out_row(name, schedule) if name in WAYS_OUT else BY_NAME.get(name)
    inputs = [] if row is None else [one for one in row.parameters if one.role is Role.IN]
    places = {} if row is None else {each: place for place, each in enumerate(row.names)}
    return [
        (places[one.name], (op.LOCAL_GET, places[one.length]) if one.length else (op.I32_CONST, one.size))
        for one in inputs
    ]


_READERS: Final = {"memory_copy": (1, 2), "output": (1, 2)}
"""Parameters that are address and length of what a helper or an import reads that has no row."""
