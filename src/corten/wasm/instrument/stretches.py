"""The walk that passes over memory accesses share: loads or stores, stretch by stretch, and what is known at each.

A stretch is code without branches: it runs to its end or traps. An access is `offset` bytes from a base value; equal
bases have equal numbers (`values`), constant addresses have the base `ABSOLUTE`. `facts` are bytes that the pass has
dealt with on every path that leads here from the function's start.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from corten.wasm import op
from corten.wasm.instrument.body import branch_labels
from corten.wasm.instrument.context import BULK
from corten.wasm.instrument.layout import WASM_PAGE
from corten.wasm.instrument.values import EFFECTS, Values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from corten.wasm.instrument.body import Body
    from corten.wasm.instrument.context import Context
    from corten.wasm.instrument.values import Construct
    from corten.wasm.module import Instr

ABSOLUTE: Final = -1  # base of accesses to constant addresses
PAGES: Final = -2  # base of the facts which pages were marked
SPAN: Final = 2048  # accesses to one base so far apart are dealt with apart: the ends of each are on at most two pages
_JUMPS: Final = frozenset((op.BR, op.BR_IF, op.BR_TABLE))
_CALLS: Final = frozenset((op.CALL, op.CALL_INDIRECT)) | BULK


@dataclass(slots=True)
class Access:
    """One load or store of the guest: bytes [offset, offset + size) from a base value."""

    position: int
    base: int  # value number, or ABSOLUTE
    offset: int
    size: int
    value_type: int | None  # of the operand above the address, if there is one
    depth: int  # blocks that it is inside of
    holder: int | None  # a local that holds the base here
    held_since: int  # position of the instruction that put it there

    @property
    def end(self) -> int:
        return self.offset + self.size

    @property
    def group(self) -> tuple[int, int]:
        """Base and span."""
        return self.base, self.offset // SPAN


class Facts:
    """Which bytes are known: per base, a bit for each byte, in chunks; with a trail to forget by."""

    def __init__(self) -> None:
        self._chunks: dict[tuple[int, int], int] = {}
        self.trail: list[tuple[tuple[int, int], int]] = []

    def covers(self, base: int, start: int, size: int) -> bool:
        """Whether all of the bytes are known."""
        chunks = self._chunks
        return all(chunks.get(key, 0) & bits == bits for key, bits in _chunks(base, start, size))

    def add(self, base: int, start: int, size: int) -> None:
        """The bytes are known from here on."""
        for key, bits in _chunks(base, start, size):
            known = self._chunks.get(key, 0)
            self.trail.append((key, known))
            self._chunks[key] = known | bits

    def forget(self, length: int) -> None:
        """Back to when the trail had that length."""
        while len(self.trail) > length:
            key, known = self.trail.pop()
            self._chunks[key] = known


def _chunks(base: int, start: int, size: int) -> list[tuple[tuple[int, int], int]]:
    first, shift = divmod(start, 64)
    bits = ((1 << size) - 1) << shift
    found = []
    while bits:
        found.append(((base, first), bits & 0xFFFF_FFFF_FFFF_FFFF))
        bits >>= 64
        first += 1
    return found


class Stretches:
    """The walk over one function; `accesses` are the opcodes that it is about, with size and operand above the address.

    A pass implements `finish`, and the other hooks where it keeps more than facts.
    """

    def __init__(self, body: Body, context: Context, accesses: Mapping[int, tuple[int, int | None]]) -> None:
        self.body = body
        self.context = context
        self.values = Values(context.module.types, body.core, len(body.signature.params), len(body.local_types))
        self.facts = Facts()
        self.memory_bytes = context.options.memory_pages * WASM_PAGE
        self._accesses = accesses
        self._stretch: list[Access] = []

    def finish(self, stretch: list[Access]) -> None:
        """A stretch has ended, with accesses in it whose bytes were not known when they were met."""
        raise NotImplementedError

    def entered(self, position: int, instr: Instr) -> None:
        """A block, loop or if begins."""

    def alternated(self) -> None:
        """The second arm of an if begins."""

    def left(self, position: int, construct: Construct) -> None:
        """A block, loop or if has ended; what it made known may be forgotten already."""

    def called(self, position: int, instr: Instr) -> None:
        """A call, or an operation on a range of memory."""

    def walk(self) -> None:
        """Find the accesses, and finish each stretch at its end."""
        values, core, accesses = self.values, self.body.core, self._accesses
        stack, locals_ = values.stack, values.locals
        for position, instr in enumerate(core):
            code = instr[0]
            if code == op.LOCAL_GET:
                stack.append(locals_[instr[1]])
            elif code == op.I32_CONST:
                stack.append(~(instr[1] & 0xFFFF_FFFF))
            elif code == op.LOCAL_SET:
                values.assign(position, instr[1], stack.pop())
            elif code == op.LOCAL_TEE:
                values.assign(position, instr[1], stack[-1])
            elif code in EFFECTS:
                if code in accesses:
                    self._note(position, instr)
                elif code in BULK:
                    self.called(position, instr)
                values.apply(*EFFECTS[code])
            elif code in _CALLS:
                self._call(position, instr)
            elif code != op.NOP:
                self._control(position, instr)
        self.end_stretch()

    def end_stretch(self) -> None:
        """What was noted is finished."""
        if self._stretch:
            stretch, self._stretch = self._stretch, []
            self.finish(stretch)

    def _note(self, position: int, instr: Instr) -> None:
        size, value_type = self._accesses[instr[0]]
        values = self.values
        base, offset = values.stack[-1 if value_type is None else -2], instr[2]
        if base < 0:
            base, offset = ABSOLUTE, ~base + offset
            if offset + size > self.memory_bytes:  # it traps
                return
        if self.facts.covers(base, offset, size):
            return
        holder = values.holder(base)
        held_since = -1 if holder is None else values.assigned_at[holder]
        depth = len(values.constructs)
        self._stretch.append(Access(position, base, offset, size, value_type, depth, holder, held_since))

    def _call(self, position: int, instr: Instr) -> None:
        types = self.context.module.types
        if instr[0] == op.CALL:
            signature = types[self.context.function_types[instr[1]]]
            operands = len(signature.params)
        else:
            signature = types[instr[1]]
            operands = len(signature.params) + 1
        self.called(position, instr)
        self.values.apply(operands, len(signature.results))

    def _control(self, position: int, instr: Instr) -> None:
        values, code = self.values, instr[0]
        self.end_stretch()
        if code in _JUMPS:
            values.jump(branch_labels(instr))
            values.apply(int(code != op.BR), 0)
        elif code == op.ELSE:
            self.facts.forget(values.otherwise().known)
            self.alternated()
        elif code == op.END:
            construct = values.close()
            if construct.is_joined:
                self.facts.forget(construct.known)
            self.left(position, construct)
        elif code != op.UNREACHABLE:
            values.open(instr, position, len(self.facts.trail))
            self.entered(position, instr)
